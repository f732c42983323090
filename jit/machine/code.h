// SPDX-License-Identifier: GPL-2.0-only
// A function as instructions: decoded by LLVM's MC layer, with what all architectures have in common.
#ifndef NFT_DROPS_JIT_MACHINE_CODE_H
#define NFT_DROPS_JIT_MACHINE_CODE_H

#include "jit/base/result.h"
#include "jit/machine/image.h"
#include "jit/machine/machine.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace nft_drops::jit {

// What an instruction does to the flow of control, apart from going on with the next one.
enum class Flow : uint8_t { kNone, kBranch, kJump, kCall, kReturn, kTrap };

struct Instruction {
	uint64_t address = 0;
	uint8_t size = 0;
	Flow flow = Flow::kNone;
	bool indirect = false; // the target of a jump or call is in a register or in memory
	bool nop = false;
	bool probeable = true;         // false: the kernel puts no kprobe on such an instruction
	bool begins_exclusive = false; // an exclusive load: from here to its store the kernel puts no kprobe either
	bool ends_exclusive = false;   // that store
	bool movable = false;          // the kernel can execute it elsewhere, to put a jump in its place
	uint64_t target = 0;           // of a direct branch, jump or call
	uint32_t semantics = 0;        // index into the architecture's own table
};

// The outcome of executing one instruction.
struct Step {
	enum class Kind : uint8_t {
		kNext,    // the next instruction in memory
		kGoto,    // `target`
		kFork,    // a branch on something unknown: `target` or the next one
		kCall,    // of `target` (may be unknown); comes back to the next one
		kReturn,  // to `target`
		kTrap,    // BUG or WARN: goes on with the next instruction, or not at all
		kUnclear, // beyond what is understood: `why`
	};
	Kind kind = Kind::kNext;
	Value target{};
	const char *why = nullptr;
};

// The return address that prepare_entry() gives the emulated function. It is no real address; the function must return
// to the same value.
inline const Value kReturnAddress = Value::opaque(1);

// What differs between processors: registers, calling convention, and what each instruction does.
class Architecture {
public:
	virtual ~Architecture() = default;

	// The instruction set of `machine`; fails where this program was built without it.
	static Result<std::unique_ptr<Architecture>> of(Machine machine);

	// Decodes one instruction. False where the bytes are none.
	virtual bool decode(uint64_t address, const uint8_t *bytes, size_t size, Instruction &to) = 0;
	// Executes it.
	virtual Step execute(const Instruction &what, MachineState &state) const = 0;
	// As an assembler listing has it, without address.
	virtual std::string text(const Instruction &what, const uint8_t *bytes) = 0;

	// Registers by their numbers in MachineState.
	[[nodiscard]] virtual int argument(int index) const = 0; // of a function call, from 0; at least 4 of them
	[[nodiscard]] virtual int return_value() const = 0;
	[[nodiscard]] virtual int stack_pointer() const = 0;
	// Makes registers and stack what they are when the function is called, but for its arguments.
	virtual void prepare_entry(MachineState &state) const = 0;
	// Where a jump out of the function leads if that is how it returns (by a return thunk); unknown where functions
	// never return by a jump.
	[[nodiscard]] virtual Value returns_to(const MachineState &state) const = 0;
	// Makes unknown what a called function may change.
	virtual void clobber_by_call(MachineState &state) const = 0;
	[[nodiscard]] virtual std::string register_name(int number) const = 0;
	// A called function restores this register before it returns; the emulated function does so, too.
	[[nodiscard]] virtual bool survives_calls(int number) const = 0;
	// Its place in the kernel's struct pt_regs, in bytes.
	[[nodiscard]] virtual int pt_regs_offset(int number) const = 0;
	// The program counter's place there, and what a kprobe's handler finds in it where the probe is at `address`.
	[[nodiscard]] virtual int pt_regs_program_counter() const = 0;
	[[nodiscard]] virtual uint64_t program_counter_at_probe(uint64_t address) const = 0;
	// Registers that can hold a value at a probe.
	[[nodiscard]] virtual int general_registers() const = 0;
	// A kprobe can become a jump (no breakpoint) if the instructions in so many bytes are movable; 0 where this
	// architecture has no such thing.
	[[nodiscard]] virtual unsigned jump_bytes() const = 0;
};

class Code {
public:
	// Decodes all ranges. What cannot be decoded (padding, data) simply has no instruction.
	static Result<Code> decode(const Image &image, Architecture &architecture);

	[[nodiscard]] const Instruction *at(uint64_t address) const;
	// The one behind it in memory.
	[[nodiscard]] const Instruction *after(const Instruction &i) const {
		const Instruction *next = &i + 1;
		return index_of(i) + 1 < all_.size() && next->address == i.address + i.size ? next
		                                                                            : at(i.address + i.size);
	}
	[[nodiscard]] size_t index_of(const Instruction &i) const { return static_cast<size_t>(&i - all_.data()); }
	[[nodiscard]] const std::vector<Instruction> &all() const { return all_; }
	[[nodiscard]] const uint8_t *bytes_of(const Instruction &i) const;
	// "function+0x471"
	[[nodiscard]] std::string place(uint64_t address) const;
	// That an address lies in; null where none.
	[[nodiscard]] const CodeRange *range_of(uint64_t address) const;
	[[nodiscard]] const Image &image() const { return *image_; }
	// The image's helpers.
	[[nodiscard]] const Code &helpers() const { return *helpers_; }

private:
	void decode_ranges(const std::vector<CodeRange> &ranges, Architecture &architecture);

	const Image *image_ = nullptr;
	std::vector<Instruction> all_; // by range, then address
	struct RangeIndex {
		uint64_t address;
		std::vector<int32_t> by_offset; // index into all_, -1 within or between instructions
	};
	std::vector<RangeIndex> index_;
	std::unique_ptr<Code> helpers_;
};

} // namespace nft_drops::jit

#endif
