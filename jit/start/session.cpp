// SPDX-License-Identifier: GPL-2.0-only
#include "jit/start/session.h"

#include "jit/start/start.h"

namespace nft_drops::jit {

Result<Session> Session::start(const SessionOptions &options) {
	const bool selects = options.selector.kind != ND_SELECT_ALL;
	StartOptions wanted = options.start;
	wanted.selects = selects;
	Start start(wanted);
	if (auto done = start.run(); !done) return std::unexpected(done.error());
	Session s{.kernel = start.kernel(), .plan = start.plan(), .probe = start.take_probe(), .netfilter = {}};
	if (wanted.audit) {
		if (auto set = s.probe->set_netfilter_code(s.netfilter.ranges()); !set)
			return std::unexpected(set.error());
	}
	if (selects) {
		if (auto selected = s.probe->select(options.selector); !selected)
			return std::unexpected(selected.error());
		if (options.one_at_a_time) s.probe->ask_for_one();
	}
	s.probe->of_group(options.group);
	if (auto watching = s.probe->watch(options.netns, options.netns_held, !wanted.filter.empty()); !watching)
		return std::unexpected(watching.error());
	return s;
}

} // namespace nft_drops::jit
