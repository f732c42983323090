// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/files/relocate.h"

#include <cstring>
#include <elf.h>

namespace nft_drops::jit::offline {
namespace {

constexpr uint64_t kPage = 4096;

bool fits_signed(uint64_t value, unsigned bits) {
	const auto v = static_cast<int64_t>(value);
	const int64_t limit = int64_t{1} << (bits - 1);
	return v >= -limit && v < limit;
}

// Stores `size` bytes of a number. A checked number must fit as a signed or as an unsigned one.
class Place {
public:
	Place(std::span<uint8_t> bytes, uint64_t offset) : bytes_(bytes), offset_(offset) {}

	Relocated whole(uint64_t value) { return put(&value, sizeof(value)); }
	Relocated low_unsigned(uint64_t value) {
		if (value >> 32) return Relocated::kOutOfReach;
		return put(&value, 4);
	}
	Relocated low_signed(uint64_t value) {
		if (!fits_signed(value, 32)) return Relocated::kOutOfReach;
		return put(&value, 4);
	}

	// `width` bits at bit `shift` of an instruction word.
	Relocated field(uint64_t value, unsigned shift, unsigned width) {
		uint32_t word = 0;
		if (!holds(sizeof(word))) return Relocated::kOutOfBounds;
		memcpy(&word, &bytes_[offset_], sizeof(word));
		const uint32_t mask = (uint32_t{1} << width) - 1;
		word = (word & ~(mask << shift)) | (static_cast<uint32_t>(value) & mask) << shift;
		return put(&word, sizeof(word));
	}
	// The distance in instructions of 4 bytes.
	Relocated branch(uint64_t distance, unsigned shift, unsigned width) {
		if (distance % 4 || !fits_signed(distance, width + 2)) return Relocated::kOutOfReach;
		return field(distance >> 2, shift, width);
	}
	// ADR and ADRP: the two lowest bits of the distance are bits 29 and 30 of the instruction.
	Relocated adr(uint64_t value) {
		if (!fits_signed(value, 21)) return Relocated::kOutOfReach;
		field(value, 29, 2);
		return field(value >> 2, 5, 19);
	}

private:
	[[nodiscard]] bool holds(size_t size) const { return bytes_.size() >= size && offset_ <= bytes_.size() - size; }
	Relocated put(const void *value, size_t size) {
		if (!holds(size)) return Relocated::kOutOfBounds;
		memcpy(&bytes_[offset_], value, size); // both machines are little-endian
		return Relocated::kDone;
	}

	std::span<uint8_t> bytes_;
	uint64_t offset_;
};

Relocated relocate_x86_64(uint32_t type, Place at, uint64_t here, uint64_t target) {
	switch (type) {
	case R_X86_64_NONE:
		return Relocated::kDone;
	case R_X86_64_64:
		return at.whole(target);
	case R_X86_64_PC64:
		return at.whole(target - here);
	case R_X86_64_32:
		return at.low_unsigned(target);
	case R_X86_64_32S:
		return at.low_signed(target);
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		return at.low_signed(target - here);
	default:
		return Relocated::kUnknownType;
	}
}

Relocated relocate_aarch64(uint32_t type, Place at, uint64_t here, uint64_t target) {
	constexpr unsigned kImm12 = 10; // bit 10: the immediate of ADD, LDR and STR
	const uint64_t low = target % kPage;
	switch (type) {
	case R_AARCH64_NONE:
		return Relocated::kDone;
	case R_AARCH64_ABS64:
		return at.whole(target);
	case R_AARCH64_ABS32:
		return at.low_unsigned(target);
	case R_AARCH64_PREL64:
		return at.whole(target - here);
	case R_AARCH64_PREL32:
		return at.low_signed(target - here);
	case R_AARCH64_CALL26:
	case R_AARCH64_JUMP26:
		return at.branch(target - here, 0, 26);
	case R_AARCH64_CONDBR19:
	case R_AARCH64_LD_PREL_LO19:
		return at.branch(target - here, 5, 19);
	case R_AARCH64_TSTBR14:
		return at.branch(target - here, 5, 14);
	case R_AARCH64_ADR_PREL_LO21:
		return at.adr(target - here);
	case R_AARCH64_ADR_PREL_PG_HI21:
	case R_AARCH64_ADR_PREL_PG_HI21_NC: {
		const uint64_t pages = target / kPage - here / kPage;
		return at.adr(pages);
	}
	case R_AARCH64_ADD_ABS_LO12_NC:
	case R_AARCH64_LDST8_ABS_LO12_NC:
		return at.field(low, kImm12, 12);
	case R_AARCH64_LDST16_ABS_LO12_NC:
		return at.field(low >> 1, kImm12, 12);
	case R_AARCH64_LDST32_ABS_LO12_NC:
		return at.field(low >> 2, kImm12, 12);
	case R_AARCH64_LDST64_ABS_LO12_NC:
		return at.field(low >> 3, kImm12, 12);
	case R_AARCH64_LDST128_ABS_LO12_NC:
		return at.field(low >> 4, kImm12, 12);
	default:
		return Relocated::kUnknownType;
	}
}

} // namespace

Relocated relocate(Machine machine, uint32_t type, std::span<uint8_t> bytes, uint64_t offset, uint64_t address,
                   uint64_t target) {
	const Place at(bytes, offset);
	const uint64_t here = address + offset;
	return machine == Machine::kX86_64 ? relocate_x86_64(type, at, here, target)
	                                   : relocate_aarch64(type, at, here, target);
}

} // namespace nft_drops::jit::offline
