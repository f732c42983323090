// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/counts/rules_now.h"

#include "jit/base/table_family.h"
#include "nft-ext/ruleset/netlink/change.h"
#include "nft-ext/ruleset/text/formatter.h"
#include "nft-ext/text/escape.h"

#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>

#include <map>
#include <utility>

namespace nft_drops {

Result<RulesNow> RulesNow::read() {
	constexpr int kAttempts = 20;
	auto query = Query::open();
	if (!query) return std::unexpected(query.error());
	for (int attempt = 0; attempt < kAttempts; attempt++) {
		auto now = read_once(*query);
		if (!now) return std::unexpected(now.error());
		if (*now) return std::move(**now);
	}
	return usage_error("ruleset", "it changes faster than it can be read", "try again later");
}

Result<std::optional<RulesNow>> RulesNow::read_once(Query &query) {
	RulesNow now;
	std::map<std::pair<uint8_t, std::string>, uint64_t> handles;
	for (const uint16_t type : {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE}) {
		Requests request;
		request.dump(type);
		const auto done = query.ask(std::move(request), [&](const nlmsghdr *message) {
			const auto found = parse_change(message);
			if (!found) return;
			uint64_t &table = handles[{found->family, found->table}];
			if (type == NFT_MSG_GETTABLE) {
				table = found->handle;
				std::string &name = now.tables_[found->handle];
				name = std::string(family_name(found->family)) + " ";
				append_escaped(name, found->table, Escape::kWord);
			} else {
				now.there_.insert({table, found->handle, type == NFT_MSG_GETCHAIN});
			}
		});
		if (!done) return std::unexpected(done.error());
		if (*done != Query::Outcome::kDone) return std::nullopt;
	}
	return now;
}

std::string RulesNow::name_of(uint64_t table) const {
	const auto found = tables_.find(table);
	return found == tables_.end() ? fmt::format("table handle {}", table) : found->second;
}

} // namespace nft_drops
