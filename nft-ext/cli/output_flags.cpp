// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/output_flags.h"

#include <nftables/libnftables.h>

namespace nft_drops::cli {

unsigned output_flag(int letter) {
	switch (letter) {
	case 'a':
		return NFT_CTX_OUTPUT_HANDLE;
	case 's':
		return NFT_CTX_OUTPUT_STATELESS;
	case 't':
		return NFT_CTX_OUTPUT_TERSE;
	case 'S':
		return NFT_CTX_OUTPUT_SERVICE;
	case 'N':
		return NFT_CTX_OUTPUT_REVERSEDNS;
	case 'u':
		return NFT_CTX_OUTPUT_GUID;
	case 'n':
		return NFT_CTX_OUTPUT_NUMERIC_ALL;
	case 'y':
		return NFT_CTX_OUTPUT_NUMERIC_PRIO;
	case 'p':
		return NFT_CTX_OUTPUT_NUMERIC_PROTO;
	case 'T':
		return NFT_CTX_OUTPUT_NUMERIC_TIME;
	case 'e':
		return NFT_CTX_OUTPUT_ECHO;
	case 'j':
		return NFT_CTX_OUTPUT_JSON;
	default:
		return 0;
	}
}

unsigned output_flags(std::string_view letters) {
	unsigned flags = 0;
	for (const char letter : letters)
		flags |= output_flag(letter);
	return flags;
}

} // namespace nft_drops::cli
