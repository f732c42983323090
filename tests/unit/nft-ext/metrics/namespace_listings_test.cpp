// SPDX-License-Identifier: GPL-2.0-only
// The rulesets of several network namespaces, read by processes of their own, in namespaces of this test. Needs root
// and a kernel with nf_tables.
#include "nft-ext/metrics/namespace_listings.h"
#include "nft-ext/ruleset/netlink/netlink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sched.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace nft_drops {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class NamespaceListingsTest : public testing::Test {
protected:
	void SetUp() override {
		before_ = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (unshare(CLONE_NEWNET) != 0 || system("nft add table inet try 2>/dev/null") != 0)
			GTEST_SKIP() << "no network namespace with nf_tables here";
		add("table ip home { chain c { tcp dport 1 drop; }; }", true);
	}
	void TearDown() override {
		for (const NamespaceNow &now : all_)
			close(now.descriptor);
		EXPECT_EQ(setns(before_, CLONE_NEWNET), 0);
		close(before_);
	}
	// A new namespace with this ruleset: the next number.
	size_t add(const std::string &ruleset, bool home = false) {
		EXPECT_EQ(unshare(CLONE_NEWNET), 0);
		NamespaceNow now{.cookie = all_.size() + 1, .home = home};
		now.descriptor = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		all_.push_back(now);
		load(all_.size() - 1, ruleset);
		return all_.size() - 1;
	}
	// Into a namespace, after what it has.
	void load(size_t number, const std::string &ruleset) {
		EXPECT_EQ(setns(all_[number].descriptor, CLONE_NEWNET), 0);
		const std::string file = "/tmp/nft-drops-listings." + std::to_string(getpid());
		std::ofstream(file) << ruleset;
		EXPECT_EQ(system(("nft -f " + file).c_str()), 0) << ruleset.substr(0, 100);
		unlink(file.c_str());
		look(number);
	}
	void look(size_t number) {
		EXPECT_EQ(setns(all_[number].descriptor, CLONE_NEWNET), 0);
		auto query = Query::open();
		ASSERT_TRUE(query);
		all_[number].generation = query->generation().value_or(0);
	}
	Result<void> update(NamespaceListings &listings) {
		EXPECT_EQ(setns(all_[0].descriptor, CLONE_NEWNET), 0);
		return listings.update(all_);
	}
	// The texts of the rules; {"not read"}.
	static std::vector<std::string> texts(const NamespaceListings &listings, size_t number) {
		const ListedRules *listed = listings.of(number + 1);
		if (!listed) return {"not read"};
		std::vector<std::string> all;
		for (const ListedRule &rule : listed->rules())
			all.push_back(rule.text);
		return all;
	}
	static std::string many_rules(unsigned count) {
		std::string text = "table ip large { chain c {\n";
		for (unsigned i = 0; i < count; i++)
			text += "tcp dport " + std::to_string(i % 65536) +
			        " drop comment \"so that a listing takes long\"\n";
		return text + "}\n}\n";
	}

	std::vector<NamespaceNow> all_;
	int before_ = -1;
};

TEST_F(NamespaceListingsTest, EachHasItsRules) {
	const size_t blue = add("table ip blue { chain c { tcp dport 2 drop; tcp dport 3 accept; }; }");
	const size_t empty = add("");
	ASSERT_EQ(all_[empty].generation, 1U) << "nothing was ever committed";
	NamespaceListings listings;
	ASSERT_TRUE(update(listings));
	EXPECT_THAT(texts(listings, 0), ElementsAre("tcp dport 1 drop"));
	EXPECT_THAT(texts(listings, blue), ElementsAre("tcp dport 2 drop", "tcp dport 3 accept"));
	EXPECT_THAT(texts(listings, empty), ElementsAre());

	// Not listed anew where nothing changed: the very same object.
	const ListedRule *kept = listings.of(blue + 1)->rules().data();
	ASSERT_TRUE(update(listings));
	EXPECT_EQ(listings.of(blue + 1)->rules().data(), kept);
	load(blue, "flush ruleset\ntable ip blue { chain c { tcp dport 4 drop; }; }");
	load(empty, "table ip t { chain c { drop; }; }");
	ASSERT_TRUE(update(listings));
	EXPECT_THAT(texts(listings, blue), ElementsAre("tcp dport 4 drop"));
	EXPECT_THAT(texts(listings, empty), ElementsAre("drop"));

	close(all_.back().descriptor);
	all_.pop_back();
	ASSERT_TRUE(update(listings));
	EXPECT_THAT(texts(listings, empty), ElementsAre("not read")) << "the namespace is gone";
}

TEST_F(NamespaceListingsTest, ALargeOneIsReadInTheBackground) {
	const size_t large = add(many_rules(20000));
	const size_t small = add("table ip small { chain c { tcp dport 2 drop; }; }");
	all_[small].dropped = true; // is read first
	NamespaceListings listings({.wait = 0ms});
	// It cannot be ready at once; and what came with the first look is waited for by none.
	ASSERT_TRUE(update(listings));
	EXPECT_THAT(texts(listings, 0), ElementsAre("tcp dport 1 drop")) << "always waited for";
	EXPECT_THAT(texts(listings, large), ElementsAre("not read"));
	for (int i = 0; i < 600 && listings.of(large + 1) == nullptr; i++) {
		std::this_thread::sleep_for(100ms);
		ASSERT_TRUE(update(listings));
	}
	EXPECT_EQ(texts(listings, large).size(), 20000U) << "it was read meanwhile";
	EXPECT_THAT(texts(listings, small), ElementsAre("tcp dport 2 drop"));
}

TEST_F(NamespaceListingsTest, SizesAreBounded) {
	const size_t large = add(many_rules(2000));
	const size_t small = add("table ip small { chain c { tcp dport 2 drop; }; }");
	NamespaceListings by_bytes({.bytes = 10000});
	ASSERT_TRUE(update(by_bytes));
	EXPECT_THAT(texts(by_bytes, large), ElementsAre("not read"));
	EXPECT_THAT(texts(by_bytes, small), ElementsAre("tcp dport 2 drop"));

	NamespaceListings kept({.kept = 10000});
	ASSERT_TRUE(update(kept));
	EXPECT_THAT(texts(kept, large), ElementsAre("not read")) << "the largest is given up";
	EXPECT_THAT(texts(kept, small), ElementsAre("tcp dport 2 drop"));

	NamespaceListings by_memory({.memory = size_t{1} << 16});
	ASSERT_TRUE(update(by_memory)) << "that of `metrics` itself has no such bound";
	EXPECT_THAT(texts(by_memory, large), ElementsAre("not read"));

	// A ruleset that became smaller is tried again at once.
	load(large, "flush ruleset\ntable ip large { chain c { drop; }; }");
	ASSERT_TRUE(update(by_bytes));
	EXPECT_FALSE(by_bytes.of(large + 1)) << "not waited for: it was too large before";
	for (int i = 0; i < 600 && by_bytes.of(large + 1) == nullptr; i++) {
		std::this_thread::sleep_for(100ms);
		ASSERT_TRUE(update(by_bytes));
	}
	EXPECT_THAT(texts(by_bytes, large), ElementsAre("drop"));
}

TEST_F(NamespaceListingsTest, RulesOfIptables) {
	const size_t blue = add("");
	if (system("iptables-nft -A INPUT -m statistic --mode nth --every 2 --packet 0 -j DROP 2>/dev/null") != 0)
		GTEST_SKIP() << "no iptables-nft here";
	look(blue);
	NamespaceListings listings;
	ASSERT_TRUE(update(listings));
	ASSERT_TRUE(listings.of(blue + 1));
	const auto all = texts(listings, blue);
	ASSERT_FALSE(all.empty());
	EXPECT_THAT(all.back(), testing::HasSubstr("drop"));
}

} // namespace
} // namespace nft_drops
