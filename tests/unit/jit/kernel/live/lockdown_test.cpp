// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/lockdown.h"
#include "temporary_file.h"

#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

constexpr const char *kNoFile = "/nowhere/lockdown";

Result<std::string> mode(std::string_view modes, std::string_view command_line = "") {
	const TemporaryFile file(modes), parameters(command_line);
	return jit::lockdown_mode(file.path(), parameters.path());
}

Result<std::string> mode_by_command_line(std::string_view command_line) {
	const TemporaryFile parameters(command_line);
	return jit::lockdown_mode(kNoFile, parameters.path());
}

TEST(Lockdown, TheModeInBracketsIsInForce) {
	EXPECT_EQ(mode("[none] integrity confidentiality\n").value(), "off");
	EXPECT_EQ(mode("none [integrity] confidentiality\n").value(), "integrity");
	EXPECT_FALSE(mode("none integrity [confidentiality]\n").has_value());
	EXPECT_EQ(mode("none ]integrity[\n").value(), "off");
}

TEST(Lockdown, ConfidentialityIsNamedAndHasANextStep) {
	const auto refused = mode("none integrity [confidentiality]\n");
	ASSERT_FALSE(refused.has_value());
	EXPECT_EQ(refused.error().message(),
	          "lockdown: kernel lockdown is in mode confidentiality: no program may read kernel memory; boot with "
	          "lockdown=integrity or without lockdown");
	EXPECT_EQ(refused.error().blame, Blame::kMachine);
}

TEST(Lockdown, WithoutSecurityfsTheCommandLineCounts) {
	EXPECT_EQ(mode_by_command_line("quiet\n").value(), "off");
	EXPECT_EQ(mode_by_command_line("lockdown=integrity quiet\n").value(), "integrity");
	EXPECT_FALSE(mode_by_command_line("console=ttyS0 lockdown=confidentiality\n").has_value());
	EXPECT_EQ(mode_by_command_line("lockdown=confidentiality lockdown=none\n").value(), "off") << "the last one";
	EXPECT_EQ(mode_by_command_line("xlockdown=confidentiality\n").value(), "off");
	EXPECT_EQ(jit::lockdown_mode(kNoFile, kNoFile).value(), "off");
}

TEST(Lockdown, TheFileOverrulesTheCommandLine) {
	EXPECT_FALSE(mode("none integrity [confidentiality]\n", "lockdown=none\n").has_value());
	EXPECT_EQ(mode("[none] integrity confidentiality\n", "lockdown=confidentiality\n").value(), "off");
}

} // namespace
} // namespace nft_drops::jit_test
