// SPDX-License-Identifier: GPL-2.0-only
// The running kernel's symbol table, /proc/kallsyms.
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_SYMBOLS_H
#define NFT_DROPS_JIT_KERNEL_LIVE_SYMBOLS_H

#include "jit/base/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::jit {

struct Symbol {
	std::string name;
	std::string module; // empty: the core kernel
	uint64_t address = 0;
	uint64_t size = 0; // up to the next symbol, padding included; 0 for the last symbol
};

// Reads the table once. Keeps the symbols of `names`, and the parts that a compiler split off ("name.cold",
// "name.part.0"). Fails with Blame::kMachine if the kernel hides addresses from this process.
Result<std::vector<Symbol>> read_symbols(std::span<const std::string_view> names, const char *path = "/proc/kallsyms");

// As above: keeps the functions for which `wanted` is true.
Result<std::vector<Symbol>>
read_functions(const std::function<bool(std::string_view name, std::string_view module)> &wanted,
               const char *path = "/proc/kallsyms");

// The symbol that covers each address ("name+0x10"; "" if there is none). For explanations only.
std::vector<std::string> describe_addresses(std::span<const uint64_t> addresses, const char *path = "/proc/kallsyms");

} // namespace nft_drops::jit

#endif
