// SPDX-License-Identifier: GPL-2.0-only
// MATCH: from the user's words to programs for the probe.
//
//   words      "tcp dport 22"
//   scan       refused: `;` and newlines outside of quotes, named sets (@blocked), too many words     (words.h)
//   nft        a rule in a scratch network namespace, once for each family; nft's own messages        (scratch.h)
//   nf_tables  what the kernel took, read back as libnftnl's expressions                              (scratch.h)
//   program    one operation for each expression; every other expression is refused by its name       (translate.h)
//
// All of it runs in a child process: libnftables is not thread-safe, may call exit(), and its sockets stay in the
// namespace that they were opened in. Interface names are those of `netns`.
#ifndef NFT_DROPS_NFT_EXT_MATCH_MATCH_H
#define NFT_DROPS_NFT_EXT_MATCH_MATCH_H

#include "jit/base/result.h"
#include "jit/match/program.h"

#include <string>
#include <vector>

namespace nft_drops {

struct Match {
	std::vector<jit::FamilyMatch> families;
	std::vector<std::string> without; // families whose rules cannot hold this match
};

// A message of nft, which has several lines and is to be printed as it is, or one of ours in the same form:
//
//	Error: limit: cannot be decided about a packet alone
//	tcp dport 22 limit rate 1/second
//	             ^^^^^
struct MatchError {
	std::string text; // empty: `error` tells
	Error error;
};

// `netns`: a descriptor of the network namespace whose interfaces are meant; -1: the present one.
std::expected<Match, MatchError> read_match(const std::string &words, int netns);

// The words of a command line as one text.
std::string join_words(const std::vector<std::string> &words);

} // namespace nft_drops

#endif
