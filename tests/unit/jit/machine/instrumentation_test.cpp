// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/instrumentation.h"

#include <gmock/gmock.h>

namespace nft_drops::jit_test {
namespace {

// Names of gcc's and clang's runtime interfaces, as the kernel's mm/kasan, kernel/kcsan, kernel/kcov.c and lib/ubsan.c
// define them.
TEST(Instrumentation, FunctionsThatCheck) {
	for (const char *name :
	     {"__asan_load8_noabort", "__asan_storeN", "__asan_report_load1_noabort", "__asan_handle_no_return",
	      "__hwasan_load4_noabort", "__kasan_check_read", "__tsan_read8", "__tsan_volatile_write4",
	      "__kcsan_check_access", "__ubsan_handle_out_of_bounds", "__sanitizer_cov_trace_pc",
	      "debug_lockdep_rcu_enabled", "lockdep_rcu_suspicious", "rcu_read_lock_held"})
		EXPECT_TRUE(jit::is_check(name)) << name;
}

TEST(Instrumentation, FunctionsThatDoMore) {
	for (const char *name : {"nft_trace_init", "kfree_skb_reason", "__asan_memset", "__asan_memcpy",
	                         "__tsan_memmove", "asan_load8", "nft_counter_eval", ""})
		EXPECT_FALSE(jit::is_check(name)) << name;
}

std::optional<uint64_t> shadow_offset_of(jit::Machine machine, std::vector<uint8_t> bytes) {
	const jit::Image image{
	        .machine = machine, .ranges = {{"f", 0xffff'8000'0800'1000, std::move(bytes)}}, .labels = {}};
	auto arch = jit::Architecture::of(machine);
	auto code = jit::Code::decode(image, **arch);
	return jit::shadow_offset(*code, **arch);
}

// KASAN_SHADOW_OFFSET of arch/x86/Kconfig.
TEST(Instrumentation, ShadowOffsetInX86Code) {
	EXPECT_EQ(shadow_offset_of(jit::Machine::kX86_64,
	                           {
	                                   0x48, 0x89, 0xf8,                                           // mov %rdi, %rax
	                                   0x48, 0xc1, 0xe8, 0x03,                                     // shr $3, %rax
	                                   0x48, 0xba, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfc, 0xff, 0xdf, // movabs, %rdx
	                                   0x80, 0x3c, 0x10, 0x00, // cmpb $0, (%rax,%rdx,1)
	                                   0xc3,                   // ret
	                           }),
	          0xdfff'fc00'0000'0000);
}

// That of arch/arm64/Kconfig for 48 bits of virtual addresses.
TEST(Instrumentation, ShadowOffsetInAArch64Code) {
	EXPECT_EQ(shadow_offset_of(jit::Machine::kAArch64,
	                           {
	                                   0x01, 0x00, 0xd0, 0xd2, // mov x1, #0x800000000000
	                                   0xe1, 0xff, 0xfb, 0xf2, // movk x1, #0xdfff, lsl #48
	                                   0x02, 0xfc, 0x43, 0xd3, // lsr x2, x0, #3
	                                   0xc0, 0x03, 0x5f, 0xd6, // ret
	                           }),
	          0xdfff'8000'0000'0000);
}

TEST(Instrumentation, NoShadowOffsetAmongOtherConstants) {
	EXPECT_EQ(
	        shadow_offset_of(jit::Machine::kX86_64,
	                         {
	                                 0x48, 0xc7, 0xc2, 0x00, 0x10, 0x00, 0x82, // mov $0x82001000, %rdx
	                                 0x48, 0xb9, 0x22, 0x01, 0x00, 0x00, 0x00, 0x00, 0xad, 0xde, // LIST_POISON2
	                                 0x48, 0xb9, 0x15, 0x7c, 0x4a, 0x7f, 0xb9, 0x79, 0x37, 0x9e, // GOLDEN_RATIO_64
	                                 0xc3,
	                         }),
	        std::nullopt);
}

// Nine calls of one function, each with a rel32 of its own; eight are none too many.
TEST(Instrumentation, ManyCallsOfOneFunctionMayBeChecks) {
	for (const int calls : {8, 9}) {
		jit::CodeRange function{"f", 0xffff'ffff'c000'0000, {}};
		for (int i = 0; i < calls; i++) {
			const auto distance = static_cast<uint8_t>(0x7f - 5 * (i + 1));
			function.bytes.insert(function.bytes.end(), {0xe8, distance, 0x00, 0x00, 0x00});
		}
		EXPECT_EQ(jit::may_have_checks({.ranges = {function}, .labels = {}}), calls == 9);
	}
}

jit::Value shadow_of(const jit::MachineState &state, uint64_t address, uint64_t offset) {
	return state.load(jit::Value::known((address >> 3) + offset), 1);
}

TEST(Instrumentation, ShadowOfMappedMemoryAloneIsReadAsZero) {
	constexpr uint64_t kAddress = 0xffff'8880'1234'5678;
	constexpr uint64_t kOffset = 0xdfff'fc00'0000'0000;
	constexpr uint64_t kLast = kAddress + 23;
	jit::MachineState state;
	state.map(kAddress, kLast - kAddress + 1, jit::Value::Kind::kUnknown);
	EXPECT_FALSE(shadow_of(state, kAddress, kOffset).is_known()) << "the kernel has no KASAN";
	state.map_shadow(kOffset);
	EXPECT_TRUE(shadow_of(state, kAddress, kOffset).is(0));
	EXPECT_TRUE(shadow_of(state, kLast, kOffset).is(0));
	EXPECT_FALSE(shadow_of(state, kAddress - 1, kOffset).is_known());
	EXPECT_FALSE(shadow_of(state, kLast + 1, kOffset).is_known());
	// Redzones are written there, and forgotten.
	state.store(jit::Value::known((kAddress >> 3) + kOffset), 4, jit::Value::known(0xf1f1f1f1));
	EXPECT_TRUE(shadow_of(state, kAddress, kOffset).is(0));
	EXPECT_FALSE(state.lost());
}

} // namespace
} // namespace nft_drops::jit_test
