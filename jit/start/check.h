// SPDX-License-Identifier: GPL-2.0-only
// Whether this machine can do what Session::start() needs, one requirement after the other. No Plan of an earlier start
// is believed, and nothing is left attached.
#ifndef NFT_DROPS_JIT_START_CHECK_H
#define NFT_DROPS_JIT_START_CHECK_H

#include "jit/base/result.h"

#include <functional>
#include <string>
#include <string_view>

namespace nft_drops::jit {

// Told of each requirement as soon as its state is known, in words.
using OnRequirement = std::function<void(std::string_view name, const Result<std::string> &state)>;

// Ends with the first requirement that is not met: without it the further ones cannot be looked at.
Result<void> check_machine(const OnRequirement &on_requirement);

} // namespace nft_drops::jit

#endif
