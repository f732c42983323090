// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/json.h"

#include "nft-ext/packet/json_packet.h"
#include "nft-ext/sinks/context.h"
#include "nft-ext/sinks/details.h"
#include "nft-ext/sinks/jump_path.h"
#include "nft-ext/text/json_writer.h"
#include "nft-ext/text/rule_words.h"

namespace nft_drops {

namespace {

void add_interface(JsonWriter &json, std::string_view key, std::string_view name, uint32_t index) {
	if (name.empty() && index != 0)
		json.member(key, std::to_string(index));
	else
		json.member_or_null(key, name);
}

// The rules that jumped, outermost first, and the gotos between them.
void write_path(JsonWriter &json, const Drop &drop) {
	json.key("path");
	json.open_array();
	for (const Hop &hop : hops_of(drop)) {
		json.open_object();
		json.member("chain", hop.from);
		json.member_or_null("handle", hop.handle);
		json.member_or_null("jump", hop.kind == Hop::Kind::kJump ? hop.to : std::string_view());
		if (hop.kind == Hop::Kind::kMap) json.member("vmap", hop.to);
		if (hop.kind == Hop::Kind::kGoto) json.member("goto", hop.to);
		json.close_object();
	}
	json.close_array();
}

} // namespace

void JsonRenderer::drops(const Drop &drop, const Repeated &repeated, std::string &out) {
	const nd_event &event = drop.event;
	const Context context = context_of(drop);
	const std::string_view text =
	        context.text_known ? std::string_view(drop.attribution->text) : std::string_view();
	const bool policy = context.reason == Reason::kPolicy;
	JsonWriter json(out);
	json.open_object();
	json.member("time", clock_.timestamp(drop.time));
	json.member("netns", event.netns);
	json.member_or_null("family", context.family);
	json.member_or_null("table", context.table);
	json.member_or_null("table_handle", context.table_handle);
	json.member_or_null("chain", context.chain_known ? context.chain : std::string_view());
	json.member_or_null("chain_handle", context.chain_known ? context.chain_handle : 0);
	json.member("reason", reason_name(context.reason));
	json.member_or_null("handle", context.reason == Reason::kRule ? event.rule_handle : 0);
	json.member_or_null("rule", policy ? std::string_view() : text);
	json.member_or_null("comment", policy ? std::string_view() : comment_in(text));
	json.member_or_null("hook", hook_name(event));
	json.key("priority");
	if (drop.attribution->priority)
		json.integer(*drop.attribution->priority);
	else
		json.null();
	add_interface(json, "iif", iif_name(event), event.iif);
	add_interface(json, "oif", oif_name(event), event.oif);
	if (const auto [index, name] = physin_of(event); index != 0) add_interface(json, "physin", name, index);
	if (const auto [index, name] = physout_of(event); index != 0) add_interface(json, "physout", name, index);
	json.member("length", event.length);
	json.key("packet");
	write_packet_json(json, drop.packet());
	json.member_or_null("base_chain", context.base_chain);
	if (context.reason == Reason::kRule) json.member_or_null("by", context.by);
	if (!context.location.empty()) json.member("location", context.location);
	if (!context.netns.empty()) json.member("netns_name", context.netns);
	if (drop.path) write_path(json, drop);
	write_details_json(json, drop);
	if (drop.event.flags & ND_FLAG_UNDECIDED) json.member_boolean("undecided", true);
	if (repeated.times > 1) {
		json.member("repeated", repeated.times);
		json.member("milliseconds", static_cast<uint64_t>(repeated.within.count()));
	}
	if (policy) json.member_or_null("policy_line", text);
	if (context.reason == Reason::kJumpLimit) json.member_or_null("jump_handle", event.rule_handle);
	if (context.unread) json.member_boolean("text_unread", true);
	json.close_object();
	out += '\n';
}

void JsonRenderer::left_out(const Repeated &these, std::string &out) {
	JsonWriter json(out);
	json.open_object();
	json.member("left_out", these.times);
	json.member("milliseconds", static_cast<uint64_t>(these.within.count()));
	json.close_object();
	out += '\n';
}

void JsonRenderer::not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
                               std::string_view why, std::string &out) {
	JsonWriter json(out);
	json.open_object();
	json.key("not_watched");
	json.open_object();
	json.member("from", clock_.timestamp(from));
	json.member("to", clock_.timestamp(to));
	json.member("why", why);
	json.close_object();
	json.close_object();
	out += '\n';
}

void JsonRenderer::finish(std::string & /*out*/) {
}

} // namespace nft_drops
