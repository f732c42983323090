// SPDX-License-Identifier: GPL-2.0-only
// The structures that a Layout is read from, found by name in one pass: BTF has more than 100,000 types, and libbpf
// searches all types for each name.
#ifndef NFT_DROPS_JIT_KERNEL_TYPES_STRUCTURES_H
#define NFT_DROPS_JIT_KERNEL_TYPES_STRUCTURES_H

#include "bpf/shared/site.h"
#include "jit/kernel/types/types.h"

#include <bpf/btf.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace nft_drops::jit {

class Structures {
public:
	// The types must outlive the object.
	explicit Structures(const Types &types);

	// Adds the structures that are not known yet.
	void add(const Types &types);

	// bpf_rdonly_cast(), and a structure to point to. The function is 0 if the kernel lacks one of the two.
	[[nodiscard]] nd_cast cast() const;
	// The number of a packet's extension (enum skb_ext_id); nullopt if the kernel lacks the extension.
	[[nodiscard]] std::optional<uint32_t> extension(std::string_view name) const;
	[[nodiscard]] bool has(std::string_view structure) const { return find(structure).type != nullptr; }
	// A member by path ("verdict.code"); size 0 if the structure has no such member.
	[[nodiscard]] nd_field field(std::string_view structure, std::string_view path) const;
	// In bytes; 0 if there is no such structure.
	[[nodiscard]] uint32_t size(std::string_view structure) const;
	// Names a member whose offset does not fit into nd_field (the probe reads the offset as signed); else empty.
	[[nodiscard]] const std::string &too_far() const { return too_far_; }

private:
	struct Found {
		const Types *types = nullptr;
		const btf_type *type = nullptr;
		uint32_t id = 0;
	};
	[[nodiscard]] Found find(std::string_view name) const;

	std::unordered_map<std::string_view, Found> wanted_;
	uint32_t cast_ = 0;
	Found extensions_;
	mutable std::string too_far_;
};

} // namespace nft_drops::jit

#endif
