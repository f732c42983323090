// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/line.h"

#include "nft-ext/sinks/context.h"
#include "nft-ext/sinks/path.h"
#include "nft-ext/text/escape.h"

#include <fmt/format.h>

namespace nft_drops {

namespace {

void append_culprit(std::string &out, const Context &context, const nd_event &event, const Answer &answer) {
	if (context.reason == Reason::kOther && event.rule_handle == 0) {
		out += "other ";
		return;
	}
	std::string_view unknown = "# chain gone";
	if (context.reason == Reason::kPolicy) {
		out += "policy \"";
	} else {
		const fmt::format_int handle(event.rule_handle);
		out += "handle ";
		out.append(handle.data(), handle.size());
		out += " \"";
		unknown = "# rule gone";
	}
	if (context.text_known)
		append_escaped(out, answer.text, Escape::kQuoted);
	else
		out += unknown;
	out += "\" ";
}

} // namespace

void LineRenderer::drops(const nd_event &event, const Answer &answer, std::chrono::system_clock::time_point time,
                         const Repeated &repeated, std::string &out) {
	const Context context = context_of(event, answer);
	out += clock_.time_of_day(time);
	for (const std::string_view name : {context.family, context.table, context.chain}) {
		if (event.cause == ND_CAUSE_OTHER) break;
		out += ' ';
		append_escaped(out, name, Escape::kWord);
	}
	out += ' ';
	append_culprit(out, context, event, answer);
	out += words_.of(event);
	append_note(out, context);
	append_repeated(out, repeated);
	if (!context.netns.empty()) {
		out += " netns \"";
		append_escaped(out, context.netns, Escape::kQuoted);
		out += '"';
	}
	if (answer.path_known) out += " path ";
	append_path(out, event, answer);
	out += '\n';
}

void LineRenderer::left_out(const Repeated &these, std::string &out) {
	out += "# ";
	append_left_out(out, these);
	out += '\n';
}

void LineRenderer::finish(std::string & /*out*/) {
}

} // namespace nft_drops
