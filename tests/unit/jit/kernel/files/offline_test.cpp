// SPDX-License-Identifier: GPL-2.0-only
// Kernels that are not running: however packed, the same Plan; damaged in any way, one line and no crash.
#include "jit/explain/explain.h"
#include "jit/kernel/files/kernel.h"
#include "jit/kernel/files/relocate.h"
#include "jit/resolve/plan.h"
#include "offline_files.h"
#include "temporary_file.h"

#include <algorithm>
#include <elf.h>
#include <gtest/gtest.h>
#include <random>
#include <set>

namespace nft_drops::jit_test {
namespace {

Result<jit::Kernel> read(std::string_view module, std::string_view core) {
	const TemporaryFile ko(module);
	const TemporaryFile kernel(core);
	return jit::read_kernel_files({.module = ko.path(), .core = kernel.path()});
}

Result<std::string> plan_in_words(const Result<jit::Kernel> &kernel) {
	if (!kernel) return std::unexpected(kernel.error());
	auto plan = jit::resolve(kernel->image, kernel->layout);
	if (!plan) return std::unexpected(plan.error());
	return jit::explain(*plan, *kernel);
}

std::string words_or_error(const Result<jit::Kernel> &kernel) {
	auto words = plan_in_words(kernel);
	return words ? *words : words.error().message();
}

class OfOneCompiler : public testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(Offline, OfOneCompiler, testing::Values("gcc", "clang", "switch"),
                         [](const auto &info) { return std::string(info.param); });

TEST_P(OfOneCompiler, HasAPlan) {
	const auto kernel = read(module_of(GetParam()), vmlinux());
	ASSERT_TRUE(kernel) << kernel.error().message();
	EXPECT_EQ(kernel->release, "6.12.0-test");
	EXPECT_EQ(kernel->core_build_id, "0102030405060708090a0b0c0d0e0f1011121314");
	EXPECT_TRUE(kernel->image.labels_known);
	const auto plan = jit::resolve(kernel->image, kernel->layout);
	ASSERT_TRUE(plan) << plan.error().message();
	EXPECT_EQ(plan->jump_limit, 16);
	EXPECT_TRUE(plan->freed_inside);
	std::set<uint8_t> causes;
	for (const jit::PlannedSite &s : plan->sites)
		causes.insert(s.causes.begin(), s.causes.end());
	EXPECT_EQ(causes, (std::set<uint8_t>{ND_CAUSE_RULE, ND_CAUSE_POLICY, ND_CAUSE_JUMP_LIMIT}));
}

TEST(Offline, ATableOfTargetsIsReadAndNeeded) {
	auto kernel = read(module_of("switch"), vmlinux());
	ASSERT_TRUE(kernel) << kernel.error().message();
	ASSERT_EQ(kernel->image.switches.size(), 1U);
	EXPECT_GE(kernel->image.switches.front().targets.size(), 3U);
	EXPECT_TRUE(jit::resolve(kernel->image, kernel->layout));
	// Nothing is guessed without it.
	kernel->image.switches.clear();
	const auto plan = jit::resolve(kernel->image, kernel->layout);
	ASSERT_FALSE(plan);
	EXPECT_NE(plan.error().why.find("an indirect jump"), std::string::npos) << plan.error().message();
	EXPECT_TRUE(read(module_of("clang"), vmlinux())->image.switches.empty());
}

TEST_P(OfOneCompiler, ItsStaticKeysAreTwo) {
	const auto kernel = read(module_of(GetParam()), vmlinux());
	ASSERT_TRUE(kernel);
	std::set<uint64_t> keys;
	for (const jit::JumpLabel &l : kernel->image.labels) {
		keys.insert(l.key);
		const auto within = [&l](const jit::CodeRange &r) { return l.target - r.address < r.bytes.size(); };
		EXPECT_TRUE(std::ranges::any_of(kernel->image.ranges, within)) << std::hex << l.target;
	}
	EXPECT_EQ(keys.size(), 2U);
}

TEST_P(OfOneCompiler, IsTheSameHoweverItIsPacked) {
	const std::string module = module_of(GetParam());
	const std::string core = vmlinux();
	const std::string plain = words_or_error(read(module, core));
	ASSERT_NE(plain.find("site 0:"), std::string::npos) << plain;
	for (const auto pack : {gzip, xz, zstd}) {
		EXPECT_EQ(words_or_error(read(pack(module), core)), plain);
		EXPECT_EQ(words_or_error(read(module, bzimage(pack(core)))), plain);
		EXPECT_EQ(words_or_error(read(module, zboot(pack(core)))), plain);
		EXPECT_EQ(words_or_error(read(module, pack(core))), plain);
	}
	EXPECT_EQ(words_or_error(read(module, bzimage(lz4(core)))), plain);
}

TEST_P(OfOneCompiler, CutAnywhereItIsRefused) {
	const std::string module = module_of(GetParam());
	const std::string core = vmlinux();
	for (const std::string &whole : {module, xz(module), gzip(module), zstd(module)}) {
		for (size_t length = 0; length < whole.size(); length += 1 + whole.size() / 67) {
			const auto kernel = read(std::string_view(whole).substr(0, length), core);
			ASSERT_FALSE(kernel) << length << " of " << whole.size();
			EXPECT_EQ(kernel.error().message().find('\n'), std::string::npos);
			EXPECT_FALSE(kernel.error().why.empty());
		}
	}
}

TEST_P(OfOneCompiler, CutAnywhereItsKernelIsRefused) {
	const std::string module = module_of(GetParam());
	for (const std::string &whole :
	     {vmlinux(), bzimage(xz(vmlinux())), bzimage(lz4(vmlinux())), zboot(gzip(vmlinux()))}) {
		// Behind the packed stream nothing is needed.
		const size_t needed = whole.size() - (whole.starts_with(ELFMAG) ? 0 : 200);
		for (size_t length = 0; length < needed; length += 1 + needed / 67)
			EXPECT_FALSE(read(module, std::string_view(whole).substr(0, length)))
			        << length << " of " << needed;
	}
}

// Whatever comes of it: not a crash, and an error is one line.
void damage_and_read(const std::string &module, const std::string &core, bool in_module, unsigned seed) {
	std::mt19937 random(seed);
	std::string broken_module = module;
	std::string broken_core = core;
	std::string &file = in_module ? broken_module : broken_core;
	const unsigned flips = 1 + random() % 4;
	for (unsigned i = 0; i < flips; i++) {
		// The headers and the tables at the end are small: half of the damage goes there.
		const size_t at = random() % 2   ? random() % file.size()
		                  : random() % 2 ? random() % 64
		                                 : file.size() - 1 - random() % std::min<size_t>(4096, file.size());
		file[at] = static_cast<char>(random() % 3 ? file[at] ^ 1 << random() % 8 : random());
	}
	const auto kernel = read(broken_module, broken_core);
	if (!kernel) {
		EXPECT_EQ(kernel.error().message().find('\n'), std::string::npos);
		EXPECT_FALSE(kernel.error().message().empty());
		return;
	}
	// Emulation takes its time.
	if (seed % 16) return;
	EXPECT_FALSE(words_or_error(kernel).empty());
}

TEST_P(OfOneCompiler, FlippedBitsInTheModuleDoNoHarm) {
	const std::string module = module_of(GetParam());
	const std::string core = vmlinux();
	for (unsigned seed = 0; seed < 400; seed++)
		damage_and_read(module, core, true, seed);
}

TEST_P(OfOneCompiler, FlippedBitsInTheKernelDoNoHarm) {
	const std::string module = module_of(GetParam());
	const std::string core = vmlinux();
	for (unsigned seed = 0; seed < 400; seed++)
		damage_and_read(module, core, false, seed);
}

TEST_P(OfOneCompiler, FlippedBitsInPackedFilesDoNoHarm) {
	const std::string module = module_of(GetParam());
	const std::string core = bzimage(zstd(vmlinux()));
	const std::string packed = xz(module);
	for (unsigned seed = 0; seed < 100; seed++) {
		damage_and_read(packed, core, true, seed);
		damage_and_read(packed, core, false, seed);
	}
}

TEST(OfflineKernel, AnotherKernelsModuleIsRefused) {
	std::string core = vmlinux();
	core.replace(core.find("6.12.0-test"), 4, "6.13");
	const auto kernel = read(module_of("gcc"), core);
	ASSERT_FALSE(kernel);
	EXPECT_EQ(kernel.error().exit_status(), 1);
	EXPECT_NE(kernel.error().message().find("6.13.0-test"), std::string::npos) << kernel.error().message();
	EXPECT_NE(kernel.error().message().find("6.12.0-test"), std::string::npos) << kernel.error().message();
}

TEST(OfflineKernel, NoModuleAndNoSymbolsIsAClearRefusal) {
	const TemporaryFile kernel(vmlinux());
	const auto built_in = jit::read_kernel_files({.module = {}, .core = kernel.path()});
	ASSERT_FALSE(built_in);
	EXPECT_EQ(built_in.error().exit_status(), 1);
	EXPECT_NE(built_in.error().message().find("--ko"), std::string::npos);
}

TEST(OfflineKernel, OtherFilesAreRefused) {
	const std::string core = vmlinux();
	const std::string module = module_of("gcc");
	for (const std::string &wrong : {std::string(), std::string("#!/bin/sh\n"), std::string(100'000, '\0')}) {
		EXPECT_FALSE(read(wrong, core));
		EXPECT_FALSE(read(module, wrong));
	}
	EXPECT_FALSE(read(core, core)); // no module
	EXPECT_FALSE(read(module, module));
	EXPECT_FALSE(jit::read_kernel_files({.module = "/", .core = "/"}));
	EXPECT_FALSE(jit::read_kernel_files({.module = "/dev/zero", .core = "/dev/zero"}));
}

struct Example {
	const char *name;
	jit::Machine machine;
	uint32_t type;
	uint64_t before; // the field, little-endian
	uint64_t target; // of the field at 0x1000
	uint64_t after;
};

// The processors' ABIs: x86-64 psABI, table 4.10; ELF for the Arm 64-bit Architecture, section 5.7.
const Example kExamples[] = {
        {"R_X86_64_64", jit::Machine::kX86_64, R_X86_64_64, 0, 0x1122334455667788, 0x1122334455667788},
        {"R_X86_64_PC32", jit::Machine::kX86_64, R_X86_64_PC32, 0, 0x0ffc, 0xfffffffc},
        {"R_X86_64_32S", jit::Machine::kX86_64, R_X86_64_32S, 0, 0xffffffffc0001000, 0xc0001000},
        {"R_AARCH64_CALL26", jit::Machine::kAArch64, R_AARCH64_CALL26, 0x94000000, 0x1010, 0x94000004},
        {"R_AARCH64_JUMP26 backwards", jit::Machine::kAArch64, R_AARCH64_JUMP26, 0x14000000, 0x0ffc, 0x17ffffff},
        // adrp x1, to a page that is 3 pages on; bits 30:29 are the lowest.
        {"R_AARCH64_ADR_PREL_PG_HI21", jit::Machine::kAArch64, R_AARCH64_ADR_PREL_PG_HI21, 0x90000001, 0x4abc,
         0xf0000001},
        {"R_AARCH64_ADD_ABS_LO12_NC", jit::Machine::kAArch64, R_AARCH64_ADD_ABS_LO12_NC, 0x91000021, 0x4abc,
         0x912af021},
        {"R_AARCH64_LDST64_ABS_LO12_NC", jit::Machine::kAArch64, R_AARCH64_LDST64_ABS_LO12_NC, 0xf9400020, 0x4ab8,
         0xf9455c20},
        {"R_AARCH64_PREL32", jit::Machine::kAArch64, R_AARCH64_PREL32, 0, 0x0ff0, 0xfffffff0},
};

TEST(Relocation, DoesWhatTheAbiSays) {
	for (const Example &e : kExamples) {
		uint64_t field = e.before;
		const std::span<uint8_t> bytes(reinterpret_cast<uint8_t *>(&field), sizeof(field));
		EXPECT_EQ(jit::offline::relocate(e.machine, e.type, bytes, 0, 0x1000, e.target),
		          jit::offline::Relocated::kDone)
		        << e.name;
		EXPECT_EQ(field, e.after) << e.name;
	}
}

TEST(Relocation, IsRefusedBeyondTheBytesOrOutOfReach) {
	using jit::offline::relocate;
	using jit::offline::Relocated;
	uint8_t field[4] = {};
	const auto machine = jit::Machine::kX86_64;
	EXPECT_EQ(relocate(machine, R_X86_64_64, field, 0, 0, 0), Relocated::kOutOfBounds);
	EXPECT_EQ(relocate(machine, R_X86_64_PC32, field, 1, 0, 0), Relocated::kOutOfBounds);
	EXPECT_EQ(relocate(machine, R_X86_64_PC32, field, UINT64_MAX, 0, 0), Relocated::kOutOfBounds);
	EXPECT_EQ(relocate(machine, R_X86_64_PC32, field, 0, 0, uint64_t{1} << 31), Relocated::kOutOfReach);
	EXPECT_EQ(relocate(machine, R_X86_64_GOTPCREL, field, 0, 0, 0), Relocated::kUnknownType);
	EXPECT_EQ(relocate(jit::Machine::kAArch64, R_AARCH64_CALL26, field, 0, 0, uint64_t{1} << 27),
	          Relocated::kOutOfReach);
	EXPECT_EQ(relocate(jit::Machine::kAArch64, R_AARCH64_CALL26, field, 0, 0, 2), Relocated::kOutOfReach);
}

} // namespace
} // namespace nft_drops::jit_test
