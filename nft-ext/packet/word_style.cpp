// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/word_style.h"

#include "nft-ext/packet/host_names.h"

#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <string_view>
#include <unordered_map>

namespace nft_drops {
namespace {

// As inet_service_print() of nft's src/datatype.c: the first service of that port, whatever its protocol. The file is
// read once: getservbyport(3) would read it for each packet.
std::unordered_map<uint16_t, std::string> services() {
	std::unordered_map<uint16_t, std::string> names;
	setservent(1);
	while (const servent *one = getservent())
		names.try_emplace(ntohs(static_cast<uint16_t>(one->s_port)), one->s_name);
	endservent();
	return names;
}

} // namespace

const WordStyle kNftsStyle;

WordStyle style_for(std::string_view letters) {
	const auto given = [letters](char letter) { return letters.find(letter) != std::string_view::npos; };
	WordStyle style;
	style.numeric_symbols = given('n');
	style.numeric_protocols = given('n') || given('p');
	if (given('S')) {
		style.service = [names = services()](uint16_t port) {
			const auto found = names.find(port);
			return found == names.end() ? std::string() : found->second;
		};
	}
	if (given('N')) {
		style.host = [names = std::make_shared<HostNames>()](const Address &address) {
			return names->of(address);
		};
	}
	return style;
}

} // namespace nft_drops
