// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/selfcheck.h"

#include "jit/base/table_family.h"
#include "nft-ext/ruleset/index/index.h"
#include "nft-ext/ruleset/index/snapshot.h"
#include "nft-ext/ruleset/netlink/netlink.h"
#include "nft-ext/ruleset/text/formatter.h"
#include "nft-ext/ruleset/text/reader.h"

#include <fcntl.h>
#include <linux/netfilter.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ranges>

namespace nft_drops {
namespace {

// One of each thing that the narrow way treats in its own manner; only expressions that nf_tables has built in.
constexpr const char *kRuleset = R"(
table inet nft-drops-check {
	set named { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 } }
	set busy { type ipv4_addr; flags dynamic; size 16; }
	map verdicts { type inet_service : verdict; elements = { 22 : accept } }
	chain input {
		type filter hook input priority 0; policy drop;
		ip saddr @named tcp dport { 22, 1000-2000 } add @busy { ip daddr } tcp dport vmap @verdicts comment "text # handle 7"
		tcp dport vmap { 80 : accept, 443 : goto other }
		tcp dport 99 jump { ip saddr { 192.0.2.1, 192.0.2.2 } drop; udp dport 53 accept; }
	}
	chain other { }
}
)";

bool agree() {
	auto query = Query::open();
	if (!query) return false;
	Formatter formatter;
	if (!formatter.run(kRuleset)) return false;
	Index index;
	if (!take_snapshot(*query, index, nullptr)) return false;
	const auto listing = formatter.list({});
	if (!listing) return false;
	Reader reader(*query, formatter, true);
	size_t compared = 0;
	for (Table &table : std::views::values(index.tables())) {
		const TableText plain = parse_table(*listing, family_name(table.family), table.name, table.handle);
		for (const Rule &rule : std::views::values(table.rules)) {
			const auto text = reader.rule(table, rule);
			if (!text) return false;
			// Those in `jump { ... }` have no handle in the listing.
			if (table.chain(rule.chain)->binding) continue;
			const auto expected = plain.rules.find(rule.handle);
			if (expected == plain.rules.end() || expected->second != text->text) return false;
			compared++;
		}
		for (const Chain &chain : std::views::values(table.chains)) {
			if (!chain.base) continue;
			const auto line = reader.chain_line(table, chain);
			const auto expected = plain.chains.find(chain.handle);
			if (!line || expected == plain.chains.end() || expected->second != line->text) return false;
			compared++;
		}
	}
	return compared == 4 && reader.plain_listings() == 0;
}

// Without CAP_SYS_ADMIN a network namespace can only be made within a user namespace, and nobody comes back from there:
// a child goes.
bool agree_in_a_user_namespace() {
	const pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && agree() ? 0 : 1);
	}
	int status = 1;
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	return status == 0;
}

} // namespace

bool narrow_way_works() {
	const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0) return false;
	bool works = false;
	if (unshare(CLONE_NEWNET) == 0) {
		works = agree();
		// In the wrong namespace every answer would be wrong.
		if (setns(home, CLONE_NEWNET) != 0) _exit(1);
	} else if (errno == EPERM) {
		works = agree_in_a_user_namespace();
	}
	close(home);
	return works;
}

} // namespace nft_drops
