// SPDX-License-Identifier: GPL-2.0-only
// Captures shown to Wireshark's own programs.
#ifndef NFT_DROPS_TESTS_UNIT_NFT_EXT_CAPTURE_TSHARK_H
#define NFT_DROPS_TESTS_UNIT_NFT_EXT_CAPTURE_TSHARK_H

#include <string>
#include <string_view>

namespace nft_drops::test {

struct Told {
	int status = -1;
	std::string text; // stdout
};

// Nothing can be compared without them.
bool has_tshark();
// `program` ("tshark -r", "capinfos") with the capture's file name and `options` behind it.
Told show(std::string_view capture, const std::string &program, const std::string &options = "");

} // namespace nft_drops::test

#endif
