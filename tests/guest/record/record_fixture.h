// SPDX-License-Identifier: GPL-2.0-only
// What tests of record and why share: a network namespace, packets that twenty rules drop, and what the history has.
#ifndef NFT_DROPS_TESTS_GUEST_RECORD_RECORD_FIXTURE_H
#define NFT_DROPS_TESTS_GUEST_RECORD_RECORD_FIXTURE_H

#include "tests/guest/loopback_sender.h"
#include "tests/guest/running.h"
#include "tests/guest/twenty_rules.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nft_drops::guest {

// Packets that each of two processors sends: NFT_DROPS_FULL=1: 500,000.
unsigned packets_of_each();

// Sends to random ports of the twenty rules, the same ones each time.
pid_t sender(int cpu, unsigned count);

using Sums = std::map<uint64_t, std::pair<uint64_t, uint64_t>>; // packets and bytes by handle

uint64_t packets_in(const Sums &sums);

class RecordFixture : public testing::Test {
protected:
	void SetUp() override;
	void TearDown() override;

	static void load(const std::string &ruleset);
	// A recorder that records from now on, with these words behind its options.
	std::unique_ptr<Running> record(const std::vector<std::string> &words = {}) const;
	[[nodiscard]] std::string why(const std::string &options) const;
	static void send(unsigned count);
	// What the history has, by handle; others and lost, too.
	Sums recorded(uint64_t *lost = nullptr) const;
	[[nodiscard]] std::string database() const { return folder_ + "/drops.db"; }
	// What SQLite's PRAGMA integrity_check says: "ok".
	[[nodiscard]] std::string integrity() const;

	std::string folder_ = "/root/nft-drops-history";
	Leftovers before_;
};

} // namespace nft_drops::guest

#endif
