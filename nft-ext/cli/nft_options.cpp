// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/nft_options.h"

namespace nft_drops::cli {

std::span<const NftOption> nft_options() {
	// main.c of nftables. -n, -N and -S once meant more ("--numeric" three times): nft 1.0 reads each once.
	static constexpr NftOption kOptions[] = {
	        {'h', "help", false},
	        {'v', "version", false},
	        {'V', nullptr, false},
	        {'f', "file", true},
	        {'D', "define", true},
	        {'i', "interactive", false},
	        {'I', "includepath", true},
	        {'c', "check", false},
	        {'o', "optimize", false},
	        {'a', "handle", false},
	        {'s', "stateless", false},
	        {'t', "terse", false},
	        {'S', "service", false},
	        {'N', "reversedns", false},
	        {'u', "guid", false},
	        {'n', "numeric", false},
	        {'y', "numeric-priority", false},
	        {'p', "numeric-protocol", false},
	        {'T', "numeric-time", false},
	        {'e', "echo", false},
	        {'j', "json", false},
	        {'d', "debug", true},
	};
	return kOptions;
}

} // namespace nft_drops::cli
