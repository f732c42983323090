// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/capture/format.h"

#include "tests/pcapng/reader.h"
#include "tshark.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace nft_drops::test {
namespace {

using pcapng::Direction;
using pcapng_test::Capture;
using pcapng_test::read_capture;

constexpr uint64_t kTime = 1'795'210'811'482'113'007; // 2026-11-20 21:40:11.482113007 UTC

std::string section_and_interface(uint32_t snaplen = 262144) {
	std::string out;
	pcapng::append_section(out, "nft-drops 0.1.0", "Linux 6.12.9");
	pcapng::append_interface(out, {"veth0", "network namespace blue", 1, snaplen});
	return out;
}

pcapng::PacketBlock packet(std::span<const uint8_t> bytes, std::string_view comment = {}) {
	pcapng::PacketBlock block;
	block.time_ns = kTime;
	block.pieces = {bytes};
	block.original_length = static_cast<uint32_t>(bytes.size());
	block.comment = comment;
	return block;
}

TEST(PcapngFormat, SectionAndInterface) {
	const Capture read = read_capture(section_and_interface(256));
	EXPECT_EQ(read.error, "");
	EXPECT_EQ(read.application, "nft-drops 0.1.0");
	EXPECT_EQ(read.system, "Linux 6.12.9");
	ASSERT_EQ(read.interfaces.size(), 1U);
	EXPECT_EQ(read.interfaces[0].name, "veth0");
	EXPECT_EQ(read.interfaces[0].description, "network namespace blue");
	EXPECT_EQ(read.interfaces[0].link_type, 1);
	EXPECT_EQ(read.interfaces[0].snaplen, 256U);
	EXPECT_EQ(read.interfaces[0].resolution, 9);
}

TEST(PcapngFormat, EveryLengthIsPadded) {
	const std::vector<uint8_t> bytes(70, 0xa5);
	for (size_t size = 0; size <= bytes.size(); size++) {
		for (size_t first = 0; first <= std::min<size_t>(size, 5); first++) {
			std::string file = section_and_interface();
			const std::string comment(size % 9, 'c');
			auto block = packet({}, comment);
			block.pieces = {std::span(bytes).first(first), std::span(bytes).first(0),
			                std::span(bytes).subspan(first, size - first)};
			block.original_length = 1000;
			block.direction = Direction::kOutbound;
			append_packet(file, block);
			append_packet(file, block);
			const Capture read = read_capture(file);
			ASSERT_EQ(read.error, "") << size;
			ASSERT_EQ(read.packets.size(), 2U) << size;
			EXPECT_EQ(read.packets[1].bytes, std::string(size, '\xa5'));
			EXPECT_EQ(read.packets[1].original_length, 1000U);
			EXPECT_EQ(read.packets[1].time, kTime);
			EXPECT_EQ(read.packets[1].flags, 2U);
			EXPECT_EQ(read.packets[1].comment.value_or(""), std::string(size % 9, 'c'));
		}
	}
}

TEST(PcapngFormat, CommentsOfAnyBytesAreUtf8) {
	std::string all;
	for (int c = 0; c < 256; c++)
		all += static_cast<char>(c);
	std::string file = section_and_interface();
	append_packet(file, packet({}, all));
	append_packet(file, packet({}, "gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x94\xa5 \"quoted\""));
	const Capture read = read_capture(file);
	ASSERT_EQ(read.error, "");
	ASSERT_EQ(read.packets.size(), 2U);
	EXPECT_NE(read.packets[0].comment->find("\\x00\\x01"), std::string::npos);
	EXPECT_NE(read.packets[0].comment->find("\\xff"), std::string::npos);
	EXPECT_EQ(*read.packets[1].comment, "gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x94\xa5 \"quoted\"");
}

TEST(PcapngFormat, CommentsAreCutToWholeCharacters) {
	for (size_t before = 65530; before <= 65536; before++) {
		std::string file = section_and_interface();
		append_packet(file, packet({}, std::string(before, 'x') + "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"));
		append_packet(file, packet({}, std::string(before, '\x01')));
		const Capture read = read_capture(file);
		ASSERT_EQ(read.error, "") << before;
		const size_t expected = before > 65535 ? 65535 : before + (65535 - before) / 3 * 3;
		EXPECT_EQ(read.packets[0].comment->size(), std::min<size_t>(expected, before + 9)) << before;
		EXPECT_LE(read.packets[1].comment->size(), 65535U);
		EXPECT_GE(read.packets[1].comment->size(), 65532U);
	}
}

TEST(PcapngFormat, Statistics) {
	std::string file = section_and_interface();
	pcapng::append_statistics(file, {.interface = 0,
	                                 .begin_ns = kTime,
	                                 .end_ns = kTime + 5'000'000'000,
	                                 .delivered = 7,
	                                 .dropped = 5'000'000'000,
	                                 .comment = "lost"});
	const Capture read = read_capture(file);
	ASSERT_EQ(read.error, "");
	ASSERT_EQ(read.statistics.size(), 1U);
	EXPECT_EQ(read.statistics[0].begin, kTime);
	EXPECT_EQ(read.statistics[0].end, kTime + 5'000'000'000);
	EXPECT_EQ(read.statistics[0].delivered, 7U);
	EXPECT_EQ(read.statistics[0].dropped, 5'000'000'000U);
	EXPECT_EQ(read.statistics[0].comment, "lost");
}

TEST(PcapngFormat, WiresharkReadsIt) {
	if (!has_tshark()) GTEST_SKIP() << "no tshark and capinfos here";
	const std::vector<uint8_t> frame(60, 0);
	std::string file = section_and_interface();
	auto block = packet(frame, "inet filter input handle 7 \"tcp dport 22 drop comment \\\"\xff\xc3\xbc\\\"\"");
	block.direction = Direction::kInbound;
	block.original_length = 1514;
	append_packet(file, block);
	pcapng::append_statistics(
	        file,
	        {.interface = 0, .begin_ns = kTime, .end_ns = kTime + 1, .delivered = 1, .dropped = 42, .comment = ""});

	const Told fields = show(file, "tshark -r",
	                         "-T fields -E separator='|' -e frame.time_epoch -e frame.len -e frame.cap_len -e "
	                         "frame.interface_name -e frame.interface_description -e frame.encap_type -e "
	                         "frame.packet_flags_direction");
	EXPECT_EQ(fields.status, 0) << fields.text;
	EXPECT_EQ(fields.text, "1795210811.482113007|1514|60|veth0|network namespace blue|1|0x00000001\n");
	// Since 4.2 tshark writes backslashes in fields twice.
	const Told comment = show(file, "tshark -r", "-T json -e frame.comment");
	EXPECT_EQ(nlohmann::json::parse(comment.text)[0]["_source"]["layers"]["frame.comment"][0],
	          "inet filter input handle 7 \"tcp dport 22 drop comment \\\"\\xff\xc3\xbc\\\"\"");
	const Told infos = show(file, "capinfos");
	EXPECT_EQ(infos.status, 0) << infos.text;
	EXPECT_NE(infos.text.find("Number of packets:   1"), std::string::npos) << infos.text;
	EXPECT_NE(infos.text.find("Capture application: nft-drops 0.1.0"), std::string::npos) << infos.text;
	EXPECT_NE(infos.text.find("File timestamp precision:  nanoseconds (9)"), std::string::npos) << infos.text;
}

TEST(PcapngFormat, WiresharkReadsWhatIsNotWholeUpToThere) {
	if (!has_tshark()) GTEST_SKIP() << "no tshark and capinfos here";
	const std::vector<uint8_t> frame(60, 0);
	std::string file = section_and_interface();
	append_packet(file, packet(frame, "first"));
	const size_t whole = file.size();
	append_packet(file, packet(frame, "second"));
	EXPECT_EQ(show(file.substr(0, whole), "tshark -r", "-T fields -e frame.comment").text, "first\n");
	// A writer that is killed within write(2).
	const Told cut = show(file.substr(0, whole + 20), "tshark -r", "-T fields -e frame.comment");
	EXPECT_EQ(cut.text, "first\n");
	const Capture read = read_capture(std::string_view(file).substr(0, whole + 20));
	EXPECT_EQ(read.error, "");
	EXPECT_EQ(read.left_over, 20U);
	EXPECT_EQ(read.packets.size(), 1U);
}

} // namespace
} // namespace nft_drops::test
