// SPDX-License-Identifier: GPL-2.0-only
// Runs programs in fresh network namespaces and keeps what they print.
#ifndef NFT_DROPS_TESTS_NFT_RUN_H
#define NFT_DROPS_TESTS_NFT_RUN_H

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace nft_drops::tests {

struct Outcome {
	std::string out;
	std::string err;
	int status = -1; // as the shell's $?
	bool operator==(const Outcome &) const = default;
};
std::ostream &operator<<(std::ostream &to, const Outcome &outcome);

using Words = std::vector<std::string>;

struct Job {
	Words arguments;       // behind the program's name
	std::string ruleset{}; // loaded by nft beforehand
	std::string input{};   // standard input
	bool terminal = false; // all three streams are a terminal; `input` is typed line by line, each at a prompt
};

// The program's run, and what `nft -a list ruleset` said afterwards. `program` is called "nft" in its argv[0].
struct Pair {
	Outcome run, ruleset;
	bool operator==(const Pair &) const = default;
};
std::ostream &operator<<(std::ostream &to, const Pair &pair);
Pair run_in_namespace(const std::string &program, const Job &job);

// Calls `what` in a child process with network and user namespaces of its own (the user is root there); its result is
// the child's exit status. Nothing where this machine does not allow it or has no nf_tables.
std::optional<int> in_namespace(const std::function<int()> &what);

Outcome execute(const std::string &program, const Job &job);

std::string nft();       // the distribution's
std::string nft_drops(); // ours: NFT_DROPS

} // namespace nft_drops::tests

#endif
