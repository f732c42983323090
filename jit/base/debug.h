// SPDX-License-Identifier: GPL-2.0-only
// --debug=plan,ir,verifier,netlink,times: more about the inside, on stderr. The topics are switched on once, before
// anything else happens, and are inherited by child processes.
#ifndef NFT_DROPS_JIT_BASE_DEBUG_H
#define NFT_DROPS_JIT_BASE_DEBUG_H

#include "jit/base/result.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace nft_drops {

enum class DebugTopic : uint8_t {
	kPlan,     // the Plan in words
	kIr,       // the probe's LLVM IR after optimisation
	kVerifier, // the log of libbpf and of the kernel's verifier
	kNetlink,  // each request to nf_tables
	kTimes,    // how long each step of the start took
};
// By topic.
inline constexpr std::array<std::string_view, 5> kDebugTopics = {"plan", "ir", "verifier", "netlink", "times"};

// Bit n: topic n.
using DebugTopics = uint8_t;

// The topics of a list such as "plan,times". Fails with kUsage and names the first word that is no topic.
Result<DebugTopics> parse_debug_topics(std::string_view list);

// Switches these topics on, and no others, for the whole process.
void set_debug_topics(DebugTopics topics);
[[nodiscard]] bool debugs(DebugTopic topic);

// Writes each line of `text` to stderr as "debug TOPIC: LINE" where the topic is on. Control characters other than tabs
// become '?'.
void debug(DebugTopic topic, std::string_view text);

} // namespace nft_drops

#endif
