// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_CLI_PASS_THROUGH_H
#define NFT_DROPS_NFT_EXT_CLI_PASS_THROUGH_H

struct nft_ctx;

namespace nft_drops::cli {

// What pass_through() does differently from nft, or leaves to the calling program.
struct Instead {
	int (*help)();    // runs for -h
	int (*version)(); // runs for -v and -V
	// Runs for -i, with the unchanged command line.
	int (*interactive)(nft_ctx *nft, char *argv[]);
};

// Runs the command line through libnftables as nft does: same output, same messages (but for the program's name).
// Returns nft's exit status.
int pass_through(int argc, char *argv[], const Instead &instead);

} // namespace nft_drops::cli

#endif
