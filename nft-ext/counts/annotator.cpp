// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/counts/annotator.h"

#include <algorithm>
#include <charconv>

namespace nft_drops {
namespace {

constexpr size_t kHandOn = 64 * 1024;
constexpr size_t kLongestHead = sizeof("netdev ") + 256; // NFT_NAME_MAXLEN

// The N of "<before>N", nothing else in it.
std::optional<uint64_t> number_after(std::string_view piece, std::string_view before) {
	if (!piece.starts_with(before)) return {};
	piece.remove_prefix(before.size());
	uint64_t number = 0;
	const auto [end, error] = std::from_chars(piece.data(), piece.data() + piece.size(), number);
	if (error != std::errc{} || end != piece.data() + piece.size()) return {};
	return number;
}

// The NAME of "<before>NAME<after>".
std::optional<std::string_view> name_between(std::string_view piece, std::string_view before, std::string_view after) {
	if (!piece.starts_with(before) || !piece.ends_with(after) || piece.size() < before.size() + after.size())
		return {};
	return piece.substr(before.size(), piece.size() - before.size() - after.size());
}

} // namespace

void Annotator::print(std::string_view piece) {
	switch (state_) {
	case State::kTop:
		at_top(piece);
		break;
	case State::kTableHead:
		in_table_head(piece);
		break;
	case State::kTable:
		if (const auto chain = name_between(piece, "\tchain ", " {")) {
			chain_ = *chain;
			chain_handle_ = 0;
			state_ = State::kChainHead;
		} else if (piece == "}\n") {
			state_ = State::kTop;
		}
		break;
	case State::kChainHead:
		if (const auto handle = number_after(piece, " # handle ")) chain_handle_ = *handle;
		if (piece == "\n") state_ = State::kChain;
		break;
	case State::kChain:
		in_chain(piece);
		break;
	case State::kChainLine:
		if (piece == "\n") {
			out_ += visitor_.comment(line(chain_handle_, true, begin_, out_.size()));
			state_ = State::kChain;
		}
		break;
	case State::kRule:
		in_rule(piece);
		break;
	}
	out_ += piece;
	if (out_.size() > kHandOn && state_ != State::kRule && state_ != State::kChainLine) sink_(out_);
}

void Annotator::finish() {
	if (!out_.empty()) sink_(out_);
}

void Annotator::at_top(std::string_view piece) {
	auto head = name_between(piece, "table ", " {"); // `list ruleset` and `list table`
	if (head) {
		state_ = State::kTableHead;
	} else {
		head = name_between(piece, "table ", " {\n"); // `list chain`
		state_ = State::kTable;
	}
	// A library that printed more at once would show it with its very first words.
	if (!head || head->size() > kLongestHead) {
		understood_ &= !piece.starts_with("table ");
		state_ = State::kTop;
		return;
	}
	const size_t space = std::min(head->find(' '), head->size());
	family_ = head->substr(0, space);
	table_ = head->substr(std::min(space + 1, head->size()));
	table_handle_ = state_ == State::kTable ? visitor_.table_handle(family_, table_) : 0;
}

// " #", " handle 6", perhaps " progname NAME", and the line's end.
void Annotator::in_table_head(std::string_view piece) {
	if (piece == "\n") {
		if (table_handle_ == 0) table_handle_ = visitor_.table_handle(family_, table_);
		state_ = State::kTable;
		return;
	}
	if (table_handle_ != 0) return;
	auto handle = number_after(piece, " handle ");
	if (!handle) handle = number_after(piece, " # handle ");
	table_handle_ = handle.value_or(0);
}

void Annotator::in_chain(std::string_view piece) {
	if (piece == "\t}\n") {
		state_ = State::kTable;
	} else if (piece.starts_with("\t\ttype ")) {
		begin_ = out_.size() + 2;
		state_ = State::kChainLine;
	} else if (piece == "\t\t") {
		begin_ = out_.size() + piece.size();
		mark_.reset();
		open_.clear();
		inners_.clear();
		state_ = State::kRule;
	}
}

void Annotator::in_rule(std::string_view piece) {
	if (piece == "\n") {
		if (open_.empty()) {
			end_rule();
			state_ = State::kChain;
		} else {
			inners_.push_back({open_.back(), out_.size()});
		}
		return;
	}
	mark_ = number_after(piece, " # handle ");
	mark_at_ = out_.size();
	if (piece == "jump {\n" || piece == "goto {\n")
		open_.push_back(out_.size() + piece.size());
	else if (!open_.empty() && piece == "\t\t\t")
		open_.back() = out_.size() + piece.size();
	else if (!open_.empty() && piece == "\t\t}")
		open_.pop_back();
}

void Annotator::end_rule() {
	if (!mark_) return; // nobody can tell which rule it is
	const ListedLine rule = line(*mark_, false, begin_, mark_at_);
	const std::string comment = visitor_.comment(rule);
	if (!inners_.empty()) annotate_inner(rule);
	out_ += comment;
}

void Annotator::annotate_inner(ListedLine rule) {
	const auto handles = visitor_.inner_rules(rule);
	if (!handles || handles->size() != inners_.size()) return;
	std::vector<std::string> comments;
	for (size_t i = 0; i < inners_.size(); i++)
		comments.push_back(visitor_.comment(line((*handles)[i], false, inners_[i].begin, inners_[i].end)));
	// From the back, so that the places in front stay.
	for (size_t i = inners_.size(); i-- > 0;)
		out_.insert(inners_[i].end, comments[i]);
}

ListedLine Annotator::line(uint64_t handle, bool policy, size_t begin, size_t end) const {
	return {family_,
	        table_,
	        table_handle_,
	        chain_,
	        handle,
	        policy,
	        std::string_view(out_).substr(begin, end - begin)};
}

} // namespace nft_drops
