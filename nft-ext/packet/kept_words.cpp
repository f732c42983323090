// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/kept_words.h"

#include <netinet/in.h> // before the kernel's headers, which else define the same

#include "nft-ext/packet/packet.h"
#include "nft-ext/packet/words.h"

#include <cstring>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <type_traits>

namespace nft_drops {
namespace {

constexpr size_t kIp = 20; // of the headers of plain packets
constexpr size_t kIp6 = 40;
constexpr size_t kTcp = 20;
constexpr size_t kUdp = 8;

template <typename T> T at(const nd_event &event, size_t offset) {
	T value;
	memcpy(&value, event.l3 + offset, sizeof(value));
	return value;
}

} // namespace

bool KeptWords::Sight::operator==(const Sight &other) const {
	static_assert(std::has_unique_object_representations_v<Sight>);
	return memcmp(this, &other, sizeof(other)) == 0;
}

// False where the words may depend on more than `sight` holds, which is then unfinished.
bool KeptWords::is_plain(const nd_event &event, Sight &sight) {
	// Tables of these families show no link header. A tag is beside the packet, or behind an Ethernet header.
	const bool ip_table =
	        event.family == NFPROTO_INET || event.family == NFPROTO_IPV4 || event.family == NFPROTO_IPV6;
	if (!ip_table || (event.flags & ND_FLAG_VLAN) || event.l2_len > ETH_HLEN) return false;
	if (event.physin != 0 || event.physout != 0) return false;
	size_t header = 0;
	if (event.pf == NFPROTO_IPV4) {
		header = kIp;
		constexpr uint8_t kNoOptions = 0x45;
		constexpr uint16_t kFragment = 0x3fff; // more of them follow, or an offset
		if (event.l3_len < header || event.l3[0] != kNoOptions || (ntohs(at<uint16_t>(event, 6)) & kFragment))
			return false;
		sight.addresses[0] = at<uint64_t>(event, 12);
		sight.lengths = at<uint32_t>(event, 0);
		sight.protocol = event.l3[9];
	} else if (event.pf == NFPROTO_IPV6) {
		header = kIp6;
		constexpr uint8_t kVersion = 6;
		if (event.l3_len < header || event.l3[0] >> 4 != kVersion) return false;
		for (size_t i = 0; i < std::size(sight.addresses); i++)
			sight.addresses[i] = at<uint64_t>(event, 8 + 8 * i);
		sight.lengths = at<uint16_t>(event, 4);
		sight.protocol = event.l3[6];
	} else {
		return false;
	}
	if (sight.protocol == IPPROTO_TCP && event.l3_len >= header + kTcp)
		sight.transport = at<uint16_t>(event, header + 12);
	else if (sight.protocol == IPPROTO_UDP && event.l3_len >= header + kUdp)
		sight.transport = at<uint16_t>(event, header + 4);
	else
		return false;
	sight.ports = at<uint32_t>(event, header);
	sight.iif = event.iif;
	sight.oif = event.oif;
	memcpy(sight.iifname, event.iifname, sizeof(sight.iifname));
	memcpy(sight.oifname, event.oifname, sizeof(sight.oifname));
	sight.length = event.length;
	sight.l3_len = event.l3_len;
	sight.pf = event.pf;
	return true;
}

std::string_view KeptWords::of(const nd_event &event) {
	Sight sight{};
	// Names of hosts may become known between two packets.
	if (style_.host || !is_plain(event, sight)) {
		others_.clear();
		append_words(others_, event, decode(event), style_);
		return others_;
	}
	constexpr uint64_t kSpread = 0x9e3779b97f4a7c15; // 2^64 divided by the golden ratio
	const uint64_t mix = (sight.addresses[0] ^ sight.addresses[1] ^ sight.ports) * kSpread;
	Kept &kept = kept_[mix >> 58];
	static_assert(std::tuple_size_v<decltype(kept_)> == 64);
	if (kept.words.empty() || !(kept.sight == sight)) {
		kept.words.clear();
		append_words(kept.words, event, decode(event), style_);
		kept.sight = sight;
	}
	return kept.words;
}

} // namespace nft_drops
