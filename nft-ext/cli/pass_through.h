// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_CLI_PASS_THROUGH_H
#define NFT_DROPS_NFT_EXT_CLI_PASS_THROUGH_H

struct nft_ctx;

namespace nft_drops::cli {

// What is not nft's way of doing it, or not done in every program.
struct Instead {
	int (*help)();    // for -h
	int (*version)(); // for -v and -V
	// For -i. The command line has not been changed.
	int (*interactive)(nft_ctx *nft, char *argv[]);
};

// Does what nft does with this command line, through libnftables: its output, its messages (but for the program's name)
// and its exit status, which is returned.
int pass_through(int argc, char *argv[], const Instead &instead);

} // namespace nft_drops::cli

#endif
