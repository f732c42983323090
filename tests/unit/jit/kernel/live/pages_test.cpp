// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/pages.h"

#include <gtest/gtest.h>

#include <string>

namespace nft_drops::jit_test {
namespace {

// The lines come from vmcoreinfo_append_str() of kernel/vmcore_info.c and arch/arm64/kernel/vmcore_info.c; the values
// from arch/arm64/include/asm/memory.h, for 48 bits, pages of 4,096 bytes and a struct page of 64.
const std::string kText = "OSRELEASE=6.12.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffff800082a1d3b8\nSIZE(page)=64\n"
                          "NUMBER(VA_BITS)=48\nNUMBER(MODULES_VADDR)=0xffff800000000000\n"
                          "NUMBER(VMEMMAP_START)=0xfffffdffc0000000\nNUMBER(VMEMMAP_END)=0xffffffffc0000000\n"
                          "NUMBER(kimage_voffset)=0xffff7fff40000000\nNUMBER(TCR_EL1_T1SZ)=0x10\n";

std::string with(const std::string &old, const std::string &replacement) {
	std::string text = kText;
	return text.replace(text.find(old), old.size(), replacement);
}

TEST(Pages, AreWhereVmcoreinfoSays) {
	const auto pages = jit::pages_in_vmcoreinfo(kText);
	ASSERT_TRUE(pages.has_value());
	EXPECT_EQ(pages->structs, 0xfffffdffc0000000U);
	EXPECT_EQ(pages->direct_map, 0xffff000000000000U);
	const auto large = jit::pages_in_vmcoreinfo(with("VA_BITS)=48", "VA_BITS)=52"));
	ASSERT_TRUE(large.has_value());
	EXPECT_EQ(large->direct_map, 0xfff0000000000000U);
	// The last line may lack its end.
	EXPECT_TRUE(jit::pages_in_vmcoreinfo("NUMBER(VA_BITS)=39\nNUMBER(VMEMMAP_START)=0xfffffdffc0000000"));
}

TEST(Pages, AreNotKnownWhereALineIsMissingOrOdd) {
	EXPECT_FALSE(jit::pages_in_vmcoreinfo(""));
	EXPECT_FALSE(jit::pages_in_vmcoreinfo(with("NUMBER(VMEMMAP_START)", "NUMBER(VMEMMAP)")));
	EXPECT_FALSE(jit::pages_in_vmcoreinfo(with("NUMBER(VA_BITS)", "XNUMBER(VA_BITS)")));
	for (const char *odd : {"VA_BITS)=", "VA_BITS)=0", "VA_BITS)=64", "VA_BITS)=-48", "VA_BITS)=48x"})
		EXPECT_FALSE(jit::pages_in_vmcoreinfo(with("VA_BITS)=48", odd))) << odd;
	for (const char *odd : {"0x", "0", "0x1000", "0xfffffdffc00000000", "fffffdffc0000000"})
		EXPECT_FALSE(jit::pages_in_vmcoreinfo(with("0xfffffdffc0000000", odd))) << odd;
}

} // namespace
} // namespace nft_drops::jit_test
