// SPDX-License-Identifier: GPL-2.0-only
// Tables made by chance, of rules about UDP ports, and what must become of a packet there: by their own words, without
// the kernel.
#ifndef NFT_DROPS_TESTS_GUEST_DAMAGE_RANDOM_TABLE_H
#define NFT_DROPS_TESTS_GUEST_DAMAGE_RANDOM_TABLE_H

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace nft_drops::guest {

class RandomTable {
public:
	static constexpr uint16_t kFirstPort = 20000;
	static constexpr uint16_t kPorts = 150;
	static constexpr uint16_t kFence = 19999; // never dropped

	// With the base chains "out" (policy accept) and "in" (policy drop).
	RandomTable(std::string family, std::string name, int priority, uint32_t seed);

	// Family and name.
	[[nodiscard]] const std::string &title() const { return title_; }
	// In nft's language. Every rule that drops counts, and counts nothing else.
	[[nodiscard]] std::string text() const;

	// A rule by the chain that it stands in, and its number there from 0.
	using Place = std::pair<std::string, size_t>;
	struct Drop {
		Place rule;
		bool by_map;
		std::vector<Place> jumps; // those that are still to be returned from, outermost first
	};
	// Nothing where no rule drops it.
	[[nodiscard]] std::optional<Drop> fate(const std::string &base_chain, uint16_t port, size_t length) const;
	[[nodiscard]] size_t rules_in(const std::string &chain) const { return chains_.at(chain).size(); }

private:
	static constexpr int kChains = 6; // jumps lead to higher numbers only
	enum class Verb { kAccept, kDrop, kMap, kReturn, kJump, kGoto };
	struct Rule {
		std::string text;
		std::vector<std::pair<uint16_t, uint16_t>> ports; // ranges
		Verb verb = Verb::kDrop;
		std::string target{};
		size_t longer_than = 0;
	};
	[[nodiscard]] uint32_t below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
	Rule on_ports(const std::string &before, const std::string &behind, Verb verb, const std::string &target = {});
	Rule rule(int chain);
	std::vector<Rule> rules(int chain, uint32_t count);

	std::string title_;
	int priority_;
	std::mt19937 random_;
	std::map<std::string, std::vector<Rule>> chains_;
};

} // namespace nft_drops::guest

#endif
