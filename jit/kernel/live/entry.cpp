// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/entry.h"

#include <fmt/format.h>

#include <string_view>

namespace nft_drops::jit {
namespace {

constexpr std::string_view kFunction = "nft_do_chain";

} // namespace

Result<const Symbol *> find_entry(std::span<const Symbol> symbols) {
	const Symbol *entry = nullptr;
	const Symbol *further = nullptr;
	for (const Symbol &s : symbols) {
		std::string_view rest = s.name;
		if (!rest.starts_with(kFunction)) continue;
		rest.remove_prefix(kFunction.size());
		if (rest.starts_with(".cold") || (!rest.empty() && rest.front() != '.')) continue;
		const bool whole = rest.empty() || rest.starts_with(".llvm.");
		if (whole && (!entry || entry->address == s.address))
			entry = &s;
		else
			further = &s;
	}
	if (!entry) {
		return unsupported("nft_do_chain", "the kernel has no such symbol",
		                   "a kernel with CONFIG_NF_TABLES is needed");
	}
	if (further) {
		return unsupported(
		        "nft_do_chain",
		        fmt::format("its compiler made a further piece of it, {}, where drops would not be seen",
		                    further->name),
		        "please report this, with the kernel's version and compiler (/proc/version)");
	}
	return entry;
}

} // namespace nft_drops::jit
