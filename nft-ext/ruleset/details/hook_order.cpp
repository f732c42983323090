// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/details/hook_order.h"

#include "jit/base/table_family.h"
#include "nft-ext/ruleset/netlink/attributes.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cstring>

namespace nft_drops {
namespace {

// <linux/netfilter/nfnetlink_hook.h>, which older headers lack or have only a part of.
constexpr uint16_t kSubsystem = 12; // NFNL_SUBSYS_HOOK
constexpr uint16_t kGet = 0;        // NFNL_MSG_HOOK_GET
enum Attribute : uint16_t { kHookNumber = 1, kPriority = 2, kDevice = 3, kFunction = 4, kModule = 5, kInfo = 6 };
enum Info : uint16_t { kDescription = 1, kType = 2 };
enum Type : uint32_t { kNfTables = 1, kBpf = 2 };
enum Chain : uint16_t { kTable = 1, kFamily = 2, kName = 3 };
constexpr uint16_t kProgramId = 1; // NFNLA_HOOK_BPF_ID

// What stands in the nest NFNLA_HOOK_CHAIN_INFO.
void add_info(const nlattr *nest, HookEntry &entry) {
	uint32_t type = 0;
	const nlattr *description = nullptr;
	for_each_nested(nest, [&](const nlattr *attribute) {
		if (mnl_attr_get_type(attribute) == kType) type = u32_of(attribute);
		if (mnl_attr_get_type(attribute) == kDescription) description = attribute;
	});
	if (description == nullptr || mnl_attr_validate(description, MNL_TYPE_NESTED) < 0) return;
	std::string table;
	std::string chain;
	uint8_t family = 0;
	uint32_t program = 0;
	for_each_nested(description, [&](const nlattr *attribute) {
		const uint16_t which = mnl_attr_get_type(attribute);
		if (type == kBpf && which == kProgramId) program = u32_of(attribute);
		if (type != kNfTables) return;
		if (which == kTable) table = text_of(attribute);
		if (which == kName) chain = text_of(attribute);
		if (which == kFamily && mnl_attr_validate(attribute, MNL_TYPE_U8) == 0)
			family = mnl_attr_get_u8(attribute);
	});
	if (type == kNfTables && !table.empty() && !chain.empty()) {
		entry.kind = HookEntry::Kind::kChain;
		entry.name = std::string(family_name(family)) + ' ' + table + ' ' + chain;
	} else if (type == kBpf && program != 0) {
		entry.kind = HookEntry::Kind::kProgram;
		entry.name = "bpf program " + std::to_string(program);
	}
}

} // namespace

std::optional<HookEntry> hook_entry_of(const nlmsghdr *message) {
	if (message->nlmsg_type >> 8 != kSubsystem || mnl_nlmsg_get_payload_len(message) < sizeof(nfgenmsg)) return {};
	HookEntry entry;
	std::string function;
	std::string module;
	const nlattr *info = nullptr;
	for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr *attribute) {
		switch (mnl_attr_get_type(attribute)) {
		case kPriority:
			entry.priority = static_cast<int32_t>(u32_of(attribute));
			break;
		case kFunction:
			function = text_of(attribute);
			break;
		case kModule:
			module = text_of(attribute);
			break;
		case kInfo:
			if (mnl_attr_validate(attribute, MNL_TYPE_NESTED) == 0) info = attribute;
			break;
		default:
			break;
		}
	});
	if (info != nullptr) add_info(info, entry);
	if (entry.name.empty()) {
		entry.name = function.empty() ? "a function without a name" : function;
		if (!module.empty()) entry.name += " [" + module + "]";
	}
	return entry;
}

std::vector<HookEntry> read_hook(Query &query, uint8_t pf, uint8_t hook, const std::string &device) {
	alignas(nlmsghdr) std::array<char, 256> buffer{};
	nlmsghdr *message = mnl_nlmsg_put_header(buffer.data());
	message->nlmsg_type = kSubsystem << 8 | kGet;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	auto *generic = static_cast<nfgenmsg *>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
	generic->nfgen_family = pf;
	generic->version = NFNETLINK_V0;
	mnl_attr_put_u32(message, kHookNumber, htonl(hook));
	if (!device.empty() && !mnl_attr_put_strz_check(message, buffer.size(), kDevice, device.c_str())) return {};
	Requests request;
	request.add(message);
	std::vector<HookEntry> entries;
	bool more = false;
	const auto outcome = query.ask(std::move(request), [&](const nlmsghdr *answer) {
		auto entry = hook_entry_of(answer);
		if (!entry) return;
		if (entries.size() < kMostHookEntries)
			entries.push_back(std::move(*entry));
		else
			more = true;
	});
	if (!outcome || *outcome != Query::Outcome::kDone || more) return {};
	return entries;
}

std::optional<HookOrder> order_with_dropper(std::vector<HookEntry> entries, std::string_view family,
                                            std::string_view table, std::string_view chain) {
	std::string name(family);
	name.append(" ").append(table).append(" ").append(chain);
	HookOrder order;
	size_t found = 0;
	for (size_t i = 0; i < entries.size(); i++) {
		if (entries[i].kind != HookEntry::Kind::kChain || entries[i].name != name) continue;
		order.dropper = i;
		found++;
	}
	if (found != 1) return {};
	order.entries = std::move(entries);
	return order;
}

} // namespace nft_drops
