// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/block.h"

#include "nft-ext/sinks/details.h"
#include "nft-ext/sinks/jump_path.h"
#include "nft-ext/sinks/rule_text.h"
#include "nft-ext/sinks/short_text.h"
#include "nft-ext/text/escape.h"
#include "nft-ext/text/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace nft_drops {

namespace {

// In front of the time of a drop in a chain; the first so many bytes are the chain's.
constexpr std::string_view kIndent = "\t\t# ";
constexpr size_t kTabs = 2;

void append_handle(std::string &out, uint64_t handle) {
	const fmt::format_int digits(handle);
	out += "# handle ";
	out.append(digits.data(), digits.size());
}

void append_opening(std::string &out, const Palette &palette, std::string_view name, uint64_t handle,
                    std::string_view owner = {}) {
	append_escaped(out, name, Escape::kWord);
	out += palette.end;
	out += " {";
	if (handle != 0) {
		out += ' ';
		append_handle(out, handle);
	}
	if (!owner.empty()) {
		out += " progname ";
		append_escaped(out, owner, Escape::kText);
	}
	out += '\n';
}

void append_short_rule(std::string &out, const Drop &drop) {
	const ShortText rule = shortened(drop.attribution->text);
	append_rule_text(out, rule.text);
	out += ' ';
	append_handle(out, drop.event.rule_handle);
	if (rule.left_out) out += " # " + grouped(rule.left_out) + " elements not shown again";
	out += '\n';
}

// The line that dropped the packet.
void append_culprit(std::string &out, const Context &context, const Drop &drop) {
	const uint64_t handle = drop.event.rule_handle;
	if (context.reason == Reason::kPolicy) {
		if (context.text_known)
			append_rule_text(out, drop.attribution->text);
		else
			out += context.unread ? "\t\t# policy drop # rule text not read yet"
			                      : "\t\t# policy drop # chain gone";
		out += '\n';
		return;
	}
	if (context.reason == Reason::kOther && handle == 0) return;
	if (context.text_known) {
		append_rule_text(out, drop.attribution->text);
		out += ' ';
		append_handle(out, handle);
	} else {
		out += "\t\t";
		append_handle(out, handle);
		out += context.unread ? " # rule text not read yet" : " # rule gone";
	}
	out += '\n';
}

} // namespace

BlockRenderer::BlockRenderer(RenderStyle style)
    : for_terminal_(style.for_terminal), palette_(style.coloured ? kColours : kNoColours),
      words_(std::move(style.words)) {
	time_line_ += kIndent;
	time_line_ += palette_.time;
	time_line_.append(Clock::kTimeOfDayBytes, ' ');
	time_line_ += palette_.end;
	time_line_ += ' ';
}

// Out of any table; tells the namespace where that is another one.
void BlockRenderer::leave_for(uint32_t netns, const Context &context, std::string &out) {
	finish(out);
	if (!context.netns.empty() && (netns_ != netns || netns_name_ != context.netns)) {
		out += "# network namespace ";
		append_escaped(out, context.netns, Escape::kText);
		out += '\n';
	}
	netns_ = netns;
	netns_name_ = context.netns;
}

void BlockRenderer::left_out(const Repeated &these, std::string &out) {
	out += open_ ? "\t\t# " : "# ";
	append_left_out(out, these);
	out += '\n';
}

void BlockRenderer::not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
                                std::string_view why, std::string &out) {
	out += open_ ? "\t\t# " : "# ";
	append_not_watched(out, clock_, from, to, why);
	out += '\n';
}

void BlockRenderer::enter(uint32_t netns, const Context &context, std::string &out) {
	const bool same_table = open_ && netns_ == netns && table_handle_ == context.table_handle &&
	                        family_ == context.family && table_ == context.table;
	if (same_table && chain_handle_ == context.chain_handle && chain_ == context.chain) return;
	if (same_table) {
		out += "\t}\n\n";
	} else {
		leave_for(netns, context, out);
		family_ = context.family;
		table_ = context.table;
		table_handle_ = context.table_handle;
		out += palette_.place;
		out += "table ";
		append_escaped(out, family_, Escape::kWord);
		out += ' ';
		append_opening(out, palette_, table_, table_handle_, context.owner);
		open_ = true;
	}
	chain_ = context.chain;
	chain_handle_ = context.chain_handle;
	out += '\t';
	out += palette_.place;
	out += "chain ";
	append_opening(out, palette_, chain_, chain_handle_);
}

// The whole lines from `begin` on.
void BlockRenderer::colour(std::string &text, size_t begin) const {
	if (begin == text.size()) return;
	text.insert(begin, palette_.rule);
	text.insert(text.size() - 1, palette_.end);
}

// True from the second drop by a long rule on. Two rules with one place in printed_ may be printed whole again and
// again: this costs space on the screen, but nothing wrong is shown.
bool BlockRenderer::whole_stands_above(const Drop &drop) {
	const Attribution &attribution = *drop.attribution;
	if (!for_terminal_ || attribution.id == 0 || !attribution.known || attribution.text.size() <= kWhole ||
	    drop.event.cause != ND_CAUSE_RULE)
		return false;
	uint64_t &printed = printed_[attribution.id % printed_.size()];
	if (printed == attribution.id) return true;
	printed = attribution.id;
	return false;
}

// What is printed beside and below the packet's words; opens and closes braces as needed.
const BlockRenderer::Shown &BlockRenderer::prepare(const Drop &drop, std::string &out) {
	const uint64_t id = drop.attribution->id;
	Shown &shown = shown_.place_for(drop);
	const bool again = whole_stands_above(drop);
	const bool kept = shown.is_of(drop) && shown.shortened == again;
	if (kept && entered_ == id && netns_name_ == drop.netns_name) return shown;
	const Context context = context_of(drop);
	if (drop.event.cause == ND_CAUSE_OTHER)
		leave_for(drop.event.netns, context, out);
	else
		enter(drop.event.netns, context, out);
	entered_ = drop.event.cause == ND_CAUSE_OTHER ? 0 : id;
	if (kept) return shown;
	shown.become(drop);
	shown.shortened = again;
	shown.text.clear();
	append_note(shown.text, context);
	shown.note_bytes = shown.text.size();
	shown.text += '\n';
	const size_t culprit = shown.text.size();
	if (again)
		append_short_rule(shown.text, drop);
	else
		append_culprit(shown.text, context, drop);
	colour(shown.text, culprit);
	return shown;
}

// Sets the clock to the drop's time, too.
void BlockRenderer::append_date(std::string &out, const Drop &drop) {
	clock_.set(drop.time);
	if (memcmp(date_.data(), clock_.date().data(), date_.size()) == 0) return;
	std::ranges::copy(clock_.date(), date_.begin());
	out += open_ ? "\t\t# " : "# ";
	out += palette_.time;
	out += clock_.date();
	out += palette_.end;
	out += '\n';
}

// By the clock as it is set. One append(), since each costs as much as writing the time.
void BlockRenderer::append_time(std::string &out, const Drop &drop) {
	const std::string_view time = clock_.time_of_day();
	memcpy(time_line_.data() + kIndent.size() + palette_.time.size(), time.data(), Clock::kTimeOfDayBytes);
	const size_t begin = drop.event.cause == ND_CAUSE_OTHER ? kTabs : 0; // it stands in no chain
	out.append(time_line_, begin);
}

void BlockRenderer::drops(const Drop &drop, const Repeated &repeated, std::string &out) {
	append_date(out, drop);
	const Shown &shown = prepare(drop, out);
	append_time(out, drop);
	out += words_.of(drop.event);
	if (drop.event.flags & ND_FLAG_UNDECIDED) out += " # undecided";
	if (repeated.times <= 1 && !drop.path && !drop.details) {
		out += shown.text;
		return;
	}
	out += shown.note();
	append_repeated(out, repeated);
	out += '\n';
	if (drop.path) {
		out += "\t\t# ";
		append_jump_path(out, drop);
		out += '\n';
	}
	append_details_lines(out, drop.event.cause == ND_CAUSE_OTHER ? "" : "\t\t", drop);
	out += shown.culprit();
}

void BlockRenderer::finish(std::string &out) {
	if (open_) out += "\t}\n}\n";
	open_ = false;
	entered_ = 0;
}

} // namespace nft_drops
