// SPDX-License-Identifier: GPL-2.0-only
#include "metrics_fixture.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace nft_drops::guest {

using testing::StartsWith;

Samples samples_in(const std::string &text) {
	Samples samples;
	for (const std::string &line : lines_of(text)) {
		if (line.empty() || line.front() == '#') continue;
		const size_t space = line.rfind(' ');
		EXPECT_TRUE(samples.emplace(line.substr(0, space), std::stoull(line.substr(space + 1))).second)
		        << "twice: " << line;
	}
	return samples;
}

std::string label_in(const std::string &sample, const std::string &name) {
	const size_t at = sample.find(name + "=\"");
	if (at == std::string::npos) return "(none)";
	const size_t begin = at + name.size() + 2;
	return sample.substr(begin, sample.find('"', begin) - begin);
}

std::map<std::string, uint64_t> by_handle(const Samples &samples, const std::string &metric) {
	std::map<std::string, uint64_t> found;
	for (const auto &[sample, value] : samples)
		if (sample.starts_with(metric + "{")) found[label_in(sample, "handle")] = value;
	return found;
}

std::string asked(int family, uint16_t port, const std::string &request) {
	const int s = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sockaddr_in in{};
	in.sin_family = AF_INET;
	in.sin_port = htons(port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sockaddr_in6 in6{};
	in6.sin6_family = AF_INET6;
	in6.sin6_port = htons(port);
	in6.sin6_addr = in6addr_loopback;
	const auto *to = family == AF_INET ? reinterpret_cast<sockaddr *>(&in) : reinterpret_cast<sockaddr *>(&in6);
	EXPECT_EQ(connect(s, to, family == AF_INET ? sizeof(in) : sizeof(in6)), 0);
	EXPECT_EQ(write(s, request.data(), request.size()), static_cast<ssize_t>(request.size()));
	std::string answer;
	char buffer[4096];
	for (ssize_t n = 0; (n = read(s, buffer, sizeof(buffer))) > 0;)
		answer.append(buffer, static_cast<size_t>(n));
	close(s);
	return answer;
}

Samples scraped(int family, uint16_t port) {
	const std::string answer = asked(family, port, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
	EXPECT_THAT(answer,
	            StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	return samples_in(answer.substr(answer.find("\r\n\r\n") + 4));
}

std::string Metrics::text() {
	const Finished f = run({nft_drops(), "metrics"});
	EXPECT_EQ(f.status, 0) << f.err;
	EXPECT_EQ(f.err, "");
	return f.out;
}

void Metrics::expect_nfts_counters(const Samples &samples) {
	const auto packets = by_handle(samples, "nftables_drop_packets_total");
	const auto bytes = by_handle(samples, "nftables_drop_bytes_total");
	const auto counters = nft_counters();
	EXPECT_EQ(packets.size(), counters.size() + 1) << "and the policy";
	for (const auto &[handle, counter] : counters) {
		const std::string name = std::to_string(handle);
		ASSERT_TRUE(packets.contains(name)) << name;
		EXPECT_EQ(packets.at(name), counter.first) << name;
		EXPECT_EQ(bytes.at(name), counter.second) << name;
	}
}

} // namespace nft_drops::guest
