// SPDX-License-Identifier: GPL-2.0-only
// BTF for look-ups: a struct btf of libbpf, or the bytes themselves. libbpf copies all bytes and checks every type. For
// the 5 MB of a running kernel, libbpf's checks take longer than all look-ups.
#ifndef NFT_DROPS_JIT_KERNEL_TYPES_TYPES_H
#define NFT_DROPS_JIT_KERNEL_TYPES_TYPES_H

#include <bpf/btf.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace nft_drops::jit {

// Bytes without initial values.
struct RawBytes {
	std::unique_ptr<char[]> bytes;
	size_t size = 0;
};

class Types {
public:
	// `types` must outlive the Types.
	explicit Types(const btf *types) : libbpf_(types), count_(btf__type_cnt(types)) {}
	// From the bytes of BTF (Documentation/bpf/btf.rst). With `base` the bytes are split BTF: type numbers and name
	// offsets continue those of `base`. `base` must outlive the Types. Returns nothing if the byte order is not
	// this machine's, or if a type has an unknown kind. Every number and offset is checked.
	static std::optional<Types> of(RawBytes raw, const Types *base = nullptr);

	// Types have the numbers from 1 to count() - 1.
	[[nodiscard]] uint32_t count() const { return count_; }
	// Null if no type has the number.
	[[nodiscard]] const btf_type *type(uint32_t id) const {
		if (libbpf_) return btf__type_by_id(libbpf_, id);
		if (id < first_) return base_ ? base_->type(id) : nullptr;
		return id < count_ ? reinterpret_cast<const btf_type *>(&raw_.bytes[offsets_[id - first_]]) : nullptr;
	}
	// Calls visit(id, type) for each type, in the order of their numbers.
	template <typename Visit> void each(const Visit &visit) const {
		if (base_) base_->each(visit);
		for (uint32_t id = libbpf_ ? 1 : first_; id < count_; id++)
			visit(id, libbpf_ ? *btf__type_by_id(libbpf_, id)
			                  : *reinterpret_cast<const btf_type *>(&raw_.bytes[offsets_[id - first_]]));
	}
	// Empty if no name has the offset.
	[[nodiscard]] std::string_view name(uint32_t offset) const;
	// The same as name(offset) == text, which looks for the end of each name.
	[[nodiscard]] bool has_name(uint32_t offset, std::string_view text) const;

private:
	Types() = default;
	// Finds where each type begins.
	bool index(size_t begin, size_t end);

	const btf *libbpf_ = nullptr;
	const Types *base_ = nullptr;
	RawBytes raw_;
	std::vector<uint32_t> offsets_; // in raw_, of the types from `first_` on
	uint32_t first_ = 1;
	uint32_t count_ = 1;
	size_t names_ = 0; // in raw_
	uint32_t names_begin_ = 0;
	uint32_t names_end_ = 0;
};

} // namespace nft_drops::jit

#endif
