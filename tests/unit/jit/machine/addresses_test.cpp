// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/addresses.h"

#include <gmock/gmock.h>

namespace nft_drops::jit_test {
namespace {

using testing::ElementsAre;

TEST(Addresses, ThatAArch64CodeMakes) {
	const jit::CodeRange function{"f",
	                              0xffff'8000'0800'1100,
	                              {
	                                      0x35, 0x00, 0x00, 0xb0, // adrp x21, five pages on
	                                      0xb5, 0x02, 0x17, 0x91, // add x21, x21, #0x5c0
	                                      0x43, 0x00, 0x00, 0xb4, // cbz x3, two instructions on
	                                      0xa0, 0x0e, 0x45, 0xf8, // ldr x0, [x21, #80]!
	                                      0x04, 0x02, 0x80, 0xd2, // mov x4, #16
	                                      0xc0, 0x03, 0x5f, 0xd6, // ret
	                              }};
	EXPECT_THAT(jit::addresses_in(jit::Machine::kAArch64, function),
	            ElementsAre(0xffff'8000'0800'6000, 0xffff'8000'0800'65c0, 0xffff'8000'0800'6610));
}

// The sanitized tests see a read behind the last byte. fuzz_machine found it.
TEST(Addresses, OfCodeThatEndsInAShortInstruction) {
	EXPECT_THAT(jit::addresses_in(jit::Machine::kX86_64, {"f", 0xffff'ffff'8100'0000, {0xaa}}), ElementsAre());
}

TEST(Addresses, ThatX86CodeMakes) {
	const jit::CodeRange function{"f",
	                              0xffff'ffff'8100'0000,
	                              {
	                                      0x48, 0x8d, 0x3d, 0x00, 0x10, 0x00, 0x00, // lea 0x1000(%rip), %rdi
	                                      0x48, 0x85, 0xf6,                         // test %rsi, %rsi
	                                      0x74, 0x07,                               // je, over the next one
	                                      0x48, 0xc7, 0xc2, 0x00, 0x10, 0x00, 0x82, // mov $0x82001000, %rdx
	                                      0xb8, 0x07, 0x00, 0x00, 0x00,             // mov $7, %eax
	                                      0xc3,                                     // ret
	                              }};
	EXPECT_THAT(jit::addresses_in(jit::Machine::kX86_64, function),
	            ElementsAre(0xffff'ffff'8100'1007, 0xffff'ffff'8200'1000));
}

TEST(Addresses, OfWhatIsNoCode) {
	EXPECT_THAT(jit::addresses_in(jit::Machine::kAArch64, {"f", 0x1000, {0xff, 0xff}}), ElementsAre());
	EXPECT_THAT(jit::addresses_in(jit::Machine::kX86_64, {"f", 0x1000, {}}), ElementsAre());
}

} // namespace
} // namespace nft_drops::jit_test
