// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/running_kernel.h"

#include "jit/base/build_id.h"
#include "jit/kernel/live/callers.h"
#include "jit/kernel/live/direct_loads.h"
#include "jit/kernel/live/entry.h"
#include "jit/kernel/live/generation.h"
#include "jit/kernel/live/jump_labels.h"
#include "jit/kernel/live/kprobes.h"
#include "jit/kernel/live/load_nf_tables.h"
#include "jit/kernel/live/memory.h"
#include "jit/kernel/live/modules.h"
#include "jit/kernel/live/pages.h"
#include "jit/kernel/live/symbols.h"
#include "jit/kernel/live/well_known.h"
#include "jit/kernel/types/kept_layout.h"
#include "jit/machine/addresses.h"
#include "jit/machine/calls.h"
#include "jit/machine/instrumentation.h"
#include "jit/machine/switches.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <sys/utsname.h>

namespace nft_drops::jit {
namespace {

constexpr std::string_view kFunction = "nft_do_chain";
constexpr std::string_view kPernetId = "nf_tables_net_id";
constexpr const char *kModule = "nf_tables"; // the module's name
// Programs that walk the lists of modules and of kprobes.
constexpr std::string_view kFindModule[] = {"find_module_all", "find_module"};
constexpr std::string_view kGetKprobe[] = {"get_kprobe"};
#ifdef __aarch64__
constexpr Machine kMachine = Machine::kAArch64;
#else
constexpr Machine kMachine = Machine::kX86_64;
#endif

// Addresses in the running kernel.
struct Addresses {
	std::vector<Symbol> symbols; // at least the symbols of nf_tables
	nd_well_known known{};
	std::optional<uint64_t> module; // struct module of nf_tables
};

// The address that the kernel's functions `names` refer to and that `is_it` accepts; 0 if there is none.
template <typename Is>
uint64_t find_data(const Addresses &a, std::span<const std::string_view> functions, const KernelMemory &memory,
                   Is is_it) {
	constexpr uint64_t kMostBytes = 1024;
	for (const Symbol &s : a.symbols) {
		if (!s.module.empty() || std::ranges::find(functions, s.name) == functions.end()) continue;
		auto bytes = memory.read(s.address, std::min(s.size, kMostBytes));
		if (!bytes) continue;
		const auto addresses = addresses_in(kMachine, {s.name, s.address, std::move(*bytes)});
		const auto found = std::ranges::find_if(addresses, is_it);
		if (found != addresses.end()) return *found;
	}
	return 0;
}

// Without CONFIG_KALLSYMS_ALL data has no symbols.
void find_data_without_symbols(Addresses &a, const ModuleLayout &layout, const KernelMemory &memory) {
	if (!a.known.modules) {
		a.known.modules = find_data(a, kFindModule, memory, [&](uint64_t list) {
			const uint64_t first = memory.read_integer(list, 8).value_or(0);
			return memory.read_integer(first + 8, 8).value_or(0) == list && // struct list_head.prev
			       find_module(kModule, list, layout, memory).has_value();
		});
	}
	if (!a.known.kprobe_table) {
		a.known.kprobe_table = find_data(a, kGetKprobe, memory,
		                                 [&](uint64_t table) { return is_kprobe_table(table, memory); });
	}
}

// If nf_tables is a module, its own symbol table is read. If it is built in, /proc/kallsyms is read.
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
	std::vector<std::string_view> names{kFunction,      kPernetId,      kJumpTableStart,    kJumpTableStop,
	                                    "kprobe_table", "modules",      kGetKprobe[0],      kFindModule[0],
	                                    kFindModule[1], "vmemmap_base", "page_offset_base", "vmcoreinfo_data"};
	std::ranges::copy(kCallers, std::back_inserter(names));
	auto symbols = read_symbols(names);
	if (!symbols) return std::unexpected(symbols.error());
	a.symbols = std::move(*symbols);
	for (const Symbol &s : a.symbols) {
		if (!s.module.empty()) continue;
		if (s.name == "modules") a.known.modules = s.address;
		if (s.name == "kprobe_table") a.known.kprobe_table = s.address;
		if (s.name == "vmemmap_base") a.known.vmemmap_base = s.address;
		if (s.name == "page_offset_base") a.known.page_offset_base = s.address;
		if (s.name == "vmcoreinfo_data") a.known.vmcoreinfo_data = s.address;
	}
	find_data_without_symbols(a, layout, memory);
	if (!a.module && a.known.modules) a.module = find_module(kModule, a.known.modules, layout, memory);
	// The module's own table has the symbols' sizes.
	if (auto exact = a.module ? module_symbols(kModule, *a.module, layout, memory) : std::nullopt) {
		std::erase_if(a.symbols, [](const Symbol &s) { return s.module == kModule; });
		std::ranges::move(*exact, std::back_inserter(a.symbols));
	}
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
			return unsupported(s.name,
			                   fmt::format("implausible size of {} bytes in the symbol table", s.size));
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

// The code without any kprobes. Probes may come and go during a read: the code is read until two reads are equal.
Result<Image> read_image(const Addresses &a, const Symbol &entry, const KprobeLayout &kprobe,
                         const KernelMemory &memory) {
	constexpr int kTries = 10;
	auto before = read_ranges(a.symbols, entry, memory);
	if (!before) return std::unexpected(before.error());
	for (int i = 0;; i++) {
		Image image;
		image.machine = kMachine;
		image.ranges = *before;
		restore_probed_bytes(image, a.known.kprobe_table, kprobe, memory);
		auto after = read_ranges(a.symbols, entry, memory);
		if (!after) return std::unexpected(after.error());
		if (same_bytes(*before, *after) || i == kTries) return image;
		before = std::move(after);
	}
}

Result<std::vector<CodeRange>> read_helpers(std::span<const Symbol> symbols, const Image &image,
                                            const KernelMemory &memory) {
	std::vector<CodeRange> helpers;
	const auto called = called_addresses(image);
	for (const Symbol &s : symbols) {
		if (!s.size || s.size > kMostHelperBytes || !called.contains(s.address)) continue;
		auto bytes = memory.read(s.address, s.size);
		if (!bytes) return std::unexpected(bytes.error());
		helpers.push_back({s.name, s.address, std::move(*bytes)});
	}
	return helpers;
}

// Debug kernels: see instrumentation.h. Where the symbol table cannot be read, the code is read without its checks
// being known, and may not be understood.
void add_checks(Image &image) {
	if (!may_have_checks(image)) return;
	auto checks = read_functions([](std::string_view name, std::string_view) { return is_check(name); });
	if (!checks) return;
	for (const Symbol &s : *checks)
		image.checks.insert(s.address);
}

// The address of the generation depends on the number that the kernel gave to nf_tables at load time.
void complete_generation(std::vector<Layout> &layouts, const Addresses &a, const KernelMemory &memory) {
	// All layouts agree in the members that are read here.
	const Layout &likely = layouts.front();
	if (likely.probe.net_base_seq.size) return;
	auto symbol = std::ranges::find(a.symbols, kPernetId, &Symbol::name);
	auto id = symbol == a.symbols.end() ? Result<uint64_t>(0) : memory.read_integer(symbol->address, 4);
	const auto pernet_id = static_cast<uint32_t>(id.value_or(0));
	std::vector<GenerationPlace> places = {{pernet_id, likely.probe.pernet_base_seq}};
	if (!pernet_id || !likely.probe.pernet_base_seq.size) {
		constexpr int kTries = 3; // a commit may change the generation during a try
		places.clear();
		for (int i = 0; i < kTries && places.empty(); i++) {
			auto generation = load_nf_tables();
			if (generation) places = find_generation(pernet_id, *generation, likely, memory);
		}
		places.push_back({}); // last: events carry no generation
	}
	std::vector<Layout> all;
	for (const GenerationPlace &place : places) {
		for (Layout l : layouts) {
			l.probe.pernet_id = place.pernet_id;
			l.probe.pernet_base_seq = place.base_seq;
			all.push_back(l);
		}
	}
	layouts = std::move(all);
}

std::string core_build_id() {
	return build_id_of_file("/sys/kernel/notes");
}

std::string nft_build_id() {
	return build_id_of_file(fmt::format("/sys/module/{}/notes/.note.gnu.build-id", kModule).c_str());
}

} // namespace

Result<std::vector<Layout>> layouts_of_running_kernel(bool keep) {
	return keep ? running_layouts(core_build_id(), nft_build_id()) : propose_running_layouts();
}

Result<Kernel> read_running_kernel(std::vector<Layout> layouts, const KernelMemory &memory) {
	Kernel kernel;
	kernel.core_build_id = core_build_id();
	kernel.nft_build_id = nft_build_id();
	const Layout likely = layouts.front();
	auto found = find_addresses(likely.module, memory);
	if (!found) return std::unexpected(found.error());

	auto which = find_entry(found->symbols);
	if (!which) return std::unexpected(which.error());
	const Symbol *entry = *which;
	kernel.module = !entry->module.empty();
	kernel.kprobe_table = found->known.kprobe_table;
	auto callers = check_callers(kMachine, found->symbols, *entry,
	                             [&memory](uint64_t address, size_t size) { return memory.read(address, size); });
	if (!callers) return std::unexpected(callers.error());
	auto image = read_image(*found, *entry, likely.kprobe, memory);
	if (!image) return std::unexpected(image.error());
	kernel.image = std::move(*image);
	add_switch_tables(kernel.image, [&memory](uint64_t address) -> std::optional<uint64_t> {
		auto word = memory.read_integer(address, sizeof(uint64_t));
		return word ? std::optional(*word) : std::nullopt;
	});
	add_checks(kernel.image);
	if (auto helpers = read_helpers(found->symbols, kernel.image, memory); helpers)
		kernel.image.helpers = std::move(*helpers);
	auto labels = found->module ? module_jump_table(*found->module, likely.module, memory)
	                            : core_jump_table(found->symbols);
	if (labels) read_jump_labels(kernel.image, *labels, memory);

	if (!takes_direct_loads(likely.probe.cast)) {
		for (Layout &l : layouts)
			l.probe.cast = {};
	}
	complete_pages(layouts, found->known, memory);
	complete_generation(layouts, *found, memory);
	kernel.set_layouts(layouts);

	utsname name{};
	uname(&name);
	kernel.release = name.release;
	return kernel;
}

Result<Kernel> read_running_kernel() {
	if (auto loaded = load_nf_tables(); !loaded) return std::unexpected(loaded.error());
	auto layouts = layouts_of_running_kernel(true);
	if (!layouts) return std::unexpected(layouts.error());
	auto memory = KernelMemory::open();
	if (!memory) return std::unexpected(memory.error());
	return read_running_kernel(std::move(*layouts), *memory);
}

} // namespace nft_drops::jit
