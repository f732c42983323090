// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/aarch64/decode.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace nft_drops::jit::aarch64 {
namespace {

// The number of a general register by LLVM's name of it.
std::optional<uint8_t> number_of(std::string_view name) {
	if (name == "FP") return kFrame;
	if (name == "LR") return kLink;
	if (name == "SP" || name == "WSP") return kSp;
	if (name == "XZR" || name == "WZR") return kZero;
	if (name.size() < 2 || name.size() > 3 || (name[0] != 'X' && name[0] != 'W')) return std::nullopt;
	unsigned number = 0;
	for (const char c : name.substr(1)) {
		if (c < '0' || c > '9') return std::nullopt;
		number = 10 * number + static_cast<unsigned>(c - '0');
	}
	return number <= kLink ? std::optional(static_cast<uint8_t>(number)) : std::nullopt;
}

bool has_general_registers(std::string_view name) {
	return name.starts_with('X') || name.starts_with('W') || name.find("_X") != std::string_view::npos ||
	       name.find("_W") != std::string_view::npos || name == "FP" || name == "LR" || name == "SP";
}

// What the kernel refuses to put a probe on, or single-steps elsewhere at a cost: arm_kprobe_decode_insn() and
// aarch64_insn_is_steppable() of arch/arm64/kernel/probes/decode-insn.c.
bool may_be_probed(const Semantics &m, uint32_t word) {
	const bool system = (word & 0xff000000) == 0xd5000000;
	const bool exclusive = (word & 0x3f000000) == 0x08000000 && !(word & 0x00800000);
	return !system && !exclusive && m.op != Op::kTrap && m.op != Op::kClobber;
}

} // namespace

Result<Decoder> Decoder::open() {
	auto mc = Mc::open("aarch64-unknown-linux-gnu", "+all");
	if (!mc) return std::unexpected(mc.error());
	Decoder d;
	d.mc_ = std::move(*mc);
	return d;
}

void Decoder::add_clobbers(const McInstruction &mc, Semantics &m) const {
	if (mc.may_store) m.unclear = "it may store, and is not understood";
	if (mc.is_branch || mc.is_call) m.unclear = "it transfers control, and is not understood";
	for (const unsigned r : mc.defines) {
		const std::string_view name = mc_.register_name(r);
		if (const auto number = number_of(name)) {
			if (*number != kZero) m.clobbers.push_back(*number);
		} else if (has_general_registers(name)) {
			m.unclear = "it changes several registers, and is not understood";
		}
	}
}

std::optional<Semantics> Decoder::decode(uint64_t address, const uint8_t *bytes, size_t size, Instruction &to) {
	constexpr size_t kSize = 4;
	if (size < kSize || address % kSize) return std::nullopt;
	const auto mc = mc_.decode(address, bytes, size);
	if (!mc) return std::nullopt;
	uint32_t word = 0;
	memcpy(&word, bytes, sizeof(word));
	Semantics m = understand(word, address);
	if (m.op == Op::kClobber) {
		// System instructions may write memory (dc zva), and hints have implicit operands.
		if ((word & 0xffc00000) == 0xd5000000) {
			m.unclear = "a system instruction that is not understood";
		}
		add_clobbers(*mc, m);
	}
	to.address = address;
	to.size = kSize;
	switch (m.op) {
	case Op::kBranchIf:
	case Op::kBranchZero:
	case Op::kBranchBit:
		to.flow = Flow::kBranch;
		to.target = m.imm;
		break;
	case Op::kJump:
	case Op::kCall:
		to.flow = m.op == Op::kJump ? Flow::kJump : Flow::kCall;
		to.indirect = !m.has_immediate;
		if (m.has_immediate) to.target = m.imm;
		break;
	case Op::kReturn:
		to.flow = Flow::kReturn;
		break;
	case Op::kTrap:
		to.flow = Flow::kTrap;
		break;
	default:
		break;
	}
	to.nop = word == 0xd503201f;
	to.probeable = may_be_probed(m, word);
	// Between these two the kernel refuses probes, too.
	const bool exclusive = (word & 0x3f800000) == 0x08000000;
	to.begins_exclusive = exclusive && (word & 0x00400000);
	to.ends_exclusive = exclusive && !(word & 0x00400000);
	return m;
}

} // namespace nft_drops::jit::aarch64
