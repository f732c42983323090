// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/details.h"

#include "nft-ext/packet/hook.h"
#include "nft-ext/text/escape.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <utility>

namespace nft_drops {
namespace {

enum class Seen { kAccepted, kDropped, kNever };

Seen seen_by(const HookOrder &order, size_t entry) {
	return entry < order.dropper ? Seen::kAccepted : entry == order.dropper ? Seen::kDropped : Seen::kNever;
}

// nft_ct_get_eval(NFT_CT_STATE) by enum ip_conntrack_info: without an entry a packet is untracked or invalid.
std::string_view state_of(const nd_details &seen) {
	enum { kReply = 3, kUntracked = 7 }; // IP_CT_IS_REPLY, IP_CT_UNTRACKED
	if ((seen.known & ND_KNOWN_CT_ENTRY) == 0) return seen.ct_info == kUntracked ? "untracked" : "invalid";
	switch (seen.ct_info % kReply) {
	case 0:
		return "established";
	case 1:
		return "related";
	default:
		return "new";
	}
}

// CTINFO2DIR()
std::string_view direction_of(const nd_details &seen) {
	return seen.ct_info >= 3 ? "reply" : "original";
}

std::string connection_line(const nd_details &seen) {
	std::string line;
	if (seen.known & ND_KNOWN_CT) fmt::format_to(std::back_inserter(line), "ct state {}", state_of(seen));
	if (seen.known & ND_KNOWN_CT_ENTRY)
		fmt::format_to(std::back_inserter(line), " ct direction {}", direction_of(seen));
	if (seen.known & ND_KNOWN_CT_MARK) fmt::format_to(std::back_inserter(line), " ct mark 0x{:x}", seen.ct_mark);
	// Without conntrack, a mark is worth a line only where there is one.
	const bool mark = (seen.known & ND_KNOWN_MARK) && (!line.empty() || seen.mark != 0);
	if (mark) fmt::format_to(std::back_inserter(line), "{}meta mark 0x{:x}", line.empty() ? "" : " ", seen.mark);
	return line;
}

// As nft lists an element; text from outside is escaped.
std::string element_line(const ElementFound &element) {
	std::string line = "element ";
	if (!element.unknown.empty()) {
		line += "unknown: @";
		append_escaped(line, element.set, Escape::kWord);
		return line + ' ' + element.unknown;
	}
	append_escaped(line, element.key, Escape::kText);
	if (element.timeout_ms) line += " timeout " + words_of_time(element.timeout_ms);
	if (element.expires_ms) line += " expires " + words_of_time(element.expires_ms);
	if (!element.comment.empty()) {
		line += " comment \"";
		append_escaped(line, element.comment, Escape::kQuoted);
		line += '"';
	}
	if (!element.verdict.empty()) {
		line += " : ";
		append_escaped(line, element.verdict, Escape::kText);
	}
	line += " of @";
	append_escaped(line, element.set, Escape::kWord);
	return line;
}

// "(nginx, pid 812)", "(nginx, pid 812; nginx, pid 813)"
void append_processes(std::string &line, const std::vector<Process> &processes) {
	for (size_t i = 0; i < processes.size(); i++) {
		line += i == 0 ? " (" : "; ";
		append_escaped(line, processes[i].name, Escape::kText);
		fmt::format_to(std::back_inserter(line), ", pid {}", processes[i].pid);
	}
	if (!processes.empty()) line += ')';
}

std::string socket_line(const Details &details) {
	const auto socket = details.whose();
	if (!socket) return details.socket_sought ? "socket: none here" : "";
	std::string line = fmt::format("socket: meta skuid {}", socket->uid);
	if (!details.group.empty()) {
		line += " socket cgroupv2 \"";
		append_escaped(line, details.group, Escape::kQuoted);
		line += '"';
	}
	append_processes(line, details.processes);
	return line;
}

std::string hook_line(const Drop &drop, const HookOrder &order) {
	std::string line = "hook ";
	line += hook_name(drop.event);
	for (size_t i = 0; i < order.entries.size(); i++) {
		const HookEntry &entry = order.entries[i];
		line += i == 0 ? ": " : ", ";
		append_escaped(line, entry.name, Escape::kText);
		switch (seen_by(order, i)) {
		case Seen::kAccepted:
			fmt::format_to(std::back_inserter(line), " accepted at {}", entry.priority);
			break;
		case Seen::kDropped:
			fmt::format_to(std::back_inserter(line), " DROPPED at {}", entry.priority);
			break;
		case Seen::kNever:
			fmt::format_to(std::back_inserter(line), " at {} never saw it", entry.priority);
			break;
		}
	}
	return line;
}

// IPS_* of enum ip_conntrack_status that `ct status` has words for.
constexpr std::array<std::pair<uint32_t, std::string_view>, 7> kStatus{{{0x001, "expected"},
                                                                        {0x002, "seen-reply"},
                                                                        {0x004, "assured"},
                                                                        {0x008, "confirmed"},
                                                                        {0x010, "snat"},
                                                                        {0x020, "dnat"},
                                                                        {0x200, "dying"}}};

void write_connection(JsonWriter &json, const nd_details &seen) {
	if (seen.known & ND_KNOWN_MARK) json.member("mark", seen.mark);
	if ((seen.known & ND_KNOWN_CT) == 0) return;
	json.key("ct");
	json.open_object();
	json.member("state", state_of(seen));
	if (seen.known & ND_KNOWN_CT_ENTRY) {
		json.member("direction", direction_of(seen));
		json.key("status");
		json.open_array();
		for (const auto &[bit, name] : kStatus)
			if (seen.ct_status & bit) json.string(name);
		json.close_array();
	}
	if (seen.known & ND_KNOWN_CT_MARK) json.member("mark", seen.ct_mark);
	json.close_object();
}

void write_elements(JsonWriter &json, const std::vector<ElementFound> &elements) {
	if (elements.empty()) return;
	json.key("elements");
	json.open_array();
	for (const ElementFound &element : elements) {
		json.open_object();
		json.member("set", element.set);
		if (!element.unknown.empty()) {
			json.member("unknown", element.unknown);
		} else {
			json.member("key", element.key);
			// In seconds, as nft's own JSON has them.
			if (element.timeout_ms) json.member("timeout", element.timeout_ms / 1000);
			if (element.expires_ms) json.member("expires", element.expires_ms / 1000);
			json.member_or_null("comment", element.comment);
			json.member_or_null("verdict", element.verdict);
		}
		json.close_object();
	}
	json.close_array();
}

void write_socket(JsonWriter &json, const Details &details) {
	const auto socket = details.whose();
	if (!socket) {
		if (details.socket_sought) json.member_null("socket");
		return;
	}
	json.key("socket");
	json.open_object();
	json.member("skuid", socket->uid);
	json.member_or_null("cgroupv2", details.group);
	json.key("processes");
	json.open_array();
	for (const Process &process : details.processes) {
		json.open_object();
		json.member("pid", static_cast<uint64_t>(process.pid));
		json.member("name", process.name);
		json.close_object();
	}
	json.close_array();
	json.close_object();
}

void write_hook(JsonWriter &json, const HookOrder &order) {
	json.key("hook");
	json.open_array();
	for (size_t i = 0; i < order.entries.size(); i++) {
		const HookEntry &entry = order.entries[i];
		const Seen seen = seen_by(order, i);
		json.open_object();
		json.member("name", entry.name);
		json.key("priority");
		json.integer(entry.priority);
		json.member("packet", seen == Seen::kAccepted  ? std::string_view("accepted")
		                      : seen == Seen::kDropped ? std::string_view("dropped")
		                                               : std::string_view("not seen"));
		json.close_object();
	}
	json.close_array();
}

} // namespace

std::vector<std::string> details_of(const Drop &drop) {
	std::vector<std::string> lines;
	if (!drop.details) return lines;
	const auto add = [&lines](std::string line) {
		if (!line.empty()) lines.push_back(std::move(line));
	};
	add(connection_line(drop.details->seen));
	for (const ElementFound &element : drop.details->elements)
		add(element_line(element));
	add(socket_line(*drop.details));
	if (drop.details->hook) add(hook_line(drop, *drop.details->hook));
	return lines;
}

void append_details_lines(std::string &out, std::string_view indent, const Drop &drop) {
	for (const std::string &line : details_of(drop)) {
		out += indent;
		out += "#   ";
		out += line;
		out += '\n';
	}
}

void append_details_words(std::string &out, const Drop &drop) {
	for (const std::string &line : details_of(drop)) {
		out += " # ";
		out += line;
	}
}

void write_details_json(JsonWriter &json, const Drop &drop) {
	if (!drop.details) return;
	json.key("details");
	json.open_object();
	if (!drop.attribution->owner.empty()) json.member("table_owner", drop.attribution->owner);
	write_connection(json, drop.details->seen);
	write_elements(json, drop.details->elements);
	write_socket(json, *drop.details);
	if (drop.details->hook) write_hook(json, *drop.details->hook);
	json.close_object();
}

} // namespace nft_drops
