// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_LOCKDOWN_H
#define NFT_DROPS_JIT_KERNEL_LIVE_LOCKDOWN_H

#include "jit/base/result.h"

#include <string>

namespace nft_drops::jit {

// Kernel lockdown's mode: "off" or "integrity", both of which let a BPF program read kernel memory. Fails with kMachine
// in mode "confidentiality", in which the kernel hides the function bpf_probe_read_kernel() from BPF programs.
// `file` names the modes, the present one in brackets (kernel_lockdown(7)): "none [integrity] confidentiality". If the
// file cannot be read (a kernel without the lockdown module, or securityfs is not mounted), the kernel's command line
// in the file `command_line` decides: "lockdown=confidentiality".
Result<std::string> lockdown_mode(const char *file = "/sys/kernel/security/lockdown",
                                  const char *command_line = "/proc/cmdline");

} // namespace nft_drops::jit

#endif
