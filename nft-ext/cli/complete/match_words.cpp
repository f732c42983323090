// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/complete/match_words.h"

#include <algorithm>
#include <optional>

namespace nft_drops::complete {
namespace {

using Words = std::span<const std::string_view>;

// One thing that a match can ask for: the words in front of the value, and the names of values, as nft(8) and
// `nft describe` have them. Words are separated by blanks.
struct Term {
	const char *words;
	const char *values = "";
	bool history = false; // `why` takes it
};

constexpr const char *kProtocols = "tcp udp icmp icmpv6 igmp sctp dccp udplite esp ah comp";
constexpr const char *kEtherTypes = "ip ip6 arp vlan 8021q 8021ad";
constexpr const char *kDscp = "cs0 cs1 cs2 cs3 cs4 cs5 cs6 cs7 af11 af12 af13 af21 af22 af23 af31 af32 af33 af41 af42 "
                              "af43 ef";
constexpr const char *kEcn = "not-ect ect0 ect1 ce";
constexpr const char *kDeviceTypes = "ether loopback ppp ipip ipip6 sit ipgre";
constexpr const char *kDevices = "!device";
constexpr const char *kPresent = "exists missing";

constexpr Term kTerms[] = {
        {"iifname", kDevices, true},
        {"oifname", kDevices, true},
        {"iif", kDevices},
        {"oif", kDevices},
        {"iiftype", kDeviceTypes},
        {"oiftype", kDeviceTypes},
        {"iifgroup", "default"},
        {"oifgroup", "default"},
        {"mark"},
        {"pkttype", "host broadcast multicast other"},
        {"cpu"},
        {"meta iifname", kDevices, true},
        {"meta oifname", kDevices, true},
        {"meta iif", kDevices},
        {"meta oif", kDevices},
        {"meta iiftype", kDeviceTypes},
        {"meta oiftype", kDeviceTypes},
        {"meta iifgroup", "default"},
        {"meta oifgroup", "default"},
        {"meta mark"},
        {"meta pkttype", "host broadcast multicast other"},
        {"meta cpu"},
        {"meta length"},
        {"meta nfproto", "ipv4 ipv6"},
        {"meta l4proto", kProtocols, true},
        {"meta protocol", kEtherTypes},
        {"meta priority"},
        {"ct state", "new established related invalid untracked"},
        {"ct direction", "original reply"},
        {"tcp sport"},
        {"tcp dport", "", true},
        {"tcp sequence"},
        {"tcp ackseq"},
        {"tcp doff"},
        {"tcp flags", "syn ack fin rst psh urg ecn cwr"},
        {"tcp window"},
        {"tcp checksum"},
        {"tcp urgptr"},
        {"tcp option maxseg", kPresent},
        {"tcp option maxseg size"},
        {"tcp option window", kPresent},
        {"tcp option window count"},
        {"tcp option sack-perm", kPresent},
        {"tcp option sack", kPresent},
        {"tcp option timestamp", kPresent},
        {"udp sport"},
        {"udp dport", "", true},
        {"udp length"},
        {"udp checksum"},
        {"udplite sport"},
        {"udplite dport", "", true},
        {"sctp sport"},
        {"sctp dport", "", true},
        {"sctp vtag"},
        {"dccp sport"},
        {"dccp dport", "", true},
        {"th sport"},
        {"th dport", "", true},
        {"ip saddr", "", true},
        {"ip daddr", "", true},
        {"ip protocol", kProtocols, true},
        {"ip dscp", kDscp},
        {"ip ecn", kEcn},
        {"ip length"},
        {"ip id"},
        {"ip frag-off"},
        {"ip ttl"},
        {"ip version"},
        {"ip hdrlength"},
        {"ip checksum"},
        {"icmp type",
         "echo-request echo-reply destination-unreachable time-exceeded parameter-problem redirect "
         "router-advertisement router-solicitation source-quench timestamp-request timestamp-reply info-request "
         "info-reply address-mask-request address-mask-reply",
         true},
        {"icmp code",
         "net-unreachable host-unreachable prot-unreachable port-unreachable frag-needed net-prohibited "
         "host-prohibited admin-prohibited",
         true},
        {"icmp id"},
        {"icmp sequence"},
        {"icmp mtu"},
        {"icmp gateway"},
        {"icmp checksum"},
        {"ip6 saddr", "", true},
        {"ip6 daddr", "", true},
        {"ip6 nexthdr", kProtocols},
        {"ip6 dscp", kDscp},
        {"ip6 ecn", kEcn},
        {"ip6 flowlabel"},
        {"ip6 length"},
        {"ip6 hoplimit"},
        {"ip6 version"},
        {"icmpv6 type",
         "echo-request echo-reply destination-unreachable packet-too-big time-exceeded parameter-problem "
         "nd-neighbor-solicit nd-neighbor-advert nd-router-solicit nd-router-advert nd-redirect mld-listener-query "
         "mld-listener-report mld-listener-done mld2-listener-report router-renumbering ind-neighbor-solicit "
         "ind-neighbor-advert",
         true},
        {"icmpv6 code", "no-route admin-prohibited addr-unreachable port-unreachable policy-fail reject-route", true},
        {"icmpv6 id"},
        {"icmpv6 sequence"},
        {"icmpv6 mtu"},
        {"icmpv6 checksum"},
        {"igmp type", "membership-query membership-report-v1 membership-report-v2 membership-report-v3 leave-group"},
        {"igmp group"},
        {"ether saddr"},
        {"ether daddr"},
        {"ether type", kEtherTypes},
        {"vlan id"},
        {"vlan pcp"},
        {"vlan dei"},
        {"vlan type", kEtherTypes},
        {"arp operation", "request reply rrequest rreply inrequest inreply nak"},
        {"arp saddr ip"},
        {"arp daddr ip"},
        {"arp saddr ether"},
        {"arp daddr ether"},
        {"arp htype"},
        {"arp ptype", kEtherTypes},
        {"ah spi"},
        {"esp spi"},
        {"comp cpi"},
        {"exthdr hbh", kPresent},
        {"exthdr rt", kPresent},
        {"exthdr frag", kPresent},
        {"exthdr dst", kPresent},
        {"exthdr mh", kPresent},
        {"hbh nexthdr", kProtocols},
        {"dst nexthdr", kProtocols},
        {"rt nexthdr", kProtocols},
        {"rt type"},
        {"rt seg-left"},
        {"frag nexthdr", kProtocols},
        {"frag frag-off"},
        {"frag more-fragments"},
        {"frag id"},
};

std::vector<std::string_view> split(std::string_view text) {
	std::vector<std::string_view> words;
	while (!text.empty()) {
		const size_t end = std::min(text.find(' '), text.size());
		words.push_back(text.substr(0, end));
		text.remove_prefix(std::min(end + 1, text.size()));
	}
	return words;
}

bool is_operator(std::string_view word) {
	constexpr std::string_view kOperators[] = {
	        "!=", "==", "<", ">", "<=", ">=", "eq", "ne", "lt", "gt", "le", "ge"};
	return std::ranges::find(kOperators, word) != std::end(kOperators);
}

// The longest term that `words` begin with, and its number of words.
std::pair<const Term *, size_t> term_of(Words words) {
	std::pair<const Term *, size_t> found{nullptr, 0};
	for (const Term &term : kTerms) {
		const auto own = split(term.words);
		if (own.size() > found.second && own.size() <= words.size() &&
		    std::ranges::equal(own, words.first(own.size())))
			found = {&term, own.size()};
	}
	return found;
}

// How many words the value behind a term takes, its operator included; nothing: it is not complete. 0: not understood.
std::optional<size_t> value_length(Words words) {
	const size_t at = !words.empty() && is_operator(words[0]) ? 1 : 0;
	if (words.size() == at) return std::nullopt;
	if (words[at].starts_with('{')) {
		const auto end = std::ranges::find_if(words, [](std::string_view w) { return w.ends_with('}'); });
		if (end == words.end()) return std::nullopt;
		return static_cast<size_t>(end - words.begin()) + 1;
	}
	const std::string_view value = words[at];
	if (value == "." || value == "&" || value == "|" || value == "^") return 0;
	return at + 1;
}

} // namespace

std::vector<Candidate> match_words(std::span<const std::string_view> before, bool history) {
	std::vector<Candidate> found;
	const auto add = [&](std::string_view word, const char *meaning) {
		const auto same = [&](const Candidate &c) { return c.word == word; };
		if (std::ranges::none_of(found, same)) found.push_back({std::string(word), meaning});
	};
	Words rest = before;
	const Term *term = nullptr;
	for (;;) {
		const auto [next, length] = term_of(rest);
		if (!next) break;
		const auto value = value_length(rest.subspan(length));
		if (value == 0) return {};
		if (!value) {
			// `rest` stays: the words that make a longer term are looked for behind the loop.
			term = next;
			break;
		}
		rest = rest.subspan(length + *value);
	}
	for (const Term &t : kTerms) {
		const auto words = split(t.words);
		if (history && !t.history) continue;
		if (words.size() > rest.size() && std::ranges::equal(rest, std::span(words).first(rest.size())))
			add(words[rest.size()], "match");
	}
	if (!term) return found;
	const size_t behind = split(term->words).size();
	const bool in_set = std::ranges::any_of(rest.subspan(behind), [](auto w) { return w.starts_with('{'); });
	for (const std::string_view value : split(term->values))
		add(value, "value");
	if (in_set) {
		if (!rest.back().ends_with('{') && !rest.back().ends_with(',')) add("}", "ends the set");
	} else if (std::string_view(term->values) != kPresent) {
		if (rest.size() == behind) add("!=", "is not");
		add("{", "a set");
	}
	return found;
}

} // namespace nft_drops::complete
