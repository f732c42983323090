// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/devices.h"

#include "jit/base/net_namespace.h"

#include <cstring>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace nft_drops::cli {
namespace {

int socket_in(int netns) {
	int made = -1;
	jit::in_net_namespace(netns, [&] { made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); });
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
