// SPDX-License-Identifier: GPL-2.0-only
// AArch64: its registers and calling convention.
#include "jit/machine/aarch64/aarch64.h"

#include "jit/machine/aarch64/decode.h"
#include "jit/machine/decoded.h"

namespace nft_drops::jit {
namespace {

using namespace aarch64;

// A stack of return addresses that x18 points to, where the kernel keeps one (CONFIG_SHADOW_CALL_STACK).
constexpr uint64_t kShadowStack = 0xffffc900'00f0'0000;
constexpr size_t kShadowBytes = 64;

class AArch64 final : public DecodedArchitecture<aarch64::Decoder, aarch64::Semantics, aarch64::execute> {
public:
	using DecodedArchitecture::DecodedArchitecture;

	[[nodiscard]] int argument(int index) const override { return kX0 + index; }
	[[nodiscard]] int return_value() const override { return kX0; }
	[[nodiscard]] int stack_pointer() const override { return kSp; }
	void prepare_entry(MachineState &state) const override {
		state.registers[kSp] = Value::known(MachineState::kStackTop - 0x800);
		state.registers[kLink] = kReturnAddress;
		state.map(kShadowStack, kShadowBytes, Value::Kind::kUnknown);
		state.registers[kPlatform] = Value::known(kShadowStack);
	}
	void clobber_by_call(MachineState &state) const override {
		for (int r = kX0; r < kFirstKept; r++) {
			const Value &v = state.registers[static_cast<size_t>(r)];
			const bool shadow = r == kPlatform && v.is_known() && v.bits - kShadowStack < kShadowBytes;
			if (!shadow) state.registers[static_cast<size_t>(r)] = Value::unknown();
		}
		state.registers[kLink] = Value::unknown();
		state.flags = {};
	}
	[[nodiscard]] Value returns_to(const MachineState &) const override { return Value::unknown(); }
	[[nodiscard]] std::string register_name(int number) const override {
		return number == kSp ? "sp" : "x" + std::to_string(number);
	}
	[[nodiscard]] bool survives_calls(int number) const override {
		return number >= kFirstKept && number <= kFrame;
	}
	// struct pt_regs of arch/arm64/include/asm/ptrace.h: regs[31] sp pc pstate.
	[[nodiscard]] int pt_regs_offset(int number) const override { return 8 * number; }
	[[nodiscard]] int pt_regs_program_counter() const override { return 8 * (kSp + 1); }
	[[nodiscard]] uint64_t program_counter_at_probe(uint64_t address) const override { return address; }
	[[nodiscard]] int general_registers() const override { return kLink + 1; }
	[[nodiscard]] unsigned jump_bytes() const override { return 0; }
};

} // namespace

Result<std::unique_ptr<Architecture>> make_aarch64() {
	return make_architecture<AArch64, aarch64::Decoder>();
}

} // namespace nft_drops::jit
