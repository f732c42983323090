// SPDX-License-Identifier: GPL-2.0-only
// Text of bounded length on the stack: what is written for each packet, without an allocation for each word.
#ifndef NFT_DROPS_NFT_EXT_TEXT_TEXT_BUFFER_H
#define NFT_DROPS_NFT_EXT_TEXT_TEXT_BUFFER_H

#include <cstdint>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

namespace nft_drops {

// What does not fit is left out, never written beyond the end. The longest packet line that an event can make has
// about 700 bytes (a unit test makes it), and four names of hosts where the user wants these.
class TextBuffer {
public:
	static constexpr size_t kCapacity = 2048;

	// Always inline: most texts are literals, whose copies are then one or two moves.
	[[gnu::always_inline]] void text(std::string_view text) {
		if (text.size() > kCapacity - size_) return;
		std::memcpy(bytes_ + size_, text.data(), text.size());
		size_ += text.size();
	}
	void character(char character) {
		if (size_ < kCapacity) bytes_[size_++] = character;
	}
	void number(uint64_t value) {
		if (value < 10) {
			character(static_cast<char>('0' + value));
			return;
		}
		const fmt::format_int digits(value);
		text({digits.data(), digits.size()});
	}
	// Lower case, without 0x, at least `digits` (1 to 8) digits.
	void hex(uint32_t value, int digits) {
		while (digits < 8 && value >> (4 * digits) != 0)
			++digits;
		while (digits-- > 0)
			character("0123456789abcdef"[value >> (4 * digits) & 0xf]);
	}

	void clear() { size_ = 0; }
	[[nodiscard]] size_t size() const { return size_; }
	[[nodiscard]] std::string_view view() const { return {bytes_, size_}; }

private:
	size_t size_ = 0;
	char bytes_[kCapacity];
};

} // namespace nft_drops

#endif
