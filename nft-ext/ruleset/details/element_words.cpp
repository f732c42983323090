// SPDX-License-Identifier: GPL-2.0-only
// Elements in nft's words: the printers of nft's datatype.c, for the types that keys of sets mostly have.
#include "nft-ext/packet/symbols.h"
#include "nft-ext/ruleset/details/set_element.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

namespace nft_drops {
namespace {

using Bytes = std::vector<uint8_t>;

// enum datatypes of nft's datatype.h. Part of nft's interface: sets carry the numbers in NFTA_SET_KEY_TYPE.
enum Type : uint32_t {
	kNfproto = 2,
	kInteger = 4,
	kIp = 7,
	kIp6 = 8,
	kEther = 9,
	kProtocol = 12,
	kService = 13,
	kMark = 19,
	kIfname = 41,
};
constexpr uint32_t kTypeBits = 6;
constexpr uint32_t kTypeMask = (1U << kTypeBits) - 1;

// The length of a key of that type in bytes; 0: any.
size_t length_of(uint32_t type) {
	switch (type) {
	case kIp:
	case kMark:
		return 4;
	case kIp6:
	case kIfname:
		return 16;
	case kEther:
		return 6;
	case kService:
		return 2;
	case kProtocol:
	case kNfproto:
		return 1;
	default:
		return 0;
	}
}

std::string address(int family, const Bytes &bytes) {
	std::array<char, INET6_ADDRSTRLEN> text{};
	return inet_ntop(family, bytes.data(), text.data(), text.size()) ? text.data() : "";
}

// `turned`: the bytes of a number of the machine's own order lie in network order (in sets of intervals).
std::optional<std::string> words_of_value(uint32_t type, const Bytes &bytes, bool turned) {
	if (bytes.size() != length_of(type)) return {};
	switch (type) {
	case kIp:
		return address(AF_INET, bytes);
	case kIp6:
		return address(AF_INET6, bytes);
	case kEther:
		return fmt::format("{:02x}", fmt::join(bytes, ":"));
	case kService:
		return std::to_string(bytes[0] << 8 | bytes[1]);
	case kProtocol: {
		const std::string_view name = protocol_name(bytes[0]);
		return name.empty() ? std::to_string(bytes[0]) : std::string(name);
	}
	case kNfproto:
		if (bytes[0] == NFPROTO_IPV4) return "ipv4";
		if (bytes[0] == NFPROTO_IPV6) return "ipv6";
		return std::to_string(bytes[0]);
	case kMark: {
		uint32_t mark = 0;
		memcpy(&mark, bytes.data(), sizeof(mark));
		return fmt::format("0x{:08x}", turned ? ntohl(mark) : mark);
	}
	case kIfname: {
		const auto *name = reinterpret_cast<const char *>(bytes.data());
		return '"' + std::string(name, strnlen(name, bytes.size())) + '"';
	}
	default:
		return {};
	}
}

// The length of the prefix that holds just these keys; nullopt where there is none.
std::optional<size_t> prefix_of(const Bytes &first, const Bytes &last) {
	size_t length = 0;
	const size_t bits = first.size() * 8;
	const auto bit = [](const Bytes &bytes, size_t i) { return bytes[i / 8] >> (7 - i % 8) & 1; };
	while (length < bits && bit(first, length) == bit(last, length))
		length++;
	for (size_t i = length; i < bits; i++)
		if (bit(first, i) != 0 || bit(last, i) != 1) return {};
	return length;
}

std::optional<std::string> words_of_part(uint32_t type, const Bytes &first, const Bytes &last, bool turned) {
	auto words = words_of_value(type, first, turned);
	if (!words || last.empty() || first == last) return words;
	if (const auto prefix = prefix_of(first, last); prefix && (type == kIp || type == kIp6))
		return *words + '/' + std::to_string(*prefix);
	const auto end = words_of_value(type, last, turned);
	if (!end) return {};
	return *words + '-' + *end;
}

std::vector<uint32_t> types_of(uint32_t key_type) {
	std::vector<uint32_t> types;
	for (; key_type != 0; key_type >>= kTypeBits)
		types.insert(types.begin(), key_type & kTypeMask);
	return types;
}

} // namespace

std::optional<std::string> words_of_key(const SetInfo &info, const SetElement &element) {
	const auto types = types_of(info.key_type);
	const bool turned = (info.flags & NFT_SET_INTERVAL) != 0;
	if (types.size() == 1) return words_of_part(types[0], element.first, element.last, turned);
	std::string words;
	size_t at = 0;
	for (const uint32_t type : types) {
		const size_t length = length_of(type);
		if (length == 0 || length > element.first.size() - std::min(at, element.first.size())) return {};
		const auto cut = [&](const Bytes &bytes) {
			if (bytes.size() < at + length) return Bytes();
			return Bytes(bytes.begin() + static_cast<ptrdiff_t>(at),
			             bytes.begin() + static_cast<ptrdiff_t>(at + length));
		};
		// Parts of a concatenation lie in registers of 4 bytes; their numbers keep the machine's order.
		const auto part = words_of_part(type, cut(element.first), cut(element.last), turned);
		if (!part) return {};
		words += (words.empty() ? "" : " . ") + *part;
		at += (length + 3) / 4 * 4;
	}
	if (words.empty()) return {};
	return words;
}

std::string words_of_verdict(const SetElement &element) {
	if (!element.has_verdict) return {};
	switch (element.verdict) {
	case NF_DROP:
		return "drop";
	case NF_ACCEPT:
		return "accept";
	case NFT_CONTINUE:
		return "continue";
	case NFT_RETURN:
		return "return";
	case NFT_JUMP:
		return "jump " + element.chain;
	case NFT_GOTO:
		return "goto " + element.chain;
	default:
		return std::to_string(element.verdict);
	}
}

// time_print() of nft's datatype.c
std::string words_of_time(uint64_t milliseconds) {
	constexpr std::array<std::pair<uint64_t, std::string_view>, 5> kUnits{
	        {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}, {1, "ms"}}};
	std::string words;
	for (const auto &[unit, name] : kUnits) {
		if (milliseconds >= unit) {
			words += std::to_string(milliseconds / unit);
			words += name;
		}
		milliseconds %= unit;
	}
	return words.empty() ? "0s" : words;
}

} // namespace nft_drops
