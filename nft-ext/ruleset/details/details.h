// SPDX-License-Identifier: GPL-2.0-only
// Why a packet was dropped, beyond the rule: what `--details` shows. Nothing here is a guess: what is not known is
// absent, or says why.
#ifndef NFT_DROPS_NFT_EXT_RULESET_DETAILS_DETAILS_H
#define NFT_DROPS_NFT_EXT_RULESET_DETAILS_DETAILS_H

#include "bpf/shared/details.h"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace nft_drops {

// One entry of a netfilter hook, in the kernel's order.
struct HookEntry {
	enum class Kind : uint8_t {
		kChain,    // of nf_tables: `name` is "inet filter input"
		kFunction, // of the kernel: "ipv4_conntrack_in [nf_conntrack]", "ipt_do_table [ip_tables]"
		kProgram,  // a BPF program: "bpf program 12"
	};
	Kind kind = Kind::kFunction;
	int32_t priority = 0;
	std::string name;
	bool operator==(const HookEntry &) const = default;
};

// All entries of the hook in which the packet was dropped.
struct HookOrder {
	std::vector<HookEntry> entries;
	size_t dropper = 0; // which entry dropped: those before it accepted the packet, those behind it never saw it
};

// The element of one set or map that a look-up found. Texts are as the kernel has them: a Sink escapes them.
struct ElementFound {
	std::string set{};       // its name, without '@'
	std::string unknown{};   // why the element is not known, in words: "changed since"; empty where it is known
	std::string key{};       // as nft prints the key: "203.0.113.0/24"
	std::string comment{};   // empty: none
	std::string verdict{};   // of a verdict map: "goto reject-chain"; else empty
	uint64_t timeout_ms = 0; // 0: none
	uint64_t expires_ms = 0; // from the time on at which the element was looked up; 0: never
};

// Has the kernel load the modules that tell details (nfnetlink_hook, tcp_diag, udp_diag), so that the first drop need
// not wait for them. Where there are none, the details that they tell are left out.
void load_detail_modules();

// As nft prints it: "1h", "59m50s940ms".
std::string words_of_time(uint64_t milliseconds);

// A socket, as the kernel's list of sockets tells it (INET_DIAG).
struct SocketFound {
	uint64_t cookie = 0;
	uint64_t inode = 0;
	uint64_t group = 0; // id of its control group; 0: not told
	uint32_t uid = 0;
};

struct Process {
	pid_t pid = 0;
	std::string name; // as /proc/PID/comm has it: the process may have chosen any bytes
	bool operator==(const Process &) const = default;
};

struct Details {
	nd_details seen{}; // what the probe read
	std::optional<HookOrder> hook;
	std::vector<ElementFound> elements;
	// Whether a socket was looked for, and what was found. Only for packets of the hook input without a socket of
	// their own.
	bool socket_sought = false;
	std::optional<SocketFound> socket;
	// Processes that hold the socket, at most kMostProcesses; empty where they are not known.
	static constexpr size_t kMostProcesses = 4;
	std::vector<Process> processes;
	// Path of the socket's control group below its mount: "system.slice/nginx.service". Empty where it is not
	// known.
	std::string group;

	// The packet's own socket, or the one that the packet was meant for; nullopt where neither is known.
	[[nodiscard]] std::optional<SocketFound> whose() const;
	// About how much memory it takes.
	[[nodiscard]] size_t bytes() const;
};

} // namespace nft_drops

#endif
