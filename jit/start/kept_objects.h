// SPDX-License-Identifier: GPL-2.0-only
// Compiled probes, kept for the next start.
#ifndef NFT_DROPS_JIT_START_KEPT_OBJECTS_H
#define NFT_DROPS_JIT_START_KEPT_OBJECTS_H

#include "bpf/shared/site.h"
#include "jit/base/kept_file.h"
#include "jit/base/result.h"
#include "jit/match/program.h"

#include <span>
#include <vector>

namespace nft_drops::jit {

// What compile_probe() makes of the same, or made earlier: of the probes with a filter, the latest ones are kept.
Result<std::vector<char>> kept_or_compiled(const nd_layout &layout, std::span<const nd_site> sites,
                                           const nd_settings &settings, std::span<const char> probe_template,
                                           const Filter &filter = {}, const std::string &folder = "/run/nft-drops");

} // namespace nft_drops::jit

#endif
