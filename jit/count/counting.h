// SPDX-License-Identifier: GPL-2.0-only
// Drops being counted in the kernel, by this process's own programs and maps, until it ends or they are pinned.
#ifndef NFT_DROPS_JIT_COUNT_COUNTING_H
#define NFT_DROPS_JIT_COUNT_COUNTING_H

#include "bpf/shared/count.h"
#include "jit/attach/sites.h"
#include "jit/base/result.h"
#include "jit/count/figures.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct bpf_link;
struct bpf_object;

namespace nft_drops::jit {

struct CountingOptions {
	uint32_t max_rules = ND_COUNT_MAX_RULES; // room for so many rules and policies that drop
};

class Counting {
public:
	// Every drop after this returned is counted, in all network namespaces. The Plan is proven as a Session's is.
	// Fails with kMachine where this kernel cannot do it.
	static Result<std::unique_ptr<Counting>> start(const CountingOptions &options);
	Counting(const Counting &) = delete;
	Counting &operator=(const Counting &) = delete;
	~Counting();

	// What a pin of this would say of itself.
	[[nodiscard]] const nd_count_meta &meta() const { return meta_; }
	[[nodiscard]] Result<Figures> read() const;
	[[nodiscard]] Missed missed() const;
	// Pins everything in a folder (of a BPF file system), which must be empty; from then on it is the pins that
	// keep it counting. Where that fails, nothing is left in the folder.
	Result<void> pin(const std::string &folder);

private:
	Counting() = default;
	Result<void> load(const std::vector<char> &object, const CountingOptions &options);
	Result<void> load(const std::vector<char> &object, const CountingOptions &options, bool guarded);
	Result<void> watch_changes();
	[[nodiscard]] int map(std::string_view name) const;
	[[nodiscard]] FigureSources sources() const;

	bpf_object *object_ = nullptr;
	std::vector<bpf_link *> guards_; // where rulesets are changed: see bpf/count.bpf.c
	std::vector<AttachedSite> sites_;
	nd_count_meta meta_{};
};

} // namespace nft_drops::jit

#endif
