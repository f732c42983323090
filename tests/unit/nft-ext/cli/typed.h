// SPDX-License-Identifier: GPL-2.0-only
// Command lines as a user types them.
#ifndef NFT_DROPS_TESTS_UNIT_CLI_TYPED_H
#define NFT_DROPS_TESTS_UNIT_CLI_TYPED_H

#include "nft-ext/cli/command_line.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nft_drops::cli {

// A command line that stays for as long as what was parsed of it.
class Typed {
public:
	Typed(std::initializer_list<const char *> words)
	    : Typed(std::vector<std::string>(words.begin(), words.end())) {}
	explicit Typed(std::vector<std::string> words) : words_(std::move(words)) {
		words_.insert(words_.begin(), "nft-drops");
		for (std::string &w : words_)
			argv_.push_back(w.data());
		argv_.push_back(nullptr);
		result = parse(static_cast<int>(words_.size()), argv_.data());
	}
	[[nodiscard]] Command command() const { return result ? result->command : Command::kPassThrough; }
	[[nodiscard]] std::string error() const { return result ? "" : result.error().message(); }
	Result<CommandLine> result;

private:
	std::vector<std::string> words_;
	std::vector<char *> argv_;
};

// The words stay until the next call.
inline Result<CommandLine> typed(std::vector<std::string> words) {
	static std::optional<Typed> kept;
	kept.emplace(std::move(words));
	return kept->result;
}

inline std::string error_of(std::vector<std::string> words) {
	return Typed(std::move(words)).error();
}

} // namespace nft_drops::cli

#endif
