// SPDX-License-Identifier: GPL-2.0-only
// nf_tables messages: table, chain and rule names come from anybody who has a user namespace. What is understood must
// lie in the message, and the index must live with any order of changes.
#include "input.h"

#include "nft-ext/ruleset/index/index.h"
#include "nft-ext/ruleset/netlink/change.h"
#include "nft-ext/ruleset/netlink/references.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <memory>
#include <vector>

namespace nft_drops::fuzz {
namespace {

// A message whose length is true, as the kernel and libmnl guarantee; its content is the fuzzer's. On the heap, where
// the sanitizer sees a step beyond its end.
class Message {
public:
	Message(uint8_t type, std::string_view content) : bytes_(new char[sizeof(nlmsghdr) + content.size()]) {
		nlmsghdr header{};
		header.nlmsg_len = static_cast<uint32_t>(sizeof(header) + content.size());
		header.nlmsg_type = static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
		std::memcpy(bytes_.get(), &header, sizeof(header));
		std::memcpy(bytes_.get() + sizeof(header), content.data(), content.size());
	}
	[[nodiscard]] const nlmsghdr *get() const { return reinterpret_cast<const nlmsghdr *>(bytes_.get()); }

private:
	std::unique_ptr<char[]> bytes_;
};

// Appends one attribute: what is in a nest is made by the same function.
void put(std::string &to, uint16_t type, std::string_view payload) {
	nlattr header{};
	header.nla_len = static_cast<uint16_t>(sizeof(header) + payload.size());
	header.nla_type = type;
	to.append(reinterpret_cast<const char *>(&header), sizeof(header));
	to += payload;
	to.resize((to.size() + 3) / 4 * 4);
}

// Attributes with the types that are looked at, with right and wrong payloads: few random bytes are an attribute.
std::string attributes(Input &input, int depth) {
	constexpr int kDeepest = 4;
	std::string all;
	for (int n = input.number<uint8_t>() % 5; n > 0; n--) {
		const auto type = static_cast<uint16_t>(input.number<uint8_t>() % 16);
		switch (input.number<uint8_t>() % 5) {
		case 0:
			put(all, type, input.text());
			break;
		case 1:
			put(all, type, std::string(7, '\0') + static_cast<char>(1 + input.number<uint8_t>() % 4));
			break;
		case 2: {
			static constexpr const char *kTexts[] = {"lookup", "dynset", "objref", "immediate", "meta",
			                                         "fib",    "fwd",    "t",      "c",         "__chain1"};
			put(all, type, std::string(kTexts[input.number<uint8_t>() % std::size(kTexts)]) + '\0');
			break;
		}
		case 3:
			if (depth < kDeepest) put(all, type | NLA_F_NESTED, attributes(input, depth + 1));
			break;
		default: {
			// A length that does not fit.
			std::string one;
			put(one, type, input.text());
			const auto length = input.number<uint16_t>();
			std::memcpy(one.data(), &length, sizeof(length));
			all += one;
			break;
		}
		}
	}
	return all;
}

bool holds(std::string_view message, const std::string &text) {
	return message.find(text) != std::string_view::npos;
}

void try_one(Input input) {
	constexpr size_t kFewest = sizeof(nfgenmsg);
	Index index;
	index.begin_dump({1, 0, 0}, nullptr, true);
	index.end_dump();
	std::vector<Change> commit;
	for (uint32_t generation = 2; generation < 10; generation++) {
		const auto type = static_cast<uint8_t>(input.number<uint8_t>() % 32);
		std::string content(kFewest, '\2');
		const bool raw = input.number<uint8_t>() % 4 == 0;
		content += raw ? input.text() : attributes(input, 0);
		// Cut at any byte.
		content.resize(content.size() - std::min<size_t>(content.size(), input.number<uint8_t>() % 8));
		const Message message(type, content);
		const References references = references_of_rule(message.get());
		for (const std::string &set : references.sets)
			require(holds(content, set), "a set that is not in the message", set);
		require(holds(content, references.jump), "a chain that is not in the message", references.jump);
		const auto change = parse_change(message.get());
		if (!change) continue;
		require(holds(content, change->table), "a table that is not in the message", change->table);
		require(holds(content, change->chain), "a chain that is not in the message", change->chain);
		if (change->kind != Change::Kind::kGeneration) {
			commit.push_back(*change);
			continue;
		}
		for (const Target &target : index.apply(commit, {generation, generation, generation + 1U})) {
			Table *table = index.table(target.table);
			require(table != nullptr, "the text of a table that does not exist is asked for", "");
			require(target.rule == 0 || table->rule(target.rule) != nullptr,
			        "the text of a rule that does not exist is asked for", table->name);
		}
		commit.clear();
	}
	size_t rules = 0;
	for (const auto &[handle, table] : index.tables()) {
		for (const auto &[rule_handle, rule] : table.rules)
			rules += rule.alive ? 1 : 0;
	}
	require(rules == index.rule_count(), "rules are miscounted", std::to_string(index.rule_count()));
}

} // namespace
} // namespace nft_drops::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	nft_drops::fuzz::try_one(nft_drops::fuzz::Input({data, size}));
	return 0;
}
