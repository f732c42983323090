// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/counted_namespaces.h"

#include "nft-ext/commands/counted.h"
#include "nft-ext/metrics/label.h"
#include "nft-ext/ruleset/netlink/netlink.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sched.h>

namespace nft_drops::cli {
namespace {

// A name of digits alone may be another namespace's inode number.
std::string label_of(uint32_t inode, const KnownNamespace &known) {
	const bool digits = std::ranges::all_of(known.name, [](char c) { return c >= '0' && c <= '9'; });
	return known.path.starts_with(kNamedNamespaces) && !digits ? name_label(known.name) : std::to_string(inode);
}

// Of the present namespace.
Result<void> look_around(CountedNamespace &of) {
	const auto cookie = present_netns_cookie();
	if (!cookie) return std::unexpected(cookie.error());
	auto query = Query::open();
	if (!query) return std::unexpected(query.error());
	// The kernel answers this one without any lock (NFNL_CB_RCU).
	const auto generation = query->generation();
	if (!generation) return std::unexpected(generation.error());
	of.cookie = *cookie;
	of.generation = *generation;
	return {};
}

Result<void> enter(const NetNamespace &of) {
	if (setns(of.descriptor(), CLONE_NEWNET) == 0) return {};
	return usage_error("network namespace", std::string("cannot be entered: ") + strerror(errno));
}

} // namespace

Result<std::vector<CountedNamespace>> look_at_namespaces(const NetNamespace &home) {
	allow_descriptors();
	// An earlier look may have failed to come back.
	if (auto entered = enter(home); !entered) return std::unexpected(entered.error());
	const auto all = all_namespaces();
	std::vector<CountedNamespace> found;
	const auto add = [&found](NetNamespace file, const KnownNamespace &known, bool is_home) -> Result<void> {
		CountedNamespace of{.file = std::move(file), .label = {}, .home = is_home};
		of.label = label_of(of.file.inode(), known);
		if (auto looked = look_around(of); !looked) return looked;
		found.push_back(std::move(of));
		return {};
	};
	auto present = NetNamespace::present();
	if (!present) return std::unexpected(present.error());
	const auto known_home = all.find(home.inode());
	if (auto added =
	            add(std::move(*present), known_home == all.end() ? KnownNamespace{} : known_home->second, true);
	    !added)
		return std::unexpected(added.error());
	for (const auto &[inode, known] : all) {
		if (inode == home.inode() || found.size() >= kMostNamespaces) continue;
		// It may be gone, or be another's by now.
		auto file = NetNamespace::open(known.path);
		if (file && file->inode() == inode && enter(*file))
			static_cast<void>(add(std::move(*file), known, false));
	}
	if (auto back = enter(home); !back) return std::unexpected(back.error());
	return found;
}

} // namespace nft_drops::cli
