// SPDX-License-Identifier: GPL-2.0-only
// Which processes hold a socket, by what /proc/PID/fd shows. A socket does not know its processes, so all processes'
// descriptors are read; what they are is kept, and checked again whenever it is used.
#ifndef NFT_DROPS_NFT_EXT_DROP_SOCKET_HOLDERS_H
#define NFT_DROPS_NFT_EXT_DROP_SOCKET_HOLDERS_H

#include "nft-ext/ruleset/details/details.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace nft_drops::cli {

class SocketHolders {
public:
	using Clock = std::chrono::steady_clock;
	static constexpr std::chrono::milliseconds kMostTime{50};
	// Reading takes no more than this part of the time: a fifth.
	static constexpr int kRest = 4;
	static constexpr size_t kMostSockets = 65536;

	// `proc`: where the processes are. Reading all descriptors stops after `most_time`; processes that were not
	// reached are not found.
	explicit SocketHolders(std::string proc = "/proc", std::chrono::milliseconds most_time = kMostTime)
	    : proc_(std::move(proc)), most_time_(most_time) {}

	// By number of the process, at most Details::kMostProcesses. Empty where none is found: nobody holds the socket
	// any more, or it has not been looked for again yet.
	std::vector<Process> of(uint64_t inode);

private:
	struct Place {
		pid_t pid = 0;
		int descriptor = 0;
	};
	std::vector<Process> checked(uint64_t inode) const;
	void read_all();
	void read_process(pid_t pid);

	std::string proc_;
	std::chrono::milliseconds most_time_;
	std::unordered_map<uint64_t, std::vector<Place>> places_; // by inode
	Clock::time_point latest_;                                // reading stops then
	Clock::time_point next_;                                  // not before, all descriptors are read again
};

} // namespace nft_drops::cli

#endif
