// SPDX-License-Identifier: GPL-2.0-only
// The texts that one rule (or one chain's `type ...;` line) had over time. `nft replace rule` keeps the handle with new
// text, so a handle alone does not tell what a drop's rule said: the ruleset generation at the drop does, or, where
// that is unknown, the time.
#ifndef NFT_DROPS_NFT_EXT_RULESET_INDEX_HISTORY_H
#define NFT_DROPS_NFT_EXT_RULESET_INDEX_HISTORY_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace nft_drops {

// When something became true. A change is learnt of after it happened: it happened between the two times
// (nanoseconds, CLOCK_MONOTONIC).
struct ChangeTime {
	uint32_t generation = 0; // NFTA_GEN_ID of the commit
	uint64_t after_ns = 0;
	uint64_t before_ns = 0;
};

// True where generation a is b or newer. Generations wrap around (32 bits).
inline bool generation_reached(uint32_t a, uint32_t b) {
	return static_cast<int32_t>(a - b) >= 0;
}

struct Version {
	enum class State : uint8_t {
		kUnread, // still in force as far as is known: can be read
		kRead,
		kLost, // gone before anybody read it
	};
	ChangeTime from;
	std::string text;
	uint64_t read_ns = 0; // when the text was read, CLOCK_MONOTONIC
	State state = State::kUnread;
	bool names_links = false; // the text holds interface names that nft looked up by ifindex while printing
};

class History {
public:
	// Older versions than this many are forgotten.
	static constexpr size_t kKeep = 16;

	explicit History(const ChangeTime &since) : first_(since) {}

	// The text changed, or may have, at this moment. What had not been read by then is lost.
	void changed(const ChangeTime &at);
	// Nobody can read the latest version any more (the rule is gone).
	void ended();
	// The latest version's text.
	void read(std::string text, uint64_t read_ns, bool names_links);

	// The version in force at a generation, or, where that is 0, at a time; nullptr where that cannot be told.
	const Version *at(uint32_t generation, uint64_t time_ns);
	// The version before that one, nullptr where there is none.
	const Version *before(const Version *version);
	const Version &latest();
	[[nodiscard]] bool unread() const {
		return versions_.empty() || versions_.back().state == Version::State::kUnread;
	}
	// Grows with every change.
	[[nodiscard]] uint32_t changes() const { return changes_; }

private:
	Version &last();

	ChangeTime first_;
	uint32_t changes_ = 0;
	// Empty stands for one unread version: most rules of a big ruleset are never asked for.
	std::vector<Version> versions_;
};

} // namespace nft_drops

#endif
