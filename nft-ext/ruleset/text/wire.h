// SPDX-License-Identifier: GPL-2.0-only
// How the worker process and its parent talk: messages of any length over a SOCK_SEQPACKET pair, each in packets of at
// most 64 KiB, the first with the message's length in front. Host byte order: both ends are one program.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_WIRE_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_WIRE_H

#include "bpf/shared/event.h"
#include "jit/base/result.h"
#include "nft-ext/ruleset/details/details.h"
#include "nft-ext/ruleset/index/attribution.h"
#include "nft-ext/ruleset/index/jump_path.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace nft_drops {

// The worker is ready to answer: its first message, but for a Presence.
struct Ready {
	uint64_t tables = 0;
	uint64_t rules = 0;
	uint32_t generation = 0; // that was read
	// False where rules have to be looked for in listings of the whole ruleset, which costs seconds for 100,000
	// rules.
	bool narrow = false;
};

// What the worker says about one drop.
struct Attributed {
	Attribution attribution;
	std::optional<JumpPath> path;     // where the request asked for it, and it is known
	std::optional<Details> details{}; // where the request asked for them
};

// Whether the object of WorkerOptions::watched is in the ruleset: in front of Ready, and whenever it comes or goes.
struct Presence {
	bool there = false;
};

using Reply = std::variant<Ready, Attributed, Error, Presence>;

std::string pack(const Reply &reply);
// nullopt where the bytes are no reply.
std::optional<Reply> unpack(std::string_view bytes);

// Messages as they arrive, without waiting.
class MessageReader {
public:
	enum class Got {
		kMessage, // take() gives it
		kNothing, // not all of a message has arrived
		kEnd,     // the other end is gone, or sends what is no message
	};
	Got receive(int socket);
	std::string take() { return std::exchange(message_, {}); }

private:
	Got add(std::string_view packet);

	std::string message_;
	std::optional<uint64_t> length_; // of the message that is under way
};

// Sends a message of less than one packet, if it can be sent without waiting.
bool try_send_message(int socket, std::string_view message);

// False where the other end is gone. Both restart after signals.
bool send_message(int socket, std::string_view message);
// nullopt where the other end is gone, or nothing arrived within `timeout_ms` (-1: for ever).
std::optional<std::string> receive_message(int socket, int timeout_ms);

} // namespace nft_drops

#endif
