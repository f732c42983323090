// SPDX-License-Identifier: GPL-2.0-only
// Narrows what libnftables asks the kernel for, so that `list ruleset` reads one rule instead of all.
//
// libnftables has no way to print one rule. Its `list ruleset` asks for all tables, chains, sets, set elements,
// flowtables, objects and rules, one NLM_F_DUMP request each, all through libmnl's mnl_socket_sendto().
// narrow_sendto.cpp defines a function of that name; as it stands in the executable, it is the one that libnftables
// finds. While narrowing is on, it replaces each of those dumps by requests for the named objects; everything else, and
// everything while it is off, it passes on unchanged.
//
// How the executable must be linked: with `-Wl,--export-dynamic-symbol=mnl_socket_sendto` (the CMake target
// nft_drops_ruleset brings it along). Without it libnftables finds libmnl's own function, narrow_off() reports that
// nothing was seen, and the plain way is used.
//
// Process-wide and not thread-safe: only the worker process, which has one thread, turns it on.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_NARROW_SENDTO_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_NARROW_SENDTO_H

#include "nft-ext/ruleset/netlink/requests.h"

#include <string>
#include <vector>

namespace nft_drops {

// What is sent instead of a dump; an empty one means that the library is to find nothing.
struct Narrowed {
	Requests tables;
	Requests chains;
	Requests sets;
	Requests rules;
	// The elements of these sets are dumped as the library asks for them, of all others nothing.
	std::vector<std::string> sets_with_elements;
};

// What the library asked for in its last run over the ruleset (it starts again when the generation changes).
struct NarrowSeen {
	unsigned tables = 0;
	unsigned chains = 0;
	unsigned sets = 0;
	unsigned rules = 0;
	unsigned other = 0; // dumps of kinds that are not known here, passed on unchanged
	unsigned runs = 0;
	bool gave_up = false; // after kMaxRuns runs: the ruleset changes too fast; nothing printed is of any use

	// As every version of libnftables looked at does it.
	[[nodiscard]] bool as_expected() const {
		return !gave_up && tables == 1 && chains == 1 && sets == 1 && rules == 1 && other == 0;
	}
};

void narrow_on(Narrowed narrowed);
NarrowSeen narrow_off();

} // namespace nft_drops

#endif
