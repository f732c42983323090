// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/machine.h"

#include <algorithm>
#include <cstring>

namespace nft_drops::jit {
namespace {

// An identity for what an unmapped address holds: equal for equal address and size.
uint64_t opaque_id(uint64_t address, unsigned bytes) {
	return (address ^ (uint64_t{bytes} << 60)) * 0x9e3779b97f4a7c15U;
}

// Eight bytes, all of that kind.
constexpr uint64_t all_of(Value::Kind kind) {
	return 0x0101010101010101U * static_cast<uint8_t>(kind);
}

} // namespace

void MachineState::map(uint64_t address, size_t size, Value::Kind content) {
	auto after = std::ranges::upper_bound(regions_, address, {}, &Region::address);
	if (after != regions_.begin() && std::prev(after)->address == address) return;
	const size_t begin = bytes_.size();
	const size_t end = begin + (size + 7) / 8 * 8;
	constexpr size_t kMostly = 64 * 1024;
	bytes_.reserve(kMostly);
	kinds_.reserve(kMostly);
	bytes_.resize(end);
	kinds_.resize(end, content);
	regions_.insert(after, {address, size, begin});
}

size_t MachineState::find(uint64_t address, unsigned bytes) const {
	const auto within = [&](const Region &r) {
		const uint64_t offset = address - r.address;
		return offset < r.size && r.size - offset >= bytes && bytes <= 8;
	};
	if (last_found_ >= regions_.size() || !within(regions_[last_found_])) {
		const auto after = std::ranges::upper_bound(regions_, address, {}, &Region::address);
		if (after == regions_.begin() || !within(*std::prev(after))) return kNowhere;
		last_found_ = static_cast<size_t>(after - regions_.begin()) - 1;
	}
	const Region &r = regions_[last_found_];
	return r.begin + (address - r.address);
}

bool MachineState::is_outside(const Value &v) const {
	// A pointer just behind or before an object may still be one to it.
	constexpr uint64_t kNear = 4096;
	switch (v.kind) {
	case Value::Kind::kOutside:
	case Value::Kind::kOpaque:
		return true;
	case Value::Kind::kKnown:
		return std::ranges::none_of(
		        regions_, [&](const Region &r) { return v.bits - (r.address - kNear) < r.size + 2 * kNear; });
	default:
		return false;
	}
}

bool MachineState::is_shadow(uint64_t address) const {
	constexpr unsigned kScale = 3; // KASAN_SHADOW_SCALE_SHIFT of generic KASAN
	constexpr uint64_t kGranule = uint64_t{1} << kScale;
	if (!shadow_offset_) return false;
	const uint64_t shadowed = (address - *shadow_offset_) << kScale;
	const auto after = std::ranges::upper_bound(regions_, shadowed + kGranule - 1, {}, &Region::address);
	if (after == regions_.begin()) return false;
	const Region &r = *std::prev(after);
	return shadowed < r.address + r.size;
}

Value MachineState::mixed(const Value &a, const Value &b) const {
	// Mostly both are known, and nobody wants to know more.
	if (a.is_known() && b.is_known()) return Value::unknown();
	const bool swap = a.is_known(); // whether a number is an address takes longest to find out
	return is_outside(swap ? b : a) && is_outside(swap ? a : b) ? Value::outside() : Value::unknown();
}

Value MachineState::load(Value address, unsigned bytes) const {
	if (!address.is_known()) return is_outside(address) ? Value::outside() : Value::unknown();
	const size_t at = find(address.bits, bytes);
	if (at == kNowhere) {
		return is_shadow(address.bits) ? Value::known(0) : Value::opaque(opaque_id(address.bits, bytes));
	}
	uint64_t kinds = 0;
	memcpy(&kinds, &kinds_[at], bytes);
	if (kinds == (all_of(Value::Kind::kKnown) & mask_of(bytes))) {
		uint64_t v = 0;
		memcpy(&v, &bytes_[at], bytes);
		return Value::known(v);
	}
	if (bytes == 8 && at % 8 == 0 && kinds == all_of(Value::Kind::kOpaque)) {
		uint64_t id = 0;
		memcpy(&id, &bytes_[at], bytes);
		return Value::opaque(id);
	}
	bool outside = true;
	for (unsigned i = 0; i < bytes; i++)
		outside &= kinds_[at + i] == Value::Kind::kOutside || kinds_[at + i] == Value::Kind::kOpaque;
	return outside ? Value::outside() : Value::unknown();
}

void MachineState::log(size_t at, unsigned bytes) {
	Overwritten &old = overwritten_.emplace_back(at, bytes, 0, 0);
	memcpy(&old.bytes, &bytes_[at], bytes);
	memcpy(&old.kinds, &kinds_[at], bytes);
}

void MachineState::store(Value address, unsigned bytes, Value value) {
	if (!address.is_known()) {
		lost_ |= !is_outside(address);
		return;
	}
	const size_t at = find(address.bits, bytes);
	if (at == kNowhere) return;
	if (attempts_ > 0) log(at, bytes);
	Value::Kind kind = value.kind;
	if (kind == Value::Kind::kOpaque && (bytes != 8 || at % 8 != 0)) kind = Value::Kind::kOutside;
	memcpy(&bytes_[at], &value.bits, bytes);
	uint64_t kinds = all_of(kind);
	if (kind == Value::Kind::kPartial) {
		const uint64_t known = mask_of(value.low);
		kinds = (all_of(Value::Kind::kKnown) & known) | (all_of(Value::Kind::kUnknown) & ~known);
	}
	memcpy(&kinds_[at], &kinds, bytes);
}

void MachineState::fill(uint64_t address, size_t size, Value value) {
	for (size_t i = 0; i < size;) {
		const unsigned n = size - i >= 8 && find(address + i, 8) != kNowhere ? 8 : 1;
		store(Value::known(address + i), n, value);
		i += n;
	}
}

void MachineState::fill(uint64_t address, size_t size, uint8_t byte) {
	fill(address, size, Value::known(0x0101010101010101U * byte));
}

void MachineState::forget(uint64_t address, size_t size) {
	fill(address, size, Value::unknown());
}

// Most stores of a function go to its own part of the stack: all that was overwritten within kNear bytes of each other
// is one piece.
MachineState::Difference MachineState::difference() const {
	constexpr size_t kNear = 4096;
	struct Range {
		size_t begin, end;
	};
	std::vector<Range> ranges;
	for (const Overwritten &o : overwritten_) {
		const size_t end = o.at + o.size;
		const auto near = std::ranges::find_if(
		        ranges, [&](const Range &r) { return o.at + kNear >= r.begin && o.at <= r.end + kNear; });
		if (near == ranges.end()) {
			ranges.push_back({o.at, end});
		} else {
			near->begin = std::min(near->begin, o.at);
			near->end = std::max(near->end, end);
		}
	}
	Difference d{registers, flags, {}};
	const auto slice = [](const auto &from, const Range &r) {
		return std::vector(from.begin() + static_cast<ptrdiff_t>(r.begin),
		                   from.begin() + static_cast<ptrdiff_t>(r.end));
	};
	for (const Range &r : ranges)
		d.memory.push_back({r.begin, slice(bytes_, r), slice(kinds_, r)});
	return d;
}

void MachineState::apply(const Difference &difference) {
	registers = difference.registers;
	flags = difference.flags;
	for (const Difference::Piece &piece : difference.memory) {
		for (size_t i = 0; i < piece.bytes.size(); i += sizeof(uint64_t)) {
			const auto size = static_cast<unsigned>(std::min(sizeof(uint64_t), piece.bytes.size() - i));
			log(piece.at + i, size);
			memcpy(&bytes_[piece.at + i], &piece.bytes[i], size);
			memcpy(&kinds_[piece.at + i], &piece.kinds[i], size);
		}
	}
}

MachineState::Before MachineState::begin_attempt() {
	attempts_++;
	return {registers, flags, lost_, compared.size(), overwritten_.size()};
}

void MachineState::end_attempt(const Before &before) {
	attempts_--;
	while (overwritten_.size() > before.overwritten) {
		const Overwritten &old = overwritten_.back();
		memcpy(&bytes_[old.at], &old.bytes, old.size);
		memcpy(&kinds_[old.at], &old.kinds, old.size);
		overwritten_.pop_back();
	}
	registers = before.registers;
	flags = before.flags;
	lost_ = before.lost;
	compared.resize(before.compared);
}

} // namespace nft_drops::jit
