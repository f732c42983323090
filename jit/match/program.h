// SPDX-License-Identifier: GPL-2.0-only
// A MATCH as a list of operations over nf_tables' registers.
//
//   the user's words --nft-ext/match--> MatchProgram, one a family --jit/compile--> LLVM IR inside the probe
//
// nft-ext/match lets nft parse the words and the kernel's own nf_tables take them, and reads the rule back as
// expressions. Each expression becomes one operation here. An expression without an operation is refused by name.
// jit/compile turns the operations into the function nd_match(), which the probe calls before it reserves room for an
// event (bpf/match.h has what nd_match() calls).
//
// Registers: 16 of 32 bits (NFT_REG32_00 to NFT_REG32_15; NFT_REG_1 is the first four). Register numbers here are those
// of 32-bit registers, 0 to 15. Bytes lie in a register as in memory of the kernel: a field of the packet in network
// byte order, all else in host byte order, which is little-endian. Lengths are in bytes.
//
// Operations run in order. An operation that finds nothing (a packet without a transport header, no conntrack entry)
// ends the program: the packet does not match, as in a rule (NFT_BREAK). An operation that cannot read what is there
// ends the program, too: the packet is undecided.
#ifndef NFT_DROPS_JIT_MATCH_PROGRAM_H
#define NFT_DROPS_JIT_MATCH_PROGRAM_H

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace nft_drops::jit {

using MatchBytes = std::vector<uint8_t>;
inline constexpr uint32_t kMatchRegisters = 16;

// nft_payload: `length` bytes from `offset` of a header into the registers from `to` on; the rest of the last register
// is zero.
struct MatchPayload {
	uint32_t base; // NFT_PAYLOAD_LL_HEADER, NFT_PAYLOAD_NETWORK_HEADER, NFT_PAYLOAD_TRANSPORT_HEADER
	uint32_t offset, length;
	uint32_t to;
};
// nft_meta: one of keys.h.
struct MatchMeta {
	uint32_t key; // NFT_META_*
	uint32_t to;
};
// nft_ct: one of keys.h.
struct MatchCt {
	uint32_t key;       // NFT_CT_*
	uint32_t direction; // IP_CT_DIR_ORIGINAL, IP_CT_DIR_REPLY, kNoDirection
	uint32_t to;
	static constexpr uint32_t kNoDirection = ~0U;
};
// nft_exthdr: an IPv6 extension header, an IPv4 or a TCP option.
struct MatchExthdr {
	uint32_t kind; // NFT_EXTHDR_OP_IPV6, NFT_EXTHDR_OP_TCPOPT
	uint32_t type; // the header's or option's number
	uint32_t offset, length;
	bool present; // 1 or 0: whether it is there, in place of its bytes
	uint32_t to;
};
// nft_cmp, as memcmp() orders bytes.
struct MatchCompare {
	uint32_t from;
	uint32_t op; // NFT_CMP_*
	MatchBytes value;
};
// nft_range: both ends belong to it.
struct MatchRange {
	uint32_t from;
	bool outside; // NFT_RANGE_NEQ
	MatchBytes lower, upper;
};
// nft_bitwise: (register & mask) ^ flip, or a shift of all registers together (the first one is the highest).
struct MatchBitwise {
	uint32_t from, to, length;
	enum class Kind : uint32_t { kMask, kShiftLeft, kShiftRight } kind;
	MatchBytes mask, flip; // of kMask; `length` bytes each
	uint32_t shift;        // 1 to 31
};
// nft_byteorder: each number of `size` bytes is turned around.
struct MatchByteorder {
	uint32_t from, to, length;
	uint32_t size; // 2, 4 or 8
};
// nft_lookup in an anonymous set. An element is one range for each field, both ends of which belong to it; fields begin
// at registers of their own. A set without intervals has one field, and elements with lower == upper.
struct MatchLookup {
	struct Field {
		MatchBytes lower, upper;
	};
	uint32_t from;
	bool outside; // NFT_LOOKUP_F_INV
	std::vector<std::vector<Field>> elements;
};

using MatchOperation = std::variant<MatchPayload, MatchMeta, MatchCt, MatchExthdr, MatchCompare, MatchRange,
                                    MatchBitwise, MatchByteorder, MatchLookup>;
using MatchProgram = std::vector<MatchOperation>;

// The program for drops by tables of one family: the same words may mean different operations in each.
struct FamilyMatch {
	uint8_t family; // NFPROTO_*
	MatchProgram program;
};

// One instruction of classic BPF, as libpcap compiles for DLT_RAW: struct bpf_insn of <pcap/bpf.h>.
struct PcapInstruction {
	uint16_t code;
	uint8_t if_true, if_false;
	uint32_t k;
};

// Which drops are wanted: those that satisfy both.
struct Filter {
	std::vector<FamilyMatch> match; // empty: no MATCH was given; drops by tables of a family that is not here: none
	std::vector<PcapInstruction> pcap; // empty: no --pcap was given

	[[nodiscard]] bool empty() const { return match.empty() && pcap.empty(); }
	// All of it as bytes: equal filters have equal bytes, others do not.
	[[nodiscard]] std::string bytes() const;
	// False where the bytes are not those of a filter.
	[[nodiscard]] bool read(const std::string &bytes);
};

} // namespace nft_drops::jit

#endif
