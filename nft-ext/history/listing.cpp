// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/history/listing.h"

#include "bpf/shared/flow.h"
#include "nft-ext/history/time_words.h"
#include "nft-ext/packet/json_packet.h"
#include "nft-ext/packet/words.h"
#include "nft-ext/sinks/expression.h"
#include "nft-ext/sinks/rule_text.h"
#include "nft-ext/text/clock.h"
#include "nft-ext/text/escape.h"
#include "nft-ext/text/json_writer.h"
#include "nft-ext/text/rule_words.h"

#include <fmt/format.h>

#include <netinet/in.h>

#include <cstring>

namespace nft_drops {
namespace {

constexpr uint8_t kKinds = 0x0f; // of nd_flow_kind, without ND_FLOW_PORT

L4 transport_of(const FlowWords &flow) {
	if (!(flow.kind & ND_FLOW_PORT)) return L4::kOther;
	switch (flow.protocol) {
	case IPPROTO_TCP:
		return L4::kTcp;
	case IPPROTO_UDP:
		return L4::kUdp;
	case IPPROTO_UDPLITE:
		return L4::kUdplite;
	case IPPROTO_SCTP:
		return L4::kSctp;
	case IPPROTO_DCCP:
		return L4::kDccp;
	case IPPROTO_ICMP:
		return L4::kIcmp;
	case IPPROTO_ICMPV6:
		return L4::kIcmpv6;
	default:
		return L4::kOther;
	}
}

// The flow as a packet of which only these words are known.
Packet packet_of(const FlowWords &flow) {
	Packet packet;
	packet.saddr = flow.saddr;
	packet.daddr = flow.daddr;
	switch (flow.kind & kKinds) {
	case ND_FLOW_ARP:
		packet.l3 = L3::kArp;
		packet.arp.emplace();
		if (flow.kind & ND_FLOW_PORT) packet.arp->operation = flow.port;
		return packet;
	case ND_FLOW_IP:
		packet.l3 = L3::kIp;
		break;
	case ND_FLOW_IP6:
		packet.l3 = L3::kIp6;
		break;
	default:
		packet.ethertype = flow.port;
		return packet;
	}
	packet.protocol = flow.protocol;
	packet.l4 = transport_of(flow);
	if (packet.l4 == L4::kIcmp || packet.l4 == L4::kIcmpv6) {
		packet.type = static_cast<uint8_t>(flow.port >> 8);
		// 0 with most types, which have no codes.
		if ((flow.port & 0xff) != 0) packet.code = static_cast<uint8_t>(flow.port);
	} else if (packet.l4 != L4::kOther) {
		packet.dport = flow.port;
	}
	return packet;
}

nd_event devices_of(const FlowWords &flow) {
	nd_event event{};
	memcpy(event.iifname, flow.iif.data(), std::min(flow.iif.size(), sizeof(event.iifname)));
	memcpy(event.oifname, flow.oif.data(), std::min(flow.oif.size(), sizeof(event.oifname)));
	return event;
}

std::string span_words(const DropSums &drops) {
	return fmt::format("{} to {}", time_words(drops.first), time_words(drops.last, drops.first));
}

std::string interval_words(const Interval &time) {
	return fmt::format("{} to {}", time_words(time.from), time_words(time.to, time.from));
}

// `dropped by masquerade`, `jump limit reached`, or nothing.
std::string note_of(const CulpritWords &culprit) {
	if (culprit.cause == ND_CAUSE_JUMP_LIMIT) return " jump limit reached";
	const std::string_view by = expression_word(culprit.expression);
	if (culprit.cause != ND_CAUSE_RULE || says_so_itself(by)) return {};
	std::string note = " dropped by ";
	append_escaped(note, by, Escape::kText);
	return note;
}

void append_comments(std::string &out, const Found &found) {
	for (const std::string &match : found.recorded_only) {
		out += "# recorded only: ";
		append_escaped(out, match, Escape::kText);
		out += '\n';
	}
	if (found.widened)
		out += fmt::format("# whole minutes or hours are kept together: {}\n", interval_words(found.time));
	for (const Interval &gap : found.not_recorded)
		out += fmt::format("# not recorded: {}\n", interval_words(gap));
	for (const Interval &jump : found.clock_set)
		out += fmt::format("# clock set: {} became {}\n", time_words(jump.from), time_words(jump.to));
	if (found.lost > 0) out += fmt::format("# lost: {}\n", found.lost);
	if (found.left_out > 0) out += fmt::format("# left out by --limit: {} flows\n", found.left_out);
}

class Block {
public:
	explicit Block(uint32_t netns) : here_(netns), netns_(netns) {}

	void add(const FoundCulprit &one) {
		const CulpritWords &c = one.culprit;
		enter(c);
		const std::string note = note_of(c);
		for (const FoundFlow &flow : one.flows)
			out += fmt::format("\t\t# {} packets {} bytes, {}: {}{}\n", flow.drops.packets,
			                   flow.drops.bytes, span_words(flow.drops), flow_words(flow.flow), note);
		if (c.cause == ND_CAUSE_POLICY) {
			if (c.text.empty())
				out += "\t\t# policy drop # chain gone";
			else
				append_rule_text(out, c.text);
		} else if (c.text.empty()) {
			out += fmt::format("\t\t# handle {} # rule gone", c.handle);
		} else {
			append_rule_text(out, c.text);
			out += fmt::format(" # handle {}", c.handle);
		}
		out += '\n';
	}
	void finish() {
		if (open_) out += "\t}\n}\n";
		open_ = false;
	}

	std::string out;

private:
	void enter(const CulpritWords &c) {
		const bool same_table = open_ && netns_ == c.netns && table_handle_ == c.table_handle &&
		                        family_ == c.family && table_ == c.table;
		if (same_table && chain_ == c.chain && chain_handle_ == c.chain_handle) return;
		if (same_table) {
			out += "\t}\n\n";
		} else {
			finish();
			if (netns_ != c.netns && (c.netns != here_ || netns_ != here_)) {
				out += "# network namespace ";
				append_escaped(out, c.netns_name.empty() ? fmt::format("{}", c.netns) : c.netns_name,
				               Escape::kText);
				out += '\n';
			}
			netns_ = c.netns;
			family_ = c.family;
			table_ = c.table;
			table_handle_ = c.table_handle;
			out += "table ";
			append_escaped(out, family_, Escape::kWord);
			out += ' ';
			open(table_, table_handle_);
			open_ = true;
		}
		chain_ = c.chain;
		chain_handle_ = c.chain_handle;
		out += "\tchain ";
		open(chain_, chain_handle_);
	}
	void open(const std::string &name, uint64_t handle) {
		append_escaped(out, name, Escape::kWord);
		out += handle ? fmt::format(" {{ # handle {}\n", handle) : " {\n";
	}

	uint32_t here_, netns_;
	bool open_ = false;
	std::string family_, table_, chain_;
	uint64_t table_handle_ = 0, chain_handle_ = 0;
};

void append_lines(std::string &out, const FoundCulprit &one, uint32_t netns) {
	const CulpritWords &c = one.culprit;
	for (const FoundFlow &flow : one.flows) {
		out += fmt::format("{} {} packets {} bytes ", span_words(flow.drops), flow.drops.packets,
		                   flow.drops.bytes);
		for (const std::string_view name : {c.family, c.table, c.chain}) {
			append_escaped(out, name, Escape::kWord);
			out += ' ';
		}
		const bool policy = c.cause == ND_CAUSE_POLICY;
		out += policy ? "policy \"" : fmt::format("handle {} \"", c.handle);
		if (c.text.empty())
			out += policy ? "# chain gone" : "# rule gone";
		else
			append_escaped(out, c.text, Escape::kQuoted);
		out += "\" " + flow_words(flow.flow) + note_of(c);
		if (c.netns != netns) {
			out += " netns \"";
			append_escaped(out, c.netns_name.empty() ? fmt::format("{}", c.netns) : c.netns_name,
			               Escape::kQuoted);
			out += '"';
		}
		out += '\n';
	}
}

std::string timestamp(int64_t time) {
	Clock clock(Clock::Zone::kUtc);
	return std::string(clock.timestamp(std::chrono::system_clock::time_point(
	        std::chrono::duration_cast<std::chrono::system_clock::duration>(std::chrono::nanoseconds(time)))));
}

void append_json_interval(std::string &out, std::string_view name, const Interval &time) {
	JsonWriter json(out);
	json.open_object();
	json.key(name);
	json.open_object();
	json.member("from", timestamp(time.from));
	json.member("to", timestamp(time.to));
	json.close_object();
	json.close_object();
	out += '\n';
}

void append_json_comments(std::string &out, const Found &found) {
	const auto number = [&out](std::string_view name, uint64_t value) {
		if (value == 0) return;
		JsonWriter json(out);
		json.open_object();
		json.member(name, value);
		json.close_object();
		out += '\n';
	};
	for (const std::string &match : found.recorded_only) {
		JsonWriter json(out);
		json.open_object();
		json.member("recorded_only", match);
		json.close_object();
		out += '\n';
	}
	if (found.widened) append_json_interval(out, "widened", found.time);
	for (const Interval &gap : found.not_recorded)
		append_json_interval(out, "not_recorded", gap);
	for (const Interval &jump : found.clock_set)
		append_json_interval(out, "clock_set", jump);
	number("lost", static_cast<uint64_t>(found.lost));
	number("left_out", found.left_out);
}

std::string_view reason_name(uint8_t cause) {
	switch (cause) {
	case ND_CAUSE_RULE:
		return "rule";
	case ND_CAUSE_POLICY:
		return "policy";
	case ND_CAUSE_JUMP_LIMIT:
		return "jump-limit";
	default:
		return "other";
	}
}

void append_json(std::string &out, const CulpritWords &c, const FoundFlow &flow) {
	const bool policy = c.cause == ND_CAUSE_POLICY, others = flow.flow.kind == FlowWords::kOthers;
	JsonWriter json(out);
	json.open_object();
	json.member("packets", static_cast<uint64_t>(flow.drops.packets));
	json.member("bytes", static_cast<uint64_t>(flow.drops.bytes));
	json.member("first", timestamp(flow.drops.first));
	json.member("last", timestamp(flow.drops.last));
	json.member("netns", c.netns);
	json.member_or_null("family", c.family);
	json.member_or_null("table", c.table);
	json.member_or_null("table_handle", c.table_handle);
	json.member_or_null("chain", c.chain_known ? std::string_view(c.chain) : std::string_view());
	json.member_or_null("chain_handle", c.chain_known ? c.chain_handle : 0);
	json.member("reason", reason_name(c.cause));
	json.member_or_null("handle", c.cause == ND_CAUSE_RULE ? c.handle : 0);
	json.member_or_null("rule", policy ? std::string_view() : std::string_view(c.text));
	json.member_or_null("comment", policy ? std::string_view() : comment_in(c.text));
	json.member_or_null("hook", c.hook);
	json.member_or_null("iif", flow.flow.iif);
	json.member_or_null("oif", flow.flow.oif);
	json.key("packet");
	if (others)
		json.null();
	else
		write_packet_json(json, packet_of(flow.flow));
	json.member_or_null("base_chain", c.base_chain);
	if (c.cause == ND_CAUSE_RULE) json.member_or_null("by", expression_word(c.expression));
	if (!c.netns_name.empty()) json.member("netns_name", c.netns_name);
	if (policy) json.member_or_null("policy_line", c.text);
	if (c.cause == ND_CAUSE_JUMP_LIMIT) json.member_or_null("jump_handle", c.handle);
	if (others) json.member_boolean("others", true);
	json.close_object();
	out += '\n';
}

} // namespace

std::string flow_words(const FlowWords &flow) {
	if (flow.kind == FlowWords::kOthers) return "others";
	std::string words;
	append_words(words, devices_of(flow), packet_of(flow));
	// The packets of a flow have no length in common.
	if (const size_t length = words.rfind("length "); length != std::string::npos)
		words.resize(length > 0 ? length - 1 : 0);
	return words;
}

std::string listing_of(const Found &found, Format format, uint32_t netns) {
	std::string out;
	if (format == Format::kJson) {
		append_json_comments(out, found);
		for (const FoundCulprit &one : found.culprits)
			for (const FoundFlow &flow : one.flows)
				append_json(out, one.culprit, flow);
		return out;
	}
	append_comments(out, found);
	if (format == Format::kLine) {
		for (const FoundCulprit &one : found.culprits)
			append_lines(out, one, netns);
		return out;
	}
	Block block(netns);
	for (const FoundCulprit &one : found.culprits)
		block.add(one);
	block.finish();
	return out + block.out;
}

} // namespace nft_drops
