// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/jump_path.h"

#include "nft-ext/sinks/expression.h"
#include "nft-ext/text/escape.h"

namespace nft_drops {
namespace {

void append_name(std::string &out, const char *before, std::string_view name) {
	out += before;
	append_escaped(out, name, Escape::kWord);
}

void append_handle(std::string &out, uint64_t handle) {
	out += " (handle " + std::to_string(handle) + ")";
}

void append_hop(std::string &out, const Hop &hop) {
	switch (hop.kind) {
	case Hop::Kind::kJump:
		append_name(out, " -> jump ", hop.to);
		append_handle(out, hop.handle);
		break;
	case Hop::Kind::kMap:
		out += " -> vmap";
		append_handle(out, hop.handle);
		if (!hop.to.empty()) append_name(out, " -> ", hop.to);
		break;
	case Hop::Kind::kGoto:
		append_name(out, " -> goto ", hop.to);
		break;
	case Hop::Kind::kUnknown:
		out += " -> ?";
		if (!hop.to.empty()) append_name(out, " -> ", hop.to);
		break;
	}
}

void append_verdict(std::string &out, std::string_view word, uint64_t handle) {
	if (word == "vmap") {
		out += " -> vmap";
		append_handle(out, handle);
		out += " -> drop";
		return;
	}
	out += " -> ";
	append_escaped(out, word.empty() ? "drop" : word, Escape::kText);
	append_handle(out, handle);
}

} // namespace

std::vector<Hop> hops_of(const Drop &drop) {
	std::vector<Hop> hops;
	if (!drop.path) return hops;
	std::string_view at = drop.attribution->base_chain;
	// In `chain` is the next rule: the last hop led there, or a goto behind it did.
	const auto arrive = [&](std::string_view chain) {
		if (!hops.empty() && hops.back().to.empty())
			hops.back().to = chain;
		else if (at != chain)
			hops.push_back({.kind = Hop::Kind::kGoto, .from = at, .handle = 0, .to = chain});
		at = chain;
	};
	for (const JumpStep &step : *drop.path) {
		arrive(step.chain);
		Hop hop{.kind = Hop::Kind::kUnknown, .from = step.chain, .handle = step.handle, .to = {}};
		if (step.handle != 0) {
			hop.kind = step.target.empty() ? Hop::Kind::kMap : Hop::Kind::kJump;
			hop.to = step.target;
		}
		at = hop.to;
		hops.push_back(hop);
	}
	arrive(drop.attribution->chain);
	return hops;
}

void append_jump_path(std::string &out, const Drop &drop) {
	if (!drop.path) return;
	append_name(out, "", drop.attribution->base_chain);
	for (const Hop &hop : hops_of(drop))
		append_hop(out, hop);
	append_verdict(out, expression_word(drop.expression), drop.event.rule_handle);
}

} // namespace nft_drops
