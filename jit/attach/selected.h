// SPDX-License-Identifier: GPL-2.0-only
// The user's SELECTOR in the kernel: the map nd_selected of a probe (bpf/shared/select.h), in this process's memory.
//
// Nothing here is a system call but the first mmap(2): a system call that writes to a map makes the kernel skip
// kprobes' programs meanwhile.
#ifndef NFT_DROPS_JIT_ATTACH_SELECTED_H
#define NFT_DROPS_JIT_ATTACH_SELECTED_H

#include "bpf/shared/select.h"
#include "jit/base/mapped_array.h"
#include "jit/base/result.h"
#include "jit/match/selector.h"

#include <cstdint>
#include <utility>

namespace nft_drops::jit {

class Selected {
public:
	// `map` is the descriptor of the map. Fails where the kernel does not map it.
	static Result<Selected> open(int map);

	// From now on the probe's programs take the drops of `selector` only. Once for each map. Names have fewer than
	// ND_SELECT_NAME_BYTES bytes.
	void set(const Selector &selector);
	// From now on no drop becomes an event but the next one after each call. Before set(), or from any thread.
	void only_one();
	// Whether a rule stands in the selected chain, at a generation of the ruleset. Where there is no room for the
	// rule, the programs ask again at its next drop.
	void tell(uint32_t netns, uint64_t table, uint64_t rule, uint32_t generation, bool in_chain);

private:
	explicit Selected(MappedArray<nd_selected> memory) : memory_(std::move(memory)) {}
	MappedArray<nd_selected> memory_; // one element
};

} // namespace nft_drops::jit

#endif
