// SPDX-License-Identifier: GPL-2.0-only
// Machine code that no compiler made: the resolver must refuse it, or be right about it.
#include "jit/machine/code.h"
#include "sandbox.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

namespace nft_drops::jit_test {
namespace {

constexpr int kRulesets = 100;

// One line, and the machine's fault.
void expect_refusal(const Error &e, const std::string &what) {
	EXPECT_EQ(e.blame, Blame::kMachine) << what;
	EXPECT_EQ(e.message().find('\n'), std::string::npos) << what;
	EXPECT_FALSE(e.why.empty()) << what;
}

class Mutation : public testing::TestWithParam<const char *> {
protected:
	const Fixture &f = fixture(GetParam());
	const jit::Layout layout = layout_of(f);
	const jit::Image image = image_of(f);
	std::mt19937_64 random{1};

	size_t below(size_t n) { return random() % n; }

	// The displacements of direct calls: which function it is that is called, and with the packet as argument taken
	// for the one that frees it, is nothing that the resolver can know.
	static std::set<uint64_t> call_targets(const jit::Image &image) {
		std::set<uint64_t> bytes;
		auto arch = jit::Architecture::of(image.machine);
		auto code = jit::Code::decode(image, **arch);
		for (const jit::Instruction &i : code->all()) {
			if (i.flow != jit::Flow::kCall || i.indirect) continue;
			for (uint64_t at = i.address + 1; at < i.address + i.size; at++)
				bytes.insert(at);
		}
		return bytes;
	}

	// Returns whether it was accepted.
	bool check(const jit::Image &changed, const std::string &what) {
		const auto plan = jit::resolve(changed, layout);
		if (!plan) {
			expect_refusal(plan.error(), what);
			return false;
		}
		const SandboxResult r = prove_in_sandbox(f, changed, *plan, 5, kRulesets);
		no_sandbox |= r.end == SandboxResult::End::kNoSandbox;
		if (r.end != SandboxResult::End::kProof) return true; // it crashes: there is no right answer
		proven++;
		// Still nf_tables: then the Plan is right. Something else (another comparison, say): still one event a
		// drop.
		const int errors = r.proof.foreign ? r.proof.inconsistent : r.proof.wrong;
		EXPECT_EQ(errors, 0) << what << (r.proof.foreign ? ": other events than drops" : ": wrong events");
		return true;
	}

	template <typename Mutate> void check_all(int count, Mutate mutate) {
		int refused = 0;
		for (int n = 0; n < count; n++) {
			jit::Image changed = image;
			const std::string what = mutate(changed);
			refused += !check(changed, what);
		}
		EXPECT_GT(refused, count / 4);
		if (no_sandbox) GTEST_SKIP() << "no seccomp here: what was accepted was not run";
	}

	jit::CodeRange &some_range(jit::Image &i, size_t &offset) {
		size_t all = 0;
		for (const jit::CodeRange &r : i.ranges)
			all += r.bytes.size();
		offset = below(all);
		for (jit::CodeRange &r : i.ranges) {
			if (offset < r.bytes.size()) return r;
			offset -= r.bytes.size();
		}
		return i.ranges.front();
	}

	std::string change_byte(jit::Image &i) {
		// Opcodes, prefixes and small jumps that change much.
		constexpr std::array<uint8_t, 10> kOpcodes = {0x90, 0xcc, 0x0f, 0x66, 0x48,
		                                              0xf3, 0xeb, 0x74, 0xc3, 0xa3};
		for (;;) {
			size_t at = 0;
			jit::CodeRange &r = some_range(i, at);
			uint8_t &byte = r.bytes[at];
			const uint8_t old = byte;
			switch (below(3)) {
			case 0:
				byte ^= static_cast<uint8_t>(1U << below(8));
				break;
			case 1:
				byte = static_cast<uint8_t>(below(256));
				break;
			default:
				byte = kOpcodes[below(kOpcodes.size())];
				break;
			}
			if (byte != old && !call_targets_.contains(r.address + at))
				return fmt::format("{}+{:#x}: {:#04x} for {:#04x}", r.name, at, byte, old);
			byte = old;
		}
	}

	std::string put_garbage(jit::Image &i) {
		size_t at = 0;
		jit::CodeRange &r = some_range(i, at);
		const size_t n = std::min(2 + below(30), r.bytes.size() - at);
		for (size_t k = 0; k < n; k++)
			r.bytes[at + k] = static_cast<uint8_t>(below(256));
		return fmt::format("{}+{:#x}: {} bytes of garbage", r.name, at, n);
	}

	const std::set<uint64_t> call_targets_ = call_targets(image);
	int proven = 0;
	bool no_sandbox = false;
};

TEST_P(Mutation, ChangedBytes) {
	check_all(320, [this](jit::Image &i) { return change_byte(i); });
	EXPECT_TRUE(no_sandbox || proven > 20);
}

TEST_P(Mutation, Garbage) {
	check_all(60, [this](jit::Image &i) { return put_garbage(i); });
}

TEST_P(Mutation, NothingButGarbage) {
	for (int n = 0; n < 60; n++) {
		jit::Image changed = image;
		for (jit::CodeRange &r : changed.ranges) {
			for (uint8_t &byte : r.bytes)
				byte = static_cast<uint8_t>(below(256));
		}
		const auto plan = jit::resolve(changed, layout);
		ASSERT_FALSE(plan.has_value());
		expect_refusal(plan.error(), "garbage");
	}
}

TEST_P(Mutation, NoCodeAtAll) {
	const auto plan = jit::resolve(jit::Image{}, layout);
	ASSERT_FALSE(plan.has_value());
	expect_refusal(plan.error(), "empty");
}

// Each instruction that moves the stack pointer or restores a register before the return, done wrongly.
TEST_P(Mutation, CallersRegistersAreLost) {
	auto arch = jit::Architecture::of(image.machine);
	ASSERT_TRUE(arch.has_value());
	auto code = jit::Code::decode(image, **arch);
	ASSERT_TRUE(code.has_value());
	int tried = 0;
	for (const jit::Instruction &i : code->all()) {
		const std::string text = (*arch)->text(i, code->bytes_of(i));
		jit::Image changed = image;
		const auto byte_at = [&](uint64_t address) -> uint8_t & {
			const auto range = std::ranges::find_if(changed.ranges, [&](const jit::CodeRange &r) {
				return address - r.address < r.bytes.size();
			});
			return range->bytes[address - range->address];
		};
		if (text.starts_with("addq $") && text.ends_with(", %rsp")) {
			byte_at(i.address + 3) ^= 0x08; // the immediate's lowest byte
		} else if (text.starts_with("popq %r1")) {
			byte_at(i.address + 1) ^= 0x01; // another register
		} else {
			continue;
		}
		const auto plan = jit::resolve(changed, layout);
		EXPECT_FALSE(plan.has_value()) << code->place(i.address) << " " << text;
		tried++;
	}
	EXPECT_GT(tried, 0);
}

// Jump labels that do not fit the code.
TEST_P(Mutation, ForeignJumpLabels) {
	for (int n = 0; n < 25; n++) {
		jit::Image changed = image;
		const jit::CodeRange &r = changed.ranges.front();
		const auto inside = [&] { return r.address + below(r.bytes.size()); };
		changed.labels.push_back(
		        {.code = inside(), .target = below(4) ? inside() : random(), .key = 0xffffffff'c2000000});
		const auto plan = jit::resolve(changed, layout);
		if (!plan) expect_refusal(plan.error(), "labels");
	}
}

// What is cut off is reached in all fixtures: only padding may be missing.
TEST(MutationOfParts, CutShort) {
	for (const Fixture &f : all_fixtures()) {
		const jit::Image image = image_of(f);
		const size_t size = image.ranges.front().bytes.size();
		for (size_t eighth = 0; eighth < 8; eighth++) {
			jit::Image changed = image;
			changed.ranges.front().bytes.resize(size * eighth / 8);
			const auto plan = jit::resolve(changed, layout_of(f));
			EXPECT_FALSE(plan.has_value()) << f.name << ", " << eighth << "/8 of the function";
			if (!plan) expect_refusal(plan.error(), "cut short");
		}
	}
}

TEST(MutationOfParts, SplitOffPartIsMissing) {
	int tried = 0;
	for (const Fixture &f : all_fixtures()) {
		jit::Image image = image_of(f);
		if (image.ranges.size() < 2) continue;
		EXPECT_TRUE(jit::resolve(image, layout_of(f)).has_value()) << f.name;
		image.ranges.resize(1);
		EXPECT_FALSE(jit::resolve(image, layout_of(f)).has_value()) << f.name;
		tried++;
	}
	EXPECT_GT(tried, 0);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Mutation, testing::Values("do_chain_gcc_O2_6_7_0", "do_chain_clang_O2_6_12_0"),
                         [](const auto &info) { return std::string(info.param).substr(sizeof("do_chain_") - 1); });

} // namespace
} // namespace nft_drops::jit_test
