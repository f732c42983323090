// SPDX-License-Identifier: GPL-2.0-only
// What a compiler itself says of where nft_do_chain's variables live: DWARF, by libdw.
#ifndef NFT_DROPS_TESTS_CORPUS_DWARF_H
#define NFT_DROPS_TESTS_CORPUS_DWARF_H

#include "jit/base/result.h"
#include "jit/machine/code.h"

#include <cstdint>
#include <elfutils/libdwfl.h>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::corpus {

// The machine as it is when an instruction is about to be executed.
struct Machine {
	const jit::Architecture &architecture;
	const jit::MachineState &state;
	uint64_t frame; // canonical frame address
	uint64_t entry_arguments[2];
};

// What a location expression comes to: a register, memory, or no place but a value.
struct Location {
	std::optional<int> in_register;    // by MachineState's numbers
	std::optional<uint64_t> in_memory; // its address
	jit::Value value{};                // of 8 bytes there
};

class Dwarf {
public:
	// `path` is a module or object file with DWARF, or a file that holds nothing but a module's.
	static Result<Dwarf> open(const std::string &path);

	[[nodiscard]] std::string build_id() const;
	// Where the function, or a part that was split off, is in this file.
	[[nodiscard]] std::optional<uint64_t> address_of(const std::string &symbol) const;

	// A location expression of a variable or parameter that holds at `pc`; empty where DWARF has none there.
	[[nodiscard]] std::vector<Dwarf_Op> expression(std::string_view variable, uint64_t pc);
	// The canonical frame address there, by the call frame information.
	[[nodiscard]] std::optional<uint64_t> frame_at(uint64_t pc, const jit::Architecture &architecture,
	                                               const jit::MachineState &state);
	// Nothing where an operation is beyond what compilers use for such variables.
	[[nodiscard]] std::optional<Location> evaluate(std::span<const Dwarf_Op> expression, const Machine &machine);

	// "r13", "CFA-0x78"
	[[nodiscard]] static std::string text(std::span<const Dwarf_Op> expression,
	                                      const jit::Architecture &architecture);

private:
	[[nodiscard]] bool find_function();

	struct End {
		void operator()(Dwfl *d) const { dwfl_end(d); }
	};
	std::unique_ptr<Dwfl, End> dwfl_;
	Dwfl_Module *module_ = nullptr;
	Dwarf_Addr bias_ = 0;
	Dwarf_Die function_{};
	std::vector<Dwarf_Op> frame_base_;
};

} // namespace nft_drops::corpus

#endif
