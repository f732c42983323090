// SPDX-License-Identifier: GPL-2.0-only
// Which bytes of a packet bpf/capture.h keeps, and in how large a place.
#include "probe_world.h"

#include <cstring>
#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

constexpr uint32_t kNoMacHeader = 0xffff;
constexpr uint64_t kVmemmap = 0xffffea0000000000, kPageOffset = 0xffff888100000000;
constexpr uint64_t kSecondSkb = 0xffff888000e00000, kSecondHead = 0xffff888000e10000;
constexpr uint32_t kEnd = 2048; // skb->end

nd_field plain(int offset, uint8_t size) {
	return {.offset = static_cast<nd_u16>(offset), .size = size, .shift = 0, .bits = 0, .pad = {}};
}

class Captured : public testing::TestWithParam<Reads> {
protected:
	Captured() {
		w.layout = made_up_layout(GetParam());
		nd_match_layout &m = w.layout.match;
		m.skb_end = plain(188, 4);
		m.skb_next = plain(0, 8);
		m.shared_count = plain(2, 1);
		m.shared_list = plain(8, 8);
		m.shared_fragments = plain(48, 8);
		m.fragment_bytes = 16;
		m.fragment_page = plain(0, 8);
		m.fragment_size = plain(8, 4);
		m.fragment_offset = plain(12, 4);
		m.page_shift = 6;
		m.page_bits = 12;
		m.vmemmap = kVmemmap;
		m.page_offset = kPageOffset;
		w.use_registers(0);
		poke_end(w.skb);
		shared(w.head, 0, 0);
	}
	void poke_end(uint64_t skb) { w.poke(skb, w.layout.match.skb_end, kEnd); }
	// How many fragments there are behind these linear bytes, and which skb comes after them.
	void shared(uint64_t head, uint8_t count, uint64_t list) {
		w.poke(head + kEnd, w.layout.match.shared_count, count);
		w.poke(head + kEnd, w.layout.match.shared_list, list);
	}
	// Fragment `number`: `size` bytes at `offset` in page `page`, whose bytes are those of `content`.
	void fragment(uint64_t head, int number, uint64_t page, uint32_t offset, const std::string &content) {
		const nd_match_layout &m = w.layout.match;
		const uint64_t at = head + kEnd + m.shared_fragments.offset + static_cast<uint64_t>(number) * 16;
		w.poke(at, m.fragment_page, kVmemmap + page * 64);
		w.poke(at, m.fragment_size, content.size());
		w.poke(at, m.fragment_offset, offset);
		const uint64_t address = kPageOffset + page * 4096 + offset;
		w.kernel.memory[address] = std::vector<uint8_t>(content.begin(), content.end());
	}
	const nd_capture &capture(uint32_t snaplen) {
		w.kernel.settings.snaplen = snaplen;
		w.kernel.events.clear();
		w.event();
		const auto *event = reinterpret_cast<const nd_event *>(w.kernel.record.data());
		EXPECT_TRUE(event->flags & ND_FLAG_CAPTURE);
		const nd_capture *found = nd_capture_of(event);
		EXPECT_LE(sizeof(nd_event) + sizeof(nd_capture) + found->kept, w.kernel.record_bytes);
		return *found;
	}
	// Bytes of the place behind event and header.
	[[nodiscard]] size_t room() const { return w.kernel.record_bytes - sizeof(nd_event) - sizeof(nd_capture); }
	static std::string bytes(const nd_capture &c) { return {reinterpret_cast<const char *>(c.bytes), c.kept}; }
	// The made-up packet's linear bytes are their own offsets.
	static std::string linear(size_t from, size_t size) {
		std::string s;
		for (size_t i = from; i < from + size; i++)
			s += static_cast<char>(i & 0xff);
		return s;
	}
	static std::string text(char from, size_t size) {
		std::string s;
		for (size_t i = 0; i < size; i++)
			s += static_cast<char>(from + i % 23);
		return s;
	}

	ProbeWorld w;
};

TEST_P(Captured, FromTheLinkHeaderOn) {
	w.packet(64, 64, 50, 200, 0);
	const nd_capture &c = capture(256);
	EXPECT_EQ(c.link_bytes, 14U);
	EXPECT_EQ(c.ifindex, 2U);
	EXPECT_EQ(c.dev_type, 1);
	EXPECT_STREQ(c.ifname, "eth0");
	EXPECT_EQ(bytes(c), linear(50, 214));
	EXPECT_EQ(c.cut, 0);
	// The event itself is what it is without a capture.
	EXPECT_EQ(w.kernel.events[0].length, 200U);
	EXPECT_EQ(w.kernel.events[0].l2_len, 14);
	EXPECT_STREQ(w.kernel.events[0].base_chain, "input");
}

TEST_P(Captured, InClassesOfSize) {
	const struct {
		uint32_t snaplen, len;
		size_t room, kept;
	} cases[] = {
	        {1, 200, 8, 1},       {64, 40, 64, 54},           {64, 200, 64, 64},        {65, 40, 64, 54},
	        {65, 200, 72, 65},    {256, 50, 64, 64},          {256, 51, 256, 65},       {256, 1000, 256, 256},
	        {1514, 30, 64, 44},   {1514, 200, 256, 214},      {1514, 1000, 1024, 1014}, {1514, 1100, 1520, 1114},
	        {262144, 30, 64, 44}, {262144, 1500, 4096, 1514}, {2000, 1900, 2000, 1914},
	};
	for (const auto &one : cases) {
		SCOPED_TRACE(std::to_string(one.snaplen) + " of " + std::to_string(one.len));
		w.packet(64, 64, 50, one.len, 0);
		const nd_capture &c = capture(one.snaplen);
		EXPECT_EQ(room(), one.room);
		EXPECT_EQ(bytes(c), linear(50, one.kept));
		EXPECT_EQ(c.cut, 0);
	}
}

// 65,535 bytes of IP behind a link header do not take the place of 262,144 bytes.
TEST_P(Captured, TheLargestIpPacketHasAClassOfItsOwn) {
	w.packet(64, 64, 50, 65535, 65535 - 100);
	capture(262144);
	EXPECT_EQ(room(), 65792U + 65792 / 4);
	w.packet(64, 64, 50, 65800, 65800 - 100);
	capture(262144);
	EXPECT_EQ(room(), 262144U + 262144 / 4);
}

TEST_P(Captured, WithoutALinkHeader) {
	w.packet(64, 64, kNoMacHeader, 100, 0);
	EXPECT_EQ(capture(256).link_bytes, 0U);
	EXPECT_EQ(bytes(capture(256)), linear(64, 100));
	// arp's output hook: skb->data is at a link header that skb->mac_header does not name.
	w.packet(50, 64, kNoMacHeader, 42, 0);
	EXPECT_EQ(capture(256).link_bytes, 14U);
	EXPECT_EQ(bytes(capture(256)), linear(50, 42));
	// Egress.
	w.packet(50, 64, 50, 114, 0);
	EXPECT_EQ(capture(256).link_bytes, 14U);
	EXPECT_EQ(bytes(capture(256)), linear(50, 114));
	// skb->data behind the network header.
	w.packet(84, 64, 50, 80, 0);
	EXPECT_EQ(bytes(capture(256)), linear(50, 114));
}

TEST_P(Captured, OnIpsHooksTheLinkHeaderIsTheFirstDevices) {
	w.poke(w.skb, w.layout.skb_dev, w.out);
	EXPECT_STREQ(capture(256).ifname, "eth0");
	EXPECT_EQ(capture(256).ifindex, 2U);
	w.poke(w.state, w.layout.state_pf, 7); // bridge
	EXPECT_STREQ(capture(256).ifname, "wlan0");
	EXPECT_EQ(capture(256).dev_type, 801);
	// A bridge's input hook: skb->dev is the bridge, and there is no device to leave by.
	w.poke(w.state, w.layout.state_out, 0);
	EXPECT_STREQ(capture(256).ifname, "eth0");
	w.poke(w.state, w.layout.state_in, 0);
	EXPECT_STREQ(capture(256).ifname, "wlan0");
	w.poke(w.skb, w.layout.skb_dev, 0);
	EXPECT_EQ(capture(256).ifindex, 0U);
}

TEST_P(Captured, PageFragments) {
	fragment(w.head, 0, 7, 100, text('a', 300));
	fragment(w.head, 1, 3, 0, text('A', 1));
	fragment(w.head, 2, 9, 4000, text('0', 2000)); // a compound page
	shared(w.head, 3, 0);
	w.packet(64, 64, 50, 100 + 2301, 2301);
	const std::string all = linear(50, 114) + text('a', 300) + text('A', 1) + text('0', 2000);
	for (const uint32_t snaplen :
	     {1, 14, 113, 114, 115, 200, 256, 414, 415, 416, 417, 1514, 2414, 2415, 2416, 65536, 262144}) {
		SCOPED_TRACE(snaplen);
		const nd_capture &c = capture(snaplen);
		EXPECT_EQ(bytes(c), all.substr(0, snaplen));
		EXPECT_EQ(c.cut, 0);
	}
}

TEST_P(Captured, AListOfSkbs) {
	fragment(w.head, 0, 7, 100, text('a', 30));
	shared(w.head, 1, kSecondSkb);
	w.kernel.memory[kSecondSkb] = std::vector<uint8_t>(256, 0xee);
	w.kernel.memory[kSecondHead] = std::vector<uint8_t>(4096);
	w.poke(kSecondSkb, w.layout.skb_head, kSecondHead);
	w.poke(kSecondSkb, w.layout.skb_data, kSecondHead + 10);
	w.poke(kSecondSkb, w.layout.skb_len, 70);
	w.poke(kSecondSkb, w.layout.skb_data_len, 40);
	w.poke(kSecondSkb, w.layout.match.skb_next, 0);
	w.poke(kSecondHead + 10, text('p', 30));
	poke_end(kSecondSkb);
	shared(kSecondHead, 1, 0);
	fragment(kSecondHead, 0, 5, 0, text('A', 40));
	w.packet(64, 64, 50, 100 + 100, 100);
	const nd_capture &c = capture(1514);
	EXPECT_EQ(bytes(c), linear(50, 114) + text('a', 30) + text('p', 30) + text('A', 40));
	EXPECT_EQ(c.cut, 0);
	// A list within the list is not followed: what it holds stands before what comes next.
	shared(kSecondHead, 1, kSecondSkb);
	EXPECT_EQ(bytes(capture(1514)), linear(50, 114) + text('a', 30));
	EXPECT_EQ(capture(1514).cut, 1);
}

TEST_P(Captured, WhatCannotBeReadIsCut) {
	fragment(w.head, 0, 7, 100, text('a', 300));
	fragment(w.head, 1, 8, 0, text('b', 300));
	shared(w.head, 2, 0);
	w.packet(64, 64, 50, 100 + 600, 600);
	// The second page is not there.
	w.kernel.memory.erase(kPageOffset + 8 * 4096);
	EXPECT_EQ(bytes(capture(1514)), linear(50, 114) + text('a', 300));
	EXPECT_EQ(capture(1514).cut, 1);
	EXPECT_EQ(capture(256).cut, 0);
	// Memory of a device (netmem_is_net_iov()).
	w.poke(w.head + kEnd + 48, 8, kVmemmap + 7 * 64 + 1);
	EXPECT_EQ(bytes(capture(1514)), linear(50, 114));
	EXPECT_EQ(capture(1514).cut, 1);
	// The fragments end before the packet does.
	shared(w.head, 0, 0);
	EXPECT_EQ(bytes(capture(1514)), linear(50, 114));
	EXPECT_EQ(capture(1514).cut, 1);
	// A kernel whose pages cannot be found.
	shared(w.head, 2, 0);
	w.layout.match.page_bits = 0;
	EXPECT_EQ(bytes(capture(1514)), linear(50, 114));
	EXPECT_EQ(capture(1514).cut, 1);
}

TEST_P(Captured, LengthsThatLie) {
	for (const auto &[data, network, mac, len, data_len] : {std::array<uint32_t, 5>{64, 64, 50, 10, 4000},
	                                                        {64, 64, 50, 0xffffffff, 0},
	                                                        {64, 64, 50, 0x80000000, 0x7fffffff},
	                                                        {64, 10, 60000, 100, 0},
	                                                        {60000, 64, 50, 100, 0},
	                                                        {0, 65534, 0, 100, 0},
	                                                        {64, 64, 50, 0, 0}}) {
		w.packet(data, network, mac, len, data_len);
		for (const uint32_t snaplen : {1U, 256U, 262144U})
			capture(snaplen);
	}
}

// A program that interrupted another one on this processor leaves that one's notes alone.
TEST_P(Captured, AnInterruptedProgramKeepsItsNotes) {
	w.packet(64, 64, 50, 200, 0);
	capture(256);
	EXPECT_EQ(w.kernel.here.extent.busy, 0U);
	w.kernel.here.extent = {};
	w.kernel.here.extent.busy = 1;
	const nd_extent before = w.kernel.here.extent;
	w.kernel.events.clear();
	w.event();
	EXPECT_FALSE(w.kernel.events.at(0).flags & ND_FLAG_CAPTURE);
	EXPECT_EQ(w.kernel.record_bytes, sizeof(nd_event));
	EXPECT_EQ(memcmp(&before, &w.kernel.here.extent, sizeof(before)), 0);
	// A full ring leaves no notes behind.
	w.kernel.here.extent.busy = 0;
	w.kernel.ring_full = true;
	w.run();
	EXPECT_EQ(w.kernel.here.extent.busy, 0U);
	w.kernel.ring_full = false;
	capture(256);
}

INSTANTIATE_TEST_SUITE_P(Reads, Captured, testing::ValuesIn(kEveryWay),
                         [](const auto &info) { return name_of(info.param); });

} // namespace
} // namespace nft_drops::jit_test
