// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_TYPES_BTF_PTR_H
#define NFT_DROPS_JIT_KERNEL_TYPES_BTF_PTR_H

#include <bpf/btf.h>

#include <memory>

namespace nft_drops::jit {

struct BtfFree {
	void operator()(btf *b) const { btf__free(b); }
};
using BtfPtr = std::unique_ptr<btf, BtfFree>;

} // namespace nft_drops::jit

#endif
