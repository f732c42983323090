// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/view/top_words.h"

#include "bpf/shared/flow.h"
#include "nft-ext/packet/address.h"
#include "nft-ext/packet/symbols.h"
#include "nft-ext/text/escape.h"
#include "nft-ext/text/figures.h"

#include <fmt/format.h>

#include <netinet/in.h>

#include <cmath>
#include <ctime>

namespace nft_drops {
namespace {

constexpr uint8_t kKinds = 0x0f; // of nd_flow_kind, without ND_FLOW_PORT

// nft breaks `jump { ... }` into lines, which become one. A newline between quotes is part of a string, which has to
// show it.
std::string one_line(std::string_view text) {
	std::string line;
	bool quoted = false;
	for (size_t i = 0; i < text.size(); i++) {
		if (text[i] == '"') quoted = !quoted;
		if (text[i] != '\n' || quoted) {
			line += text[i];
			continue;
		}
		while (i + 1 < text.size() && (text[i + 1] == '\t' || text[i + 1] == ' '))
			i++;
		line += ' ';
	}
	return line;
}

void append_name(std::string &out, std::string_view name) {
	append_escaped(out, name, Escape::kWord);
}

// With tabs made visible, too: they would move what stands behind them.
std::string escaped(std::string_view text) {
	std::string out, safe;
	append_escaped(out, text, Escape::kText);
	for (const char c : out)
		c == '\t' ? safe += "\\t" : safe += c;
	return safe;
}

} // namespace

std::string place_words(const CulpritWords &c) {
	std::string words(c.family);
	for (const std::string *name : {&c.table, &c.chain}) {
		words += ' ';
		append_name(words, *name);
	}
	return words;
}

std::string text_words(const CulpritWords &c) {
	const bool policy = c.cause == ND_CAUSE_POLICY;
	std::string words =
	        c.text.empty() ? policy ? "policy drop # text unknown" : "# text unknown" : escaped(one_line(c.text));
	if (!policy && c.handle != 0) words += fmt::format(" # handle {}", c.handle);
	if (c.cause == ND_CAUSE_JUMP_LIMIT) words += " # jump limit reached";
	if (!c.netns_name.empty()) {
		words += " # netns \"";
		append_escaped(words, c.netns_name, Escape::kQuoted);
		words += '"';
	}
	return words;
}

std::string rule_words(const CulpritWords &c) {
	return place_words(c) + ' ' + text_words(c);
}

std::string address_words(const Address &address) {
	if (address.size == 0) return "";
	TextBuffer out;
	write_address(out, address);
	return std::string(out.view());
}

std::string port_words(const FlowWords &flow) {
	const bool known = (flow.kind & ND_FLOW_PORT) != 0;
	const auto or_number = [](std::string_view name, unsigned number) {
		return name.empty() ? fmt::format("{}", number) : std::string(name);
	};
	switch (flow.kind & kKinds) {
	case ND_FLOW_ARP:
		return known ? "arp " + or_number(arp_operation_name(flow.port), flow.port) : "arp";
	case ND_FLOW_IP:
	case ND_FLOW_IP6:
		break;
	default: {
		const std::string_view name = ethertype_name(flow.port);
		return name.empty() ? fmt::format("0x{:04x}", flow.port) : std::string(name);
	}
	}
	std::string words = or_number(protocol_name(flow.protocol), flow.protocol);
	if (!known) return words;
	const auto type = static_cast<uint8_t>(flow.port >> 8), code = static_cast<uint8_t>(flow.port);
	if (flow.protocol == IPPROTO_ICMP || flow.protocol == IPPROTO_ICMPV6) {
		const bool v6 = flow.protocol == IPPROTO_ICMPV6;
		words += ' ' + or_number(v6 ? icmpv6_type_name(type) : icmp_type_name(type), type);
		if (code != 0)
			words += ' ' + or_number(v6 ? icmpv6_code_name(type, code) : icmp_code_name(type, code), code);
		return words;
	}
	return words + fmt::format(" {}", flow.port);
}

std::string device_words(const FlowWords &flow) {
	std::string words;
	const auto add = [&](std::string_view which, std::string_view name) {
		if (name.empty()) return;
		if (!words.empty()) words += ' ';
		words += which;
		words += " \"";
		append_escaped(words, name, Escape::kQuoted);
		words += '"';
	};
	add("iif", flow.iif);
	add("oif", flow.oif);
	return words;
}

std::string time_of_day(int64_t nanoseconds) {
	if (nanoseconds == 0) return "-";
	const time_t seconds = nanoseconds / 1'000'000'000;
	tm local{};
	localtime_r(&seconds, &local);
	return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

std::string rate_words(double rate) {
	constexpr double kWhole = 99.95; // from here on without decimals
	if (rate <= 0) return "0";
	if (rate < kWhole) return fmt::format("{:.1f}", rate);
	return grouped(static_cast<uint64_t>(std::llround(rate)));
}

} // namespace nft_drops
