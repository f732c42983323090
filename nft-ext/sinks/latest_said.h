// SPDX-License-Identifier: GPL-2.0-only
// Keeps the words that a renderer says of the latest attributions. A renderer makes an attribution's words once: most
// drops of a flood share a few attributions.
//
//	struct Shown : Said { std::string text; };
//	LatestSaid<Shown> shown_;
//
//	Shown &shown = shown_.place_for(drop);
//	if (!shown.is_of(drop)) {
//		shown.become(drop);
//		... fills in `text` ...
//	}
#ifndef NFT_DROPS_NFT_EXT_SINKS_LATEST_SAID_H
#define NFT_DROPS_NFT_EXT_SINKS_LATEST_SAID_H

#include "nft-ext/drop/drop.h"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

namespace nft_drops {

// The words belong to this attribution and to this expression, which gave the verdict.
struct Said {
	uint64_t id = 0; // Attribution::id
	std::string expression;

	[[nodiscard]] bool is_of(const Drop &drop) const {
		return id != 0 && id == drop.attribution->id && expression == drop.expression;
	}
	void become(const Drop &drop) {
		id = drop.attribution->id;
		expression = drop.expression;
	}
};

template <std::derived_from<Said> T> class LatestSaid {
public:
	// The place for the words of the drop's attribution. The place may hold another attribution's words: see
	// is_of().
	T &place_for(const Drop &drop) {
		const Attribution &attribution = *drop.attribution;
		return attribution.text.size() > kLong ? long_ : places_[attribution.id % places_.size()];
	}

private:
	// Of longer rule texts only the latest one is kept.
	static constexpr size_t kLong = 16 * 1024;

	std::array<T, 64> places_;
	T long_;
};

} // namespace nft_drops

#endif
