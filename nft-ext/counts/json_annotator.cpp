// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/counts/json_annotator.h"

#include <nlohmann/json.hpp>

#include <charconv>

namespace nft_drops {
namespace {

constexpr size_t kHandOn = 64 * 1024;
// How a statement begins that has rules of its own; or with goto, which is as long.
constexpr std::string_view kBraces = "\"jump {";

// A string as it is written; empty for what is none.
std::string decoded(const std::string &token) {
	if (token.find('\\') == std::string::npos)
		return token.size() >= 2 && token.front() == '"' ? token.substr(1, token.size() - 2) : std::string();
	const auto value = nlohmann::json::parse(token, nullptr, false);
	return value.is_string() ? value.get<std::string>() : std::string();
}

} // namespace

void JsonAnnotator::print(std::string_view text) {
	for (const char character : text) {
		// Of what lies deeper (a rule's expressions) only the structure matters, and how a text begins.
		const bool kept = depth_ == kMembers || depth_ == kMembers - 1 ||
		                  (depth_ == kExpressions && quoted_ && token_.size() < kBraces.size());
		if (quoted_) {
			if (kept) token_ += character;
			quoted_ = escaped_ || character != '"';
			escaped_ = !escaped_ && character == '\\';
		} else if (character == '"') {
			quoted_ = true;
			token_.clear();
			if (kept || depth_ == kExpressions) token_ += character;
		} else if (character == '{' || character == '}' || character == '[' || character == ']' ||
		           character == ',' || character == ':') {
			structure(character);
		} else if (kept && character != ' ' && character != '\n') {
			token_ += character;
		}
		out_ += character;
	}
	if (out_.size() > kHandOn) {
		sink_(out_);
		out_.clear();
	}
}

void JsonAnnotator::finish() {
	if (!out_.empty()) sink_(out_);
}

void JsonAnnotator::structure(char character) {
	switch (character) {
	case '{':
	case '[':
		depth_++;
		if (depth_ == kMembers) {
			object_ = JsonObject{};
			object_.kind = decoded(key_);
		}
		break;
	case '}':
	case ']':
		end_of_expression();
		if (depth_ == kMembers) {
			end_of_member();
			const std::string more = members_(object_);
			if (!more.empty()) out_ += ", " + more;
		}
		depth_ -= depth_ > 0 ? 1 : 0;
		break;
	case ',':
		end_of_expression();
		if (depth_ == kMembers) end_of_member();
		break;
	default:
		if (depth_ == kMembers || depth_ == kMembers - 1) key_ = token_;
		break;
	}
	token_.clear();
}

void JsonAnnotator::end_of_expression() {
	if (depth_ == kExpressions) object_.braces |= token_ == kBraces || token_ == "\"goto {";
}

void JsonAnnotator::end_of_member() {
	if (key_ == "\"family\"")
		object_.family = decoded(token_);
	else if (key_ == "\"table\"")
		object_.table = decoded(token_);
	else if (key_ == "\"chain\"")
		object_.chain = decoded(token_);
	else if (key_ == "\"name\"")
		object_.name = decoded(token_);
	else if (key_ == "\"handle\"")
		std::from_chars(token_.data(), token_.data() + token_.size(), object_.handle);
	key_.clear();
}

} // namespace nft_drops
