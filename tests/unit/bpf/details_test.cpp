// SPDX-License-Identifier: GPL-2.0-only
// bpf/details.h on made-up kernel structures: what the probe tells of a packet's connection, marks and socket.
#include "bpf/shared/details.h"
#include "probe_world.h"

#include <gtest/gtest.h>

#include <cstring>

namespace nft_drops::jit_test {
namespace {

class ProbeDetails : public testing::TestWithParam<Reads> {
protected:
	// Sizes as the kernel has them; places as in no kernel.
	ProbeDetails() {
		w.layout = made_up_layout(GetParam());
		w.layout.match.skb_mark = field_at(220, 4);
		w.layout.match.skb_nfct = field_at(80, 8);
		w.layout.skb_sk = field_at(48, 8);
		w.layout.details = {.ct_status = field_at(24, 8),
		                    .ct_mark = field_at(40, 4),
		                    .sk_uid = field_at(12, 4),
		                    .sk_cookie = field_at(24, 8),
		                    .sk_socket = field_at(56, 8),
		                    .socket_file = field_at(16, 8),
		                    .file_inode = field_at(72, 8),
		                    .inode_number = field_at(88, 8)};
		w.layout.group.sk_state = field_at(5, 1);
		w.layout.group.sk_listener = field_at(64, 8);
		w.layout.group.sk_group = field_at(80, 8);
		w.layout.group.node = field_at(40, 8);
		w.layout.group.node_id = field_at(8, 8);
		w.use_registers(0);
		w.kernel.settings.details = 1;
		w.kernel.settings.path = 1;
		for (const uint64_t address : {ct, sk, listener, socket, file, inode, group, node})
			w.kernel.memory[address] = std::vector<uint8_t>(128, 0xee);
		w.poke(w.skb, w.layout.match.skb_mark, 0x1234);
		w.poke(w.skb, w.layout.match.skb_nfct, ct | 2); // IP_CT_NEW
		w.poke(ct, w.layout.details.ct_status, 0x188);
		w.poke(ct, w.layout.details.ct_mark, 0xab);
		w.poke(w.skb, w.layout.skb_sk, sk);
		make_socket(sk, 1); // TCP_ESTABLISHED
	}
	void make_socket(uint64_t address, uint8_t state) {
		w.poke(address, w.layout.group.sk_state, state);
		w.poke(address, w.layout.details.sk_uid, 33);
		w.poke(address, w.layout.details.sk_cookie, 0xc00c1e);
		w.poke(address, w.layout.details.sk_socket, socket);
		w.poke(socket, w.layout.details.socket_file, file);
		w.poke(file, w.layout.details.file_inode, inode);
		w.poke(inode, w.layout.details.inode_number, 4711);
		w.poke(address, w.layout.group.sk_group, group);
		w.poke(group, w.layout.group.node, node);
		w.poke(node, w.layout.group.node_id, 815);
	}
	nd_details details() {
		w.event();
		const auto *event = reinterpret_cast<const nd_event *>(w.kernel.record.data());
		EXPECT_EQ(w.kernel.record_bytes, sizeof(nd_event) + sizeof(nd_path) + sizeof(nd_details));
		const nd_details *got = nd_details_of(event);
		EXPECT_NE(got, nullptr);
		return got ? *got : nd_details{};
	}

	static constexpr uint64_t ct = 0xffff888000100000, sk = 0xffff888000110000, listener = 0xffff888000120000,
	                          socket = 0xffff888000130000, file = 0xffff888000140000, inode = 0xffff888000150000,
	                          group = 0xffff888000160000, node = 0xffff888000170000;
	ProbeWorld w;
};

INSTANTIATE_TEST_SUITE_P(Layouts, ProbeDetails, testing::ValuesIn(kEveryWay),
                         [](const auto &info) { return name_of(info.param); });

TEST_P(ProbeDetails, Everything) {
	const nd_details d = details();
	EXPECT_EQ(d.known, ND_KNOWN_MARK | ND_KNOWN_CT | ND_KNOWN_CT_ENTRY | ND_KNOWN_CT_MARK | ND_KNOWN_SOCKET |
	                           ND_KNOWN_GROUP);
	EXPECT_EQ(d.mark, 0x1234U);
	EXPECT_EQ(d.ct_info, 2);
	EXPECT_EQ(d.ct_mark, 0xabU);
	EXPECT_EQ(d.ct_status, 0x188U);
	EXPECT_EQ(d.uid, 33U);
	EXPECT_EQ(d.cookie, 0xc00c1eU);
	EXPECT_EQ(d.inode, 4711U);
	EXPECT_EQ(d.group, 815U);
}

TEST_P(ProbeDetails, NoConnectionAndNoSocket) {
	w.poke(w.skb, w.layout.match.skb_nfct, 7); // IP_CT_UNTRACKED
	w.poke(w.skb, w.layout.skb_sk, 0);
	const nd_details d = details();
	EXPECT_EQ(d.known, ND_KNOWN_MARK | ND_KNOWN_CT);
	EXPECT_EQ(d.ct_info, 7);
	EXPECT_EQ(d.uid, 0U);
}

// A struct request_sock belongs to its listener; a struct inet_timewait_sock has no owner.
TEST_P(ProbeDetails, SmallSockets) {
	w.poke(sk, w.layout.details.sk_uid, 77);
	w.poke(sk, w.layout.group.sk_state, 6); // TCP_TIME_WAIT
	EXPECT_EQ(details().known & ND_KNOWN_SOCKET, 0);
	w.kernel.events.clear();
	make_socket(listener, 10);
	w.poke(sk, w.layout.group.sk_state, 12); // TCP_NEW_SYN_RECV
	w.poke(sk, w.layout.group.sk_listener, listener);
	const nd_details d = details();
	EXPECT_NE(d.known & ND_KNOWN_SOCKET, 0);
	EXPECT_EQ(d.uid, 33U);
}

// A socket without a file (of the kernel itself), and a class of net_cls where the group would be.
TEST_P(ProbeDetails, NoFileAndNoGroup) {
	w.poke(sk, w.layout.details.sk_socket, 0);
	w.poke(sk, w.layout.group.sk_group, 0x10001);
	const nd_details d = details();
	EXPECT_EQ(d.known & ND_KNOWN_GROUP, 0);
	EXPECT_NE(d.known & ND_KNOWN_SOCKET, 0);
	EXPECT_EQ(d.inode, 0U);
}

} // namespace
} // namespace nft_drops::jit_test
