// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/kernel.h"

#include "jit/kernel/build_id.h"
#include "jit/kernel/jump_labels.h"
#include "jit/kernel/kept_layout.h"
#include "jit/kernel/kprobes.h"
#include "jit/kernel/load_nf_tables.h"
#include "jit/kernel/memory.h"
#include "jit/kernel/modules.h"
#include "jit/kernel/symbols.h"
#include "jit/kernel/well_known.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sys/utsname.h>

namespace nft_drops::jit {
namespace {

constexpr std::string_view kFunction = "nft_do_chain";
constexpr std::string_view kPernetId = "nf_tables_net_id";
constexpr const char *kModule = "nf_tables"; // where it is one

// Where things are in the running kernel.
struct Addresses {
	std::vector<Symbol> symbols; // those of nf_tables at least
	nd_well_known known{};
	std::optional<uint64_t> module; // struct module of nf_tables
};

// The quick way, with nf_tables as a module; else by /proc/kallsyms.
Result<Addresses> find_addresses(const ModuleLayout &layout, const KernelMemory &memory) {
	Addresses a;
	if (auto known = find_well_known()) {
		a.known = *known;
		a.module = find_module(kModule, known->modules, layout, memory);
		auto symbols = a.module ? module_symbols(kModule, *a.module, layout, memory) : std::nullopt;
		if (symbols) {
			a.symbols = std::move(*symbols);
			return a;
		}
	}
	const std::string_view names[] = {kFunction,      kPernetId, kJumpTableStart,
	                                  kJumpTableStop, "modules", "kprobe_table"};
	auto symbols = read_symbols(names);
	if (!symbols) return std::unexpected(symbols.error());
	a.symbols = std::move(*symbols);
	for (const Symbol &s : a.symbols) {
		if (!s.module.empty()) continue;
		if (s.name == "modules") a.known.modules = s.address;
		if (s.name == "kprobe_table") a.known.kprobe_table = s.address;
	}
	if (!a.module && a.known.modules) a.module = find_module(kModule, a.known.modules, layout, memory);
	return a;
}

Result<std::vector<CodeRange>> read_ranges(std::span<const Symbol> symbols, const Symbol &entry,
                                           const KernelMemory &memory) {
	constexpr uint64_t kMostBytes = 256 * 1024; // nft_do_chain has 1,500 to 3,000
	std::vector<CodeRange> ranges;
	for (const Symbol &s : symbols) {
		const bool whole = &s == &entry;
		const bool part = s.module == entry.module && s.name.starts_with(fmt::format("{}.cold", kFunction));
		if (!whole && !part) continue;
		if (s.size == 0 || s.size > kMostBytes) {
			return cannot(s.name, fmt::format("implausible size of {} bytes in the symbol table", s.size));
		}
		auto bytes = memory.read(s.address, s.size);
		if (!bytes) return std::unexpected(bytes.error());
		ranges.push_back({s.name, s.address, std::move(*bytes)});
		if (whole) std::swap(ranges.front(), ranges.back());
	}
	return ranges;
}

bool same_bytes(const std::vector<CodeRange> &a, const std::vector<CodeRange> &b) {
	return std::ranges::equal(a, b, {}, &CodeRange::bytes, &CodeRange::bytes);
}

// The code as it was before anybody's kprobes. Probes may come and go while we read: it is read again until it stays.
Result<Image> read_image(const Addresses &a, const Symbol &entry, const KprobeLayout &kprobe,
                         const KernelMemory &memory) {
	constexpr int kTries = 10;
	auto before = read_ranges(a.symbols, entry, memory);
	if (!before) return std::unexpected(before.error());
	for (int i = 0;; i++) {
		Image image;
		image.ranges = *before;
		restore_probed_bytes(image, a.known.kprobe_table, kprobe, memory);
		auto after = read_ranges(a.symbols, entry, memory);
		if (!after) return std::unexpected(after.error());
		if (same_bytes(*before, *after) || i == kTries) return image;
		before = std::move(after);
	}
}

} // namespace

Result<Kernel> read_running_kernel() {
	if (auto loaded = load_nf_tables(); !loaded) return std::unexpected(loaded.error());

	Kernel kernel;
	kernel.core_build_id = build_id_of_file("/sys/kernel/notes");
	kernel.nft_build_id = build_id_of_file(fmt::format("/sys/module/{}/notes/.note.gnu.build-id", kModule).c_str());
	auto layout = running_layout(kernel.core_build_id, kernel.nft_build_id);
	if (!layout) return std::unexpected(layout.error());
	auto memory = KernelMemory::open();
	if (!memory) return std::unexpected(memory.error());
	auto found = find_addresses(layout->module, *memory);
	if (!found) return std::unexpected(found.error());

	auto entry = std::ranges::find(found->symbols, kFunction, &Symbol::name);
	if (entry == found->symbols.end()) {
		return cannot("nft_do_chain", "the kernel has no such symbol",
		              "a kernel with CONFIG_NF_TABLES is needed");
	}
	kernel.layout = *layout;
	kernel.module = !entry->module.empty();
	kernel.kprobe_table = found->known.kprobe_table;
	auto image = read_image(*found, *entry, layout->kprobe, *memory);
	if (!image) return std::unexpected(image.error());
	kernel.image = std::move(*image);
	auto labels = found->module ? module_jump_table(*found->module, layout->module, *memory)
	                            : core_jump_table(found->symbols);
	if (labels) read_jump_labels(kernel.image, *labels, *memory);

	auto id = std::ranges::find(found->symbols, kPernetId, &Symbol::name);
	nd_layout &probe = kernel.layout.probe;
	auto pernet_id = id == found->symbols.end() ? Result<uint64_t>(0) : memory->read_integer(id->address, 4);
	if (pernet_id && *pernet_id)
		probe.pernet_id = static_cast<uint32_t>(*pernet_id);
	else
		probe.pernet_base_seq.size = 0; // the generation cannot be found: events carry none

	utsname name{};
	uname(&name);
	kernel.release = name.release;
	return kernel;
}

} // namespace nft_drops::jit
