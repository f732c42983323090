// SPDX-License-Identifier: GPL-2.0-only
// `nft-drops probe` and `nft-drops bpftrace`: a kernel's Plan in words, and as a bpftrace script.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_PROBE_H
#define NFT_DROPS_NFT_EXT_COMMANDS_PROBE_H

#include "jit/base/result.h"
#include "nft-ext/cli/command_line.h"

namespace nft_drops::cli {

// Prints the Plan for the running kernel, or for the one in the files. Nothing is attached.
Result<void> probe(const ProbeOptions &of);

// Prints a bpftrace script that does what the probe does on the running kernel. Nothing stays attached: where BTF does
// not tell the layout and no earlier start proved one, the self-test does so first.
Result<void> bpftrace();

} // namespace nft_drops::cli

#endif
