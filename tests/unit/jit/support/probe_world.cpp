// SPDX-License-Identifier: GPL-2.0-only
#include "probe_world.h"

#include <cstring>
#include <gtest/gtest.h>

namespace nft_drops::jit_test {

std::string name_of(Reads reads) {
	switch (reads) {
	case Reads::kMembers:
		return "Members";
	case Reads::kBlocks:
		return "Blocks";
	case Reads::kLoads:
		return "Loads";
	}
	return {};
}

nd_layout made_up_layout(Reads reads) {
	nd_layout l{};
	const auto plain = [](int offset, uint8_t size) {
		return nd_field{.offset = static_cast<nd_u16>(offset), .size = size, .shift = 0, .bits = 0, .pad = {}};
	};
	const auto bits = [](int offset, uint8_t size, uint8_t shift, uint8_t count) {
		return nd_field{
		        .offset = static_cast<nd_u16>(offset), .size = size, .shift = shift, .bits = count, .pad = {}};
	};
	l.rule_handle = bits(0, 8, 13, 42);
	l.pkt_skb = plain(24, 8);
	l.pkt_state = plain(40, 8);
	l.state_hook = plain(3, 1);
	l.state_pf = plain(5, 1);
	l.state_in = plain(16, 8);
	l.state_out = plain(32, 8);
	l.state_net = plain(48, 8);
	l.net_inum = plain(0x174, 4);
	l.net_gen = plain(0x218, 8);
	l.pernet_base_seq = plain(0x84, 4);
	l.pernet_id = 11;
	l.skb_len = plain(112, 4);
	l.skb_data_len = plain(116, 4);
	l.skb_vlan_present = bits(129, 1, 3, 1);
	l.skb_vlan_proto = plain(152, 2);
	l.skb_vlan_tci = plain(154, 2);
	l.skb_protocol = plain(170, 2);
	l.skb_network_header = plain(174, 2);
	l.skb_mac_header = plain(176, 2);
	l.skb_head = plain(192, 8);
	l.skb_data = plain(208, 8);
	l.skb_dev = plain(16, 8); // far from the rest, so read by itself
	l.dev_name = plain(8, 1);
	l.dev_ifindex = plain(232, 4);
	l.dev_type = plain(516, 2);
	l.base_policy = plain(-40, 1);
	l.chain_table = plain(64, 8);
	l.chain_handle = plain(80, 8);
	l.chain_genmask = bits(97, 1, 6, 2);
	l.chain_name = plain(104, 8);
	l.table_handle = plain(48, 8);
	l.table_family = bits(58, 2, 2, 6);
	l.table_name = plain(168, 8);
	l.chain_in_base = 152;
	l.bridge = {.skb_active = plain(130, 1),
	            .skb_extensions = plain(216, 8), // behind the block
	            .extension_at = plain(5, 1),
	            .physin = plain(8, 4),
	            .physout = plain(16, 8),
	            .id = 1};
	if (reads == Reads::kLoads) l.cast = {.function = 4711, .type = 815, .offset = 24, .size = ND_SKB_BLOCK_BYTES};
	if (reads != Reads::kMembers) {
		l.pkt = {24, 24};
		l.state = {0, 56};
		l.skb = {112, 104};
		l.chain = {64, 48};
		l.table = {48, 16};
	}
	return l;
}

ProbeWorld::ProbeWorld() {
	const auto map = [this](uint64_t address, size_t size) {
		kernel.memory[address] = std::vector<uint8_t>(size, 0xee);
	};
	map(pkt, 64);
	map(state, 64);
	map(net, 0x300);
	map(skb, 256);
	map(in, 600);
	map(out, 600);
	map(base - 0x100, 0x200);
	map(table, 200);
	map(rule, 64);
	map(head, 4096);
	map(names, 1024);
	map(stack, 512);
	map(pernet_slots, 256);
	map(pernet, 256);

	poke(pkt, layout.pkt_skb, skb);
	poke(pkt, layout.pkt_state, state);
	poke(state, layout.state_hook, 1);
	poke(state, layout.state_pf, 2);
	poke(state, layout.state_in, in);
	poke(state, layout.state_out, out);
	poke(state, layout.state_net, net);
	poke(net, layout.net_inum, 4026531840);
	poke(net, layout.net_gen, pernet_slots);
	poke(pernet_slots + 8 * 11, 8, pernet);
	poke(pernet, layout.pernet_base_seq, 77);
	poke(in, std::string_view("\xee\xee\xee\xee\xee\xee\xee\xee"
	                          "eth0\0\0\0\0\0\0\0\0\0\0\0\0",
	                          24));
	poke(in, layout.dev_ifindex, 2);
	poke(in, layout.dev_type, 1);
	poke(out, std::string_view("\xee\xee\xee\xee\xee\xee\xee\xee"
	                           "wlan0\0\0\0\0\0\0\0\0\0\0\0",
	                           24));
	poke(out, layout.dev_ifindex, 300);
	poke(out, layout.dev_type, 801);
	poke(base, layout.base_policy, 0);
	poke(base, layout.chain_table, table);
	poke(base, layout.chain_handle, 0x1122334455);
	poke(base, layout.chain_name, names);
	poke(base, layout.chain_genmask, 0);
	poke(table, layout.table_handle, 0x99887766);
	poke(table, layout.table_family, 1);
	poke(table, layout.table_name, names + 512);
	poke(names, std::string_view("input\0", 6));
	poke(names + 512, std::string_view("filter\0", 7));
	poke(rule, layout.rule_handle, 0x2a987654321);
	poke(skb, layout.skb_dev, in);
	poke(skb, layout.skb_vlan_present, 0);
	poke(skb, layout.bridge.skb_active, 0xfd);        // all extensions but a bridge's
	poke(skb + 170, std::string_view("\x08\x00", 2)); // network byte order
	poke(skb, layout.skb_head, head);
	for (uint64_t i = 0; i < 4096; i++)
		poke(head + i, 1, i & 0xff);
	packet(64, 64, 50, 200, 0);
	reg(kAtRsp) = stack;
	kernel.time_ns = 123456789012345;
	kernel.cpu = 3;
}

void ProbeWorld::poke(uint64_t address, std::string_view bytes) {
	auto after = kernel.memory.upper_bound(address);
	ASSERT_NE(after, kernel.memory.begin());
	auto &[at, region] = *std::prev(after);
	ASSERT_LE(address - at + bytes.size(), region.size());
	memcpy(region.data() + (address - at), bytes.data(), bytes.size());
}

void ProbeWorld::poke(uint64_t address, size_t size, uint64_t value) {
	poke(address, std::string_view(reinterpret_cast<const char *>(&value), size));
}

void ProbeWorld::poke(uint64_t base_address, const nd_field &f, uint64_t value) {
	const uint64_t at = base_address + static_cast<uint64_t>(int64_t{static_cast<int16_t>(f.offset)});
	// What surrounds a bit-field is all ones.
	if (f.bits) value = (value << f.shift) | ~(((uint64_t{1} << f.bits) - 1) << f.shift);
	poke(at, f.size, value);
}

void ProbeWorld::put(const nd_locator &at, uint64_t value) {
	if (at.where == ND_WHERE_REGISTER)
		reg(at.offset) = value;
	else
		poke(stack + static_cast<uint64_t>(at.offset), 8, value);
}

namespace {

// Without test and cause; nothing is known of path and expression.
nd_site site_of(nd_locator pkt, nd_locator rule, nd_locator base, nd_locator verdict, uint32_t index) {
	return {.pkt = pkt,
	        .rule = rule,
	        .base = base,
	        .verdict = verdict,
	        .retval = {},
	        .expr = {},
	        .stack = {},
	        .stack_pointer = kAtRsp,
	        .test = ND_TEST_NONE,
	        .cause = 0,
	        .index = index,
	        .program_counter = 0,
	        .counter_bits = 0,
	        .program = index};
}

} // namespace

nd_site site_on_stack() {
	return site_of(on_stack(0), on_stack(0x100), on_stack(0x200), on_stack(0x304), 0);
}

void ProbeWorld::use_registers(uint32_t verdict) {
	site = site_of(in_register(kAtR15), in_register(kAtR14), in_register(kAtR13), in_register(kAtR12), 5);
	put(site.pkt, pkt);
	put(site.rule, rule);
	put(site.base, base);
	// Only 32 bits of the place are the verdict.
	put(site.verdict, 0xdeadbeef00000000 | verdict);
}

void ProbeWorld::packet(uint32_t data, uint32_t network_header, uint32_t mac_header, uint32_t len, uint32_t data_len) {
	poke(skb, layout.skb_data, head + data);
	poke(skb, layout.skb_network_header, network_header);
	poke(skb, layout.skb_mac_header, mac_header);
	poke(skb, layout.skb_len, len);
	poke(skb, layout.skb_data_len, data_len);
}

int ProbeWorld::run() {
	const bool same = memcmp(&layout, &for_layout_, sizeof(layout)) == 0 &&
	                  memcmp(&site, &for_site_, sizeof(site)) == 0 && kernel.wanted_netns == for_netns_ &&
	                  kernel.netns_held == for_held_ && kernel.settings.snaplen == for_snaplen_;
	if (!probe_ || !same) {
		probe_ = std::make_unique<NativeProbe>(layout, std::span(&site, 1));
		for_layout_ = layout;
		for_site_ = site;
		for_netns_ = kernel.wanted_netns;
		for_held_ = kernel.netns_held;
		for_snaplen_ = kernel.settings.snaplen;
	}
	return probe_->run(0, regs);
}

const nd_event &ProbeWorld::event() {
	static const nd_event none{};
	EXPECT_EQ(run(), 0);
	EXPECT_FALSE(kernel.bad_call);
	EXPECT_FALSE(kernel.overrun);
	EXPECT_EQ(kernel.reserved, 0);
	EXPECT_EQ(kernel.events.size(), 1U);
	return kernel.events.size() == 1 ? kernel.events[0] : none;
}

} // namespace nft_drops::jit_test
