// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_METRICS_LISTEN_ADDRESS_H
#define NFT_DROPS_NFT_EXT_METRICS_LISTEN_ADDRESS_H

#include "jit/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace nft_drops {

inline constexpr uint16_t kMetricsPort = 9732;

// An address to listen on, as bind(2) takes it.
struct ListenAddress {
	sockaddr_storage address{};
	socklen_t size = 0;

	// "127.0.0.1:9732", "[::1]:9732"; "127.0.0.1", "::1" (port 9732); ":9732" and "localhost:9732" (127.0.0.1).
	// Port 0 is any that is free. Names of hosts are refused: they may mean another machine's address tomorrow.
	static Result<ListenAddress> parse(std::string_view text);
	// Of a socket that is bound.
	static ListenAddress of(int socket);

	// "127.0.0.1:9732", "[::1]:9732".
	[[nodiscard]] std::string text() const;
};

} // namespace nft_drops

#endif
