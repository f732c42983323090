// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/line.h"

#include "nft-ext/sinks/context.h"
#include "nft-ext/sinks/details.h"
#include "nft-ext/sinks/jump_path.h"
#include "nft-ext/text/escape.h"

#include <fmt/format.h>

namespace nft_drops {

namespace {

void append_culprit(std::string &out, const Context &context, const Drop &drop) {
	const uint64_t rule = drop.event.rule_handle;
	if (context.reason == Reason::kOther && rule == 0) {
		out += "other ";
		return;
	}
	std::string_view unknown = "# chain gone";
	if (context.reason == Reason::kPolicy) {
		out += "policy \"";
	} else {
		const fmt::format_int handle(rule);
		out += "handle ";
		out.append(handle.data(), handle.size());
		out += " \"";
		unknown = "# rule gone";
	}
	if (context.unread) unknown = "# rule text not read yet";
	if (context.text_known)
		append_escaped(out, drop.attribution->text, Escape::kQuoted);
	else
		out += unknown;
	out += "\" ";
}

} // namespace

const LineWords::Shown &LineWords::shown_of(const Drop &drop) {
	Shown &shown = shown_.place_for(drop);
	if (shown.is_of(drop)) return shown;
	const Context context = context_of(drop);
	shown.become(drop);
	std::string &before = shown.before;
	before = palette_.place;
	for (const std::string_view name : {context.family, context.table, context.chain}) {
		if (drop.event.cause == ND_CAUSE_OTHER) break;
		append_escaped(before, name, Escape::kWord);
		before += ' ';
	}
	before += palette_.end;
	before += palette_.rule;
	append_culprit(before, context, drop);
	before += palette_.end;
	shown.note.clear();
	append_note(shown.note, context);
	return shown;
}

void LineWords::append(const Drop &drop, const Repeated &repeated, std::string &out) {
	const Shown &shown = shown_of(drop);
	out += shown.before;
	out += words_.of(drop.event);
	if (drop.event.flags & ND_FLAG_UNDECIDED) out += " # undecided";
	out += shown.note;
	append_repeated(out, repeated);
	if (!drop.netns_name.empty()) {
		out += " netns \"";
		append_escaped(out, drop.netns_name, Escape::kQuoted);
		out += '"';
	}
	if (drop.path) {
		out += " path ";
		append_jump_path(out, drop);
	}
	if (drop.details) append_details_words(out, drop);
}

void LineRenderer::drops(const Drop &drop, const Repeated &repeated, std::string &out) {
	out += palette_.time;
	out += clock_.timestamp(drop.time);
	out += palette_.end;
	out += ' ';
	words_.append(drop, repeated, out);
	out += '\n';
}

void LineRenderer::left_out(const Repeated &these, std::string &out) {
	out += "# ";
	append_left_out(out, these);
	out += '\n';
}

void LineRenderer::not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
                               std::string_view why, std::string &out) {
	out += "# ";
	append_not_watched(out, clock_, from, to, why);
	out += '\n';
}

void LineRenderer::finish(std::string & /*out*/) {
}

} // namespace nft_drops
