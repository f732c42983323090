// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/kernel.h"

#include "jit/kernel/build_id.h"
#include "jit/kernel/jump_labels.h"
#include "jit/kernel/load_nf_tables.h"
#include "jit/kernel/memory.h"
#include "jit/kernel/symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <sys/utsname.h>
#include <thread>

namespace nft_drops::jit {
namespace {

constexpr std::string_view kFunction = "nft_do_chain";
constexpr std::string_view kPernetId = "nf_tables_net_id";

Result<Image> read_image(std::span<const Symbol> symbols, const Symbol &entry, const KernelMemory &memory) {
	constexpr uint64_t kMostBytes = 256 * 1024; // nft_do_chain has 1,500 to 3,000
	Image image;
	for (const Symbol &s : symbols) {
		const bool whole = &s == &entry;
		const bool part = s.module == entry.module && s.name.starts_with(fmt::format("{}.cold", kFunction));
		if (!whole && !part) continue;
		if (s.size == 0 || s.size > kMostBytes) {
			return cannot(s.name, fmt::format("implausible size of {} bytes in the symbol table", s.size));
		}
		auto bytes = memory.read(s.address, s.size);
		if (!bytes) return std::unexpected(bytes.error());
		image.ranges.push_back({s.name, s.address, std::move(*bytes)});
		if (whole) std::swap(image.ranges.front(), image.ranges.back());
	}
	return image;
}

} // namespace

Result<Kernel> read_running_kernel() {
	if (auto loaded = load_nf_tables(); !loaded) return std::unexpected(loaded.error());

	// The two slow readers are the kernel's own symbol table and BTF: side by side.
	Result<std::vector<Symbol>> symbols;
	std::thread symbol_reader([&symbols] {
		std::vector<std::string_view> names(std::begin(kJumpLabelSymbols), std::end(kJumpLabelSymbols));
		names.insert(names.end(), {kFunction, kPernetId});
		symbols = read_symbols(names);
	});
	auto layout = read_running_layout();
	auto memory = KernelMemory::open();
	symbol_reader.join();
	if (!layout) return std::unexpected(layout.error());
	if (!memory) return std::unexpected(memory.error());
	if (!symbols) return std::unexpected(symbols.error());

	auto entry = std::ranges::find(*symbols, kFunction, &Symbol::name);
	if (entry == symbols->end()) {
		return cannot("nft_do_chain", "no such symbol in /proc/kallsyms", "a kernel with CONFIG_NF_TABLES is needed");
	}
	Kernel kernel;
	kernel.layout = *layout;
	kernel.module = !entry->module.empty();
	auto image = read_image(*symbols, *entry, *memory);
	if (!image) return std::unexpected(image.error());
	kernel.image = std::move(*image);
	read_jump_labels(kernel.image, entry->module, layout->module, *symbols, *memory);

	auto id = std::ranges::find(*symbols, kPernetId, &Symbol::name);
	nd_layout &probe = kernel.layout.probe;
	auto pernet_id = id == symbols->end() ? Result<uint64_t>(0) : memory->read_integer(id->address, 4);
	if (pernet_id && *pernet_id) probe.pernet_id = static_cast<uint32_t>(*pernet_id);
	else probe.pernet_base_seq.size = 0; // the generation cannot be found: events carry none

	utsname name{};
	uname(&name);
	kernel.release = name.release;
	kernel.core_build_id = build_id_of_file("/sys/kernel/notes");
	if (kernel.module) {
		kernel.nft_build_id =
			build_id_of_file(fmt::format("/sys/module/{}/notes/.note.gnu.build-id", entry->module).c_str());
	}
	return kernel;
}

} // namespace nft_drops::jit
