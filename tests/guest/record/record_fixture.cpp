// SPDX-License-Identifier: GPL-2.0-only
#include "record_fixture.h"

#include "nft-ext/history/database.h"

#include <sched.h>

#include <filesystem>
#include <random>

namespace nft_drops::guest {

using nlohmann::json;

unsigned packets_of_each() {
	return full_or(500'000, 10'000);
}

pid_t sender(int cpu, unsigned count) {
	return send_over_loopback(
	        cpu, count, kEcho, [random = std::minstd_rand(static_cast<unsigned>(cpu) + 1)](unsigned) mutable {
		        return Datagram{INADDR_LOOPBACK, static_cast<unsigned>(kFirstPort + random() % kPorts)};
	        });
}

uint64_t packets_in(const Sums &sums) {
	uint64_t packets = 0;
	for (const auto &[handle, sum] : sums)
		packets += sum.first;
	return packets;
}

void RecordFixture::SetUp() {
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	shell("ip link set lo up");
	std::filesystem::remove_all(folder_);
	before_ = leftovers();
}

void RecordFixture::TearDown() {
	shell("echo 1 > /sys/kernel/debug/kprobes/enabled");
	EXPECT_TRUE(become(before_));
}

void RecordFixture::load(const std::string &ruleset) {
	shell("nft -f - <<'END'\n" + ruleset + "\nEND");
}

std::unique_ptr<Running> RecordFixture::record(const std::vector<std::string> &words) const {
	std::vector<std::string> command{nft_drops(), "record", "--database", database()};
	command.insert(command.end(), words.begin(), words.end());
	auto recorder = std::make_unique<Running>(std::move(command));
	EXPECT_TRUE(recorder->wait_for("nft-drops: recording ")) << recorder->err();
	return recorder;
}

std::string RecordFixture::why(const std::string &options) const {
	return shell(nft_drops() + " why --database " + database() + " " + options);
}

void RecordFixture::send(unsigned count) {
	ends_well(sender(0, count));
}

Sums RecordFixture::recorded(uint64_t *lost) const {
	Sums sums;
	for (const json &line : json_lines(why("-j --since 12h"))) {
		if (line.contains("lost") && lost) *lost = line.at("lost");
		if (!line.contains("packets")) continue;
		EXPECT_EQ(line.at("table"), "t");
		auto &[packets, bytes] = sums[line.at("handle")];
		packets += line.at("packets").get<uint64_t>();
		bytes += line.at("bytes").get<uint64_t>();
	}
	return sums;
}

std::string RecordFixture::integrity() const {
	auto opened = Database::open(database(), Database::Mode::kRead);
	if (!opened) return opened.error().why;
	auto check = opened->prepare("PRAGMA integrity_check");
	if (!check) return check.error().why;
	auto row = check->step();
	return row && *row ? check->text(0) : "no answer";
}

} // namespace nft_drops::guest
