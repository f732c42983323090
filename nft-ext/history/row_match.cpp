// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/history/row_match.h"

#include "bpf/shared/flow.h"
#include "jit/base/table_family.h"
#include "jit/match/keys.h"

#include <fmt/format.h>

// In front of the kernel's headers, which then leave out what both define.
#include <netinet/in.h>

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace nft_drops {
namespace {

using namespace jit;

constexpr uint8_t kVersion = 0x0f; // of FlowWords::kind: ND_FLOW_OTHER to ND_FLOW_IP6
constexpr uint8_t kAny = 0xff;     // a version or protocol that the program does not tell
constexpr size_t kNameBytes = 16;  // IFNAMSIZ

bool has_ports(uint8_t protocol) {
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

bool is_icmp(uint8_t protocol) {
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

std::array<uint8_t, 2> network_order(uint16_t n) {
	return {static_cast<uint8_t>(n >> 8), static_cast<uint8_t>(n)};
}

// What packets of one version look like where the history knows it.
struct Piece {
	uint32_t offset, length;
};
constexpr Piece kOfIp[] = {{9, 1}, {12, 8}};
constexpr Piece kOfIp6[] = {{8, 32}};
constexpr Piece kOfArp[] = {{6, 2}, {14, 4}, {24, 4}};
constexpr Piece kOfPorts[] = {{2, 2}};
constexpr Piece kOfIcmp[] = {{0, 2}};

bool lies_in(std::span<const Piece> pieces, const MatchPayload &load) {
	return std::ranges::any_of(pieces, [&load](const Piece &p) {
		return load.offset >= p.offset && load.offset + load.length <= p.offset + p.length;
	});
}

bool known_of_network(uint8_t version, const MatchPayload &load) {
	switch (version) {
	case ND_FLOW_IP:
		return lies_in(kOfIp, load);
	case ND_FLOW_IP6:
		return lies_in(kOfIp6, load);
	case ND_FLOW_ARP:
		return lies_in(kOfArp, load);
	default:
		return lies_in(kOfIp, load) && lies_in(kOfIp6, load);
	}
}

bool known_of_transport(uint8_t protocol, const MatchPayload &load) {
	return is_icmp(protocol) ? lies_in(kOfIcmp, load) : lies_in(kOfPorts, load);
}

// "ether type" is what nft itself adds in tables of bridge and netdev ("icmp type" needs it there). A flow tells it by
// its version, without VLAN tags.
bool is_ether_type(const MatchPayload &load) {
	return load.base == NFT_PAYLOAD_LL_HEADER && load.offset == offsetof(ethhdr, h_proto) &&
	       load.length == sizeof(ethhdr::h_proto);
}

// What a program asks for, followed from its beginning: which version and protocol its packets have by then.
class Checker {
public:
	explicit Checker(uint8_t family) {
		if (family == NFPROTO_IPV4) version_ = ND_FLOW_IP;
		if (family == NFPROTO_IPV6) version_ = ND_FLOW_IP6;
		if (family == NFPROTO_ARP) version_ = ND_FLOW_ARP;
	}
	// The name of a field that the history does not hold; empty: it holds all.
	std::string missing(const MatchProgram &program) {
		for (const MatchOperation &op : program) {
			std::visit([this](const auto &inner) { look(inner); }, op);
			if (!missing_.empty()) return missing_;
		}
		return {};
	}
	[[nodiscard]] std::optional<uint16_t> port() const { return port_; }

private:
	enum class Holds { kOther, kFamily, kEtherType, kProtocol, kPort };

	void look(const MatchPayload &op) {
		holds_ = is_ether_type(op) ? Holds::kEtherType : Holds::kOther;
		from_ = op.to;
		if (is_ether_type(op)) return;
		if (op.base == NFT_PAYLOAD_NETWORK_HEADER && known_of_network(version_, op)) {
			if (version_ == ND_FLOW_IP && op.offset == 9 && op.length == 1) holds_ = Holds::kProtocol;
			return;
		}
		if (op.base == NFT_PAYLOAD_TRANSPORT_HEADER && known_of_transport(protocol_, op)) {
			if (op.length == 2) holds_ = Holds::kPort;
			return;
		}
		if (op.base == NFT_PAYLOAD_TRANSPORT_HEADER)
			missing_ = op.offset < 2 && !is_icmp(protocol_)
			                   ? "the source port"
			                   : fmt::format("@th,{},{}", op.offset * 8, op.length * 8);
		else
			missing_ = fmt::format("@{},{},{}", op.base == NFT_PAYLOAD_LL_HEADER ? "ll" : "nh",
			                       op.offset * 8, op.length * 8);
	}
	void look(const MatchMeta &op) {
		from_ = op.to;
		switch (op.key) {
		case NFT_META_NFPROTO:
			holds_ = Holds::kFamily;
			return;
		case NFT_META_PROTOCOL:
			holds_ = Holds::kEtherType;
			return;
		case NFT_META_L4PROTO:
			holds_ = Holds::kProtocol;
			return;
		case NFT_META_IIFNAME:
		case NFT_META_OIFNAME:
			holds_ = Holds::kOther;
			return;
		case NFT_META_IIF:
		case NFT_META_OIF:
			missing_ = fmt::format("meta {0} (devices are kept by their names: {0}name)",
			                       op.key == NFT_META_IIF ? "iif" : "oif");
			return;
		default:
			const MatchKey *key = meta_key(op.key);
			missing_ = fmt::format("meta {}", key ? key->name : "key");
		}
	}
	void look(const MatchCt &op) {
		const MatchKey *key = ct_key(op.key);
		missing_ = fmt::format("ct {}", key ? key->name : "key");
	}
	void look(const MatchExthdr &) { missing_ = "a header's or option's presence and bytes"; }
	void look(const MatchCompare &op) {
		if (op.op != NFT_CMP_EQ || op.from != from_) return;
		if (holds_ == Holds::kFamily && op.value.size() == 1)
			version_ = op.value[0] == NFPROTO_IPV4   ? uint8_t{ND_FLOW_IP}
			           : op.value[0] == NFPROTO_IPV6 ? uint8_t{ND_FLOW_IP6}
			                                         : version_;
		if (op.value.size() == 2) {
			const auto number = static_cast<uint16_t>(op.value[0] << 8 | op.value[1]);
			if (holds_ == Holds::kEtherType)
				version_ = number == ETH_P_IP     ? uint8_t{ND_FLOW_IP}
				           : number == ETH_P_IPV6 ? uint8_t{ND_FLOW_IP6}
				           : number == ETH_P_ARP  ? uint8_t{ND_FLOW_ARP}
				                                  : version_;
			if (holds_ == Holds::kPort) port_ = number;
		}
		if (holds_ == Holds::kProtocol && op.value.size() == 1) protocol_ = op.value[0];
	}
	void look(const MatchRange &) {}
	void look(const MatchBitwise &op) { changed(op.to); }
	void look(const MatchByteorder &op) { changed(op.to); }
	void look(const MatchLookup &) {}
	void changed(uint32_t reg) {
		if (reg == from_) holds_ = Holds::kOther;
	}

	uint8_t version_ = kAny, protocol_ = kAny;
	Holds holds_ = Holds::kOther; // the register `from_`
	uint32_t from_ = 0;
	std::optional<uint16_t> port_;
	std::string missing_;
};

// One program over one flow, as nf_tables runs a rule over a packet.
class Run {
public:
	Run(uint8_t family, const FlowWords &flow) : family_(family), flow_(flow) {}
	bool matches(const MatchProgram &program) {
		return std::ranges::all_of(program, [this](const MatchOperation &op) {
			return std::visit([this](const auto &inner) { return run(inner); }, op);
		});
	}

private:
	uint8_t *at(uint32_t reg) { return registers_.data() + size_t{reg} * 4; }
	[[nodiscard]] uint8_t version() const { return flow_.kind & kVersion; }
	[[nodiscard]] bool has_port() const { return (flow_.kind & ND_FLOW_PORT) != 0; }

	bool put(uint32_t reg, std::span<const uint8_t> bytes) {
		const size_t room = (bytes.size() + 3) / 4 * 4;
		memset(at(reg), 0, room);
		memcpy(at(reg), bytes.data(), bytes.size());
		return true;
	}
	[[nodiscard]] uint16_t ether_type() const {
		switch (version()) {
		case ND_FLOW_IP:
			return ETH_P_IP;
		case ND_FLOW_IP6:
			return ETH_P_IPV6;
		case ND_FLOW_ARP:
			return ETH_P_ARP;
		default:
			return flow_.port;
		}
	}
	bool run(const MatchPayload &op) {
		if (is_ether_type(op)) return put(op.to, network_order(ether_type()));
		std::array<uint8_t, 40> header{};
		if (op.base == NFT_PAYLOAD_TRANSPORT_HEADER) {
			if (!has_port() || version() == ND_FLOW_ARP || !known_of_transport(flow_.protocol, op))
				return false;
			if (!has_ports(flow_.protocol) && !is_icmp(flow_.protocol)) return false;
			const auto port = network_order(flow_.port);
			std::ranges::copy(port, header.begin() + (is_icmp(flow_.protocol) ? 0 : 2));
		} else {
			if (op.base != NFT_PAYLOAD_NETWORK_HEADER || !known_of_network(version(), op)) return false;
			if (version() == ND_FLOW_IP) {
				header[9] = flow_.protocol;
				std::copy_n(flow_.saddr.bytes.begin(), 4, header.begin() + 12);
				std::copy_n(flow_.daddr.bytes.begin(), 4, header.begin() + 16);
			} else if (version() == ND_FLOW_IP6) {
				std::copy_n(flow_.saddr.bytes.begin(), 16, header.begin() + 8);
				std::copy_n(flow_.daddr.bytes.begin(), 16, header.begin() + 24);
			} else if (version() == ND_FLOW_ARP) {
				const auto operation = network_order(flow_.port);
				std::ranges::copy(operation, header.begin() + 6);
				std::copy_n(flow_.saddr.bytes.begin(), 4, header.begin() + 14);
				std::copy_n(flow_.daddr.bytes.begin(), 4, header.begin() + 24);
			} else {
				return false;
			}
		}
		return put(op.to, std::span(header).subspan(op.offset, op.length));
	}
	bool run(const MatchMeta &op) {
		switch (op.key) {
		case NFT_META_NFPROTO: {
			const uint8_t packet = version() == ND_FLOW_IP6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
			return put(op.to, std::array{family_ == NFPROTO_INET ? packet : family_});
		}
		case NFT_META_PROTOCOL:
			return put(op.to, network_order(ether_type()));
		case NFT_META_L4PROTO:
			if (version() != ND_FLOW_IP && version() != ND_FLOW_IP6) return false;
			return put(op.to, std::array{flow_.protocol});
		default: {
			const std::string &name = op.key == NFT_META_IIFNAME ? flow_.iif : flow_.oif;
			std::array<uint8_t, kNameBytes> bytes{};
			std::copy_n(name.begin(), std::min(name.size(), bytes.size() - 1), bytes.begin());
			return put(op.to, bytes);
		}
		}
	}
	// make() refuses both.
	bool run(const MatchCt &) { return false; }
	bool run(const MatchExthdr &) { return false; }
	bool run(const MatchCompare &op) {
		const int order = memcmp(at(op.from), op.value.data(), op.value.size());
		switch (op.op) {
		case NFT_CMP_EQ:
			return order == 0;
		case NFT_CMP_NEQ:
			return order != 0;
		case NFT_CMP_LT:
			return order < 0;
		case NFT_CMP_LTE:
			return order <= 0;
		case NFT_CMP_GT:
			return order > 0;
		default:
			return order >= 0;
		}
	}
	[[nodiscard]] bool within(uint32_t reg, const MatchBytes &lower, const MatchBytes &upper) {
		return memcmp(at(reg), lower.data(), lower.size()) >= 0 &&
		       memcmp(at(reg), upper.data(), upper.size()) <= 0;
	}
	bool run(const MatchRange &op) { return within(op.from, op.lower, op.upper) != op.outside; }
	bool run(const MatchBitwise &op) {
		if (op.kind == MatchBitwise::Kind::kMask) {
			for (uint32_t i = 0; i < op.length; i++)
				at(op.to)[i] = static_cast<uint8_t>((at(op.from)[i] & op.mask[i]) ^ op.flip[i]);
			return true;
		}
		// nft_bitwise_eval_lshift(), nft_bitwise_eval_rshift()
		const uint32_t words = op.length / 4;
		std::array<uint32_t, kMatchRegisters> from{}, to{};
		memcpy(from.data(), at(op.from), size_t{words} * 4);
		for (uint32_t i = 0; i < words; i++) {
			if (op.kind == MatchBitwise::Kind::kShiftLeft)
				to[i] = from[i] << op.shift | (i + 1 < words ? from[i + 1] >> (32 - op.shift) : 0);
			else
				to[i] = from[i] >> op.shift | (i > 0 ? from[i - 1] << (32 - op.shift) : 0);
		}
		memcpy(at(op.to), to.data(), size_t{words} * 4);
		return true;
	}
	bool run(const MatchByteorder &op) {
		std::array<uint8_t, kMatchRegisters * 4> turned{};
		for (uint32_t i = 0; i + op.size <= op.length; i += op.size)
			std::reverse_copy(at(op.from) + i, at(op.from) + i + op.size, turned.begin() + i);
		memcpy(at(op.to), turned.data(), op.length);
		return true;
	}
	bool run(const MatchLookup &op) {
		const bool found = std::ranges::any_of(op.elements, [&](const auto &element) {
			uint32_t reg = op.from;
			return std::ranges::all_of(element, [&](const MatchLookup::Field &field) {
				const uint32_t here = reg;
				reg += static_cast<uint32_t>((field.lower.size() + 3) / 4);
				return within(here, field.lower, field.upper);
			});
		});
		return found != op.outside;
	}

	uint8_t family_;
	const FlowWords &flow_;
	alignas(8) std::array<uint8_t, kMatchRegisters * 4> registers_{};
};

} // namespace

Result<RowMatch> RowMatch::make(std::vector<jit::FamilyMatch> families) {
	RowMatch match;
	bool one_port = true;
	for (const jit::FamilyMatch &family : families) {
		Checker checker(family.family);
		if (const std::string missing = checker.missing(family.program); !missing.empty())
			return usage_error("MATCH", missing + " is not in the history",
			                   "the history holds devices, addresses, protocol and destination port");
		one_port = one_port && checker.port() && (!match.port_ || match.port_ == checker.port());
		match.port_ = checker.port();
	}
	if (!one_port) match.port_.reset();
	match.families_ = std::move(families);
	return match;
}

bool RowMatch::takes(const CulpritWords &culprit, const FlowWords &flow) const {
	if (flow.kind == FlowWords::kOthers) return false;
	const auto family = family_number(culprit.family);
	if (!family) return false;
	const auto program = std::ranges::find(families_, *family, &jit::FamilyMatch::family);
	return program != families_.end() && Run(*family, flow).matches(program->program);
}

} // namespace nft_drops
