// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/netfilter_code.h"

#include "jit/kernel/live/modules.h"
#include "jit/kernel/live/symbols.h"

#include <algorithm>
#include <string_view>

namespace nft_drops::jit {
namespace {

constexpr const char *kModules[] = {"nfnetlink_queue", "br_netfilter", "ip_vs"};

std::vector<uint64_t> identities() {
	std::vector<uint64_t> all;
	for (const char *module : kModules)
		all.push_back(module_identity(module));
	return all;
}

bool is_core(std::string_view name) {
	constexpr std::string_view kCore[] = {"nf_queue", "__nf_queue", "nf_reinject", "nf_hook_slow",
	                                      "nf_hook_slow_list"};
	return std::ranges::find(kCore, name.substr(0, name.find('.'))) != std::end(kCore);
}

// These functions also free other buffers: see the header.
bool enqueues(std::string_view name) {
	constexpr std::string_view kEnqueue[] = {"nfqnl_enqueue_packet", "__nfqnl_enqueue_packet",
	                                         "__nfqnl_enqueue_packet_gso", "nfqnl_build_packet_message"};
	return std::ranges::find(kEnqueue, name.substr(0, name.find('.'))) != std::end(kEnqueue);
}

// `module` is empty for built-in code.
bool frees_drops(std::string_view name, std::string_view module) {
	if (module.empty() && is_core(name)) return true;
	if (module == "nfnetlink_queue" || (module.empty() && name.starts_with("nfqnl_"))) return !enqueues(name);
	if (module == "br_netfilter" || (module.empty() && name.starts_with("br_nf_"))) return true;
	return name.starts_with("ip_vs_") && name.contains("_xmit") && (module.empty() || module == "ip_vs");
}

} // namespace

std::vector<nd_code_range> netfilter_code_in(const std::string &path) {
	auto functions = read_functions(frees_drops, path.c_str());
	std::vector<nd_code_range> ranges;
	if (!functions) return ranges;
	std::ranges::sort(*functions, {}, &Symbol::address);
	for (const Symbol &f : *functions) {
		// If a call is the last instruction of a function, its return address is the first byte of the next
		// function.
		const uint64_t begin = f.address + 1;
		const uint64_t end = f.address + f.size + 1;
		if (!f.size) continue;
		if (!ranges.empty() && begin <= ranges.back().end)
			ranges.back().end = std::max(ranges.back().end, end);
		else if (ranges.size() < ND_NETFILTER_RANGES)
			ranges.push_back({begin, end});
	}
	return ranges;
}

bool NetfilterCode::changed() const {
	return identities() != seen_;
}

std::vector<nd_code_range> NetfilterCode::ranges() {
	seen_ = identities(); // before the read: a module that is loaded during the read is noticed at the next look
	return netfilter_code_in("/proc/kallsyms");
}

} // namespace nft_drops::jit
