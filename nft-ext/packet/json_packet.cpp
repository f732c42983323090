// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/json_packet.h"

#include "nft-ext/packet/address.h"
#include "nft-ext/packet/symbols.h"
#include "nft-ext/packet/words.h"

#include <string_view>

namespace nft_drops {

namespace {

// As nft's own JSON: the name, or the number where there is none.
void add_symbol(JsonWriter &json, std::string_view key, std::string_view name, uint16_t value) {
	if (name.empty())
		json.member(key, value);
	else
		json.member(key, name);
}

void add_address(JsonWriter &json, std::string_view key, const Address &address) {
	if (address.size == 0) return;
	TextBuffer text;
	write_address(text, address);
	json.member(key, text.view());
}

void add_mac(JsonWriter &json, std::string_view key, const MacAddress &address) {
	TextBuffer text;
	write_mac(text, address);
	json.member(key, text.view());
}

void add_network(JsonWriter &json, const Packet &packet) {
	switch (packet.l3) {
	case L3::kIp:
		json.member("l3", "ip");
		break;
	case L3::kIp6:
		json.member("l3", "ip6");
		break;
	case L3::kArp:
		json.member("l3", "arp");
		break;
	case L3::kOther:
		TextBuffer ethertype;
		ethertype.text("0x");
		ethertype.hex(packet.ethertype, 4);
		json.member_null("l3");
		json.member("ethertype", ethertype.view());
		break;
	}
	add_address(json, "saddr", packet.saddr);
	add_address(json, "daddr", packet.daddr);
	if (packet.bad_version) json.member("version", *packet.bad_version);
	if (packet.bad_hdrlength) json.member("hdrlength", *packet.bad_hdrlength);
}

void add_arp(JsonWriter &json, const Arp &arp) {
	if (arp.operation) add_symbol(json, "operation", arp_operation_name(*arp.operation), *arp.operation);
	if (!arp.saddr) return;
	json.key("arp");
	json.open_object();
	add_mac(json, "saddr", *arp.saddr);
	if (arp.daddr) add_mac(json, "daddr", *arp.daddr);
	json.close_object();
}

std::string_view type_name(const Packet &packet) {
	switch (packet.l4) {
	case L4::kIcmp:
		return icmp_type_name(*packet.type);
	case L4::kIcmpv6:
		return icmpv6_type_name(*packet.type);
	case L4::kIgmp:
		return igmp_type_name(*packet.type);
	case L4::kDccp:
		return dccp_type_name(*packet.type);
	default:
		return {};
	}
}

std::string_view code_name(const Packet &packet) {
	return packet.l4 == L4::kIcmp ? icmp_code_name(*packet.type, *packet.code)
	                              : icmpv6_code_name(*packet.type, *packet.code);
}

void add_flags(JsonWriter &json, uint8_t flags) {
	json.key("flags");
	json.open_array();
	for (size_t bit = 0; bit < kTcpFlags.size(); ++bit) {
		if (flags >> bit & 1) json.string(kTcpFlags[bit]);
	}
	json.close_array();
}

void add_transport(JsonWriter &json, const Packet &packet) {
	if (packet.protocol)
		add_symbol(json, "l4", transport_name(packet), *packet.protocol);
	else
		json.member_null("l4");
	if (packet.sport) json.member("sport", *packet.sport);
	if (packet.dport) json.member("dport", *packet.dport);
	if (packet.tcp_flags) add_flags(json, *packet.tcp_flags);
	if (packet.type) {
		add_symbol(json, "type", type_name(packet), *packet.type);
		json.member("type_number", *packet.type);
	}
	if (packet.code) {
		add_symbol(json, "code", code_name(packet), *packet.code);
		json.member("code_number", *packet.code);
	}
	if (packet.echo_id) json.member("id", *packet.echo_id);
	if (packet.echo_sequence) json.member("sequence", *packet.echo_sequence);
	if (packet.spi) json.member("spi", *packet.spi);
	if (packet.mtu) json.member("mtu", *packet.mtu);
	add_address(json, "taddr", packet.target);
}

void add_link(JsonWriter &json, const Packet &packet) {
	if (packet.ether) {
		json.key("ether");
		json.open_object();
		add_mac(json, "saddr", packet.ether->saddr);
		add_mac(json, "daddr", packet.ether->daddr);
		json.close_object();
	}
	if (packet.vlan_count == 0) return;
	json.key("vlan");
	json.open_array();
	for (int i = 0; i < packet.vlan_count; ++i) {
		json.open_object();
		json.member("id", packet.vlans[i].id());
		json.member("pcp", packet.vlans[i].pcp());
		json.close_object();
	}
	json.close_array();
}

void add_fragment(JsonWriter &json, const Fragment &fragment) {
	json.key("frag");
	json.open_object();
	json.member("id", fragment.id);
	json.member("frag-off", fragment.offset);
	json.member_boolean("more-fragments", fragment.more);
	json.close_object();
}

void add_exthdrs(JsonWriter &json, uint8_t exthdrs) {
	json.key("exthdr");
	json.open_array();
	if (exthdrs & kHbh) json.string("hbh");
	if (exthdrs & kDst) json.string("dst");
	if (exthdrs & kRt) json.string("rt");
	if (exthdrs & kFrag) json.string("frag");
	if (exthdrs & kAuth) json.string("ah");
	json.close_array();
}

} // namespace

void write_packet_json(JsonWriter &json, const Packet &packet) {
	json.open_object();
	add_network(json, packet);
	if (packet.arp)
		add_arp(json, *packet.arp);
	else
		add_transport(json, packet);
	add_link(json, packet);
	if (packet.fragment) add_fragment(json, *packet.fragment);
	if (packet.exthdrs != 0) add_exthdrs(json, packet.exthdrs);
	if (const Packet *inside = packet.inside.get()) {
		json.key("inside");
		json.open_object();
		add_network(json, *inside);
		add_transport(json, *inside);
		if (inside->fragment) add_fragment(json, *inside->fragment);
		if (inside->exthdrs != 0) add_exthdrs(json, inside->exthdrs);
		json.close_object();
	}
	if (packet.truncated != Layer::kNone) json.member_boolean("truncated", true);
	json.close_object();
}

} // namespace nft_drops
