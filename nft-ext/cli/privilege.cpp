// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/privilege.h"

#include <linux/capability.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace nft_drops::cli {
namespace {

uint64_t effective_capabilities() {
	std::ifstream status("/proc/self/status");
	for (std::string line; std::getline(status, line);) {
		if (line.starts_with("CapEff:")) return strtoull(line.c_str() + 7, nullptr, 16);
	}
	return 0;
}

} // namespace

Result<void> check_privilege() {
	const uint64_t have = effective_capabilities();
	const auto has = [have](int capability) { return (have >> capability & 1) != 0; };
	const bool bpf = has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_PERFMON) && has(CAP_SYSLOG));
	if (bpf && has(CAP_NET_ADMIN)) return {};
	return usage_error("missing privilege", "this needs CAP_BPF, CAP_PERFMON, CAP_SYSLOG and CAP_NET_ADMIN",
	                   "run it as root");
}

} // namespace nft_drops::cli
