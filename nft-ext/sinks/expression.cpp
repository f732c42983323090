// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/expression.h"

#include <utility>

namespace nft_drops {

std::string_view expression_word(std::string_view name) {
	static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
	        {"immediate", ""},     {"lookup", "vmap"},           {"masq", "masquerade"},
	        {"redir", "redirect"}, {"connlimit", "ct count"},    {"target", "xt target"},
	        {"match", "xt match"}, {"flow_offload", "flow add"}, {"objref", "object"},
	};
	for (const auto &[kernels, nfts] : kWords)
		if (name == kernels) return nfts;
	return name;
}

bool says_so_itself(std::string_view word) {
	return word.empty() || word == "vmap" || word == "reject";
}

} // namespace nft_drops
