// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_BASE_NET_NAMESPACE_H
#define NFT_DROPS_JIT_BASE_NET_NAMESPACE_H

#include "jit/base/descriptor.h"

#include <fcntl.h>
#include <sched.h>

namespace nft_drops::jit {

// Calls use() while the thread is in the network namespace of the descriptor `netns`; then the thread goes back.
// Sockets that use() makes stay in the namespace. Does nothing if the namespace cannot be entered.
template <typename Use> void in_net_namespace(int netns, Use use) {
	const Descriptor own(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	if (own.get() < 0 || setns(netns, CLONE_NEWNET) != 0) return;
	use();
	static_cast<void>(setns(own.get(), CLONE_NEWNET));
}

} // namespace nft_drops::jit

#endif
