// SPDX-License-Identifier: GPL-2.0-only
// The emulator's AArch64 instructions against an AArch64 processor: each row of cpu_instructions.S is executed by both,
// on the same registers, flags and memory. The processor is this machine's, or QEMU's.
#include "cpu_protocol.h"
#include "emulated_process.h"
#include "jit/machine/code.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <string_view>

namespace nft_drops::jit_test {
namespace {

using jit::Flags;
using jit::MachineState;
using jit::Step;
using jit::Value;

constexpr size_t kSp = 31;
constexpr uint64_t kN = 1U << 31, kZ = 1U << 30, kC = 1U << 29, kV = 1U << 28;

// The runner.
class Processor {
public:
	Processor() {
		cpu_u64 count = 0;
		constexpr cpu_u64 kMost = 100'000;
		if (!process_.receive(&count, sizeof(count)) || count > kMost) return;
		rows_.resize(count);
		for (cpu_row_text &r : rows_)
			if (!process_.receive(&r, sizeof(r))) rows_.clear();
	}

	// Empty where there is no such processor.
	[[nodiscard]] const std::vector<cpu_row_text> &rows() const { return rows_; }

	bool run(const unsigned char *code, size_t size, const cpu_state &before, cpu_state &after) {
		cpu_request request{};
		memcpy(request.code, code, size);
		request.size = size;
		request.before = before;
		return process_.send(&request, sizeof(request)) && process_.receive(&after, sizeof(after));
	}

private:
	EmulatedProcess process_{ND_CPU_RUNNER};
	std::vector<cpu_row_text> rows_;
};

uint64_t word(const unsigned char *memory, size_t at) {
	uint64_t v = 0;
	memcpy(&v, memory + at, sizeof(v));
	return v;
}

class AArch64Cpu : public testing::Test {
protected:
	static constexpr int kTries = 12;

	void SetUp() override {
		ASSERT_FALSE(processor.rows().empty()) << "no answer from " ND_CPU_RUNNER ": is qemu-user-static here?";
	}

	// Numbers at which carries, signs and zeroes change, and any others.
	uint64_t number() {
		constexpr std::array<uint64_t, 13> kEdges = {0,          1,          2,      0x7f,       0x80,
		                                             0xff,       0x7fff,     0x8000, 0x7fffffff, 0x80000000,
		                                             1ULL << 63, ~0ULL >> 1, ~0ULL};
		switch (random() % 4) {
		case 0:
			return kEdges[random() % kEdges.size()];
		case 1:
			return random() % 72;
		default:
			return random();
		}
	}

	cpu_state start() {
		cpu_state c{};
		for (unsigned char &byte : c.memory)
			byte = static_cast<unsigned char>(number());
		for (cpu_u64 &r : c.registers)
			r = number();
		if (random() % 4 == 0) c.registers[2] = c.registers[1];
		c.registers[19] = CPU_SCRATCH + 128;
		c.registers[20] = CPU_SCRATCH + 64;
		c.registers[21] = CPU_SCRATCH + 192;
		c.sp = CPU_SCRATCH + 256;
		c.registers[22] = random() % 8;
		c.registers[23] = random() % 128 - 64;
		c.registers[24] = ((random() % 128 - 64) & 0xffffffff) | random() << 32;
		// A return address: what is signed and checked comes back only if it was an address.
		c.registers[30] &= 0x7fffffffffff;
		c.nzcv = random() & (kN | kZ | kC | kV);
		return c;
	}

	static MachineState emulated(const cpu_state &c) {
		MachineState s;
		for (size_t r = 0; r < std::size(c.registers); r++)
			s.registers[r] = Value::known(c.registers[r]);
		s.registers[kSp] = Value::known(c.sp);
		s.flags.sf = jit::bit((c.nzcv & kN) != 0);
		s.flags.zf = jit::bit((c.nzcv & kZ) != 0);
		s.flags.cf = jit::bit((c.nzcv & kC) != 0);
		s.flags.of = jit::bit((c.nzcv & kV) != 0);
		s.map(CPU_SCRATCH, CPU_SCRATCH_BYTES, Value::Kind::kUnknown);
		for (size_t i = 0; i < CPU_SCRATCH_BYTES; i += 8)
			s.store(Value::known(CPU_SCRATCH + i), 8, Value::known(word(c.memory, i)));
		return s;
	}

	// Executes a row from its first instruction to behind its last one. False where it is refused.
	bool execute(const cpu_row_text &row, MachineState &s) {
		s.map(CPU_CODE_PAGE, CPU_CODE_BYTES, Value::Kind::kUnknown);
		for (size_t i = 0; i < row.size; i++)
			s.store(Value::known(CPU_CODE_PAGE + i), 1, Value::known(row.code[i]));
		for (size_t at = 0; at != row.size;) {
			jit::Instruction i;
			if (at > row.size || !arch->decode(CPU_CODE_PAGE + at, row.code + at, row.size - at, i))
				return false;
			const Step step = arch->execute(i, s);
			if (step.kind != Step::Kind::kNext && step.kind != Step::Kind::kGoto) return false;
			at += i.size;
			if (step.kind == Step::Kind::kGoto) at = step.target.bits - CPU_CODE_PAGE;
		}
		return !s.lost();
	}

	// Differences of what the emulator claims from what the processor did. With `exact`, what it does not know is
	// one too.
	static std::string difference(const MachineState &s, const cpu_state &cpu, bool exact) {
		std::string text;
		const auto compare = [&](const std::string &name, const Value &v, uint64_t right) {
			if (v.is_known() && v.bits != right)
				text += fmt::format(" {} {:#x}, not {:#x};", name, v.bits, right);
			if (!v.is_known() && exact) text += fmt::format(" {} not known;", name);
		};
		for (size_t r = 0; r < std::size(cpu.registers); r++)
			compare(fmt::format("x{}", r), s.registers[r], cpu.registers[r]);
		compare("sp", s.registers[kSp], cpu.sp);
		const auto flag = [&](const char *name, Flags::Bit b, uint64_t mask) {
			if (b == Flags::Bit::kUnknown && exact) text += fmt::format(" {} not known;", name);
			if (b != Flags::Bit::kUnknown && b != jit::bit((cpu.nzcv & mask) != 0))
				text += fmt::format(" {} {};", name, b == Flags::Bit::kSet);
		};
		flag("n", s.flags.sf, kN);
		flag("z", s.flags.zf, kZ);
		flag("c", s.flags.cf, kC);
		flag("v", s.flags.of, kV);
		for (size_t i = 0; i < CPU_SCRATCH_BYTES; i++) {
			const Value v = s.load(Value::known(CPU_SCRATCH + i), 1);
			compare(fmt::format("byte {}", i), v, cpu.memory[i]);
		}
		return text;
	}

	static void report(const std::map<std::string, std::string> &differences) {
		for (const auto &[text, what] : differences)
			ADD_FAILURE() << text << ":" << what.substr(0, 200);
	}

	std::mt19937_64 random{7};
	Processor processor;
	std::unique_ptr<jit::Architecture> arch = std::move(*jit::Architecture::of(jit::Machine::kAArch64));
};

TEST_F(AArch64Cpu, EveryInstructionDoesWhatTheProcessorDoes) {
	std::map<std::string, std::string> differences;
	EXPECT_GT(processor.rows().size(), 500U);
	for (const cpu_row_text &row : processor.rows()) {
		for (int n = 0; n < kTries; n++) {
			MachineState s = emulated(start());
			// What is refused is as good as what is right, but for those that must be understood. Those
			// that are not need no processor that has them.
			const cpu_state before = start();
			s = emulated(before);
			if (!execute(row, s)) {
				if (row.exact) differences[row.text] = " is refused";
				break;
			}
			cpu_state after{};
			ASSERT_TRUE(processor.run(row.code, row.size, before, after)) << row.text;
			const std::string text = difference(s, after, row.exact != 0);
			if (!text.empty()) differences.try_emplace(row.text, text);
		}
	}
	report(differences);
}

// What is known of a result must not depend on what is unknown of the operands: the same with some registers unknown,
// and flags too. Not those that memory is addressed with.
TEST_F(AArch64Cpu, UnknownStaysUnknown) {
	std::map<std::string, std::string> differences;
	for (const cpu_row_text &row : processor.rows()) {
		for (int n = 0; n < kTries; n++) {
			const cpu_state before = start();
			MachineState s = emulated(before);
			for (size_t r = 0; r < std::size(before.registers); r++) {
				const bool address = r >= 19 && r <= 24;
				if (!address && random() % 2)
					s.registers[r] = random() % 2 ? Value::unknown() : Value::opaque(r);
			}
			if (random() % 2) s.flags = {};
			for (size_t i = 0; random() % 2 && i < CPU_SCRATCH_BYTES; i += random() % 64)
				s.forget(CPU_SCRATCH + i, 1);
			if (!execute(row, s)) continue;
			cpu_state after{};
			ASSERT_TRUE(processor.run(row.code, row.size, before, after)) << row.text;
			const std::string text = difference(s, after, false);
			if (!text.empty()) differences.try_emplace(row.text, text);
		}
	}
	report(differences);
}

// b.cond, cbz, cbnz, tbz, tbnz: to the second word behind, which the runner tells from the first.
TEST_F(AArch64Cpu, ConditionalBranchesGoTheSameWay) {
	std::vector<uint32_t> words;
	words.reserve(16);
	for (uint32_t cond = 0; cond < 16; cond++)
		words.push_back(0x54000040 | cond);
	for (uint32_t narrow_or_wide : {0x34000040U, 0xb4000040U}) {
		for (uint32_t inverted : {0U, 1U << 24})
			words.push_back(narrow_or_wide | inverted | 3);
	}
	for (uint32_t bit : {0U, 5U, 31U, 32U, 63U}) {
		for (uint32_t inverted : {0U, 1U << 24})
			words.push_back(0x36000040 | (bit >> 5) << 31 | (bit & 31) << 19 | inverted | 3);
	}
	for (const uint32_t code : words) {
		const auto *bytes = reinterpret_cast<const unsigned char *>(&code);
		jit::Instruction i;
		ASSERT_TRUE(arch->decode(CPU_CODE_PAGE, bytes, sizeof(code), i));
		EXPECT_EQ(i.flow, jit::Flow::kBranch);
		EXPECT_EQ(i.target, CPU_CODE_PAGE + 2 * sizeof(code));
		for (int n = 0; n < 2 * kTries; n++) {
			cpu_state before = start();
			if (n % 4 == 0) before.registers[3] = 0;
			cpu_state after{};
			ASSERT_TRUE(processor.run(bytes, sizeof(code), before, after));
			MachineState s = emulated(before);
			const Step step = arch->execute(i, s);
			EXPECT_EQ(step.kind == Step::Kind::kGoto, after.taken != 0) << fmt::format("{:#x}", code);
			EXPECT_NE(step.kind, Step::Kind::kFork);
			s.registers[3] = Value::unknown();
			s.flags = {};
			const bool always = (code & 0xff00000e) == 0x5400000e;
			EXPECT_EQ(arch->execute(i, s).kind, always ? Step::Kind::kGoto : Step::Kind::kFork);
		}
	}
}

// Where the kernel refuses a kprobe, none may be planned.
TEST_F(AArch64Cpu, WhatCannotBeProbed) {
	constexpr struct {
		uint32_t word;
		bool yes;
	} kWords[] = {
	        {0x8b020020, true},  // add x0, x1, x2
	        {0xf9400260, true},  // ldr x0, [x19]
	        {0x6a1f001f, true},  // ands wzr, w0, wzr
	        {0x54000040, true},  // b.eq: simulated
	        {0xb4000043, true},  // cbz: simulated
	        {0xd503201f, false}, // nop: a static key, or a hint
	        {0xd503245f, false}, // bti c
	        {0xd503233f, false}, // paciasp
	        {0xd4200000, false}, // brk #0
	        {0xd53bd040, false}, // mrs x0, tpidr_el0
	        {0xd51b4200, false}, // msr nzcv, x0
	        {0xc85f7e60, false}, // ldxr x0, [x19]
	        {0xc8017e60, false}, // stxr w1, x0, [x19]
	};
	for (const auto &[code, yes] : kWords) {
		jit::Instruction i;
		ASSERT_TRUE(arch->decode(CPU_CODE_PAGE, reinterpret_cast<const uint8_t *>(&code), sizeof(code), i));
		EXPECT_EQ(i.probeable, yes) << fmt::format("{:#x}", code);
	}
}

} // namespace
} // namespace nft_drops::jit_test
