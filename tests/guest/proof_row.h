// SPDX-License-Identifier: GPL-2.0-only
// A line of the table of kernels that are proven: README.md has it, tests/tools/kernels-proven makes it.
#ifndef NFT_DROPS_TESTS_GUEST_PROOF_ROW_H
#define NFT_DROPS_TESTS_GUEST_PROOF_ROW_H

#include <string>

namespace nft_drops::guest {

// Writes, with tabs between: kernel release, processor, sites, who pays, what the kernel makes of the probes, where the
// types are from (by `nft-drops check`), and how many tests passed, of how many. To be called when all tests have run.
// Does nothing unless this was a run of the whole suite: NFT_DROPS_WHOLE_SUITE is the filter that leaves out what
// tests/vm runs elsewhere, and a run with any other filter is a part.
void write_proof_row(const std::string &path);

} // namespace nft_drops::guest

#endif
