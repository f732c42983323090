// SPDX-License-Identifier: GPL-2.0-only
// Adds comments to nft's listing while libnftables prints it.
//
// libnftables prints in pieces: one for each of its printf-like calls, flushed at once. A piece is fixed text with at
// most one name or string in it, so that a rule's end, the pieces " # handle 7" and "\n", cannot be forged by a comment
// or a log prefix that holds `# handle 7`, quotes or newlines: those lie inside of a piece.
#ifndef NFT_DROPS_NFT_EXT_COUNTS_ANNOTATOR_H
#define NFT_DROPS_NFT_EXT_COUNTS_ANNOTATOR_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops {

// One rule, or with `policy` a base chain's `type ... hook ...;` line.
struct ListedLine {
	std::string_view family;
	std::string_view table;
	uint64_t table_handle = 0;
	std::string_view chain; // as it is listed; for a rule within `jump { ... }` the chain that this stands in
	uint64_t handle = 0;    // the rule's, or the chain's
	bool policy = false;
	std::string_view text; // without indentation and handle
};

// What the annotator needs to know and what it finds.
class ListingVisitor {
public:
	virtual ~ListingVisitor() = default;
	// To be added at the line's end, e.g. " # dropped packets 5 bytes 300"; may be empty.
	virtual std::string comment(const ListedLine &line) = 0;
	// A table's handle where the listing does not tell (`list chain`).
	virtual uint64_t table_handle(std::string_view family, std::string_view table) = 0;
	// The handles of the rules within a rule's `jump { ... }`, which the listing does not tell, in the order in
	// which their lines end: a rule with braces comes after the rules inside. nullopt if the handles are not known.
	virtual std::optional<std::vector<uint64_t>> inner_rules(const ListedLine &rule) = 0;
};

class Annotator {
public:
	using Sink = std::function<void(std::string &)>; // takes and empties it

	Annotator(ListingVisitor &visitor, Sink sink) : visitor_(visitor), sink_(std::move(sink)) {}

	// One piece, in libnftables' order.
	void print(std::string_view piece);
	// What is left goes to the sink.
	void finish();

	// False where the pieces are not those that this class knows: nothing has been annotated then.
	[[nodiscard]] bool understood() const { return understood_; }

private:
	enum class State : uint8_t { kTop, kTableHead, kTable, kChainHead, kChain, kChainLine, kRule };
	struct Inner {
		size_t begin = 0; // of the text, in out_
		size_t end = 0;
	};

	void at_top(std::string_view piece);
	void in_table_head(std::string_view piece);
	void in_chain(std::string_view piece);
	void in_rule(std::string_view piece);
	void end_rule();
	void annotate_inner(ListedLine rule);
	[[nodiscard]] ListedLine line(uint64_t handle, bool policy, size_t begin, size_t end) const;

	ListingVisitor &visitor_;
	Sink sink_;
	std::string out_; // not yet handed on; from a rule's begin to its end nothing is
	State state_ = State::kTop;
	bool understood_ = true;
	std::string family_;
	std::string table_;
	uint64_t table_handle_ = 0;
	std::string chain_;
	uint64_t chain_handle_ = 0;
	size_t begin_ = 0;             // of the present line's text, in out_
	std::optional<uint64_t> mark_; // the last piece was a handle
	size_t mark_at_ = 0;
	std::vector<size_t> open_;  // the braces of `jump { ... }` that are open: begin of the present rule in each
	std::vector<Inner> inners_; // rules within the braces, as they ended
};

} // namespace nft_drops

#endif
