// SPDX-License-Identifier: GPL-2.0-only
#include "tests/guest/twenty_rules.h"

#include <cstdlib>

namespace nft_drops::guest {

std::string twenty_rules() {
	std::string text = "table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0; policy accept;\n";
	for (unsigned i = 0; i < kPorts / kPortsOfARule; i++)
		text += "\t\tudp dport " + std::to_string(kFirstPort + i * kPortsOfARule) + "-" +
		        std::to_string(kFirstPort + (i + 1) * kPortsOfARule - 1) + " counter drop\n";
	return text + "\t}\n}\n";
}

unsigned full_or(unsigned many, unsigned few) {
	return std::getenv("NFT_DROPS_FULL") != nullptr ? many : few;
}

} // namespace nft_drops::guest
