// SPDX-License-Identifier: GPL-2.0-only
// The values that an emulated function computes with.
#ifndef NFT_DROPS_JIT_MACHINE_VALUE_H
#define NFT_DROPS_JIT_MACHINE_VALUE_H

#include <cstdint>

namespace nft_drops::jit {

// A 64-bit value that is known, or of which only some low bytes are known (a byte was loaded into a register), or
// opaque (unknown, but the same thing wherever it is copied: what memory outside of our made-up world holds), or from
// outside (unknown, and certainly no address of that world or of the stack, since nothing there led to it), or unknown.
struct Value {
	enum class Kind : uint8_t { kUnknown, kOutside, kOpaque, kPartial, kKnown };
	uint64_t bits = 0; // the number, or the identity of an opaque value
	Kind kind = Kind::kUnknown;
	uint8_t low = 0; // kPartial: how many bytes are known

	static Value known(uint64_t v) { return {v, Kind::kKnown, 8}; }
	static Value partial(uint64_t v, uint8_t bytes) { return {v, Kind::kPartial, bytes}; }
	static Value opaque(uint64_t id) { return {id, Kind::kOpaque, 0}; }
	static Value outside() { return {0, Kind::kOutside, 0}; }
	static Value unknown() { return {}; }
	[[nodiscard]] bool is_known() const { return kind == Kind::kKnown; }
	[[nodiscard]] bool is(uint64_t v) const { return is_known() && bits == v; }
	// Certainly the same, known or not.
	[[nodiscard]] bool same(const Value &o) const {
		return (kind == Kind::kKnown || kind == Kind::kOpaque) && kind == o.kind && bits == o.bits;
	}
};

// Of a part of a value that is not known.
inline Value part_of(const Value &v) {
	return v.kind == Value::Kind::kOpaque || v.kind == Value::Kind::kOutside ? Value::outside() : Value::unknown();
}

inline uint64_t mask_of(unsigned bytes) {
	return bytes >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * bytes)) - 1;
}

} // namespace nft_drops::jit

#endif
