// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/callers.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::jit_test {
namespace {

using jit::Machine;

constexpr uint64_t kEntry = 0xffffffffc0a01000;
const jit::Symbol kNftDoChain{"nft_do_chain", "nf_tables", kEntry, 0x800};

// A nop, an instruction whose last four bytes are the distance to `target`, and ret.
std::vector<uint8_t> x86(uint64_t address, std::string_view opcode, uint64_t target) {
	std::vector<uint8_t> code{0x0f, 0x1f, 0x44, 0x00, 0x00};
	for (const char byte : opcode)
		code.push_back(static_cast<uint8_t>(byte));
	const auto distance = static_cast<uint32_t>(target - (address + code.size() + 4));
	for (int shift = 0; shift < 32; shift += 8)
		code.push_back(static_cast<uint8_t>(distance >> shift));
	code.push_back(0xc3);
	return code;
}

std::vector<uint8_t> arm(uint64_t address, uint32_t opcode, uint64_t target) {
	const uint32_t words[] = {0xd503201f, opcode | (static_cast<uint32_t>((target - address - 4) / 4) & 0x3ffffff)};
	std::vector<uint8_t> code(sizeof(words));
	memcpy(code.data(), words, sizeof(words));
	return code;
}

TEST(Callers, BranchesAreFoundForwardsAndBackwards) {
	for (const uint64_t address : {kEntry - 0x5000, kEntry + 0x5000}) {
		for (const char *opcode : {"\xe8", "\xe9", "\x0f\x84"}) {
			const auto code = x86(address, opcode, kEntry);
			EXPECT_TRUE(jit::branches_to(Machine::kX86_64, code, address, kEntry));
			EXPECT_FALSE(jit::branches_to(Machine::kX86_64, code, address, kEntry + 0x100));
			EXPECT_FALSE(jit::branches_to(Machine::kX86_64, code, address, kEntry - 0x100));
		}
		for (const uint32_t opcode : {0x94000000U, 0x14000000U}) {
			const auto code = arm(address, opcode, kEntry + 8); // behind BTI and a nop
			EXPECT_TRUE(jit::branches_to(Machine::kAArch64, code, address, kEntry));
			EXPECT_FALSE(jit::branches_to(Machine::kAArch64, code, address, kEntry + 0x100));
		}
	}
	EXPECT_FALSE(jit::branches_to(Machine::kAArch64, arm(kEntry - 64, 0x54000000, kEntry), kEntry - 64, kEntry));
}

class CallersOfAKernel : public testing::Test {
protected:
	void add(const std::string &name, uint64_t target) {
		const uint64_t address = kEntry + 0x1000 * (symbols_.size() + 1);
		code_[address] = x86(address, "\xe8", target);
		symbols_.push_back({name, "nf_tables", address, code_[address].size()});
	}
	Result<void> check() {
		return jit::check_callers(
		        Machine::kX86_64, symbols_, kNftDoChain,
		        [&](uint64_t address, size_t) -> Result<std::vector<uint8_t>> { return code_.at(address); });
	}
	std::vector<jit::Symbol> symbols_{kNftDoChain};
	std::map<uint64_t, std::vector<uint8_t>> code_;
};

TEST_F(CallersOfAKernel, AllCallIt) {
	for (const std::string_view name : jit::kCallers)
		add(std::string(name), kEntry);
	add("nft_do_chain_something", 0); // no hook
	const auto right = check();
	EXPECT_TRUE(right) << right.error().message();
}

TEST_F(CallersOfAKernel, ACopyIsRefusedByItsCaller) {
	add("nft_do_chain_ipv4", kEntry);
	add("nft_do_chain_bridge", kEntry + 0x100000);
	const auto wrong = check();
	ASSERT_FALSE(wrong);
	EXPECT_EQ(wrong.error().exit_status(), 2);
	EXPECT_EQ(wrong.error().what, "nft_do_chain_bridge");
}

TEST_F(CallersOfAKernel, PartsAndEqualFunctionsCount) {
	add("nft_do_chain_inet", kEntry + 0x100000);
	add("nft_do_chain_inet.part.0", kEntry);
	add("nft_do_chain_ipv6", symbols_[1].address);
	const auto right = check();
	EXPECT_TRUE(right) << right.error().message();
}

TEST_F(CallersOfAKernel, WithoutSymbolsNothingIsJudged) {
	EXPECT_TRUE(check());
}

} // namespace
} // namespace nft_drops::jit_test
