// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/pages.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <string>
#include <unistd.h>

namespace nft_drops::jit {
namespace {

// The value of `NUMBER(name)=`, decimal or with 0x in front.
std::optional<uint64_t> number(std::string_view text, std::string_view name) {
	const std::string key = fmt::format("NUMBER({})=", name);
	for (size_t at = 0; (at = text.find(key, at)) != std::string_view::npos; at += key.size()) {
		if (at > 0 && text[at - 1] != '\n') continue;
		std::string_view value = text.substr(at + key.size());
		value = value.substr(0, value.find('\n'));
		int base = 10;
		if (value.starts_with("0x")) {
			value.remove_prefix(2);
			base = 16;
		}
		uint64_t found = 0;
		const auto [end, error] = std::from_chars(value.begin(), value.end(), found, base);
		if (error == std::errc() && end == value.end()) return found;
	}
	return std::nullopt;
}

size_t page_bytes() {
	return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

bool is_kernel_address(uint64_t address) {
	return address >> 63 != 0;
}

// x86 has the places in variables where the kernel chooses them at boot (CONFIG_DYNAMIC_MEMORY_LAYOUT).
std::optional<PageMap> find_pages(const nd_well_known &known, const KernelMemory &memory) {
	if (known.vmemmap_base && known.page_offset_base) {
		const auto structs = memory.read_integer(known.vmemmap_base, 8);
		const auto direct_map = memory.read_integer(known.page_offset_base, 8);
		if (!structs || !direct_map) return std::nullopt;
		return PageMap{.structs = *structs, .direct_map = *direct_map};
	}
	if (!known.vmcoreinfo_data) return std::nullopt;
	const auto at = memory.read_integer(known.vmcoreinfo_data, 8);
	if (!at || !*at) return std::nullopt;
	// VMCOREINFO_BYTES: a page. Zeros follow the text.
	const auto bytes = memory.read(*at, page_bytes());
	if (!bytes) return std::nullopt;
	const std::string_view text(reinterpret_cast<const char *>(bytes->data()), bytes->size());
	return pages_in_vmcoreinfo(text.substr(0, text.find('\0')));
}

} // namespace

std::optional<PageMap> pages_in_vmcoreinfo(std::string_view text) {
	const auto structs = number(text, "VMEMMAP_START"), bits = number(text, "VA_BITS");
	if (!structs || !is_kernel_address(*structs) || !bits || *bits < 36 || *bits > 52) return std::nullopt;
	return PageMap{.structs = *structs, .direct_map = ~uint64_t{0} << *bits};
}

void complete_pages(std::vector<Layout> &layouts, const nd_well_known &known, const KernelMemory &memory) {
	const auto pages = find_pages(known, memory);
	for (Layout &l : layouts) {
		nd_match_layout &match = l.probe.match;
		const bool readable = pages && match.page_shift;
		match.vmemmap = readable ? pages->structs : 0;
		match.page_offset = readable ? pages->direct_map : 0;
		match.page_bits = readable ? static_cast<nd_u64>(std::countr_zero(page_bytes())) : 0;
	}
}

} // namespace nft_drops::jit
