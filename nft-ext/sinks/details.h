// SPDX-License-Identifier: GPL-2.0-only
// What `--details` adds to a drop (nft-ext/ruleset/details/details.h), in nft's words where nft has words:
//
//	ct state new ct direction original ct mark 0x0 meta mark 0x0
//	element 203.0.113.0/24 comment "spamhaus" of @blocked
//	element unknown: @blocked changed since
//	socket: meta skuid 33 socket cgroupv2 "system.slice/nginx.service" (nginx, pid 812)
//	socket: none here
//	hook input: ip mangle INPUT accepted at -150, inet f input DROPPED at 0, inet g input at 50 never saw it
//
// A line is there only where there is something to tell. Names are escaped.
#ifndef NFT_DROPS_NFT_EXT_SINKS_DETAILS_H
#define NFT_DROPS_NFT_EXT_SINKS_DETAILS_H

#include "nft-ext/drop/drop.h"
#include "nft-ext/text/json_writer.h"

#include <string>
#include <string_view>
#include <vector>

namespace nft_drops {

// The lines as above; none where the drop has no details.
std::vector<std::string> details_of(const Drop &drop);

// "INDENT#   LINE\n" for each line.
void append_details_lines(std::string &out, std::string_view indent, const Drop &drop);
// " # LINE" for each line.
void append_details_words(std::string &out, const Drop &drop);
// The member "details" (docs/monitor.schema.json), where the drop has details.
void write_details_json(JsonWriter &json, const Drop &drop);

} // namespace nft_drops

#endif
