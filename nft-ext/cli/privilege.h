// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_CLI_PRIVILEGE_H
#define NFT_DROPS_NFT_EXT_CLI_PRIVILEGE_H

#include "jit/base/result.h"

namespace nft_drops::cli {

// Succeeds if this process may load tracing programs and read rulesets: CAP_NET_ADMIN, with either CAP_SYS_ADMIN or all
// of CAP_BPF, CAP_PERFMON and CAP_SYSLOG (addresses of symbols). Fails with kUsage.
Result<void> check_privilege();

} // namespace nft_drops::cli

#endif
