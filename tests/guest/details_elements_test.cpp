// SPDX-License-Identifier: GPL-2.0-only
// Which elements the ruleset's reader finds for one drop: events are made by hand, sets and maps are the kernel's own.
#include "ruleset_fixture.h"

#include <linux/if_ether.h>

#include <algorithm>
#include <array>

namespace nft_drops {
namespace {

// UDP from 10.1.0.2 to 10.1.0.1.
void put_packet(nd_event &event, uint16_t dport) {
	const auto high = static_cast<uint8_t>(dport >> 8);
	const auto low = static_cast<uint8_t>(dport);
	const std::array<uint8_t, 28> packet{0x45, 0, 0,  28, 0, 0, 0,    0,    64,   17,  0, 0, 10, 1,
	                                     0,    2, 10, 1,  0, 1, 0x12, 0x34, high, low, 0, 8, 0,  0};
	event.protocol = ETH_P_IP;
	event.pf = NFPROTO_IPV4;
	event.hook = 1; // NF_INET_LOCAL_IN
	event.l3_len = static_cast<uint8_t>(packet.size());
	std::ranges::copy(packet, event.l3);
}

class DetailsElements : public RulesetTest {
protected:
	// What is told of a packet that this rule dropped; without jumps but for those given.
	Details details_of(const std::string &rule, uint16_t dport, const nd_path &path = {}) {
		nd_event event = event_of(find(rule), generation());
		return ask(event, dport, path);
	}
	Details ask(nd_event event, uint16_t dport, const nd_path &path = {}) {
		put_packet(event, dport);
		const nd_details seen{};
		Details got;
		EXPECT_TRUE(ruleset_->ask(event, &path, &seen));
		while (ruleset_->open_questions() > 0 && wait_for_more(*ruleset_))
			ruleset_->receive([&](const Attributed &attributed) {
				EXPECT_TRUE(attributed.details);
				got = attributed.details.value_or(Details{});
			});
		return got;
	}
	// As lines of the block format would have it, without times.
	static std::string words(const Details &details) {
		std::string all;
		for (const ElementFound &e : details.elements) {
			all += "[" + (e.unknown.empty() ? e.key : "unknown: " + e.unknown);
			if (!e.comment.empty()) all += " comment \"" + e.comment + "\"";
			if (!e.verdict.empty()) all += " : " + e.verdict;
			all += " of @" + e.set + "]";
		}
		return all;
	}
};

TEST_F(DetailsElements, OfTheRuleThatDropped) {
	ASSERT_TRUE(nft(R"(table ip t {
		set exact {
			type ipv4_addr
			elements = { 10.1.0.2 comment "one", 10.1.0.3 }
		}
		set nets {
			type ipv4_addr
			flags interval
			elements = { 10.1.0.0/30 comment "spamhaus", 10.1.0.4-10.1.0.9 }
		}
		set pairs {
			type ipv4_addr . inet_service
			flags interval
			elements = { 10.1.0.0/24 . 7000-7009 comment "both" }
		}
		set soon {
			type ipv4_addr
			flags timeout
			elements = { 10.1.0.2 timeout 1h }
		}
		map kinds {
			type inet_service : verdict
			elements = { 7004 comment "closed" : drop, 7005 : accept }
		}
		chain c {
			type filter hook input priority 0;
			udp dport 7000 ip saddr @exact drop
			udp dport 7001 ip saddr @nets drop
			udp dport 7002 ip saddr . udp dport @pairs drop
			udp dport 7003 ip saddr @soon drop
			udp dport vmap @kinds
			udp dport 7006 ip saddr != @exact drop
			udp dport 7007 ip saddr { 10.1.0.2 } drop
			udp dport 7008 ip saddr @exact ip saddr @nets drop
		}
	})"));
	start();
	EXPECT_EQ(words(details_of("udp dport 7000", 7000)), "[10.1.0.2 comment \"one\" of @exact]");
	EXPECT_EQ(words(details_of("udp dport 7001", 7001)), "[10.1.0.0/30 comment \"spamhaus\" of @nets]");
	EXPECT_EQ(words(details_of("udp dport 7002", 7002)), "[10.1.0.0/24 . 7000-7009 comment \"both\" of @pairs]");
	const Details soon = details_of("udp dport 7003", 7003);
	EXPECT_EQ(words(soon), "[10.1.0.2 of @soon]");
	ASSERT_EQ(soon.elements.size(), 1U);
	EXPECT_EQ(soon.elements[0].timeout_ms, 3'600'000U);
	EXPECT_GT(soon.elements[0].expires_ms, 3'000'000U);
	EXPECT_EQ(words(details_of("udp dport vmap", 7004)), "[7004 comment \"closed\" : drop of @kinds]");
	EXPECT_EQ(words(details_of("udp dport vmap", 7005)), "[unknown: has no such element of @kinds]")
	        << "an element that accepts did not drop";
	EXPECT_EQ(words(details_of("udp dport 7006", 7006)), "");
	EXPECT_EQ(words(details_of("udp dport 7007", 7007)), "");
	EXPECT_EQ(words(details_of("udp dport 7008", 7008)),
	          "[10.1.0.2 comment \"one\" of @exact][10.1.0.0/30 comment \"spamhaus\" of @nets]");
}

TEST_F(DetailsElements, OfAMapThatLedThereByGoto) {
	ASSERT_TRUE(nft(R"(table ip k {
		map services {
			type ipv4_addr . inet_proto . inet_service : verdict
			elements = { 10.1.0.1 . udp . 7000 comment "default/web" : goto reject-chain,
			             10.1.0.1 . udp . 7001 : goto other }
		}
		map more {
			type inet_service : verdict
			elements = { 7000 : goto other, 7002 : goto reject-chain, 7003 comment "by" : goto between }
		}
		chain reject-chain {
			reject comment "here"
		}
		chain other {
			drop comment "other"
		}
		chain between {
			udp sport 1 goto other
			goto reject-chain
		}
		chain c {
			type filter hook input priority 0;
			ip daddr . meta l4proto . th dport vmap @services
			udp dport vmap @more
		}
	})"));
	start();
	const uint64_t base = find("udp dport vmap").chain_handle;
	const auto dropped_by = [&](const std::string &rule, uint16_t dport) {
		nd_event event = event_of(find(rule), generation());
		event.chain_handle = base;
		return words(ask(event, dport));
	};
	EXPECT_EQ(dropped_by("reject", 7000),
	          "[10.1.0.1 . udp . 7000 comment \"default/web\" : goto reject-chain of @services]");
	EXPECT_EQ(dropped_by("reject", 7002), "[7002 : goto reject-chain of @more]");
	EXPECT_EQ(dropped_by("reject", 7003), "[7003 comment \"by\" : goto between of @more]");
	EXPECT_EQ(dropped_by("reject", 7009), "") << "no element leads there";
	EXPECT_EQ(dropped_by("drop", 7000), "[7000 : goto other of @more]");
	// Now two lead there: which of them it was cannot be told.
	ASSERT_TRUE(nft("delete element ip k more { 7000 : goto other }"));
	ASSERT_TRUE(nft("add element ip k more { 7000 : goto reject-chain }"));
	EXPECT_EQ(dropped_by("reject", 7000), "[unknown: and other rules lead there of @services]"
	                                      "[unknown: and other rules lead there of @more]");
}

// A jump by a map, and the element of a set that the rule asks, too.
TEST_F(DetailsElements, OfTheRulesThatJumped) {
	ASSERT_TRUE(nft(R"(table ip j {
		set nets {
			type ipv4_addr
			flags interval
			elements = { 10.1.0.0/24 comment "lan" }
		}
		map jumps {
			type inet_service : verdict
			elements = { 7000 comment "web" : jump web }
		}
		set marks {
			type mark
			elements = { 0x00000000 }
		}
		chain web {
			drop
		}
		chain zone {
			meta mark @marks udp dport vmap @jumps
		}
		chain c {
			type filter hook input priority 0;
			ip saddr @nets jump zone
			accept
		}
	})"));
	start();
	nd_event event = event_of(find("drop"), generation());
	const Listed jumped = find("ip saddr @nets jump zone");
	event.chain_handle = jumped.chain_handle;
	const nd_path path{.depth = 2,
	                   .details = 1,
	                   .jumps = {{.next = find("accept").rule, .chain = jumped.chain_handle},
	                             {.next = 0, .chain = find("meta mark").chain_handle}}};
	EXPECT_EQ(words(ask(event, 7000, path)), "[10.1.0.0/24 comment \"lan\" of @nets]"
	                                         "[unknown: is asked for what is not known of the packet of @marks]"
	                                         "[7000 comment \"web\" : jump web of @jumps]");
}

TEST_F(DetailsElements, AChangedSetTellsNothingOfBefore) {
	ASSERT_TRUE(nft(R"(table ip t {
		set a {
			type ipv4_addr
			elements = { 10.1.0.2 comment "old" }
		}
		set b {
			type ipv4_addr
			elements = { 10.1.0.2 comment "kept" }
		}
		chain c {
			type filter hook input priority 0;
			udp dport 1 ip saddr @a drop
			udp dport 2 ip saddr @b drop
		}
	})"));
	start();
	const nd_event of_a = event_of(find("udp dport 1"), generation());
	const nd_event of_b = event_of(find("udp dport 2"), generation());
	EXPECT_EQ(words(ask(of_a, 1)), "[10.1.0.2 comment \"old\" of @a]");
	ASSERT_TRUE(nft("delete element ip t a { 10.1.0.2 }"));
	EXPECT_EQ(words(ask(of_a, 1)), "[unknown: changed since of @a]");
	// There again, but it is another one.
	ASSERT_TRUE(nft("add element ip t a { 10.1.0.2 comment \"new\" }"));
	EXPECT_EQ(words(ask(of_a, 1)), "[unknown: changed since of @a]");
	EXPECT_EQ(words(ask(of_b, 2)), "[10.1.0.2 comment \"kept\" of @b]") << "this set has not changed";
	EXPECT_EQ(words(details_of("udp dport 1", 1)), "[10.1.0.2 comment \"new\" of @a]");
	// A replaced rule keeps its handle, and asks another set: nothing is known of what the old one asked.
	ASSERT_TRUE(nft("replace rule ip t c handle " + std::to_string(of_a.rule_handle) +
	                " udp dport 1 ip saddr @b drop"));
	EXPECT_EQ(words(ask(of_a, 1)), "");
}

// 100,000 networks in one set: the kernel's own look-up finds the one.
TEST_F(DetailsElements, AmongManyIntervals) {
	std::string elements;
	for (int i = 0; i < 100'000; i++)
		elements += "198." + std::to_string(16 + i / 32768) + "." + std::to_string(i / 128 % 256) + "." +
		            std::to_string(i % 128 * 2) + ", ";
	ASSERT_TRUE(nft("table ip t {\n set blocked {\n type ipv4_addr\n flags interval\n elements = { " + elements +
	                "10.1.0.0/30 comment \"spamhaus\" }\n }\n chain c {\n type filter hook input priority 0;\n"
	                "ip saddr @blocked drop\n }\n }\n"));
	start();
	EXPECT_EQ(words(details_of("ip saddr", 1)), "[10.1.0.0/30 comment \"spamhaus\" of @blocked]");
}

TEST_F(DetailsElements, TheHooksChainsInOrder) {
	ASSERT_TRUE(nft(R"(table ip mangle {
		chain INPUT {
			type filter hook input priority -150;
		}
	}
	table inet filter {
		set s {
			type ipv4_addr
		}
		chain input {
			type filter hook input priority 0;
			udp dport 7000 drop
		}
	}
	table inet later {
		chain input {
			type filter hook input priority 50;
		}
	})"));
	start();
	const bool told = output_of("nft list hooks").find("hook") != std::string::npos;
	const nd_event event = event_of(find("udp dport 7000"), generation());
	const Details details = ask(event, 7000);
	ASSERT_EQ(details.hook.has_value(), told);
	if (!told) return;
	const std::vector<HookEntry> expected{{HookEntry::Kind::kChain, -150, "ip mangle INPUT"},
	                                      {HookEntry::Kind::kChain, 0, "inet filter input"},
	                                      {HookEntry::Kind::kChain, 50, "inet later input"}};
	EXPECT_EQ(details.hook->entries, expected);
	EXPECT_EQ(details.hook->dropper, 1U);
	ASSERT_TRUE(nft("add element inet filter s { 10.0.0.1 }"));
	EXPECT_TRUE(ask(event, 7000).hook) << "an element changes no chain";
	ASSERT_TRUE(nft("add chain inet later other { type filter hook input priority -5; }"));
	EXPECT_FALSE(ask(event, 7000).hook) << "the hook's chains have changed since the drop";
}

} // namespace
} // namespace nft_drops
