// SPDX-License-Identifier: GPL-2.0-only
// What really goes out is read from the kernel's error messages, which quote the request: nf_tables answers EPERM to
// everybody but root, and root gets an error for a table that does not exist.
#include "nft-ext/ruleset/text/narrow_sendto.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cstring>

namespace nft_drops {
namespace {

class NarrowSendto : public testing::Test {
protected:
	void SetUp() override {
		socket_ = mnl_socket_open2(NETLINK_NETFILTER, SOCK_NONBLOCK);
		if (socket_ == nullptr) GTEST_SKIP() << "no NETLINK_NETFILTER here";
		ASSERT_EQ(mnl_socket_bind(socket_, 0, MNL_SOCKET_AUTOPID), 0);
	}
	void TearDown() override {
		narrow_off();
		if (socket_ != nullptr) mnl_socket_close(socket_);
	}

	// Sends a request as libnftables would and returns the type of the first message that the kernel got.
	int type_sent(uint16_t type, uint16_t flags) {
		alignas(nlmsghdr) std::array<char, 256> buffer{};
		nlmsghdr *message = mnl_nlmsg_put_header(buffer.data());
		message->nlmsg_type = static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
		message->nlmsg_flags = NLM_F_REQUEST | flags;
		message->nlmsg_seq = 42;
		auto *generic = static_cast<nfgenmsg *>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
		generic->nfgen_family = NFPROTO_INET;
		mnl_attr_put_strz(message, 1, "nft-drops-no-such-table"); // NFTA_*_TABLE of all that are used here
		EXPECT_EQ(mnl_socket_sendto(socket_, message, message->nlmsg_len),
		          static_cast<ssize_t>(message->nlmsg_len));
		alignas(nlmsghdr) std::array<char, 4096> answer{};
		if (mnl_socket_recvfrom(socket_, answer.data(), answer.size()) <= 0) return -1;
		const auto *reply = reinterpret_cast<const nlmsghdr *>(answer.data());
		EXPECT_EQ(reply->nlmsg_seq, 42U);
		if (reply->nlmsg_type != NLMSG_ERROR) return -1;
		return static_cast<const nlmsgerr *>(mnl_nlmsg_get_payload(reply))->msg.nlmsg_type;
	}
	static int nft(int type) { return NFNL_SUBSYS_NFTABLES << 8 | type; }

	mnl_socket *socket_ = nullptr;
};

TEST_F(NarrowSendto, IsTheOneThatLibrariesFind) {
	EXPECT_EQ(dlsym(RTLD_DEFAULT, "mnl_socket_sendto"), reinterpret_cast<void *>(&mnl_socket_sendto));
	// libmnl's own is the next one.
	EXPECT_NE(dlsym(RTLD_NEXT, "mnl_socket_sendto"), dlsym(RTLD_DEFAULT, "mnl_socket_sendto"));
}

TEST_F(NarrowSendto, PassesEverythingOnWhileOff) {
	EXPECT_EQ(type_sent(NFT_MSG_GETTABLE, NLM_F_ACK), nft(NFT_MSG_GETTABLE));
}

TEST_F(NarrowSendto, ReplacesDumps) {
	Narrowed narrowed;
	narrowed.chains.get_chain(NFPROTO_INET, "nft-drops-no-such-table", "c");
	narrow_on(narrowed);
	EXPECT_EQ(type_sent(NFT_MSG_GETTABLE, NLM_F_DUMP), NLMSG_NOOP);
	EXPECT_EQ(type_sent(NFT_MSG_GETCHAIN, NLM_F_DUMP), nft(NFT_MSG_GETCHAIN));
	EXPECT_EQ(type_sent(NFT_MSG_GETSET, NLM_F_DUMP), NLMSG_NOOP);
	EXPECT_EQ(type_sent(NFT_MSG_GETFLOWTABLE, NLM_F_DUMP), NLMSG_NOOP);
	EXPECT_EQ(type_sent(NFT_MSG_GETOBJ, NLM_F_DUMP), NLMSG_NOOP);
	EXPECT_EQ(type_sent(NFT_MSG_GETSETELEM, NLM_F_DUMP), NLMSG_NOOP);
	EXPECT_FALSE(narrow_off().as_expected()) << "no rules asked for";
	narrow_on(narrowed);
	for (const uint16_t type : {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETSET, NFT_MSG_GETRULE})
		type_sent(type, NLM_F_DUMP);
	const NarrowSeen seen = narrow_off();
	EXPECT_TRUE(seen.as_expected());
	EXPECT_EQ(seen.runs, 1U);
}

TEST_F(NarrowSendto, PassesOnWhatIsNoDump) {
	narrow_on({});
	EXPECT_EQ(type_sent(NFT_MSG_GETCHAIN, NLM_F_ACK), nft(NFT_MSG_GETCHAIN));
	EXPECT_EQ(narrow_off().chains, 0U);
}

TEST_F(NarrowSendto, GivesUpWhenTheLibraryStartsOverAndOver) {
	narrow_on({});
	alignas(nlmsghdr) std::array<char, 64> buffer{};
	nlmsghdr *message = mnl_nlmsg_put_header(buffer.data());
	message->nlmsg_type = static_cast<uint16_t>(nft(NFT_MSG_GETTABLE));
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg));
	int sent = 0;
	while (sent < 1000 && mnl_socket_sendto(socket_, message, message->nlmsg_len) > 0)
		sent++;
	EXPECT_LT(sent, 1000);
	EXPECT_GE(sent, 16);
	EXPECT_EQ(errno, EIO) << "EINTR would make it start again";
	EXPECT_TRUE(narrow_off().gave_up);
}

} // namespace
} // namespace nft_drops
