// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/metrics/listen_address.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <netinet/in.h>

namespace nft_drops {
namespace {

struct Parts {
	std::string address;
	std::string_view port; // empty: left out
	bool well_formed = true;
};

Parts split(std::string_view text) {
	if (text.starts_with('[')) {
		const size_t end = text.find(']');
		if (end == std::string_view::npos) return {.address = {}, .port = {}, .well_formed = false};
		const std::string_view rest = text.substr(end + 1);
		return {.address = std::string(text.substr(1, end - 1)),
		        .port = rest.empty() ? rest : rest.substr(1),
		        .well_formed = rest.empty() || (rest.front() == ':' && rest.size() > 1)};
	}
	const size_t colon = text.find(':');
	// No colon, or several: an address alone.
	if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos)
		return {.address = std::string(text), .port = {}};
	return {.address = std::string(text.substr(0, colon)),
	        .port = text.substr(colon + 1),
	        .well_formed = colon + 1 < text.size()};
}

bool parse_port(std::string_view text, uint16_t &port) {
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
	return error == std::errc() && end == text.data() + text.size();
}

} // namespace

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
	const auto wrong = [text](const char *why) {
		return usage_error(fmt::format("--listen {}", text), why,
		                   "give one such as 127.0.0.1:9732 or [::1]:9732");
	};
	Parts parts = split(text);
	uint16_t port = kMetricsPort;
	if (!parts.well_formed) return wrong("not an address and a port");
	if (!parts.port.empty() && !parse_port(parts.port, port)) return wrong("not a port from 0 to 65535");
	if (parts.address.empty() || parts.address == "localhost") parts.address = "127.0.0.1";
	ListenAddress listen;
	sockaddr_in in{};
	sockaddr_in6 in6{};
	if (inet_pton(AF_INET, parts.address.c_str(), &in.sin_addr) == 1) {
		in.sin_family = AF_INET;
		in.sin_port = htons(port);
		listen.size = sizeof(in);
		memcpy(&listen.address, &in, sizeof(in));
	} else if (inet_pton(AF_INET6, parts.address.c_str(), &in6.sin6_addr) == 1) {
		in6.sin6_family = AF_INET6;
		in6.sin6_port = htons(port);
		listen.size = sizeof(in6);
		memcpy(&listen.address, &in6, sizeof(in6));
	} else {
		return wrong("not an address of IPv4 or IPv6");
	}
	return listen;
}

ListenAddress ListenAddress::of(int socket) {
	ListenAddress listen;
	listen.size = sizeof(listen.address);
	if (getsockname(socket, reinterpret_cast<sockaddr *>(&listen.address), &listen.size) != 0) listen = {};
	return listen;
}

std::string ListenAddress::text() const {
	char buffer[INET6_ADDRSTRLEN] = "";
	if (address.ss_family == AF_INET6) {
		sockaddr_in6 in6{};
		memcpy(&in6, &address, sizeof(in6));
		inet_ntop(AF_INET6, &in6.sin6_addr, buffer, sizeof(buffer));
		return fmt::format("[{}]:{}", buffer, ntohs(in6.sin6_port));
	}
	sockaddr_in in{};
	memcpy(&in, &address, sizeof(in));
	inet_ntop(AF_INET, &in.sin_addr, buffer, sizeof(buffer));
	return fmt::format("{}:{}", buffer, ntohs(in.sin_port));
}

} // namespace nft_drops
