// SPDX-License-Identifier: GPL-2.0-only
// Answers that were given already: most drops are like one of a moment ago, and asking the worker process costs 20
// times as much as showing the answer.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_ANSWERS_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_ANSWERS_H

#include "bpf/shared/event.h"
#include "nft-ext/ruleset/index/answer.h"

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace nft_drops {

class Answers {
public:
	// All are forgotten when there are more, or longer ones, than this.
	static constexpr size_t kMost = 4096;
	static constexpr size_t kMostBytes = 8 << 20;

	// What was kept for such an event; nullptr where it has to be asked for. Valid until keep() is called.
	[[nodiscard]] Answer *find(const nd_event &event);
	// Keeps an answer for as long as it says that it holds. Valid until the next call.
	Answer &keep(const nd_event &event, Answer answer);

private:
	// What an answer depends on, but for the time.
	struct Key {
		uint64_t rule_handle, table_handle, chain_handle;
		uint64_t expr_ops; // of Answer::expression, which callers add
		uint32_t netns, generation;
		uint8_t cause;
		bool operator==(const Key &) const = default;
	};
	struct Hash {
		size_t operator()(const Key &key) const;
	};
	static Key key_of(const nd_event &event);

	std::unordered_map<Key, Answer, Hash> kept_;
	std::pair<const Key, Answer> *latest_ = nullptr; // found: an element stays where it is until all are forgotten
	size_t bytes_ = 0;                               // of texts
	inline static uint64_t last_id_ = 0;             // one for all: renderers know nothing but the number
};

} // namespace nft_drops

#endif
