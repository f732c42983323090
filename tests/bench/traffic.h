// SPDX-License-Identifier: GPL-2.0-only
// UDP datagrams over lo, and what they cost on a machine with one processor whose clock counts instructions.
#ifndef NFT_DROPS_TESTS_BENCH_TRAFFIC_H
#define NFT_DROPS_TESTS_BENCH_TRAFFIC_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nft_drops::bench {

class Traffic {
public:
	// In the present network namespace, whose lo must be up: `port` is the datagrams' destination there. With
	// `heard`, somebody receives them: this process, each as soon as it was sent. `bytes`: the payload's size.
	Traffic(uint16_t port, bool heard, size_t bytes = 32);
	Traffic(const Traffic &) = delete;
	Traffic &operator=(const Traffic &) = delete;
	~Traffic();

	// Instructions per datagram, mean of `count` of them. All that the processor does meanwhile is in it, and what
	// other processes still have to do about these datagrams when the last one was sent. Ends when they have done
	// it. `idle` instructions a second, which other processes run without any datagram, are taken off.
	double cost(int count, double idle);

private:
	void send(int count) const;
	int socket_ = -1;
	int receiver_ = -1;
	std::vector<char> payload_;
};

// Instructions a second that all other processes run while no datagram is sent. The median of several periods of three
// seconds: what a watcher still does for its start is not in the figure.
double idle_cost();

} // namespace nft_drops::bench

#endif
