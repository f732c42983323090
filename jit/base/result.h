// SPDX-License-Identifier: GPL-2.0-only
// The one error type of this program. Every function that can fail returns Result<T>; nothing throws across a
// library's border.
#ifndef NFT_DROPS_JIT_BASE_RESULT_H
#define NFT_DROPS_JIT_BASE_RESULT_H

#include <expected>
#include <string>
#include <utility>

namespace nft_drops {

// What the process's exit status says about an error.
enum class Blame {
	kUsage = 1,   // wrong command line, file or ruleset, or something failed while running: exit status 1
	kMachine = 2, // this kernel or machine cannot do it: exit status 2
};

// One error, ready to be printed as "nft-drops: <what>: <why>; <next step>" on one line.
struct Error {
	std::string what; // the thing that failed, e.g. "nft_do_chain"
	std::string why;  // the cause, e.g. "unknown instruction at +0x1a4"
	std::string next; // what the reader can do about it; may be empty
	Blame blame = Blame::kUsage;

	[[nodiscard]] int exit_status() const { return static_cast<int>(blame); }
	[[nodiscard]] std::string message() const {
		std::string text = what;
		if (!why.empty()) text += ": " + why;
		if (!next.empty()) text += "; " + next;
		return text;
	}
};

template <typename T> using Result = std::expected<T, Error>;

// An error that the command line, a file or the moment is to blame for.
inline std::unexpected<Error> usage_error(std::string what, std::string why, std::string next = {}) {
	return std::unexpected(Error{std::move(what), std::move(why), std::move(next), Blame::kUsage});
}

// An error that this kernel or machine is to blame for.
inline std::unexpected<Error> unsupported(std::string what, std::string why, std::string next = {}) {
	return std::unexpected(Error{std::move(what), std::move(why), std::move(next), Blame::kMachine});
}

} // namespace nft_drops

#endif
