// SPDX-License-Identifier: GPL-2.0-only
// The emulator's instructions against this machine's processor: each row of cpu_instructions.S is executed by both, on
// the same registers, flags and memory.
#include "jit/machine/code.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <string_view>
#include <sys/mman.h>

namespace {

// In the order of MachineState::registers: Intel's numbers.
struct CpuNow {
	std::array<uint64_t, 16> registers;
	uint64_t flags;
	uint64_t target;
	uint64_t taken;
};
static_assert(offsetof(CpuNow, flags) == 128 && offsetof(CpuNow, target) == 136 && offsetof(CpuNow, taken) == 144);

struct CpuRow {
	const char *text;
	const uint8_t *code;
	uint32_t size;
	uint32_t exact;
	uint32_t must;
	uint32_t undefined;
};

} // namespace

extern "C" {
extern const CpuRow cpu_rows[] __attribute__((visibility("hidden")));
extern const CpuRow cpu_rows_end[] __attribute__((visibility("hidden")));
extern void cpu_run(void) __attribute__((visibility("hidden")));
extern void cpu_back(void) __attribute__((visibility("hidden")));
extern void cpu_back_taken(void) __attribute__((visibility("hidden")));
extern CpuNow cpu_now __attribute__((visibility("hidden")));
CpuNow cpu_now;
}

namespace nft_drops::jit_test {
namespace {

using jit::Flags;
using jit::MachineState;
using jit::Step;
using jit::Value;

enum Number { kRax, kRcx, kRdx, kRbx, kRsp, kRbp, kRsi, kRdi, kR8, kR11 = 11 };
constexpr std::array<const char *, 16> kNames = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                                 "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
enum FlagBit : uint32_t { kCf = 0x1, kPf = 0x4, kAf = 0x10, kZf = 0x40, kSf = 0x80, kOf = 0x800 };
constexpr uint32_t kModelled = kCf | kPf | kZf | kSf | kOf;
constexpr size_t kScratch = 512;
using Scratch = std::array<uint8_t, kScratch>;

uint64_t word(const Scratch &memory, size_t at) {
	uint64_t v;
	memcpy(&v, memory.data() + at, sizeof(v));
	return v;
}

struct Cpu {
	alignas(64) Scratch memory;
	CpuNow state;
};

// A page that code is copied to, and run in.
class CodePage {
public:
	CodePage()
	    : page_(static_cast<uint8_t *>(
	              mmap(nullptr, kBytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
	~CodePage() { munmap(page_, kBytes); }
	CodePage(const CodePage &) = delete;
	CodePage &operator=(const CodePage &) = delete;

	[[nodiscard]] uint64_t address() const { return reinterpret_cast<uint64_t>(page_); }
	// `code`, and behind it the ways back: 14 bytes for falling through, then one for a jump taken.
	void load(const uint8_t *code, size_t size) {
		memcpy(page_, code, size);
		jump(page_ + size, cpu_back);
		jump(page_ + size + kJumpBytes, cpu_back_taken);
	}
	static constexpr size_t kJumpBytes = 14;

private:
	static constexpr size_t kBytes = 4096;
	static void jump(uint8_t *at, void (*to)()) {
		const uint8_t opcode[6] = {0xff, 0x25, 0, 0, 0, 0};
		memcpy(at, opcode, sizeof(opcode));
		const auto address = reinterpret_cast<uint64_t>(to);
		memcpy(at + sizeof(opcode), &address, sizeof(address));
	}
	uint8_t *page_;
};

alignas(64) Scratch scratch;

class Runner {
public:
	explicit Runner(unsigned seed)
	    : random_(seed), arch_(std::move(*jit::Architecture::of(jit::Machine::kX86_64))) {}

	CodePage page;

	// Numbers at which carries, signs and zeroes change, and any others.
	uint64_t number() {
		constexpr std::array<uint64_t, 13> kEdges = {0,          1,          2,      0x7f,       0x80,
		                                             0xff,       0x7fff,     0x8000, 0x7fffffff, 0x80000000,
		                                             1ULL << 63, ~0ULL >> 1, ~0ULL};
		switch (random_() % 4) {
		case 0:
			return kEdges[random_() % kEdges.size()];
		case 1:
			return random_() % 72;
		default:
			return random_();
		}
	}

	Cpu start(std::string_view text) {
		Cpu c{};
		for (uint8_t &byte : c.memory)
			byte = static_cast<uint8_t>(number());
		for (uint64_t &r : c.state.registers)
			r = number();
		const uint64_t at = reinterpret_cast<uint64_t>(scratch.data());
		c.state.registers[kRdi] = at + 128;
		c.state.registers[kRsi] = at + 64;
		c.state.registers[kRbp] = at + 192;
		c.state.registers[kRsp] = at + 256;
		c.state.registers[kR8] = random_() % 8;
		c.state.registers[kR11] = random_() % 512 - 256;
		if (text.starts_with("rep")) c.state.registers[kRcx] = random_() % 8;
		c.state.flags = 0x202 | (random_() & (kModelled | kAf));
		return c;
	}

	Cpu on_cpu(const Cpu &before) const {
		Cpu c = before;
		scratch = c.memory;
		c.state.target = page.address();
		c.state.taken = 0;
		cpu_now = c.state;
		cpu_run();
		c.state = cpu_now;
		c.memory = scratch;
		return c;
	}

	MachineState emulated(const Cpu &c) const {
		MachineState s;
		for (size_t r = 0; r < 16; r++)
			s.registers[r] = Value::known(c.state.registers[r]);
		const auto set = [&](Flags::Bit &b, uint32_t mask) {
			b = c.state.flags & mask ? Flags::Bit::kSet : Flags::Bit::kClear;
		};
		set(s.flags.zf, kZf);
		set(s.flags.sf, kSf);
		set(s.flags.cf, kCf);
		set(s.flags.of, kOf);
		set(s.flags.pf, kPf);
		const uint64_t at = reinterpret_cast<uint64_t>(scratch.data());
		s.map(at, kScratch, Value::Kind::kUnknown);
		for (size_t i = 0; i < kScratch; i += 8)
			s.store(Value::known(at + i), 8, Value::known(word(c.memory, i)));
		return s;
	}

	bool decode(const uint8_t *code, size_t size, jit::Instruction &to) {
		return arch_->decode(page.address(), code, size, to);
	}
	Step execute(const jit::Instruction &i, MachineState &s) const { return arch_->execute(i, s); }

private:
	std::mt19937_64 random_;
	std::unique_ptr<jit::Architecture> arch_;
};

// Differences of what the emulator claims from what the processor did. With `exact`, what it does not know is one too.
std::string difference(const MachineState &s, const Cpu &cpu, bool exact, uint32_t must, uint32_t undefined) {
	std::string text;
	for (size_t r = 0; r < 16; r++) {
		const Value &v = s.registers[r];
		if (v.is_known() && v.bits != cpu.state.registers[r])
			text += fmt::format(" {} {:#x}, not {:#x};", kNames[r], v.bits, cpu.state.registers[r]);
		if (!v.is_known() && exact) text += fmt::format(" {} not known;", kNames[r]);
	}
	const auto flag = [&](const char *name, Flags::Bit b, uint32_t mask) {
		if (b == Flags::Bit::kUnknown) {
			if (must & mask) text += fmt::format(" {} not known;", name);
		} else if (undefined & mask) {
			text += fmt::format(" {} known, and is undefined;", name);
		} else if ((b == Flags::Bit::kSet) != ((cpu.state.flags & mask) != 0)) {
			text += fmt::format(" {} {}, not {};", name, b == Flags::Bit::kSet,
			                    (cpu.state.flags & mask) != 0);
		}
	};
	flag("zf", s.flags.zf, kZf);
	flag("sf", s.flags.sf, kSf);
	flag("cf", s.flags.cf, kCf);
	flag("of", s.flags.of, kOf);
	flag("pf", s.flags.pf, kPf);
	const uint64_t at = reinterpret_cast<uint64_t>(scratch.data());
	for (size_t i = 0; i < kScratch; i++) {
		if (i % 8 == 0 && s.load(Value::known(at + i), 8).is(word(cpu.memory, i))) {
			i += 7;
			continue;
		}
		const Value v = s.load(Value::known(at + i), 1);
		if (v.is_known() && v.bits != cpu.memory[i])
			text += fmt::format(" memory+{} {:#x}, not {:#x};", i, v.bits, cpu.memory[i]);
		if (!v.is_known() && exact) text += fmt::format(" memory+{} not known;", i);
	}
	return text;
}

// Intel's manual, SHL/SHR/SAR: a count of 0 changes no flag; the overflow flag is defined for a count of 1, the carry
// flag of SHL and SHR for less than the operand's width.
void shift_flags(std::string_view text, const Cpu &before, uint32_t &must, uint32_t &undefined) {
	const unsigned bits = text[3] == 'q' ? 64 : text[3] == 'l' ? 32 : text[3] == 'w' ? 16 : 8;
	unsigned count = 0;
	if (text[5] == '$')
		std::from_chars(text.data() + 6, text.data() + text.size(), count);
	else
		count = static_cast<unsigned>(before.state.registers[kRcx] & 0xff);
	count &= bits == 64 ? 63 : 31;
	must = count ? kZf | kSf | kPf : kModelled;
	if (count > 1) undefined |= kOf;
	if (count >= bits && text[1] != 'a')
		undefined |= kCf; // not "sar"
	else
		must |= kCf;
}

bool is_shift(std::string_view text) {
	return text.size() > 5 && text[4] == ' ' &&
	       (text.starts_with("shl") || text.starts_with("shr") || text.starts_with("sar"));
}

class CpuTest : public testing::Test {
protected:
	static constexpr int kTries = 40;

	void check(const CpuRow &row, std::map<std::string, std::string> &differences) {
		runner.page.load(row.code, row.size);
		jit::Instruction i;
		if (!runner.decode(row.code, row.size, i) || i.size != row.size) {
			if (row.exact || i.size) differences[row.text] = fmt::format(" decoded as {} bytes", i.size);
			return;
		}
		for (int n = 0; n < kTries; n++) {
			const Cpu before = runner.start(row.text);
			const Cpu after = runner.on_cpu(before);
			MachineState s = runner.emulated(before);
			const Step step = runner.execute(i, s);
			if (step.kind == Step::Kind::kUnclear && !row.exact) return; // refused: as good
			std::string text;
			if (step.kind != Step::Kind::kNext) text = " another flow;";
			uint32_t must = row.must;
			uint32_t undefined = row.undefined;
			if (is_shift(row.text)) shift_flags(row.text, before, must, undefined);
			text += difference(s, after, row.exact != 0, must, undefined);
			if (!text.empty()) differences.try_emplace(row.text, text);
		}
	}

	Runner runner{7};
};

TEST_F(CpuTest, EveryInstructionDoesWhatTheProcessorDoes) {
	std::map<std::string, std::string> differences;
	size_t rows = 0;
	for (const CpuRow *row = cpu_rows; row != cpu_rows_end; row++, rows++)
		check(*row, differences);
	EXPECT_GT(rows, 700U);
	for (const auto &[text, what] : differences)
		ADD_FAILURE() << text << ":" << what.substr(0, 200);
}

TEST_F(CpuTest, ConditionalJumpsGoTheSameWay) {
	for (uint8_t cc = 0; cc < 16; cc++) {
		const uint8_t code[2] = {static_cast<uint8_t>(0x70 + cc), CodePage::kJumpBytes};
		runner.page.load(code, sizeof(code));
		jit::Instruction i;
		ASSERT_TRUE(runner.decode(code, sizeof(code), i));
		EXPECT_EQ(i.flow, jit::Flow::kBranch);
		EXPECT_EQ(i.target, runner.page.address() + sizeof(code) + CodePage::kJumpBytes);
		int taken = 0;
		for (int n = 0; n < kTries; n++) {
			const Cpu before = runner.start("j");
			const Cpu after = runner.on_cpu(before);
			MachineState s = runner.emulated(before);
			const Step step = runner.execute(i, s);
			EXPECT_EQ(step.kind == Step::Kind::kGoto, after.state.taken != 0) << "condition " << int{cc};
			EXPECT_NE(step.kind, Step::Kind::kFork);
			taken += after.state.taken != 0;
		}
		EXPECT_GT(taken, 0);
		EXPECT_LT(taken, kTries);
	}
}

// Moves to and from absolute addresses (a0 to a3) cannot be run here: they must leave all but the accumulator alone.
TEST_F(CpuTest, AbsoluteAddresses) {
	struct {
		std::array<uint64_t, 64> before;
		MachineState state;
		std::array<uint64_t, 64> after;
	} guarded;
	for (uint8_t opcode : {0xa0, 0xa1, 0xa2, 0xa3}) {
		for (uint8_t rex : {0x48, 0x40}) {
			const uint8_t code[10] = {rex, opcode, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
			jit::Instruction i;
			if (!runner.decode(code, sizeof(code), i)) continue;
			EXPECT_EQ(i.size, sizeof(code));
			guarded.before.fill(0x5a5a5a5a5a5a5a5a);
			guarded.after.fill(0x5a5a5a5a5a5a5a5a);
			guarded.state = {};
			for (size_t r = 0; r < 16; r++)
				guarded.state.registers[r] = Value::known(100 + r);
			runner.execute(i, guarded.state);
			for (size_t r = 1; r < 16; r++)
				EXPECT_TRUE(guarded.state.registers[r].is(100 + r)) << kNames[r];
			const auto untouched = [](uint64_t v) { return v == 0x5a5a5a5a5a5a5a5a; };
			EXPECT_TRUE(std::ranges::all_of(guarded.before, untouched)) << "opcode " << int{opcode};
			EXPECT_TRUE(std::ranges::all_of(guarded.after, untouched));
		}
	}
}

// What is known of a result must not depend on what is unknown of the operands: the same instructions with some
// registers unknown, and flags too. Not those that memory is addressed with: stores to unknown addresses are forgotten,
// see machine.h.
TEST_F(CpuTest, UnknownStaysUnknown) {
	std::map<std::string, std::string> differences;
	std::mt19937_64 random(3);
	for (const CpuRow *row = cpu_rows; row != cpu_rows_end; row++) {
		runner.page.load(row->code, row->size);
		jit::Instruction i;
		if (!runner.decode(row->code, row->size, i) || i.size != row->size) continue;
		const std::string_view text = row->text;
		for (int n = 0; n < kTries; n++) {
			const Cpu before = runner.start(text);
			const Cpu after = runner.on_cpu(before);
			MachineState s = runner.emulated(before);
			for (size_t r = 0; r < 16; r++) {
				const bool address =
				        (r >= kRsp && r <= kR8) || r == kR11 || (r == kRcx && text.starts_with("rep"));
				if (!address && random() % 2)
					s.registers[r] = random() % 2 ? Value::unknown() : Value::opaque(r);
			}
			if (random() % 2) s.flags = {};
			const Step step = runner.execute(i, s);
			if (step.kind != Step::Kind::kNext) break;
			uint32_t must = 0;
			uint32_t undefined = row->undefined;
			if (is_shift(text)) shift_flags(text, before, must, undefined);
			const std::string found = difference(s, after, false, 0, undefined);
			if (!found.empty()) differences.try_emplace(std::string(text), found);
		}
	}
	for (const auto &[text, what] : differences)
		ADD_FAILURE() << text << ":" << what.substr(0, 200);
}

// Where the kernel refuses to put a jump in place of a breakpoint (can_boost() of arch/x86/kernel/kprobes/core.c).
TEST_F(CpuTest, WhatCanBeMoved) {
	const struct {
		std::vector<uint8_t> code;
		bool yes;
	} kCodes[] = {
	        {{0x48, 0x8b, 0x75, 0x00}, true},                   // mov 0(%rbp), %rsi
	        {{0x31, 0xc0}, true},                               // xor %eax, %eax
	        {{0x0f, 0xb6, 0x40, 0xf0}, true},                   // movzbl -16(%rax), %eax
	        {{0x53}, true},                                     // push %rbx
	        {{0xba, 0x0b, 0x00, 0x00, 0x00}, true},             // mov $11, %edx
	        {{0x65, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0}, true}, // mov %gs:0, %rax
	        {{0xc1, 0xe0, 0x03}, false},                        // shl $3, %eax
	        {{0xf6, 0xc2, 0xfc}, false},                        // test $0xfc, %dl
	        {{0x67, 0x8b, 0x00}, false},                        // mov (%eax), %eax
	        {{0x0f, 0x0b}, false},                              // ud2
	        {{0x74, 0x05}, false},                              // je
	        {{0xe8, 0, 0, 0, 0}, false},                        // call
	        {{0xff, 0xe0}, false},                              // jmp *%rax
	        {{0xc3}, false},                                    // ret
	        {{0xcc}, false},                                    // int3
	};
	for (const auto &[code, yes] : kCodes) {
		jit::Instruction i;
		ASSERT_TRUE(runner.decode(code.data(), code.size(), i));
		EXPECT_EQ(i.movable, yes) << fmt::format("{:#x}", code.front());
	}
}

} // namespace
} // namespace nft_drops::jit_test
