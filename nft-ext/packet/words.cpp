// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/words.h"

#include "nft-ext/packet/address.h"
#include "nft-ext/packet/hook.h"
#include "nft-ext/packet/symbols.h"
#include "nft-ext/text/escape.h"
#include "nft-ext/text/text_buffer.h"

// First: the linux headers then leave out what it defines.
#include <netinet/in.h>

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>

namespace nft_drops {

namespace {

// Every word is written with a space in front. The smallest helpers are always inline, so that their keys are
// literals where they are copied: this runs for each dropped packet.
[[gnu::always_inline]] inline void write_number(TextBuffer &out, std::string_view key, uint64_t value) {
	out.text(key);
	out.number(value);
}

[[gnu::always_inline]] inline void write_symbol(TextBuffer &out, const WordStyle &style, std::string_view key,
                                                std::string_view name, uint64_t value) {
	out.text(key);
	if (name.empty() || style.numeric_symbols)
		out.number(value);
	else
		out.text(name);
}

void write_ethertype(TextBuffer &out, const WordStyle &style, std::string_view key, uint16_t ethertype) {
	out.text(key);
	const std::string_view name = ethertype_name(ethertype);
	if (!name.empty() && !style.numeric_symbols) {
		out.text(name);
		return;
	}
	out.text("0x");
	out.hex(ethertype, 4);
}

void write_interface(TextBuffer &out, std::string_view key, std::string_view name, uint32_t index) {
	if (name.empty()) {
		if (index != 0) write_number(out, key, index);
		return;
	}
	out.text(key);
	out.character('"');
	if (is_harmless(name, Escape::kQuoted)) {
		out.text(name);
	} else {
		std::string escaped;
		append_escaped(escaped, name, Escape::kQuoted);
		out.text(escaped);
	}
	out.character('"');
}

// Where it came in and goes out. Kept from one packet to the next: most have the same.
void write_interfaces(TextBuffer &out, const nd_event &event) {
	struct Interfaces {
		uint32_t iif = 0, oif = 0;
		char iif_name[ND_IFNAME_BYTES] = {}, oif_name[ND_IFNAME_BYTES] = {};
		TextBuffer words;
	};
	static thread_local Interfaces kept;
	if (kept.iif != event.iif || kept.oif != event.oif ||
	    std::memcmp(kept.iif_name, event.iifname, ND_IFNAME_BYTES) != 0 ||
	    std::memcmp(kept.oif_name, event.oifname, ND_IFNAME_BYTES) != 0) {
		kept.iif = event.iif;
		kept.oif = event.oif;
		std::memcpy(kept.iif_name, event.iifname, ND_IFNAME_BYTES);
		std::memcpy(kept.oif_name, event.oifname, ND_IFNAME_BYTES);
		kept.words.clear();
		write_interface(kept.words, " iif ", iif_name(event), event.iif);
		write_interface(kept.words, " oif ", oif_name(event), event.oif);
	}
	out.text(kept.words.view());
	if (event.physin == 0 && event.physout == 0) return;
	const BridgePort in = physin_of(event), to = physout_of(event);
	write_interface(out, " physin ", in.name, in.index);
	write_interface(out, " physout ", to.name, to.index);
}

bool wants_ether(const nd_event &event, const Packet &packet) {
	return event.family == NFPROTO_ARP || event.family == NFPROTO_BRIDGE || event.family == NFPROTO_NETDEV ||
	       packet.l3 == L3::kOther;
}

void write_link(TextBuffer &out, const WordStyle &style, const nd_event &event, const Packet &packet) {
	if (packet.ether && wants_ether(event, packet)) {
		out.text(" ether saddr ");
		write_mac(out, packet.ether->saddr);
		out.text(" ether daddr ");
		write_mac(out, packet.ether->daddr);
	}
	for (int i = 0; i < packet.vlan_count; ++i) {
		const Vlan &vlan = packet.vlans[i];
		// Between two tags nft wants the inner one's type; the outer 802.1Q is what `vlan id` implies.
		if (i > 0)
			write_ethertype(out, style, " vlan type ", vlan.protocol);
		else if (vlan.protocol == ETH_P_8021AD)
			write_ethertype(out, style, " ether type ", ETH_P_8021AD);
		write_number(out, " vlan id ", vlan.id());
	}
	if (packet.l3 != L3::kOther || packet.truncated == Layer::kVlan) return;
	if (packet.vlan_count > 0)
		write_ethertype(out, style, " vlan type ", packet.ethertype);
	else
		write_ethertype(out, style, packet.ether ? " ether type " : " meta protocol ", packet.ethertype);
}

void write_host(TextBuffer &out, const WordStyle &style, const Address &address) {
	constexpr size_t kMost = 255; // of a name in the domain name system; four of them fit into a TextBuffer
	const std::string name = style.host(address);
	if (name.empty() || name.size() > kMost || !is_harmless(name, Escape::kWord))
		write_address(out, address);
	else
		out.text(name);
}

[[gnu::always_inline]] inline void write_end(TextBuffer &out, const WordStyle &style, std::string_view key,
                                             const Address &address) {
	if (address.size == 0) return;
	out.text(key);
	if (style.host)
		write_host(out, style, address);
	else
		write_address(out, address);
}

[[gnu::always_inline]] inline void write_addresses(TextBuffer &out, const WordStyle &style, std::string_view saddr,
                                                   std::string_view daddr, const Packet &packet) {
	write_end(out, style, saddr, packet.saddr);
	write_end(out, style, daddr, packet.daddr);
}

void write_arp(TextBuffer &out, const WordStyle &style, const Packet &packet) {
	const Arp &arp = *packet.arp;
	if (arp.htype && arp.htype != ARPHRD_ETHER) write_number(out, " arp htype ", *arp.htype);
	if (arp.ptype && arp.ptype != ETH_P_IP) write_ethertype(out, style, " arp ptype ", *arp.ptype);
	if (arp.operation)
		write_symbol(out, style, " arp operation ", arp_operation_name(*arp.operation), *arp.operation);
	if (arp.saddr) {
		out.text(" arp saddr ether ");
		write_mac(out, *arp.saddr);
	}
	write_end(out, style, " arp saddr ip ", packet.saddr);
	// All zero in a request: the sender asks for it.
	if (arp.daddr && *arp.daddr != MacAddress{}) {
		out.text(" arp daddr ether ");
		write_mac(out, *arp.daddr);
	}
	write_end(out, style, " arp daddr ip ", packet.daddr);
}

void write_protocol(TextBuffer &out, const WordStyle &style, std::string_view key, const Packet &packet) {
	const std::string_view name = style.numeric_protocols ? std::string_view() : protocol_name(*packet.protocol);
	write_symbol(out, style, key, name, *packet.protocol);
}

// True where no word of the transport header will name it.
bool protocol_untold(const Packet &packet) {
	return packet.protocol && (packet.l4 == L4::kNone || packet.l4 == L4::kOther);
}

void write_ip(TextBuffer &out, const WordStyle &style, const Packet &packet) {
	if (packet.bad_version) {
		write_number(out, " ip version ", *packet.bad_version);
		return;
	}
	if (packet.bad_hdrlength) write_number(out, " ip hdrlength ", *packet.bad_hdrlength);
	write_addresses(out, style, " ip saddr ", " ip daddr ", packet);
	if (packet.fragment) {
		write_number(out, " ip id ", packet.fragment->id);
		out.text(" ip frag-off 0x");
		out.hex(packet.fragment->field, 4);
	}
	if (protocol_untold(packet)) write_protocol(out, style, " ip protocol ", packet);
}

void write_exthdrs(TextBuffer &out, const Packet &packet) {
	if (packet.exthdrs & kHbh) out.text(" exthdr hbh exists");
	if (packet.exthdrs & kDst) out.text(" exthdr dst exists");
	if (packet.rt_type)
		write_number(out, " rt type ", *packet.rt_type);
	else if (packet.exthdrs & kRt)
		out.text(" exthdr rt exists");
	if (!packet.fragment) return;
	write_number(out, " frag id ", packet.fragment->id);
	write_number(out, " frag frag-off ", packet.fragment->offset);
	if (packet.fragment->more) out.text(" frag more-fragments 1");
}

void write_ip6(TextBuffer &out, const WordStyle &style, const Packet &packet) {
	if (packet.bad_version) {
		write_number(out, " ip6 version ", *packet.bad_version);
		return;
	}
	write_addresses(out, style, " ip6 saddr ", " ip6 daddr ", packet);
	if (packet.exthdrs != 0) write_exthdrs(out, packet);
	if (packet.truncated == Layer::kExthdr || !protocol_untold(packet)) return;
	// A later fragment's protocol is the one that its own header names; nexthdr is only the first of a chain.
	if (packet.fragment && packet.fragment->offset != 0)
		write_protocol(out, style, " frag nexthdr ", packet);
	else
		write_protocol(out, style, packet.exthdrs == 0 ? " ip6 nexthdr " : " meta l4proto ", packet);
}

// As nft -S: a name stands in quotes.
void write_service(TextBuffer &out, const WordStyle &style, uint16_t port) {
	const std::string name = style.service(port);
	if (name.empty() || !is_harmless(name, Escape::kQuoted)) {
		out.number(port);
		return;
	}
	out.character('"');
	out.text(name);
	out.character('"');
}

[[gnu::always_inline]] inline void write_port(TextBuffer &out, const WordStyle &style, std::string_view key,
                                              const std::optional<uint16_t> &port) {
	if (!port) return;
	out.text(key);
	if (style.service)
		write_service(out, style, *port);
	else
		out.number(*port);
}

[[gnu::always_inline]] inline void write_ports(TextBuffer &out, const WordStyle &style, std::string_view sport,
                                               std::string_view dport, const Packet &packet) {
	write_port(out, style, sport, packet.sport);
	write_port(out, style, dport, packet.dport);
}

void write_tcp_flags(TextBuffer &out, const WordStyle &style, uint8_t flags) {
	if (flags == 0 || style.numeric_symbols) {
		out.text(" tcp flags 0x");
		out.hex(flags, 1);
		return;
	}
	out.text(" tcp flags");
	char separator = ' ';
	for (size_t bit = 0; bit < kTcpFlags.size(); ++bit) {
		if (!(flags >> bit & 1)) continue;
		out.character(separator);
		out.text(kTcpFlags[bit]);
		separator = ',';
	}
}

void write_transport(TextBuffer &out, const WordStyle &style, const Packet &packet) {
	switch (packet.l4) {
	case L4::kTcp:
		write_ports(out, style, " tcp sport ", " tcp dport ", packet);
		if (packet.tcp_flags) write_tcp_flags(out, style, *packet.tcp_flags);
		break;
	case L4::kUdp:
		write_ports(out, style, " udp sport ", " udp dport ", packet);
		break;
	case L4::kUdplite:
		write_ports(out, style, " udplite sport ", " udplite dport ", packet);
		break;
	case L4::kSctp:
		write_ports(out, style, " sctp sport ", " sctp dport ", packet);
		break;
	case L4::kDccp:
		write_ports(out, style, " dccp sport ", " dccp dport ", packet);
		if (packet.type) write_symbol(out, style, " dccp type ", dccp_type_name(*packet.type), *packet.type);
		break;
	case L4::kIcmp:
		if (packet.type) write_symbol(out, style, " icmp type ", icmp_type_name(*packet.type), *packet.type);
		if (packet.code)
			write_symbol(out, style, " icmp code ", icmp_code_name(*packet.type, *packet.code),
			             *packet.code);
		if (packet.echo_id) write_number(out, " icmp id ", *packet.echo_id);
		if (packet.echo_sequence) write_number(out, " icmp sequence ", *packet.echo_sequence);
		if (packet.mtu) write_number(out, " icmp mtu ", *packet.mtu);
		break;
	case L4::kIcmpv6:
		if (packet.type)
			write_symbol(out, style, " icmpv6 type ", icmpv6_type_name(*packet.type), *packet.type);
		if (packet.code)
			write_symbol(out, style, " icmpv6 code ", icmpv6_code_name(*packet.type, *packet.code),
			             *packet.code);
		if (packet.echo_id) write_number(out, " icmpv6 id ", *packet.echo_id);
		if (packet.echo_sequence) write_number(out, " icmpv6 sequence ", *packet.echo_sequence);
		if (packet.mtu) write_number(out, " icmpv6 mtu ", *packet.mtu);
		if (packet.target.size != 0) {
			out.text(" icmpv6 taddr ");
			write_address(out, packet.target);
		}
		break;
	case L4::kIgmp:
		if (packet.type) write_symbol(out, style, " igmp type ", igmp_type_name(*packet.type), *packet.type);
		break;
	case L4::kEsp:
		if (packet.spi) write_number(out, " esp spi ", *packet.spi);
		break;
	case L4::kAh:
		if (packet.spi) write_number(out, " ah spi ", *packet.spi);
		break;
	case L4::kNone:
	case L4::kOther:
		break;
	}
}

void write_network(TextBuffer &out, const WordStyle &style, const Packet &packet) {
	switch (packet.l3) {
	case L3::kIp:
		write_ip(out, style, packet);
		break;
	case L3::kIp6:
		write_ip6(out, style, packet);
		break;
	case L3::kArp:
		write_arp(out, style, packet);
		break;
	case L3::kOther:
		break;
	}
	write_transport(out, style, packet);
}

} // namespace

void append_words(std::string &out, const nd_event &event, const Packet &packet, const WordStyle &style) {
	TextBuffer words;
	write_interfaces(words, event);
	write_link(words, style, event, packet);
	write_network(words, style, packet);
	if (packet.inside) {
		words.text(" inside");
		write_network(words, style, *packet.inside);
	}
	if (packet.truncated != Layer::kNone) {
		words.character(' ');
		words.text(truncated_layer(packet));
		words.text(" truncated");
	}
	write_number(words, " length ", event.length);
	out.append(words.view().substr(1));
}

std::string_view transport_name(const Packet &packet) {
	switch (packet.l4) {
	case L4::kTcp:
		return "tcp";
	case L4::kUdp:
		return "udp";
	case L4::kUdplite:
		return "udplite";
	case L4::kSctp:
		return "sctp";
	case L4::kDccp:
		return "dccp";
	case L4::kIcmp:
		return "icmp";
	case L4::kIcmpv6:
		return "icmpv6";
	case L4::kIgmp:
		return "igmp";
	case L4::kEsp:
		return "esp";
	case L4::kAh:
		return "ah";
	case L4::kNone:
	case L4::kOther:
		break;
	}
	if (!packet.protocol) return {};
	// One name for it whether or not the fragment at hand begins with its header.
	if (packet.l3 == L3::kIp6 && packet.protocol == IPPROTO_ICMPV6) return "icmpv6";
	return protocol_name(*packet.protocol);
}

std::string_view truncated_layer(const Packet &packet) {
	switch (packet.truncated) {
	case Layer::kNone:
		break;
	case Layer::kVlan:
		return "vlan";
	case Layer::kArp:
		return "arp";
	case Layer::kIp:
		return "ip";
	case Layer::kIp6:
		return "ip6";
	case Layer::kExthdr:
		return "exthdr";
	case Layer::kL4:
		return transport_name(packet);
	}
	return {};
}

} // namespace nft_drops
