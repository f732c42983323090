// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/wire.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace nft_drops {
namespace {

TEST(Wire, RepliesSurvive) {
	const Attribution answer{.family = "inet",
	                         .table = std::string("a\0b", 3),
	                         .table_handle = 1ULL << 40,
	                         .chain = "c\n",
	                         .chain_handle = 3,
	                         .base_chain = "",
	                         .priority = -150,
	                         .text = "drop # handle 7",
	                         .known = true,
	                         .from_ns = 5,
	                         .until_ns = 6};
	const auto answered = unpack(pack(Attributed{answer, JumpPath{{"c", 4, "d"}}}));
	ASSERT_TRUE(answered && std::holds_alternative<Attributed>(*answered));
	const auto &path = std::get<Attributed>(*answered).path;
	ASSERT_TRUE(path && path->size() == 1);
	EXPECT_EQ(path->front().handle, 4U);
	EXPECT_EQ(path->front().target, "d");
	const auto &got = std::get<Attributed>(*answered).attribution;
	EXPECT_EQ(got.family, answer.family);
	EXPECT_EQ(got.table, answer.table);
	EXPECT_EQ(got.table_handle, answer.table_handle);
	EXPECT_EQ(got.chain, answer.chain);
	EXPECT_EQ(got.chain_handle, answer.chain_handle);
	EXPECT_EQ(got.base_chain, answer.base_chain);
	EXPECT_EQ(got.priority, answer.priority);
	EXPECT_EQ(got.text, answer.text);
	EXPECT_TRUE(got.known);
	EXPECT_EQ(got.from_ns, answer.from_ns);
	EXPECT_EQ(got.until_ns, answer.until_ns);

	Attributed detailed{answer, {}};
	detailed.attribution.owner_socket = 77;
	Details &details = detailed.details.emplace();
	details.seen.mark = 5;
	ElementFound &element = details.elements.emplace_back();
	element.set = "s";
	element.key = "k";
	element.comment = "c\n";
	element.verdict = "drop";
	element.timeout_ms = 1ULL << 40;
	element.expires_ms = 3;
	details.elements.emplace_back().unknown = "changed since";
	details.hook = HookOrder{.entries = {{HookEntry::Kind::kProgram, -5, "bpf"}}, .dropper = 0};
	details.socket_sought = true;
	details.socket = SocketFound{.cookie = 1, .inode = 2, .group = 3, .uid = 4};
	const std::string packed = pack(detailed);
	const auto unpacked = unpack(packed);
	ASSERT_TRUE(unpacked && std::holds_alternative<Attributed>(*unpacked));
	EXPECT_EQ(std::get<Attributed>(*unpacked).attribution.owner_socket, 77U);
	const auto &told = std::get<Attributed>(*unpacked).details;
	ASSERT_TRUE(told && told->elements.size() == 2 && told->hook && told->socket);
	EXPECT_EQ(told->seen.mark, 5U);
	EXPECT_EQ(told->elements[0].comment, "c\n");
	EXPECT_EQ(told->elements[0].timeout_ms, 1ULL << 40);
	EXPECT_EQ(told->elements[0].expires_ms, 3U);
	EXPECT_EQ(told->elements[1].unknown, "changed since");
	EXPECT_EQ(told->hook->entries, details.hook->entries);
	EXPECT_EQ(told->socket->group, 3U);
	EXPECT_EQ(told->socket->uid, 4U);
	for (size_t length = 0; length < packed.size(); length++)
		EXPECT_FALSE(unpack(std::string_view(packed).substr(0, length))) << length;

	const auto failed = unpack(pack(Error{"what", "why", "next", Blame::kMachine}));
	ASSERT_TRUE(failed && std::holds_alternative<Error>(*failed));
	EXPECT_EQ(std::get<Error>(*failed).message(), "what: why; next");
	EXPECT_EQ(std::get<Error>(*failed).exit_status(), 2);

	const auto ready = unpack(pack(Ready{1, 2, 3, true}));
	ASSERT_TRUE(ready && std::holds_alternative<Ready>(*ready));
	EXPECT_EQ(std::get<Ready>(*ready).rules, 2U);
	EXPECT_EQ(std::get<Ready>(*ready).generation, 3U);
	EXPECT_TRUE(std::get<Ready>(*ready).narrow);
}

TEST(Wire, WhatIsNoReplyIsRefused) {
	const std::string whole =
	        pack(Attributed{{.family = "inet", .table = "t", .chain = "c", .base_chain = "c", .text = "drop"}, {}});
	for (size_t length = 0; length < whole.size(); length++)
		EXPECT_FALSE(unpack(std::string_view(whole).substr(0, length))) << length;
	EXPECT_FALSE(unpack(whole + "x"));
	EXPECT_FALSE(unpack("\x7f"));
}

class Pair : public testing::Test {
protected:
	void SetUp() override { ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends_.data()), 0); }
	void TearDown() override {
		for (const int end : ends_)
			if (end >= 0) close(end);
	}
	std::array<int, 2> ends_{-1, -1};
};

TEST_F(Pair, MessagesOfAnyLength) {
	for (const size_t length : {0UL, 1UL, 65527UL, 65528UL, 65529UL, 131064UL, 3000000UL}) {
		std::string message(length, '\0');
		for (size_t i = 0; i < length; i++)
			message[i] = static_cast<char>(i * 7);
		std::thread sender([&] { EXPECT_TRUE(send_message(ends_[0], message)); });
		const auto got = receive_message(ends_[1], 10000);
		sender.join();
		ASSERT_TRUE(got) << length;
		EXPECT_EQ(*got, message);
	}
}

TEST_F(Pair, TheOtherEndGone) {
	close(ends_[0]);
	ends_[0] = -1;
	EXPECT_FALSE(receive_message(ends_[1], 10000));
	EXPECT_FALSE(send_message(ends_[1], "x")) << "and no SIGPIPE";
}

TEST_F(Pair, NothingInTime) {
	EXPECT_FALSE(receive_message(ends_[1], 1));
}

TEST_F(Pair, AnEndInTheMiddleOfAMessage) {
	const uint64_t announced = 100;
	ASSERT_EQ(send(ends_[0], &announced, sizeof(announced), 0), static_cast<ssize_t>(sizeof(announced)));
	close(ends_[0]);
	ends_[0] = -1;
	EXPECT_FALSE(receive_message(ends_[1], 10000));
}

} // namespace
} // namespace nft_drops
