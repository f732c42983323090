// SPDX-License-Identifier: GPL-2.0-only
// x86-64: its registers and calling convention.
#include "jit/machine/x86_64/x86_64.h"

#include "jit/machine/decoded.h"
#include "jit/machine/x86_64/decode.h"

namespace nft_drops::jit {
namespace {

using namespace x86_64;

// struct pt_regs of arch/x86/include/uapi/asm/ptrace.h: r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi
// orig_rax rip cs eflags rsp ss.
constexpr std::array<int, 16> kPtRegs = {80, 88, 96, 40, 152, 32, 104, 112, 72, 64, 56, 48, 24, 16, 8, 0};
constexpr int kPtRegsIp = 128;

class X86_64 final : public DecodedArchitecture<x86_64::Decoder, x86_64::Semantics, x86_64::execute> {
public:
	using DecodedArchitecture::DecodedArchitecture;

	[[nodiscard]] int argument(int index) const override {
		constexpr std::array<int, 6> kArguments = {kRdi, kRsi, kRdx, kRcx, kR8, kR9};
		return kArguments[static_cast<size_t>(index)];
	}
	[[nodiscard]] int return_value() const override { return kRax; }
	[[nodiscard]] int stack_pointer() const override { return kRsp; }
	void prepare_entry(MachineState &state) const override {
		const uint64_t sp = MachineState::kStackTop - 0x808; // 16-byte aligned before the call
		state.registers[kRsp] = Value::known(sp);
		state.store(Value::known(sp), 8, kReturnAddress);
	}
	[[nodiscard]] Value returns_to(const MachineState &state) const override {
		return state.load(state.registers[kRsp], 8);
	}
	void clobber_by_call(MachineState &state) const override {
		for (int r : {kRax, kRcx, kRdx, kRsi, kRdi, kR8, kR9, kR10, kR11})
			state.registers[static_cast<size_t>(r)] = Value::unknown();
		state.flags = {};
	}
	[[nodiscard]] std::string register_name(int number) const override {
		std::string name = kNames[static_cast<size_t>(number)];
		for (char &c : name)
			c = static_cast<char>(c | 0x20);
		return name;
	}
	[[nodiscard]] bool survives_calls(int number) const override {
		return number == kRbx || number == kRbp || (number >= kR12 && number <= kR15);
	}
	[[nodiscard]] int pt_regs_offset(int number) const override { return kPtRegs[static_cast<size_t>(number)]; }
	[[nodiscard]] int pt_regs_program_counter() const override { return kPtRegsIp; }
	// Behind the breakpoint's one byte, and the same for a jump: kprobe_int3_handler(), optimized_callback().
	[[nodiscard]] uint64_t program_counter_at_probe(uint64_t address) const override { return address + 1; }
	[[nodiscard]] int general_registers() const override { return 16; }
	[[nodiscard]] unsigned jump_bytes() const override { return 5; }
};

} // namespace

Result<std::unique_ptr<Architecture>> make_x86_64() {
	return make_architecture<X86_64, x86_64::Decoder>();
}

} // namespace nft_drops::jit
