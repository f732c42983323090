// SPDX-License-Identifier: GPL-2.0-only
// Drop: one dropped packet with everything that is known about it. DropCompleter fills it in; Sinks get it complete.
//
// A Drop owns what it holds, so it may be kept (sizeof is about 1 KiB); what many drops have in common is shared.
// Not for use from several threads at once: packet() decodes at its first call.
#ifndef NFT_DROPS_NFT_EXT_DROP_DROP_H
#define NFT_DROPS_NFT_EXT_DROP_DROP_H

#include "bpf/shared/capture.h"
#include "bpf/shared/event.h"
#include "nft-ext/packet/packet.h"
#include "nft-ext/ruleset/details/details.h"
#include "nft-ext/ruleset/index/attribution.h"
#include "nft-ext/ruleset/index/jump_path.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace nft_drops {

struct Drop {
	// As the probe wrote it. To be changed by set_event() only, once packet() was called.
	nd_event event{};
	// When the packet was dropped, by the wall clock of the moment at which the event was read.
	std::chrono::system_clock::time_point time;
	// Never null in a Sink. For ND_CAUSE_OTHER, and where the namespace is gone, one that knows nothing.
	SharedAttribution attribution;
	// The jumps that led to the rule; nullopt where nobody asked, or where they are not known.
	std::optional<JumpPath> path;
	// The kernel's name of the rule's expression that gave the verdict ("immediate", "masq"); empty where it is not
	// known.
	std::string expression;
	// The network namespace's name where several are watched, else empty.
	std::string netns_name;
	// The function that freed the packet, for ND_CAUSE_OTHER only.
	std::string location;
	// Why the packet was dropped, beyond the rule (`--details`); null where nobody asked.
	std::shared_ptr<const Details> details;
	// The packet's own bytes; null where nobody asked. They lie in the ring: only there until Sink::take() returns.
	const nd_capture *capture = nullptr;

	void set_event(const nd_event &other) {
		event = other;
		packet_.reset();
	}

	// The packet's headers, decoded once.
	[[nodiscard]] const Packet &packet() const {
		if (!packet_) packet_ = decode(event);
		return *packet_;
	}

private:
	mutable std::optional<Packet> packet_;
};

} // namespace nft_drops

#endif
