// SPDX-License-Identifier: GPL-2.0-only
// docs/monitor.schema.json against what is really printed, by a validator that is not ours (python3-jsonschema).
#include "packets.h"

#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

namespace nft_drops::test {
namespace {

// Whole packets of every kind, and such of which any byte may be wrong.
std::vector<std::string> printed() {
	std::vector<std::string> lines;
	std::mt19937 random(20261121); // the same packets each time
	const auto print = [&](nd_event event) {
		lines.push_back(render(Format::kJson, event, rule_answer()));
		event.cause = ND_CAUSE_POLICY;
		lines.push_back(render(Format::kJson, event, policy_answer()));
		event.cause = ND_CAUSE_JUMP_LIMIT;
		lines.push_back(render(Format::kJson, event, Attribution{}));
		event.cause = ND_CAUSE_OTHER;
		Drop other = drop_of(event, {});
		other.location = "nf_hook_slow";
		other.netns_name = "blue";
		lines.push_back(render(Format::kJson, other));
		Attribution unread;
		unread.unread = true;
		lines.push_back(render(Format::kJson, event, unread));
	};
	for (const int protocol : std::initializer_list<int>{IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6,
	                                                     IPPROTO_IGMP, IPPROTO_ESP, 250}) {
		nd_event event = ip_event(ip(static_cast<uint8_t>(protocol), tcp(1, 2, 0xff)));
		print(event);
		for (int i = 0; i < 5; i++) {
			event.l3[random() % event.l3_len] = static_cast<nd_u8>(random());
			event.l3_len = static_cast<nd_u8>(random() % (event.l3_len + 1U));
			print(event);
			if (event.l3_len == 0) break;
		}
	}
	nd_event event = ip_event(ip(IPPROTO_UDP, udp(1, 2)));
	Drop jumped = drop_of(event, rule_answer());
	jumped.expression = "masq";
	jumped.path = {{.chain = "input", .handle = 4, .target = "zones"},
	               {.chain = "zones", .handle = 0, .target = ""},
	               {.chain = "LAN", .handle = 9, .target = ""}};
	const auto renderer = make_renderer(Format::kJson);
	for (const uint64_t times : {1, 2}) {
		std::string line;
		renderer->drops(jumped, {times, std::chrono::milliseconds(3)}, line);
		lines.push_back(std::move(line));
	}
	std::string line;
	renderer->left_out({7, std::chrono::milliseconds(3)}, line);
	lines.push_back(std::move(line));
	line.clear();
	renderer->not_watched({}, {}, "nf_tables was unloaded", line);
	lines.push_back(std::move(line));
	return lines;
}

TEST(Schema, HoldsForWhatIsPrinted) {
	if (system("jsonschema --help >/dev/null 2>&1") != 0) GTEST_SKIP() << "no jsonschema here (python3-jsonschema)";
	const std::filesystem::path folder =
	        std::filesystem::temp_directory_path() / ("nft-drops-schema-" + std::to_string(getpid()));
	std::filesystem::create_directory(folder);
	std::string instances;
	const auto add = [&](const std::string &line) {
		const auto file = folder / std::to_string(instances.size());
		std::ofstream(file) << line;
		instances += " -i " + file.string();
	};
	const auto valid = [&] { return system(("jsonschema" + instances + " " ND_SCHEMA).c_str()) == 0; };
	const auto lines = printed();
	for (const std::string &line : lines)
		add(line);
	EXPECT_TRUE(valid());
	// That it refuses anything at all.
	instances.clear();
	add(lines[0].substr(0, lines[0].rfind('}')) + ",\"surplus\":1}");
	EXPECT_FALSE(valid());
	instances.clear();
	add("{\"left_out\":0,\"milliseconds\":1}");
	EXPECT_FALSE(valid());
	std::filesystem::remove_all(folder);
}

} // namespace
} // namespace nft_drops::test
