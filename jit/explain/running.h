// SPDX-License-Identifier: GPL-2.0-only
// What `nft-drops probe` and `nft-drops bpftrace` print: a kernel's Plan in words, and as a bpftrace script.
#ifndef NFT_DROPS_JIT_EXPLAIN_RUNNING_H
#define NFT_DROPS_JIT_EXPLAIN_RUNNING_H

#include "jit/base/result.h"
#include "jit/kernel/files/kernel.h"

#include <string>

namespace nft_drops::jit {

// The Plan for the running kernel in words; nothing is attached.
Result<std::string> explain_running_kernel();
// The same for a kernel that is not running.
Result<std::string> explain_kernel_files(const KernelFiles &files);

// A bpftrace script that does what the probe does on the running kernel. Nothing stays attached: where BTF does not
// tell the layout and no earlier start proved one, the self-test does so first.
Result<std::string> bpftrace_for_running_kernel();

} // namespace nft_drops::jit

#endif
