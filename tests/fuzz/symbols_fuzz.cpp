// SPDX-License-Identifier: GPL-2.0-only
// /proc/kallsyms, and a module's own table of symbols: names are those of modules that anybody built.
#include "input.h"

#include "jit/kernel/live/modules.h"
#include "jit/kernel/live/symbols.h"

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace nft_drops::fuzz {
namespace {

// One file for all inputs.
std::string as_file(std::string_view bytes) {
	static const int file = memfd_create("kallsyms", MFD_CLOEXEC);
	const bool whole = ftruncate(file, 0) == 0 &&
	                   pwrite(file, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
	require(whole, "no file for the symbols", "");
	return "/proc/self/fd/" + std::to_string(file);
}

void try_kallsyms(std::string_view bytes) {
	static constexpr std::string_view kWanted[] = {"nft_do_chain", "x"};
	// Behind the fuzzer's lines, one that must be found.
	const std::string path = as_file(std::string(bytes) + "\nffffffffc0a010d0 T nft_do_chain\t[nf_tables]\n");
	const auto symbols = jit::read_symbols(kWanted, path.c_str());
	require(symbols.has_value(), "a good line was not read", bytes);
	bool found = false;
	for (const jit::Symbol &s : *symbols) {
		found |= s.name == "nft_do_chain" && s.address == 0xffffffffc0a010d0;
		require(s.name.starts_with('x') || s.name.starts_with("nft_do_chain"), "a symbol nobody asked for",
		        s.name);
	}
	require(found, "the good line's symbol is missing", bytes);
	static constexpr uint64_t kAddresses[] = {0xffffffffc0a010d4, 0};
	require(jit::describe_addresses(kAddresses, path.c_str()).size() == std::size(kAddresses),
	        "not one text for each address", bytes);
}

void try_table(Input &input) {
	const auto entries_size = input.number<uint8_t>();
	std::vector<uint8_t> entries(entries_size);
	input.take(entries.data(), entries.size());
	const std::string_view rest = input.rest();
	const std::vector<uint8_t> names(rest.begin(), rest.end());
	const auto symbols = jit::symbols_in(entries, names, "nf_tables");
	require(symbols.size() <= entries.size() / sizeof(Elf64_Sym), "more symbols than entries", "");
	for (const jit::Symbol &s : symbols)
		require(rest.find(s.name) != std::string_view::npos, "a name from elsewhere", s.name);
}

void try_one(Input input) {
	if (input.number<uint8_t>() % 2)
		try_table(input);
	else
		try_kallsyms(input.rest());
}

} // namespace
} // namespace nft_drops::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	nft_drops::fuzz::try_one(nft_drops::fuzz::Input({data, size}));
	return 0;
}
