// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/extcap/extcap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace nft_drops;
using namespace nft_drops::extcap;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

Result<Request> asked(std::initializer_list<std::string_view> arguments) {
	const std::vector<std::string_view> all(arguments);
	return parse(all);
}

TEST(Extcap, WiresharksQuestions) {
	EXPECT_EQ(asked({"--extcap-interfaces", "--extcap-version=4.0"})->question, Question::kInterfaces);
	EXPECT_EQ(asked({"--extcap-dlts", "--extcap-interface", "nft-drops"})->question, Question::kLinkTypes);
	EXPECT_EQ(asked({"--extcap-config", "--extcap-interface", "nft-drops"})->question, Question::kConfig);
	EXPECT_EQ(asked({"--extcap-interface", "nft-drops", "--extcap-capture-filter", "port 22"})->question,
	          Question::kFilter);
	EXPECT_THAT(asked({"--extcap-config", "--extcap-interface", "eth0"}).error().message(),
	            HasSubstr("no such interface"));
	EXPECT_THAT(asked({"--capture", "--extcap-interface", "nft-drops"}).error().message(), HasSubstr("--fifo"));
	EXPECT_THAT(asked({"--capture", "--fifo"}).error().message(), HasSubstr("argument is missing"));
	EXPECT_FALSE(asked({}));
}

TEST(Extcap, ACaptureWithoutOptions) {
	const auto request = asked({"--capture", "--extcap-interface", "nft-drops", "--fifo", "/tmp/f"});
	ASSERT_TRUE(request);
	EXPECT_EQ(request->fifo, "/tmp/f");
	EXPECT_THAT(command_line(*request), ElementsAre("monitor", "-w", "-"));
}

TEST(Extcap, OptionsBecomeWords) {
	const auto request = asked({"--capture", "--extcap-interface", "nft-drops", "--fifo=/tmp/f", "--match",
	                            "tcp dport { 22, 23 }", "--netns", "blue", "--snaplen", "96", "--path",
	                            "--extcap-capture-filter", "host 10.0.0.1 and port 22"});
	ASSERT_TRUE(request);
	EXPECT_THAT(command_line(*request),
	            ElementsAre("monitor", "-w", "-", "--netns=blue", "--snaplen=96", "--path",
	                        "--pcap=host 10.0.0.1 and port 22", "--", "tcp", "dport", "{", "22,", "23", "}"));
}

TEST(Extcap, SwitchesAreOffWhereWiresharkSaysSo) {
	EXPECT_TRUE(asked({"--capture", "--fifo", "f", "--all-netns"})->all_netns);
	EXPECT_TRUE(asked({"--capture", "--fifo", "f", "--all-netns=true"})->all_netns);
	EXPECT_FALSE(asked({"--capture", "--fifo", "f", "--all-netns=false"})->all_netns);
	// All namespaces have the named one among them.
	EXPECT_THAT(command_line(*asked({"--capture", "--fifo", "f", "--all-netns", "--netns", "blue"})),
	            ElementsAre("monitor", "-w", "-", "--all-netns"));
}

TEST(Extcap, NoValueBecomesAnOption) {
	const auto request = asked({"--capture", "--fifo", "f", "--match", "--netns x; reboot $(id) `id`", "--netns",
	                            "--all-netns", "--snaplen", "-w /etc/passwd"});
	ASSERT_TRUE(request);
	EXPECT_FALSE(request->all_netns);
	EXPECT_THAT(command_line(*request),
	            ElementsAre("monitor", "-w", "-", "--netns=--all-netns", "--snaplen=-w /etc/passwd", "--",
	                        "--netns", "x;", "reboot", "$(id)", "`id`"));
}

TEST(Extcap, QuotesKeepWordsTogetherAndStay) {
	EXPECT_THAT(words_of("  iifname \"eth 0*\"\ttcp dport 22 "),
	            ElementsAre("iifname", "\"eth 0*\"", "tcp", "dport", "22"));
	EXPECT_THAT(words_of("iifname \"open"), ElementsAre("iifname", "\"open"));
	EXPECT_TRUE(words_of(" \t\n").empty());
}

TEST(Extcap, AnswersHaveTheFieldsThatWiresharkReads) {
	EXPECT_EQ(answer(Question::kInterfaces, "1.2", "file:///h"),
	          "extcap {version=1.2}{help=file:///h}{display=nftables drops}\n"
	          "interface {value=nft-drops}{display=nftables drops}\n");
	EXPECT_THAT(answer(Question::kLinkTypes, "", ""), HasSubstr("dlt {number=147}{name=nft-drops}{display="));
	const std::string config = answer(Question::kConfig, "", "");
	for (const char *call : {"--match", "--netns", "--all-netns", "--snaplen", "--path"})
		EXPECT_THAT(config, HasSubstr(std::string("{call=") + call + "}"));
}

} // namespace
