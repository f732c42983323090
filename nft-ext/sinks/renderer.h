// SPDX-License-Identifier: GPL-2.0-only
// Drops as text: the three formats of `nft-drops monitor`. (The command line's contract shows each.)
//
// A renderer appends whole lines to the buffer that it is given and keeps nothing of event and answer but the table
// and chain it is in. It never fails: hostile bytes are escaped, unknown things are named as unknown.
// Not for use from several threads.
#ifndef NFT_DROPS_NFT_EXT_SINKS_RENDERER_H
#define NFT_DROPS_NFT_EXT_SINKS_RENDERER_H

#include "bpf/shared/event.h"
#include "nft-ext/ruleset/index/answer.h"
#include "nft-ext/text/format.h"

#include <chrono>
#include <memory>
#include <string>

namespace nft_drops {

// Identical packets shown as one.
struct Repeated {
	uint64_t times = 1;
	std::chrono::milliseconds within{}; // from the first to the last
};

class Renderer {
public:
	Renderer() = default;
	Renderer(const Renderer &) = delete;
	Renderer &operator=(const Renderer &) = delete;
	virtual ~Renderer() = default;

	// `time` is when the packet was dropped. block and line print it in the process's time zone, json in UTC.
	void drop(const nd_event &event, const Answer &answer, std::chrono::system_clock::time_point time,
	          std::string &out) {
		drops(event, answer, time, {}, out);
	}
	// The same for identical packets, of which these are the first one's.
	virtual void drops(const nd_event &event, const Answer &answer, std::chrono::system_clock::time_point time,
	                   const Repeated &repeated, std::string &out) = 0;

	// So many drops are not shown at all.
	virtual void left_out(const Repeated &these, std::string &out) = 0;

	// Closes what is open (the braces of block); drop() may be called again after it.
	virtual void finish(std::string &out) = 0;
};

std::unique_ptr<Renderer> make_renderer(Format format);

} // namespace nft_drops

#endif
