// SPDX-License-Identifier: GPL-2.0-only
// Who may watch drops, and what a packet costs meanwhile: the benches' common part. In a machine with one processor
// whose clock counts instructions (run-vm --icount).
#ifndef NFT_DROPS_TESTS_BENCH_WATCHER_H
#define NFT_DROPS_TESTS_BENCH_WATCHER_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::bench {

inline constexpr uint16_t kDropped = 10000;
inline constexpr uint16_t kAccepted = 10001;

struct Watcher {
	std::string name;
	std::vector<std::string> command; // empty: nobody watches
	std::string shows;                // what its output has once for each dropped packet
	int packets = 4000;               // a round
	bool attaches = true;             // a kprobe
	bool lasts = false;               // it counts on when the program has ended, until "count stop"
	size_t bytes = 32;                // of a packet's payload
	std::function<size_t()> shown{};  // after its end: how many dropped packets it has; null: see `shows`
};

// Instructions per packet, everything that the processor executes.
struct Cost {
	std::string name;
	double accepted = 0;
	double dropped = 0;
	double idle = 0;  // instructions a second without any packet
	size_t shown = 0; // drops in its output
	size_t sent = 0;
	std::vector<std::string> probes; // as the kernel lists them
};

// A network namespace of its own with lo up, and `dropping` as the rule for kDropped. A machine that was just started
// has put things off until it has time: waits until they are done.
void set_up(const std::string &dropping = "udp dport 10000 drop");

// From now on `rule` drops the packets to kDropped.
void change_rule(const std::string &rule);

Cost measure(const Watcher &watcher);
// What one packet of those that the watcher has in its output cost, in instructions more than with `nothing` attached.
double cost_of_shown(const Cost &cost, const Cost &nothing);
// For people: the first line is the one that the others are compared with.
std::string table(const std::vector<Cost> &costs);
// Prints the words, and keeps them for docs/cost.md (/root/cost.txt).
void tell(const std::string &words);

double median(std::vector<double> values);
size_t occurrences(const std::string &text, const std::string &word);

} // namespace nft_drops::bench

#endif
