// SPDX-License-Identifier: GPL-2.0-only
// A kept probe is used for exactly what it was compiled for: another filter's probe would show other drops.
#include "bpf/objects.h"
#include "jit/compile/compile.h"
#include "jit/start/kept_objects.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

namespace nft_drops::jit_test {
namespace {

namespace fs = std::filesystem;
using namespace jit;

class KeptObjects : public testing::Test {
protected:
	void SetUp() override { ASSERT_NE(mkdtemp(folder_.data()), nullptr); }
	void TearDown() override { fs::remove_all(folder_); }

	std::vector<char> make(const Filter &filter, const nd_settings &settings) const {
		const nd_site site{};
		auto object = kept_or_compiled(layout_, std::span(&site, 1), settings,
		                               bpf::probe_bitcode(layout_, settings), filter, folder_);
		EXPECT_TRUE(object.has_value()) << object.error().message();
		return object ? *object : std::vector<char>();
	}
	// Each file as it was stored: a file that is stored again has another inode.
	[[nodiscard]] std::set<ino_t> stored() const {
		std::set<ino_t> all;
		for (const auto &entry : fs::directory_iterator(folder_)) {
			struct stat s{};
			EXPECT_EQ(stat(entry.path().c_str(), &s), 0);
			all.insert(s.st_ino);
		}
		return all;
	}

	std::string folder_ = "/tmp/kept_objects.XXXXXX";
	nd_layout layout_{};
};

Filter first_byte_is(uint8_t value) {
	return {{{NFPROTO_INET,
	          {MatchPayload{NFT_PAYLOAD_NETWORK_HEADER, 0, 1, 0}, MatchCompare{0, NFT_CMP_EQ, {value}}}}},
	        {}};
}

TEST_F(KeptObjects, EachFilterHasItsOwn) {
	const auto plain = [](nd_u16 offset, nd_u8 size) {
		return nd_field{.offset = offset, .size = size, .shift = 0, .bits = 0, .pad = {}};
	};
	layout_.match.pkt_flags = layout_.match.pkt_tprot = layout_.match.pkt_fragoff = layout_.match.pkt_thoff =
	        plain(16, 1);
	layout_.pkt_skb = layout_.skb_head = layout_.chain_table = plain(0, 8);
	layout_.pkt_state = layout_.skb_data = plain(8, 8);
	layout_.table_family = plain(0, 1);
	layout_.skb_len = plain(16, 4);
	layout_.skb_protocol = layout_.skb_network_header = plain(20, 2);
	nd_settings with{};
	with.filter = 1;
	nd_settings with_path = with;
	with_path.path = 1;
	const auto four = make(first_byte_is(4), with);
	const auto six = make(first_byte_is(6), with);
	const auto both = make({first_byte_is(4).match, {{.code = 6, .if_true = 0, .if_false = 0, .k = 1}}}, with);
	const auto four_with_path = make(first_byte_is(4), with_path);
	const auto without = make({}, {});
	const auto all = stored();
	EXPECT_EQ(all.size(), 5U);
	EXPECT_EQ((std::set{four, six, both, four_with_path, without}.size()), 5U);
	// From the files alone, and the same as compiled anew.
	EXPECT_EQ(make(first_byte_is(4), with), four);
	EXPECT_EQ(make(first_byte_is(6), with), six);
	EXPECT_EQ(make({}, {}), without);
	EXPECT_EQ(stored(), all);
	const nd_site site{};
	const auto code = bpf::probe_bitcode(layout_, with);
	EXPECT_EQ(compile_probe(layout_, std::span(&site, 1), with, code, first_byte_is(6)), six);
}

} // namespace
} // namespace nft_drops::jit_test
