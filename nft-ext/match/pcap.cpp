// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/match/pcap.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <dlfcn.h>
#include <memory>
#include <string_view>
#include <utility>

namespace nft_drops {
namespace {

constexpr const char *kLibrary = "libpcap.so.0.8";
constexpr const char *kFurther = "libpcap.so.1"; // elsewhere than in Debian
constexpr int kSnapshot = 65535;
constexpr size_t kMostBytes = 64 * 1024;
constexpr size_t kMostInstructions = 4096; // BPF_MAXINSNS, what the kernel takes for a socket

struct LibraryClose {
	void operator()(void *library) const { dlclose(library); }
};

// The functions of libpcap that are called, by name.
class Libpcap {
public:
	static Result<Libpcap> load() {
		Libpcap p;
		p.library_.reset(dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL));
		if (!p.library_) p.library_.reset(dlopen(kFurther, RTLD_NOW | RTLD_LOCAL));
		if (!p.library_)
			return unsupported("--pcap", fmt::format("there is no {}", kLibrary), "install libpcap");
		const bool all = p.find(p.open_dead, "pcap_open_dead") && p.find(p.compile, "pcap_compile") &&
		                 p.find(p.get_error, "pcap_geterr") && p.find(p.free_code, "pcap_freecode") &&
		                 p.find(p.close, "pcap_close");
		if (!all) return unsupported("--pcap", fmt::format("{} is not understood", kLibrary));
		return p;
	}

	decltype(&::pcap_open_dead) open_dead = nullptr;
	decltype(&::pcap_compile) compile = nullptr;
	decltype(&::pcap_geterr) get_error = nullptr;
	decltype(&::pcap_freecode) free_code = nullptr;
	decltype(&::pcap_close) close = nullptr;

private:
	bool find(auto &function, const char *name) {
		function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library_.get(), name));
		return function != nullptr;
	}
	std::unique_ptr<void, LibraryClose> library_;
};

// The word of the first `word[...]` that reads the link header; empty if there is none. libpcap compiles these words
// for DLT_RAW, too, and then reads the IP header instead (scanner.l: `link|ether|ppp|slip`, `fddi|tr|wlan`, `radio`).
std::string_view link_header_access(std::string_view expression) {
	constexpr std::string_view kWords[] = {"link", "ether", "ppp", "slip", "fddi", "tr", "wlan", "radio"};
	for (size_t bracket = expression.find('['); bracket != std::string_view::npos;
	     bracket = expression.find('[', bracket + 1)) {
		const size_t last = expression.substr(0, bracket).find_last_not_of(" \t\n\r");
		if (last == std::string_view::npos) continue;
		const std::string_view before = expression.substr(0, last + 1);
		const size_t first = before.find_last_not_of("abcdefghijklmnopqrstuvwxyz0123456789");
		const std::string_view word = first == std::string_view::npos ? before : before.substr(first + 1);
		if (std::ranges::find(kWords, word) != std::end(kWords)) return word;
	}
	return {};
}

} // namespace

Result<std::vector<jit::PcapInstruction>> compile_pcap(const std::string &expression) {
	const std::string what = "--pcap";
	if (expression.size() > kMostBytes) return usage_error(what, fmt::format("longer than {} bytes", kMostBytes));
	if (const auto word = link_header_access(expression); !word.empty())
		return usage_error(fmt::format("--pcap {}", expression),
		                   fmt::format("'{}[' reads the link header", word),
		                   "drops are matched from the IP header on: see pcap-filter(7), ip[...]");
	auto library = Libpcap::load();
	if (!library) return std::unexpected(library.error());
	const auto close = [&](pcap_t *handle) { library->close(handle); };
	const std::unique_ptr<pcap_t, decltype(close)> handle(library->open_dead(DLT_RAW, kSnapshot), close);
	if (!handle) return usage_error(what, "libpcap cannot be used");
	bpf_program compiled{};
	if (library->compile(handle.get(), &compiled, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0)
		return usage_error(fmt::format("--pcap {}", expression), library->get_error(handle.get()),
		                   "see pcap-filter(7)");
	std::vector<jit::PcapInstruction> program;
	for (u_int i = 0; i < compiled.bf_len; i++) {
		const bpf_insn &one = compiled.bf_insns[i];
		program.push_back({one.code, one.jt, one.jf, one.k});
	}
	library->free_code(&compiled);
	// `inbound`, `ifname` and the like: libpcap compiles a load that only a socket filter understands (SKF_AD_OFF).
	const bool needs_socket = std::ranges::any_of(program, [](const jit::PcapInstruction &i) {
		return BPF_CLASS(i.code) == BPF_LD && BPF_MODE(i.code) == BPF_ABS && i.k >= 0x80000000U;
	});
	if (needs_socket)
		return usage_error(fmt::format("--pcap {}", expression),
		                   "the expression asks what only a live capture knows",
		                   "use iifname or oifname of a MATCH for directions and devices");
	if (program.size() > kMostInstructions)
		return usage_error(what, fmt::format("libpcap makes {} instructions of it, {} are possible",
		                                     program.size(), kMostInstructions));
	return program;
}

} // namespace nft_drops
