// SPDX-License-Identifier: GPL-2.0-only
// The kernel's list of a hook's entries. Messages as nfnl_hook_dump_one() of net/netfilter/nfnetlink_hook.c writes
// them.
#include "nft-ext/ruleset/details/hook_order.h"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>

#include <arpa/inet.h>

namespace nft_drops {
namespace {

class HookMessage {
public:
	explicit HookMessage(int32_t priority) : message_(mnl_nlmsg_put_header(buffer_.data())) {
		message_->nlmsg_type = 12 << 8;
		mnl_nlmsg_put_extra_header(message_, sizeof(nfgenmsg));
		mnl_attr_put_u32(message_, 2, htonl(static_cast<uint32_t>(priority)));
	}
	HookMessage(const HookMessage &) = delete;
	HookMessage &operator=(const HookMessage &) = delete;
	HookMessage &function(const char *name, const char *module) {
		mnl_attr_put_strz(message_, 4, name);
		if (module) mnl_attr_put_strz(message_, 5, module);
		return *this;
	}
	HookMessage &chain(uint8_t family, const char *table, const char *name) {
		nlattr *info = mnl_attr_nest_start(message_, 6);
		nlattr *description = mnl_attr_nest_start(message_, 1);
		mnl_attr_put_strz(message_, 1, table);
		mnl_attr_put_strz(message_, 3, name);
		mnl_attr_put_u8(message_, 2, family);
		mnl_attr_nest_end(message_, description);
		mnl_attr_put_u32(message_, 2, htonl(1));
		mnl_attr_nest_end(message_, info);
		return *this;
	}
	HookMessage &program(uint32_t id) {
		nlattr *info = mnl_attr_nest_start(message_, 6);
		nlattr *description = mnl_attr_nest_start(message_, 1);
		mnl_attr_put_u32(message_, 1, htonl(id));
		mnl_attr_nest_end(message_, description);
		mnl_attr_put_u32(message_, 2, htonl(2));
		mnl_attr_nest_end(message_, info);
		return *this;
	}
	[[nodiscard]] HookEntry entry() const { return hook_entry_of(message_).value_or(HookEntry{}); }
	[[nodiscard]] const nlmsghdr *message() const { return message_; }

private:
	std::vector<char> buffer_ = std::vector<char>(1024);
	nlmsghdr *message_;
};

TEST(HookEntryOf, EachKind) {
	EXPECT_EQ(HookMessage(-150).function("nft_do_chain_ipv4", "nf_tables").chain(2, "mangle", "INPUT").entry(),
	          (HookEntry{HookEntry::Kind::kChain, -150, "ip mangle INPUT"}));
	EXPECT_EQ(HookMessage(-200).function("ipv4_conntrack_in", "nf_conntrack").entry(),
	          (HookEntry{HookEntry::Kind::kFunction, -200, "ipv4_conntrack_in [nf_conntrack]"}));
	EXPECT_EQ(HookMessage(-5).function("nf_hook_run_bpf", nullptr).program(12).entry(),
	          (HookEntry{HookEntry::Kind::kProgram, -5, "bpf program 12"}));
	nlmsghdr other{};
	other.nlmsg_len = sizeof(other);
	other.nlmsg_type = NLMSG_DONE;
	EXPECT_FALSE(hook_entry_of(&other));
}

// Whatever a message is cut to, nothing is read behind its end (the sanitizers look on).
TEST(HookEntryOf, CutMessages) {
	HookMessage whole(1);
	whole.function("f", "m").chain(1, "filter", "input");
	for (uint32_t length = sizeof(nlmsghdr); length < whole.message()->nlmsg_len; length++) {
		std::vector<char> cut(reinterpret_cast<const char *>(whole.message()),
		                      reinterpret_cast<const char *>(whole.message()) + length);
		auto *message = reinterpret_cast<nlmsghdr *>(cut.data());
		message->nlmsg_len = length;
		static_cast<void>(hook_entry_of(message));
	}
}

TEST(OrderWithDropper, JustOneChainIsIt) {
	const std::vector<HookEntry> entries{{HookEntry::Kind::kFunction, -200, "inet filter input"},
	                                     {HookEntry::Kind::kChain, 0, "inet filter input"},
	                                     {HookEntry::Kind::kChain, 0, "inet filter other"}};
	const auto order = order_with_dropper(entries, "inet", "filter", "input");
	ASSERT_TRUE(order);
	EXPECT_EQ(order->dropper, 1U);
	EXPECT_FALSE(order_with_dropper(entries, "ip", "filter", "input")) << "the kernel does not list it";
	EXPECT_FALSE(order_with_dropper({entries[1], entries[1]}, "inet", "filter", "input")) << "it might be either";
}

} // namespace
} // namespace nft_drops
