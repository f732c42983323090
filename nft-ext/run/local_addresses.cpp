// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/run/local_addresses.h"

#include "jit/base/net_namespace.h"

#include <ifaddrs.h>
#include <netinet/in.h>

namespace nft_drops::cli {
namespace {

constexpr std::chrono::seconds kReadEvery{1};

} // namespace

bool LocalAddresses::has(const Address &address) {
	if (address.size == 4 && address.bytes[0] == 127) return true;
	const std::string bytes(address.bytes.begin(), address.bytes.begin() + address.size);
	if (addresses_.contains(bytes)) return true;
	const auto now = std::chrono::steady_clock::now();
	if (read_at_ != std::chrono::steady_clock::time_point{} && now < read_at_ + kReadEvery) return false;
	read_at_ = now;
	read();
	return addresses_.contains(bytes);
}

// In the namespace, since getifaddrs(3) asks the kernel by a socket of its own.
void LocalAddresses::read() {
	addresses_.clear();
	jit::in_net_namespace(netns_, [this] {
		ifaddrs *all = nullptr;
		if (getifaddrs(&all) != 0) return;
		for (const ifaddrs *one = all; one; one = one->ifa_next) {
			if (!one->ifa_addr) continue;
			if (one->ifa_addr->sa_family == AF_INET) {
				const auto *in = reinterpret_cast<const sockaddr_in *>(one->ifa_addr);
				addresses_.emplace(reinterpret_cast<const char *>(&in->sin_addr), 4);
			} else if (one->ifa_addr->sa_family == AF_INET6) {
				const auto *in = reinterpret_cast<const sockaddr_in6 *>(one->ifa_addr);
				addresses_.emplace(reinterpret_cast<const char *>(&in->sin6_addr), 16);
			}
		}
		freeifaddrs(all);
	});
}

} // namespace nft_drops::cli
