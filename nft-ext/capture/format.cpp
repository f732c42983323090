// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/capture/format.h"

#include "nft-ext/text/escape.h"

#include <cstring>

namespace nft_drops::pcapng {
namespace {

enum BlockType : uint32_t {
	kSectionHeader = 0x0a0d0d0a,
	kInterfaceDescription = 1,
	kInterfaceStatistics = 5,
	kEnhancedPacket = 6,
};

enum OptionCode : uint16_t {
	kEndOfOptions = 0,
	kComment = 1,
	kSectionSystem = 3,      // shb_os
	kSectionApplication = 4, // shb_userappl
	kInterfaceName = 2,
	kInterfaceDescriptionText = 3,
	kInterfaceResolution = 9,
	kPacketFlags = 2,
	kStatisticsBegin = 2,
	kStatisticsEnd = 3,
	kStatisticsDropped = 5,
	kStatisticsDelivered = 8,
};

constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr size_t kMaxOption = 0xffff;

constexpr size_t kOptionHead = 4;  // bytes: code and length
constexpr size_t kPacketHead = 28; // bytes in front of a packet's own

constexpr size_t padded(size_t size) {
	return (size + 3) & ~size_t{3};
}

// The text as an option may hold it: escaped, and cut behind a whole character. `escaped` holds the result if the text
// has to be escaped.
std::string_view fitting(std::string_view text, std::string &escaped) {
	if (!is_harmless(text, Escape::kText)) {
		append_escaped(escaped, text.substr(0, kMaxOption), Escape::kText);
		text = escaped;
	}
	if (text.size() <= kMaxOption) return text;
	size_t size = kMaxOption;
	while (size > 0 && (static_cast<uint8_t>(text[size]) & 0xc0) == 0x80)
		size--;
	return text.substr(0, size);
}

// One block being appended. Its length stands at both ends; end() fills in both.
class Block {
public:
	Block(std::string &out, BlockType type) : out_(out), begin_(out.size()) {
		u32(type);
		u32(0);
	}
	void u16(uint16_t value) { raw(&value, sizeof value); }
	void u32(uint32_t value) { raw(&value, sizeof value); }
	void time(uint64_t ns) {
		u32(static_cast<uint32_t>(ns >> 32));
		u32(static_cast<uint32_t>(ns));
	}
	void raw(const void *bytes, size_t size) { out_.append(static_cast<const char *>(bytes), size); }
	void pad() { out_.append((0 - (out_.size() - begin_)) % 4, '\0'); }

	void option(OptionCode code, const void *bytes, size_t size) {
		u16(code);
		u16(static_cast<uint16_t>(size));
		raw(bytes, size);
		pad();
		options_ = true;
	}
	void option_u32(OptionCode code, uint32_t value) { option(code, &value, sizeof value); }
	void option_u64(OptionCode code, uint64_t value) { option(code, &value, sizeof value); }
	void option_time(OptionCode code, uint64_t ns) {
		const uint32_t halves[] = {static_cast<uint32_t>(ns >> 32), static_cast<uint32_t>(ns)};
		option(code, halves, sizeof halves);
	}
	// Nothing where the text is empty.
	void option_text(OptionCode code, std::string_view text) {
		if (text.empty()) return;
		std::string escaped;
		text = fitting(text, escaped);
		option(code, text.data(), text.size());
	}
	void end() {
		if (options_) u32(kEndOfOptions);
		const auto length = static_cast<uint32_t>(out_.size() - begin_ + sizeof(uint32_t));
		std::memcpy(&out_[begin_ + sizeof(uint32_t)], &length, sizeof length);
		u32(length);
	}

private:
	std::string &out_;
	size_t begin_;
	bool options_ = false;
};

} // namespace

void append_section(std::string &out, std::string_view application, std::string_view system) {
	Block block(out, kSectionHeader);
	block.u32(kByteOrderMagic);
	block.u16(1); // version 1.0
	block.u16(0);
	block.u32(0xffffffff); // the section's length: not known yet
	block.u32(0xffffffff);
	block.option_text(kSectionSystem, system);
	block.option_text(kSectionApplication, application);
	block.end();
}

void append_interface(std::string &out, const Interface &interface) {
	constexpr uint8_t kNanoseconds = 9;
	Block block(out, kInterfaceDescription);
	block.u16(interface.link_type);
	block.u16(0);
	block.u32(interface.snaplen);
	block.option_text(kInterfaceName, interface.name);
	block.option_text(kInterfaceDescriptionText, interface.description);
	block.option(kInterfaceResolution, &kNanoseconds, sizeof kNanoseconds);
	block.end();
}

// One packet among very many: the whole block is made room for at once, and filled in.
void append_packet(std::string &out, const PacketBlock &packet) {
	size_t captured = 0;
	for (const auto &piece : packet.pieces)
		captured += piece.size();
	std::string escaped;
	const std::string_view comment = fitting(packet.comment, escaped);
	const bool flags = packet.direction != Direction::kUnknown;
	size_t options = (comment.empty() ? 0 : kOptionHead + padded(comment.size())) +
	                 (flags ? kOptionHead + sizeof(uint32_t) : 0);
	if (options > 0) options += kOptionHead;
	const auto length = static_cast<uint32_t>(kPacketHead + padded(captured) + options + sizeof(uint32_t));
	const std::array head{static_cast<uint32_t>(kEnhancedPacket),
	                      length,
	                      packet.interface,
	                      static_cast<uint32_t>(packet.time_ns >> 32),
	                      static_cast<uint32_t>(packet.time_ns),
	                      static_cast<uint32_t>(captured),
	                      packet.original_length};
	static_assert(sizeof head == kPacketHead);
	const size_t begin = out.size();
	out.resize(begin + length); // zeros: the padding, and the end of options
	char *at = &out[begin];
	const auto put = [&at](const void *bytes, size_t size) {
		std::memcpy(at, bytes, size);
		at += size;
	};
	const auto put_option_head = [&put](OptionCode code, size_t size) {
		const uint16_t words[] = {code, static_cast<uint16_t>(size)};
		put(words, sizeof words);
	};
	put(head.data(), sizeof head);
	for (const auto &piece : packet.pieces)
		if (!piece.empty()) put(piece.data(), piece.size());
	at += padded(captured) - captured;
	if (!comment.empty()) {
		put_option_head(kComment, comment.size());
		put(comment.data(), comment.size());
		at += padded(comment.size()) - comment.size();
	}
	if (flags) {
		const auto value = static_cast<uint32_t>(packet.direction);
		put_option_head(kPacketFlags, sizeof value);
		put(&value, sizeof value);
	}
	if (options > 0) at += kOptionHead;
	put(&length, sizeof length);
}

void append_statistics(std::string &out, const Statistics &statistics) {
	Block block(out, kInterfaceStatistics);
	block.u32(statistics.interface);
	block.time(statistics.end_ns);
	block.option_text(kComment, statistics.comment);
	block.option_time(kStatisticsBegin, statistics.begin_ns);
	block.option_time(kStatisticsEnd, statistics.end_ns);
	if (statistics.dropped) block.option_u64(kStatisticsDropped, *statistics.dropped);
	block.option_u64(kStatisticsDelivered, statistics.delivered);
	block.end();
}

} // namespace nft_drops::pcapng
