// SPDX-License-Identifier: GPL-2.0-only
// BTF to look things up in: libbpf's, or bytes of the kernel's own. libbpf copies all bytes once more and checks each
// type; for the 5 MB of a running kernel this takes longer than all that is looked up there.
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

// Bytes that are not set to anything at first.
struct RawBytes {
	std::unique_ptr<char[]> bytes;
	size_t size = 0;
};

class Types {
public:
	// `types` has to live longer.
	explicit Types(const btf *types) : libbpf_(types), count_(btf__type_cnt(types)) {}
	// Of BTF's bytes (Documentation/bpf/btf.rst). With `base`, they are split BTF: numbers and names go on where
	// base's end; `base` has to live longer. Nothing where the bytes are no BTF of this machine's byte order, or
	// have a kind of type that is not known here. No number and no offset leads out of the bytes.
	static std::optional<Types> of(RawBytes raw, const Types *base = nullptr);

	// Types have the numbers from 1 to count() - 1.
	[[nodiscard]] uint32_t count() const { return count_; }
	// Null where there is none of that number.
	[[nodiscard]] const btf_type *type(uint32_t id) const {
		if (libbpf_) return btf__type_by_id(libbpf_, id);
		if (id < first_) return base_ ? base_->type(id) : nullptr;
		return id < count_ ? reinterpret_cast<const btf_type *>(&raw_.bytes[offsets_[id - first_]]) : nullptr;
	}
	// Empty where there is none at that offset.
	[[nodiscard]] std::string_view name(uint32_t offset) const;

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
