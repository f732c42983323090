// SPDX-License-Identifier: GPL-2.0-only
// When sets last changed, by what the kernel's events tell: whether a look-up now says what a look-up at an earlier
// generation of the ruleset would have said. Pure bookkeeping.
#ifndef NFT_DROPS_NFT_EXT_RULESET_INDEX_SET_CHANGES_H
#define NFT_DROPS_NFT_EXT_RULESET_INDEX_SET_CHANGES_H

#include <libmnl/libmnl.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace nft_drops {

class SetChanges {
public:
	struct Set {
		uint8_t family = 0;
		std::string table, name;
		auto operator<=>(const Set &) const = default;
	};
	// More sets than these are not told apart: all of them then count as changed.
	static constexpr size_t kMostSets = 4096;

	// Events were lost, or none were read yet: nothing is known of the time before this generation.
	void begin(uint32_t generation);
	// Any nf_tables event; only those about a set or its elements matter.
	void event(const nlmsghdr *message);
	// The events since the last commit belong to the commit that made this generation.
	void commit(uint32_t generation);
	// Whether no event told of a change of this set since that generation (0: unknown). Elements with a timeout,
	// and those that rules add, change without an event.
	[[nodiscard]] bool unchanged(const Set &set, uint32_t since) const;

private:
	std::map<Set, uint32_t> changed_; // the last generation that changed each set, since known_since_
	std::vector<Set> pending_;        // of a commit whose end has not arrived yet
	uint32_t known_since_ = 0;
	bool too_many_ = false; // since the last commit
};

} // namespace nft_drops

#endif
