// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_CLI_PRIVILEGE_H
#define NFT_DROPS_NFT_EXT_CLI_PRIVILEGE_H

#include "jit/base/result.h"

namespace nft_drops::cli {

// That this process may load tracing programs and read the ruleset: CAP_SYS_ADMIN, or CAP_BPF, CAP_PERFMON, CAP_SYSLOG
// (symbol addresses) and CAP_NET_ADMIN. Fails with kUsage.
Result<void> check_privilege();

} // namespace nft_drops::cli

#endif
