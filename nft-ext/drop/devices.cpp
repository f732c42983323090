// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/devices.h"

#include <cstring>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace nft_drops::cli {
namespace {

// A socket stays in the network namespace in which it was made.
int socket_in(int netns) {
	const jit::Descriptor own(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	if (own.get() < 0 || setns(netns, CLONE_NEWNET) != 0) return -1;
	const int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static_cast<void>(setns(own.get(), CLONE_NEWNET));
	return made;
}

} // namespace

Devices::Devices(const NetNamespace &netns) : netns_(netns.inode()), socket_(socket_in(netns.descriptor())) {
}

std::string Devices::name(uint32_t netns, uint32_t index) const {
	ifreq request{};
	request.ifr_ifindex = static_cast<int>(index);
	if (netns != netns_ || socket_.get() < 0 || ioctl(socket_.get(), SIOCGIFNAME, &request) != 0) return {};
	return {request.ifr_name, strnlen(request.ifr_name, sizeof(request.ifr_name))};
}

} // namespace nft_drops::cli
