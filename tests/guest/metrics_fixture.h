// SPDX-License-Identifier: GPL-2.0-only
// What the tests of `metrics` share: Prometheus' text as samples, and how to ask a server.
#ifndef NFT_DROPS_TESTS_GUEST_METRICS_FIXTURE_H
#define NFT_DROPS_TESTS_GUEST_METRICS_FIXTURE_H

#include "count_fixture.h"

#include <cstdint>
#include <map>
#include <string>

namespace nft_drops::guest {

// One sample: "name{labels}" and its value.
using Samples = std::map<std::string, uint64_t>;
Samples samples_in(const std::string &text);

// The value of a label; "(none)".
std::string label_in(const std::string &sample, const std::string &name);
// The samples of one metric, by the label "handle".
std::map<std::string, uint64_t> by_handle(const Samples &samples, const std::string &metric);

// What the server at this port answers; IPv4 or IPv6 loopback (AF_INET, AF_INET6).
std::string asked(int family, uint16_t port, const std::string &request);
// What a server of `metrics` tells there.
Samples scraped(int family, uint16_t port);

class Metrics : public CountTest {
protected:
	// What `nft-drops metrics` prints.
	static std::string text();
	static Samples samples() { return samples_in(text()); }
	// Every rule with a counter has its figures; nothing else but the policy has a series.
	static void expect_nfts_counters(const Samples &samples);
};

} // namespace nft_drops::guest

#endif
