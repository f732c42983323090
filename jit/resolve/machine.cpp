// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/machine.h"

#include <algorithm>

namespace nft_drops::jit {
namespace {

// An identity for what an unmapped address holds: equal for equal address and size.
uint64_t opaque_id(uint64_t address, unsigned bytes) {
	return (address ^ (uint64_t{bytes} << 60)) * 0x9e3779b97f4a7c15U;
}

} // namespace

void MachineState::map(uint64_t address, size_t size, Value::Kind content) {
	Region r{address, std::vector<uint8_t>(size), std::vector<Value::Kind>(size, content), {}};
	r.opaque.resize(size / 8 + 1);
	auto after = std::ranges::upper_bound(regions_, address, {}, &Region::address);
	regions_.insert(after, std::move(r));
}

const MachineState::Region *MachineState::find(uint64_t address, unsigned bytes) const {
	auto after = std::ranges::upper_bound(regions_, address, {}, &Region::address);
	if (after == regions_.begin()) return nullptr;
	const Region &r = *std::prev(after);
	const uint64_t offset = address - r.address;
	if (offset >= r.bytes.size() || r.bytes.size() - offset < bytes) return nullptr;
	return &r;
}

bool MachineState::is_outside(const Value &v) const {
	// A pointer just behind or before an object may still be one to it.
	constexpr uint64_t kNear = 4096;
	switch (v.kind) {
	case Value::Kind::kOutside:
	case Value::Kind::kOpaque:
		return true;
	case Value::Kind::kKnown:
		return std::ranges::none_of(regions_, [&](const Region &r) {
			return v.bits - (r.address - kNear) < r.bytes.size() + 2 * kNear;
		});
	default:
		return false;
	}
}

Value MachineState::mixed(const Value &a, const Value &b) const {
	// Mostly both are known, and nobody wants to know more.
	if (a.is_known() && b.is_known()) return Value::unknown();
	const bool swap = a.is_known(); // whether a number is an address takes longest to find out
	return is_outside(swap ? b : a) && is_outside(swap ? a : b) ? Value::outside() : Value::unknown();
}

Value MachineState::load(Value address, unsigned bytes) const {
	if (!address.is_known()) return is_outside(address) ? Value::outside() : Value::unknown();
	const Region *r = find(address.bits, bytes);
	if (!r) return Value::opaque(opaque_id(address.bits, bytes));
	const uint64_t at = address.bits - r->address;
	uint64_t v = 0;
	bool known = true;
	bool opaque = bytes == 8 && at % 8 == 0;
	bool outside = true;
	for (unsigned i = 0; i < bytes; i++) {
		const Value::Kind kind = r->kinds[at + i];
		v |= uint64_t{r->bytes[at + i]} << (8 * i);
		known &= kind == Value::Kind::kKnown;
		opaque &= kind == Value::Kind::kOpaque;
		outside &= kind == Value::Kind::kOutside || kind == Value::Kind::kOpaque;
	}
	if (known) return Value::known(v);
	if (opaque) return Value::opaque(r->opaque[at / 8]);
	return outside ? Value::outside() : Value::unknown();
}

void MachineState::store(Value address, unsigned bytes, Value value) {
	if (!address.is_known()) {
		lost_ |= !is_outside(address);
		return;
	}
	auto *r = const_cast<Region *>(find(address.bits, bytes));
	if (!r) return;
	const uint64_t at = address.bits - r->address;
	Value::Kind kind = value.kind;
	if (kind == Value::Kind::kOpaque) {
		if (bytes == 8 && at % 8 == 0)
			r->opaque[at / 8] = value.bits;
		else
			kind = Value::Kind::kOutside;
	}
	for (unsigned i = 0; i < bytes; i++) {
		r->bytes[at + i] = static_cast<uint8_t>(value.bits >> (8 * i));
		r->kinds[at + i] = kind != Value::Kind::kPartial ? kind
		                   : i < value.low               ? Value::Kind::kKnown
		                                                 : Value::Kind::kUnknown;
	}
}

void MachineState::forget(uint64_t address, size_t size) {
	for (size_t i = 0; i < size; i++)
		store(Value::known(address + i), 1, Value::unknown());
}

} // namespace nft_drops::jit
