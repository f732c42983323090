// SPDX-License-Identifier: GPL-2.0-only
#include "random_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace nft_drops::guest {

RandomTable::RandomTable(std::string family, std::string name, int priority, uint32_t seed)
    : title_(std::move(family) + " " + std::move(name)), priority_(priority), random_(seed) {
	for (int i = kChains; i-- > 0;)
		chains_[fmt::format("c{}", i)] = rules(i, 4 + below(8));
	chains_["out"] = rules(-1, 25);
	chains_["in"] = rules(-1, 12);
	constexpr uint16_t kLast = kFirstPort + kPorts * 2 / 3;
	chains_["in"].push_back({.text = fmt::format("udp dport {{ {}, {}-{} }} accept", kFence, kFirstPort, kLast),
	                         .ports = {{kFence, kFence}, {kFirstPort, kLast}},
	                         .verb = Verb::kAccept});
}

RandomTable::Rule RandomTable::on_ports(const std::string &before, const std::string &behind, Verb verb,
                                        const std::string &target) {
	const auto first = static_cast<uint16_t>(kFirstPort + below(kPorts));
	Rule r{.text = {}, .ports = {{first, first}}, .verb = verb, .target = target};
	std::string ports = fmt::format("{}", first);
	switch (below(3)) {
	case 0:
		break;
	case 1:
		r.ports[0].second = static_cast<uint16_t>(first + below(12));
		ports = fmt::format("{}-{}", first, r.ports[0].second);
		break;
	default:
		r.ports.emplace_back(first + 20, first + 20 + below(6));
		ports = fmt::format("{{ {}, {}-{} }}", first, r.ports[1].first, r.ports[1].second);
	}
	r.text = fmt::format("{}udp dport {} {}{}", before, ports, behind, target);
	return r;
}

RandomTable::Rule RandomTable::rule(int chain) {
	const bool further = chain + 1 < kChains;
	const std::string target =
	        further ? fmt::format("c{}",
	                              chain + 1 + static_cast<int>(below(static_cast<uint32_t>(kChains - chain - 1))))
	                : "";
	const auto port = static_cast<uint16_t>(kFirstPort + below(kPorts));
	switch (below(8)) {
	case 0:
		return on_ports("", "accept", Verb::kAccept);
	case 1:
		if (chain >= 0) return on_ports("", "return", Verb::kReturn);
		break;
	case 2:
		if (further) return on_ports("", "goto ", Verb::kGoto, target);
		break;
	case 3:
		if (further) return on_ports("", "jump ", Verb::kJump, target);
		break;
	case 4:
		return {.text = fmt::format(
		                "udp dport {{ {0}, {1} }} counter udp dport vmap {{ {0} : drop, {1} : drop }}", port,
		                port + 1),
		        .ports = {{port, port + 1}},
		        .verb = Verb::kMap};
	case 5:
		if (!further) break;
		return {.text = fmt::format("udp dport vmap {{ {} : jump {} }}", port, target),
		        .ports = {{port, port}},
		        .verb = Verb::kJump,
		        .target = target};
	case 6: {
		Rule r = on_ports("meta length > 60 ", "counter drop", Verb::kDrop);
		r.longer_than = 60;
		return r;
	}
	default:
		break;
	}
	return on_ports("", "counter drop", Verb::kDrop);
}

std::vector<RandomTable::Rule> RandomTable::rules(int chain, uint32_t count) {
	std::vector<Rule> all;
	all.reserve(count);
	for (uint32_t i = 0; i < count; i++)
		all.push_back(rule(chain));
	return all;
}

std::string RandomTable::text() const {
	std::string text = fmt::format("table {} {{\n", title_);
	// Those that are jumped to first.
	for (int i = kChains; i-- > -2;) {
		const std::string name = i >= 0 ? fmt::format("c{}", i) : i == -1 ? "out" : "in";
		text += fmt::format("chain {} {{\n", name);
		if (i < 0)
			text += fmt::format("type filter hook {} priority {}; policy {};\n", name + "put", priority_,
			                    name == "in" ? "drop" : "accept");
		for (const Rule &r : chains_.at(name))
			text += r.text + "\n";
		text += "}\n";
	}
	return text + "}\n";
}

std::optional<RandomTable::Drop> RandomTable::fate(const std::string &base_chain, uint16_t port, size_t length) const {
	std::vector<Place> jumps;
	Place at{base_chain, 0};
	for (;;) {
		const auto &rules = chains_.at(at.first);
		const auto matches = [&](const Rule &r) {
			return (r.longer_than == 0 || length > r.longer_than) &&
			       std::ranges::any_of(r.ports, [port](const auto &range) {
				       return port >= range.first && port <= range.second;
			       });
		};
		while (at.second < rules.size() && !matches(rules[at.second]))
			at.second++;
		const bool end = at.second == rules.size();
		if (end || rules[at.second].verb == Verb::kReturn) {
			if (jumps.empty()) return std::nullopt; // the policy decides
			at = jumps.back();
			jumps.pop_back();
			at.second++;
			continue;
		}
		const Rule &r = rules[at.second];
		if (r.verb == Verb::kAccept) return std::nullopt;
		if (r.verb == Verb::kDrop || r.verb == Verb::kMap) return Drop{at, r.verb == Verb::kMap, jumps};
		if (r.verb == Verb::kJump) jumps.push_back(at);
		at = {r.target, 0};
	}
}

} // namespace nft_drops::guest
