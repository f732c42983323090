// SPDX-License-Identifier: GPL-2.0-only
// The tables of the history's database.
//
//	text     each rule's text once
//	culprit  rules and policies as they were
//	span     a time in which every drop was recorded. A new one begins with each recorder, and where the clock
//	         was set: within one, wall time less CLOCK_BOOTTIME is the same (end_wall - end_boot)
//	minute   drops by culprit and flow, a row for each minute of the wall clock; `bucket` is its first second
//	hour     the same by hours, of minutes that are more than a day old
//	lost     drops that are known to have happened and to be in no row, by minute
//
// Addresses are blobs of 4 or 16 bytes, or empty. kind, protocol and port are those of struct nd_flow_key.
#ifndef NFT_DROPS_NFT_EXT_HISTORY_SCHEMA_H
#define NFT_DROPS_NFT_EXT_HISTORY_SCHEMA_H

namespace nft_drops {

inline constexpr int kSchemaVersion = 1;          // PRAGMA user_version
inline constexpr int kApplicationId = 0x6e667464; // PRAGMA application_id: "nftd"
inline constexpr int kMinuteSeconds = 60, kHourSeconds = 3600;

#define ND_HISTORY_ROWS                                                                                                \
	"(bucket INTEGER NOT NULL, culprit INTEGER NOT NULL, port INTEGER NOT NULL, protocol INTEGER NOT NULL,"        \
	" kind INTEGER NOT NULL, saddr BLOB NOT NULL, daddr BLOB NOT NULL, iif TEXT NOT NULL, oif TEXT NOT NULL,"      \
	" span INTEGER NOT NULL, packets INTEGER NOT NULL, bytes INTEGER NOT NULL, first INTEGER NOT NULL,"            \
	" last INTEGER NOT NULL,"                                                                                      \
	" PRIMARY KEY(bucket, culprit, port, protocol, kind, saddr, daddr, iif, oif, span)) WITHOUT ROWID;"

inline constexpr const char *kSchema =
        "CREATE TABLE text(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
        "CREATE TABLE culprit(id INTEGER PRIMARY KEY, netns INTEGER NOT NULL, netns_name TEXT NOT NULL,"
        " family TEXT NOT NULL, table_name TEXT NOT NULL, table_handle INTEGER NOT NULL, chain TEXT NOT NULL,"
        " chain_handle INTEGER NOT NULL, chain_known INTEGER NOT NULL, base_chain TEXT NOT NULL, hook TEXT NOT NULL,"
        " cause INTEGER NOT NULL, handle INTEGER NOT NULL, text INTEGER NOT NULL REFERENCES text,"
        " expression TEXT NOT NULL,"
        " UNIQUE(family, table_name, chain, handle, text, netns, netns_name, table_handle, chain_handle, chain_known,"
        " base_chain, hook, cause, expression));"
        "CREATE TABLE span(id INTEGER PRIMARY KEY, boot TEXT NOT NULL, begin_boot INTEGER NOT NULL,"
        " end_boot INTEGER NOT NULL, begin_wall INTEGER NOT NULL, end_wall INTEGER NOT NULL,"
        " clock_set INTEGER NOT NULL, netns TEXT NOT NULL, match TEXT NOT NULL);"
        "CREATE TABLE lost(bucket INTEGER PRIMARY KEY, packets INTEGER NOT NULL);"
        "CREATE TABLE minute" ND_HISTORY_ROWS "CREATE TABLE hour" ND_HISTORY_ROWS;

} // namespace nft_drops

#endif
