// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/block.h"

#include "nft-ext/sinks/path.h"
#include "nft-ext/sinks/rule_text.h"
#include "nft-ext/text/escape.h"

#include <fmt/format.h>

namespace nft_drops {

namespace {

void append_handle(std::string &out, uint64_t handle) {
	const fmt::format_int digits(handle);
	out += "# handle ";
	out.append(digits.data(), digits.size());
}

void append_opening(std::string &out, std::string_view name, uint64_t handle) {
	append_escaped(out, name, Escape::kWord);
	out += " {";
	if (handle != 0) {
		out += ' ';
		append_handle(out, handle);
	}
	out += '\n';
}

void append_culprit(std::string &out, const Context &context, const nd_event &event, const Answer &answer) {
	if (context.reason == Reason::kPolicy) {
		if (context.text_known)
			append_rule_text(out, answer.text);
		else
			out += "\t\t# policy drop # chain gone";
		out += '\n';
		return;
	}
	if (context.reason == Reason::kOther && event.rule_handle == 0) return;
	if (context.text_known) {
		append_rule_text(out, answer.text);
		out += ' ';
		append_handle(out, event.rule_handle);
	} else {
		out += "\t\t";
		append_handle(out, event.rule_handle);
		out += " # rule gone";
	}
	out += '\n';
}

} // namespace

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
		out += "table ";
		append_escaped(out, family_, Escape::kWord);
		out += ' ';
		append_opening(out, table_, table_handle_);
		open_ = true;
	}
	chain_ = context.chain;
	chain_handle_ = context.chain_handle;
	out += "\tchain ";
	append_opening(out, chain_, chain_handle_);
}

// What is said of the packet beside its words, and below them; the braces are as they have to be.
const BlockRenderer::Shown &BlockRenderer::prepare(const nd_event &event, const Answer &answer, std::string &out) {
	Shown &shown = shown_[answer.id % shown_.size()];
	const bool kept = answer.id != 0 && shown.id == answer.id;
	if (kept && entered_ == answer.id) return shown;
	const Context context = context_of(event, answer);
	if (event.cause == ND_CAUSE_OTHER)
		leave_for(event.netns, context, out);
	else
		enter(event.netns, context, out);
	entered_ = event.cause == ND_CAUSE_OTHER ? 0 : answer.id;
	if (kept) return shown;
	shown.id = answer.id;
	shown.note.clear();
	append_note(shown.note, context);
	shown.culprit.clear();
	append_culprit(shown.culprit, context, event, answer);
	return shown;
}

void BlockRenderer::drops(const nd_event &event, const Answer &answer, std::chrono::system_clock::time_point time,
                          const Repeated &repeated, std::string &out) {
	const Shown &shown = prepare(event, answer, out);
	out += event.cause == ND_CAUSE_OTHER ? "# " : "\t\t# ";
	out += clock_.time_of_day(time);
	out += ' ';
	out += words_.of(event);
	out += shown.note;
	append_repeated(out, repeated);
	out += '\n';
	if (answer.path_known) {
		out += "\t\t# ";
		append_path(out, event, answer);
		out += '\n';
	}
	out += shown.culprit;
}

void BlockRenderer::finish(std::string &out) {
	if (open_) out += "\t}\n}\n";
	open_ = false;
	entered_ = 0;
}

} // namespace nft_drops
