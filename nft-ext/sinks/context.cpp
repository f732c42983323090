// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/context.h"

#include "jit/base/table_family.h"
#include "nft-ext/sinks/expression.h"
#include "nft-ext/text/escape.h"
#include "nft-ext/text/figures.h"

#include <linux/netfilter.h>

#include <array>
#include <cstring>

namespace nft_drops {

namespace {

template <size_t N> std::string_view padded(const char (&bytes)[N]) {
	return {bytes, strnlen(bytes, N)};
}

Reason reason_of(uint8_t cause) {
	switch (cause) {
	case ND_CAUSE_RULE:
		return Reason::kRule;
	case ND_CAUSE_POLICY:
		return Reason::kPolicy;
	case ND_CAUSE_JUMP_LIMIT:
		return Reason::kJumpLimit;
	default:
		return Reason::kOther;
	}
}

} // namespace

Context context_of(const Drop &drop) {
	const nd_event &event = drop.event;
	const Attribution &attribution = *drop.attribution;
	Context context;
	if (event.cause != ND_CAUSE_OTHER)
		context.family = attribution.family.empty() ? family_name(event.family, "unknown")
		                                            : std::string_view(attribution.family);
	context.table = attribution.table.empty() ? padded(event.table) : std::string_view(attribution.table);
	context.owner = attribution.owner;
	context.table_handle = attribution.table_handle != 0 ? attribution.table_handle : event.table_handle;
	context.base_chain =
	        attribution.base_chain.empty() ? padded(event.base_chain) : std::string_view(attribution.base_chain);
	context.reason = reason_of(event.cause);
	// An empty text is not a known one: a rule without an expression drops nothing.
	context.text_known = attribution.known && !attribution.text.empty();
	context.unread = attribution.unread;
	context.location = drop.location;
	context.netns = drop.netns_name;
	if (context.reason == Reason::kRule) context.by = expression_word(drop.expression);
	if (!attribution.chain.empty()) {
		context.chain = attribution.chain;
		context.chain_handle = attribution.chain_handle;
		context.chain_known = true;
	} else {
		context.chain = context.base_chain;
		context.chain_handle = event.chain_handle;
		context.chain_known = context.reason == Reason::kPolicy;
	}
	return context;
}

std::string_view reason_name(Reason reason) {
	switch (reason) {
	case Reason::kRule:
		return "rule";
	case Reason::kPolicy:
		return "policy";
	case Reason::kJumpLimit:
		return "jump-limit";
	case Reason::kOther:
		break;
	}
	return "other";
}

void append_note(std::string &out, const Context &context) {
	switch (context.reason) {
	case Reason::kRule:
		if (says_so_itself(context.by)) break;
		out += " dropped by ";
		append_escaped(out, context.by, Escape::kText);
		break;
	case Reason::kPolicy:
		break;
	case Reason::kJumpLimit:
		out += " jump limit reached";
		break;
	case Reason::kOther:
		if (context.location.empty()) {
			out += " unknown cause";
		} else {
			out += " dropped in ";
			append_escaped(out, context.location, Escape::kText);
		}
		break;
	}
}

void append_repeated(std::string &out, const Repeated &repeated) {
	if (repeated.times > 1)
		out += " repeated " + grouped(repeated.times) + " times in " + seconds(repeated.within) + " s";
}

void append_not_watched(std::string &out, Clock &clock, std::chrono::system_clock::time_point from,
                        std::chrono::system_clock::time_point to, std::string_view why) {
	out += "not watched: ";
	out += clock.time_of_day(from);
	out += " to ";
	out += clock.time_of_day(to);
	out += " (";
	append_escaped(out, why, Escape::kText);
	out += ')';
}

void append_left_out(std::string &out, const Repeated &these) {
	out += grouped(these.times) + " drops left out in " + seconds(these.within) + " s";
}

} // namespace nft_drops
