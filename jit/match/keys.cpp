// SPDX-License-Identifier: GPL-2.0-only
#include "jit/match/keys.h"

#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <iterator>

namespace nft_drops::jit {
namespace {

constexpr uint32_t kName = 16; // IFNAMSIZ

constexpr MatchKey kMeta[] = {
        {NFT_META_LEN, "length", "length", 4},
        {NFT_META_PROTOCOL, "protocol", "protocol", 2},
        {NFT_META_PRIORITY, "priority", "priority", 4},
        {NFT_META_MARK, "mark", "mark", 4},
        {NFT_META_IIF, "iif", "iif", 4},
        {NFT_META_OIF, "oif", "oif", 4},
        {NFT_META_IIFNAME, "iifname", "iifname", kName},
        {NFT_META_OIFNAME, "oifname", "oifname", kName},
        {NFT_META_IIFTYPE, "iiftype", "iiftype", 2},
        {NFT_META_OIFTYPE, "oiftype", "oiftype", 2},
        {NFT_META_SKUID, "skuid", nullptr, 4},
        {NFT_META_SKGID, "skgid", nullptr, 4},
        {NFT_META_NFTRACE, "nftrace", nullptr, 1},
        {NFT_META_RTCLASSID, "rtclassid", nullptr, 4},
        {NFT_META_SECMARK, "secmark", nullptr, 4},
        {NFT_META_NFPROTO, "nfproto", "nfproto", 1},
        {NFT_META_L4PROTO, "l4proto", "l4proto", 1},
        {NFT_META_BRI_IIFNAME, "ibrname", nullptr, kName},
        {NFT_META_BRI_OIFNAME, "obrname", nullptr, kName},
        {NFT_META_PKTTYPE, "pkttype", "pkttype", 1},
        {NFT_META_CPU, "cpu", "cpu", 4},
        {NFT_META_IIFGROUP, "iifgroup", "iifgroup", 4},
        {NFT_META_OIFGROUP, "oifgroup", "oifgroup", 4},
        {NFT_META_CGROUP, "cgroup", nullptr, 4},
        {NFT_META_PRANDOM, "random", nullptr, 4},
        {NFT_META_SECPATH, "ipsec", nullptr, 1},
        {NFT_META_IIFKIND, "iifkind", nullptr, kName},
        {NFT_META_OIFKIND, "oifkind", nullptr, kName},
        {NFT_META_BRI_IIFPVID, "ibrpvid", nullptr, 2},
        {NFT_META_BRI_IIFVPROTO, "ibrvproto", nullptr, 2},
        {NFT_META_TIME_NS, "time", nullptr, 8},
        {NFT_META_TIME_DAY, "day", nullptr, 1},
        {NFT_META_TIME_HOUR, "hour", nullptr, 4},
        {NFT_META_SDIF, "sdif", nullptr, 4},
        {NFT_META_SDIFNAME, "sdifname", nullptr, kName},
};

constexpr MatchKey kCt[] = {
        {NFT_CT_STATE, "state", "ct_state", 4},      {NFT_CT_DIRECTION, "direction", "ct_direction", 1},
        {NFT_CT_STATUS, "status", nullptr, 4},       {NFT_CT_MARK, "mark", nullptr, 4},
        {NFT_CT_SECMARK, "secmark", nullptr, 4},     {NFT_CT_EXPIRATION, "expiration", nullptr, 4},
        {NFT_CT_HELPER, "helper", nullptr, 16},      {NFT_CT_L3PROTOCOL, "l3proto", nullptr, 1},
        {NFT_CT_SRC, "saddr", nullptr, 16},          {NFT_CT_DST, "daddr", nullptr, 16},
        {NFT_CT_PROTOCOL, "protocol", nullptr, 1},   {NFT_CT_PROTO_SRC, "proto-src", nullptr, 2},
        {NFT_CT_PROTO_DST, "proto-dst", nullptr, 2}, {NFT_CT_LABELS, "label", nullptr, 16},
        {NFT_CT_PKTS, "packets", nullptr, 8},        {NFT_CT_BYTES, "bytes", nullptr, 8},
        {NFT_CT_AVGPKT, "avgpkt", nullptr, 8},       {NFT_CT_ZONE, "zone", nullptr, 2},
        {NFT_CT_EVENTMASK, "event", nullptr, 4},     {NFT_CT_SRC_IP, "ip saddr", nullptr, 4},
        {NFT_CT_DST_IP, "ip daddr", nullptr, 4},     {NFT_CT_SRC_IP6, "ip6 saddr", nullptr, 16},
        {NFT_CT_DST_IP6, "ip6 daddr", nullptr, 16},  {NFT_CT_ID, "id", nullptr, 4},
};

const MatchKey *find(const auto &keys, uint32_t key) {
	const auto *found = std::ranges::find(keys, key, &MatchKey::key);
	return found == std::end(keys) ? nullptr : found;
}

} // namespace

const MatchKey *meta_key(uint32_t key) {
	return find(kMeta, key);
}

const MatchKey *ct_key(uint32_t key) {
	return find(kCt, key);
}

} // namespace nft_drops::jit
