// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/address.h"

namespace nft_drops {

namespace {

constexpr int kGroups = 8;

struct Octet {
	char digits[4] = {}; // up to three: four are copied at once
	uint8_t length = 0;
};

constexpr std::array<Octet, 256> octets() {
	std::array<Octet, 256> table = {};
	for (int value = 0; value < 256; ++value) {
		Octet &octet = table[value];
		if (value >= 100) octet.digits[octet.length++] = static_cast<char>('0' + value / 100);
		if (value >= 10) octet.digits[octet.length++] = static_cast<char>('0' + value / 10 % 10);
		octet.digits[octet.length++] = static_cast<char>('0' + value % 10);
	}
	return table;
}

constexpr std::array<Octet, 256> kOctets = octets();

void write_ip(TextBuffer &out, const uint8_t *bytes) {
	char text[4 * sizeof(Octet::digits)];
	char *end = text;
	for (int i = 0; i < 4; ++i) {
		if (i != 0) *end++ = '.';
		const Octet &octet = kOctets[bytes[i]];
		std::memcpy(end, octet.digits, sizeof(octet.digits));
		end += octet.length;
	}
	out.text({text, static_cast<size_t>(end - text)});
}

struct Run {
	int start = 0;
	int length = 0;
};

// The longest run of zero groups, the first of equals.
Run longest_zero_run(const uint16_t *groups) {
	Run best;
	Run run;
	for (int i = 0; i < kGroups; ++i) {
		if (groups[i] != 0) {
			run = {.start = i + 1, .length = 0};
		} else if (++run.length > best.length) {
			best = run;
		}
	}
	return best;
}

void write_ip6(TextBuffer &out, const uint8_t *bytes) {
	uint16_t groups[kGroups];
	for (int i = 0; i < kGroups; ++i)
		groups[i] = static_cast<uint16_t>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
	const Run zeros = longest_zero_run(groups);
	if (zeros.length < 2) {
		for (int i = 0; i < kGroups; ++i) {
			if (i != 0) out.character(':');
			out.hex(groups[i], 1);
		}
		return;
	}
	for (int i = 0; i < zeros.start; ++i) {
		out.hex(groups[i], 1);
		if (i + 1 < zeros.start) out.character(':');
	}
	out.text("::");
	// IPv4-compatible and IPv4-mapped.
	if (zeros.start == 0 && (zeros.length == 6 || (zeros.length == 5 && groups[5] == 0xffff))) {
		if (zeros.length == 5) out.text("ffff:");
		write_ip(out, bytes + 12);
		return;
	}
	for (int i = zeros.start + zeros.length; i < kGroups; ++i) {
		if (i != zeros.start + zeros.length) out.character(':');
		out.hex(groups[i], 1);
	}
}

} // namespace

void write_address(TextBuffer &out, const Address &address) {
	if (address.size == 4) write_ip(out, address.bytes.data());
	if (address.size == 16) write_ip6(out, address.bytes.data());
}

void write_mac(TextBuffer &out, const MacAddress &address) {
	for (size_t i = 0; i < address.size(); ++i) {
		if (i != 0) out.character(':');
		out.hex(address[i], 2);
	}
}

} // namespace nft_drops
