// SPDX-License-Identifier: GPL-2.0-only
// Sink: somebody who wants drops. Text formats, pcapng files and USDT listeners are Sinks of equal standing; a run may
// have several, and each gets every drop in the same order.
//
// No call waits: a Sink keeps what its reader does not take yet, bounded, and says so by behind(). The event loop calls
// flush() when descriptor() has room again while writable(), and every kFlushEvery while pending().
#ifndef NFT_DROPS_NFT_EXT_DROP_SINK_H
#define NFT_DROPS_NFT_EXT_DROP_SINK_H

#include "jit/base/result.h"
#include "nft-ext/drop/drop.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nft_drops {

class Sink {
public:
	static constexpr std::chrono::milliseconds kFlushEvery{100};

	Sink() = default;
	Sink(const Sink &) = delete;
	Sink &operator=(const Sink &) = delete;
	virtual ~Sink() = default;

	// Takes one complete drop. A Sink that is behind takes it, too: it coalesces the drop with others, or leaves it
	// out and counts it.
	virtual void take(const Drop &drop) = 0;
	// The reader does not keep up with what is handed to it.
	[[nodiscard]] virtual bool behind() const { return false; }

	// So many drops were lost in the kernel since the start; told again when it grows, and before finish().
	virtual void lost(uint64_t /*drops*/) {}

	// In this time drops may not have been seen; `why` is in words: "nf_tables was unloaded".
	virtual void not_watched(std::chrono::system_clock::time_point /*from*/,
	                         std::chrono::system_clock::time_point /*to*/, std::string_view /*why*/) {}

	// Writes as much as the reader takes at once.
	virtual void flush() {}
	// There is something that flush() has not written yet.
	[[nodiscard]] virtual bool pending() const { return false; }
	// True while the Sink waits for room in its descriptor. (pending() is also true while the Sink waits for its
	// time.)
	[[nodiscard]] virtual bool writable() const { return pending(); }
	// No drop will follow: closes what is open. Then flush() is called until pending() is false or time is up.
	virtual void finish() {}
	// Time is up: gives up what is pending. Returns how many drops the reader did not get, but for those that this
	// Sink tells of itself.
	virtual uint64_t give_up() { return 0; }

	// What to poll(2) for POLLOUT while pending(), and for the reader's end at all times; -1: nothing.
	[[nodiscard]] virtual int descriptor() const { return -1; }
	// The loop found that descriptor() has no reader any more: closed() from now on.
	virtual void hung_up() {}
	// Nobody reads any more (a closed pipe).
	[[nodiscard]] virtual bool closed() const { return false; }
	// Why nothing can be written any more (a full disk).
	[[nodiscard]] virtual std::optional<Error> failed() const { return std::nullopt; }
};

} // namespace nft_drops

#endif
