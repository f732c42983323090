// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/view/top_view.h"

#include "nft-ext/view/cells.h"
#include "rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <random>

namespace nft_drops {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class View : public testing::Test {
protected:
	void SetUp() override {
		ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
		setenv("TZ", "UTC", 1);
		for (uint64_t i = 1; i <= 40; i++)
			rules_.push_back(rule(i, "tcp dport " + std::to_string(1000 + i) + " drop"));
	}
	void TearDown() override { std::setlocale(LC_CTYPE, "C"); }

	void drops(size_t which, int64_t packets) {
		model_.add(row(rules_[which], udp(1, 53), packets, 3661 * kSecond));
	}
	void show() { view_.take(model_.frame(view_.sort(), view_.opened()), sight_, 3661 * kSecond); }
	TopAction press(uint32_t key) {
		const TopAction action = view_.press(key);
		if (action == TopAction::kReload) show();
		return action;
	}
	void type(const std::string &text) {
		for (const char c : text)
			press(static_cast<uint8_t>(c));
	}
	std::vector<TopLine> lines(size_t height = 24, size_t width = 80) {
		auto made = view_.lines(height, width, [](const Address &) { return std::string("a.example"); });
		EXPECT_EQ(made.size(), height);
		for (const TopLine &line : made)
			EXPECT_EQ(columns_of(line.text), width) << line.text;
		return made;
	}
	std::string text(size_t height = 24, size_t width = 80) {
		std::string all;
		for (const TopLine &line : lines(height, width))
			all += line.text + '\n';
		return all;
	}
	std::string selected() {
		for (const TopLine &line : lines())
			if (line.style == TopStyle::kSelected) return line.text;
		return "";
	}

	std::vector<CulpritWords> rules_;
	TopModel model_;
	TopView view_;
	TopSight sight_;
};

TEST_F(View, RulesWithFiguresAndText) {
	drops(0, 1234);
	model_.end_interval(1);
	sight_.lost = 3;
	show();
	const auto shown = lines();
	EXPECT_THAT(shown[0].text, StartsWith("nft-drops top  1,234 drops, 1,234/s, 3 lost"));
	EXPECT_EQ(shown[0].style, TopStyle::kWarning);
	EXPECT_EQ(shown[1].text.substr(0, 34), " DROPS/S       TOTAL LAST     RULE");
	EXPECT_THAT(shown[2].text,
	            StartsWith("   1,234       1,234 01:01:01 inet filter input tcp dport 1001 drop # handle 1"));
}

TEST_F(View, NobodySaysZeroLostWhileBlind) {
	sight_.blind = "kprobes were switched off";
	sight_.blind_since = 3600 * kSecond;
	show();
	EXPECT_THAT(text(), HasSubstr("drops are not seen since 01:00:00: kprobes were switched off"));
	sight_.blind.clear();
	sight_.unseen = "3.2";
	show();
	EXPECT_THAT(text(), HasSubstr("unseen for 3.2 s, lost otherwise: 0"));
}

TEST_F(View, TheSelectionFollowsItsRule) {
	for (size_t i = 0; i < 3; i++)
		drops(i, static_cast<int64_t>(30 - i));
	show();
	EXPECT_THAT(selected(), HasSubstr("handle 1"));
	press(kKeyDown);
	press('j');
	EXPECT_THAT(selected(), HasSubstr("handle 3"));
	press('k');
	EXPECT_THAT(selected(), HasSubstr("handle 2"));
	drops(1, 1000);
	drops(2, 500);
	show();
	EXPECT_THAT(selected(), HasSubstr("handle 2"));
	press(kKeyUp);
	EXPECT_THAT(selected(), HasSubstr("handle 2")) << "it is the first now";
}

TEST_F(View, PagesAndEnds) {
	for (size_t i = 0; i < rules_.size(); i++)
		drops(i, static_cast<int64_t>(1000 - i));
	show();
	EXPECT_THAT(text(), Not(HasSubstr("handle 22\n")));
	press(kKeyEnd);
	EXPECT_THAT(selected(), HasSubstr("handle 40"));
	EXPECT_THAT(text(), Not(HasSubstr("handle 1 ")));
	press(kKeyHome);
	EXPECT_THAT(selected(), HasSubstr("handle 1 "));
	lines(24, 80);
	press(kKeyPageDown);
	EXPECT_THAT(selected(), HasSubstr("handle 22")); // 21 lines of rules
	press(kKeyPageUp);
	EXPECT_THAT(selected(), HasSubstr("handle 1 "));
	press(kKeyPageUp);
	EXPECT_THAT(selected(), HasSubstr("handle 1 "));
}

TEST_F(View, EnterOpensTheRule) {
	drops(0, 5);
	model_.add(row(rules_[0], udp(2, 80), 9));
	model_.add(row(rules_[0], others(), 4));
	show();
	EXPECT_EQ(press(kKeyEnter), TopAction::kReload);
	const std::string shown = text();
	EXPECT_THAT(shown, HasSubstr("  tcp dport 1001 drop # handle 1"));
	EXPECT_THAT(shown, HasSubstr("SOURCE   DESTINATION PORT"));
	EXPECT_THAT(shown, HasSubstr("10.0.0.2 10.0.0.1    udp 80 iif \"eth0\""));
	EXPECT_THAT(shown, HasSubstr("others: "));
	EXPECT_EQ(press('n'), TopAction::kNames);
	EXPECT_THAT(text(), HasSubstr("a.example a.example   udp 80"));
	press(kKeyEscape);
	EXPECT_EQ(view_.opened(), 0U);
	EXPECT_THAT(text(), HasSubstr("RULE"));
}

TEST_F(View, ASampleStandsBetweenTextAndFlows) {
	drops(0, 5);
	show();
	press(kKeyEnter);
	view_.sample({"sample 21:40:11.482113 iif \"veth0\" ip saddr 10.0.0.2 ip daddr 10.0.0.1 udp sport 51514 udp "
	              "dport 53 length 60",
	              "input -> jump ZONES (handle 176) -> drop (handle 215)", "ct state new"});
	EXPECT_THAT(text(), HasSubstr("  tcp dport 1001 drop # handle 1"
	                              "                                                \n"
	                              "  sample 21:40:11.482113 iif \"veth0\" ip saddr 10.0.0.2 ip daddr 10.0.0.1 udp"
	                              "    \n"
	                              "  sport 51514 udp dport 53 length 60"));
	EXPECT_THAT(text(), HasSubstr("    input -> jump ZONES (handle 176) -> drop (handle 215)"));
	EXPECT_THAT(text(), HasSubstr("    ct state new"));
	// Flows keep half of a small screen.
	view_.sample(std::vector<std::string>(30, "socket: none here"));
	EXPECT_THAT(text(), HasSubstr("SOURCE   DESTINATION PORT"));
	EXPECT_THAT(text(), HasSubstr("udp 53"));
	EXPECT_THAT(text(9), HasSubstr("udp 53"));
	// Of another rule nothing is known yet.
	view_.sample({});
	EXPECT_THAT(text(), Not(HasSubstr("socket: none here")));
	ASSERT_NE(view_.opened_culprit(), nullptr);
	EXPECT_EQ(view_.opened_culprit()->handle, 1U);
	press(kKeyEscape);
	EXPECT_EQ(view_.opened_culprit(), nullptr);
}

TEST_F(View, AFilterIsTyped) {
	EXPECT_EQ(press('/'), TopAction::kNone);
	type("tcp dport 2q");
	press(kKeyBackspace);
	EXPECT_THAT(text(), HasSubstr("filter: tcp dport 2_"));
	EXPECT_EQ(press(kKeyEnter), TopAction::kFilter);
	EXPECT_EQ(view_.match(), "tcp dport 2");
	sight_.match = view_.match();
	sight_.seen = 7;
	show();
	EXPECT_THAT(text(), HasSubstr("0 drops of 7"));
	EXPECT_THAT(text(), HasSubstr("/ tcp dport 2"));
	// It can be changed, and Esc leaves it.
	press('/');
	EXPECT_THAT(text(), HasSubstr("filter: tcp dport 2_"));
	EXPECT_EQ(press(kKeyEscape), TopAction::kNone);
	EXPECT_THAT(text(), Not(HasSubstr("filter: ")));
	press('/');
	press('U' & 0x1f);
	type("x");
	press(0xfc); // a character of two bytes
	press(kKeyBackspace);
	EXPECT_EQ(press(kKeyEnter), TopAction::kFilter);
	EXPECT_EQ(view_.match(), "x");
}

TEST_F(View, AMessageStaysUntilTheNextKey) {
	show();
	view_.say("Error: syntax error, unexpected newline", true);
	EXPECT_THAT(text(), HasSubstr("Error: syntax error, unexpected newline"));
	EXPECT_EQ(lines().back().style, TopStyle::kWarning);
	press('x');
	EXPECT_THAT(text(), Not(HasSubstr("Error: ")));
}

TEST_F(View, OtherKeys) {
	drops(0, 1);
	show();
	EXPECT_EQ(press('s'), TopAction::kReload);
	EXPECT_EQ(view_.sort(), TopSort::kTotal);
	EXPECT_THAT(text(), HasSubstr("sorted by total"));
	press('p');
	EXPECT_TRUE(view_.paused());
	EXPECT_THAT(text(), HasSubstr("PAUSED 01:01:01"));
	press('p');
	EXPECT_FALSE(view_.paused());
	EXPECT_EQ(press('r'), TopAction::kZero);
	press('?');
	EXPECT_THAT(text(), HasSubstr("names for addresses of flows"));
	press('x');
	EXPECT_THAT(text(), Not(HasSubstr("names for addresses of flows")));
	EXPECT_EQ(press('q'), TopAction::kQuit);
}

TEST_F(View, ARuleThatIsGoneStaysOpen) {
	drops(0, 5);
	show();
	press(kKeyEnter);
	model_.zero();
	show();
	EXPECT_THAT(text(), HasSubstr("tcp dport 1001 drop"));
}

// Any keys at any size, over hostile names.
TEST_F(View, EverySizeAndEveryKey) {
	rules_[0].text = "drop comment \"\033[2J防\n\xff\"";
	rules_[1].table = "\x9b\u202e";
	for (size_t i = 0; i < rules_.size(); i++)
		drops(i, 1);
	std::minstd_rand random(1);
	constexpr uint32_t kKeys[] = {'s', 'p', 'r', 'n', '?', '/', 'j', 'k', 0x1b, 0xfc, 0x9632};
	for (int i = 0; i < 3000; i++) {
		const uint32_t key = random() % 2 ? kKeys[random() % std::size(kKeys)]
		                                  : static_cast<uint32_t>(kKeyUp + random() % 9);
		press(key);
		view_.sample(std::vector<std::string>(random() % 6, std::string(random() % 200, 'x')));
		show();
		for (const TopLine &line : lines(random() % 30, random() % 120))
			for (const char c : line.text)
				ASSERT_GE(static_cast<uint8_t>(c), 0x20);
	}
}

} // namespace
} // namespace nft_drops
