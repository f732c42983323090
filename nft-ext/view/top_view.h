// SPDX-License-Identifier: GPL-2.0-only
// `top` without a terminal: what keys do, and which lines the screen has.
//
//	view.take(frame, sight);            // once a second
//	view.press(key);                    // tells what is to be done elsewhere
//	for (const TopLine &line : view.lines(24, 80, names)) ...
#ifndef NFT_DROPS_NFT_EXT_VIEW_TOP_VIEW_H
#define NFT_DROPS_NFT_EXT_VIEW_TOP_VIEW_H

#include "nft-ext/packet/packet.h"
#include "nft-ext/view/top_model.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nft_drops {

// What the probe saw, for the first line.
struct TopSight {
	std::string of;    // the SELECTOR in words; empty: there is none
	std::string match; // the MATCH; empty: there is none
	// With a SELECTOR or a MATCH: all drops, and those that could not be decided.
	std::optional<uint64_t> seen;
	uint64_t undecided = 0;
	uint64_t lost = 0;
	std::string unseen;      // how long the probe did not see, in seconds; empty: never
	std::string blind;       // why the probe does not see now; empty: it sees
	int64_t blind_since = 0; // nanoseconds since the epoch
};

// "1,234 drops of 5,678, 120/s, 0 lost", with what could not be decided or seen.
std::string sight_words(const TopFrame &frame, const TopSight &sight);
// What the figures are about: SELECTOR and MATCH, rules that are gone from the frame; or why nothing is seen. May be
// empty.
std::string subject_words(const TopFrame &frame, const TopSight &sight);

enum class TopStyle : uint8_t { kPlain, kTitle, kHeader, kSelected, kWarning };

struct TopLine {
	std::string text; // exactly as many columns as were asked for
	TopStyle style = TopStyle::kPlain;
};

// A key: a character of Unicode, or one of these.
enum TopKey : uint32_t {
	kKeyUp = 0x110000,
	kKeyDown,
	kKeyPageUp,
	kKeyPageDown,
	kKeyHome,
	kKeyEnd,
	kKeyEnter,
	kKeyEscape,
	kKeyBackspace,
};

enum class TopAction : uint8_t {
	kNone,
	kReload, // frame(sort(), opened()) is another one now
	kQuit,
	kZero,
	kFilter, // match() is what the user typed
	kNames,  // names are wanted now, or no more
};

class TopView {
public:
	// Names for addresses; an empty one: not known, or not yet.
	using Names = std::function<std::string(const Address &)>;

	[[nodiscard]] TopSort sort() const { return sort_; }
	// The id of the rule whose flows are shown; 0: the rules are.
	[[nodiscard]] uint64_t opened() const { return opened_; }
	// The rule that the user opened, as the latest frame that held the rule had it. Null: no rule is open.
	[[nodiscard]] const CulpritWords *opened_culprit() const {
		return opened_rule_ ? opened_rule_->culprit.get() : nullptr;
	}
	[[nodiscard]] bool paused() const { return paused_; }
	[[nodiscard]] bool names() const { return names_; }
	// After kFilter: the MATCH that was typed; empty: none is wanted any more.
	[[nodiscard]] const std::string &match() const { return typed_; }

	// What is shown from now on; `now`: nanoseconds since the epoch. While paused, for another order or rule only.
	void take(TopFrame frame, TopSight sight, int64_t now);
	// One packet of the opened rule, in lines whose text is escaped; stands between the rule's text and its flows.
	// Empty: none is known.
	void sample(std::vector<std::string> lines) { sample_ = std::move(lines); }
	TopAction press(uint32_t key);
	// Stands in the last line until the next key; `bad`: as a warning.
	void say(std::string message, bool bad);
	// As many lines as `height`. The next press() moves by this height.
	std::vector<TopLine> lines(size_t height, size_t width, const Names &name_of);

private:
	TopAction type(uint32_t key);
	void move(ptrdiff_t by);
	void open();
	[[nodiscard]] size_t selected() const;
	[[nodiscard]] size_t count() const { return opened_ ? frame_.flows.size() + 1 : frame_.rules.size(); }
	[[nodiscard]] std::string foot() const;
	void add_rules(std::vector<TopLine> &lines, size_t room, size_t width);
	void add_opened(std::vector<TopLine> &lines, size_t room, size_t width);
	void add_flows(std::vector<TopLine> &lines, size_t room, size_t width, const Names &name_of);
	void scroll_to(size_t at, size_t room);

	TopFrame frame_;
	TopSight sight_;
	int64_t now_ = 0;
	TopSort sort_ = TopSort::kRate;
	bool paused_ = false, names_ = false, help_ = false;
	// The selected rule; 0: the first line, whichever rule that is. Follows the rule to wherever it moves.
	uint64_t chosen_ = 0;
	size_t first_ = 0; // line at the top
	uint64_t opened_ = 0;
	std::optional<TopRule> opened_rule_; // as it was last seen
	std::vector<std::string> sample_;
	size_t flow_ = 0; // first flow shown
	size_t page_ = 1; // lines of a page
	bool typing_ = false;
	std::string input_, typed_;
	std::string message_;
	bool bad_message_ = false;
};

} // namespace nft_drops

#endif
