// SPDX-License-Identifier: GPL-2.0-only
// Drops being counted in the kernel, by this process's own programs and maps, until it ends or they are pinned.
#ifndef NFT_DROPS_JIT_COUNT_RULE_COUNTER_H
#define NFT_DROPS_JIT_COUNT_RULE_COUNTER_H

#include "bpf/shared/count.h"
#include "jit/attach/sites.h"
#include "jit/base/result.h"
#include "jit/count/rule_counts.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct bpf_link;
struct bpf_object;

namespace nft_drops::jit {

struct RuleCounterOptions {
	uint32_t max_rules = ND_COUNT_MAX_RULES; // room for so many rules and policies that drop
};

class RuleCounter {
public:
	// Every drop after this returned is counted, in all network namespaces. The Plan is proven as a Session's is.
	// Fails with kMachine where this kernel cannot do it.
	static Result<std::unique_ptr<RuleCounter>> start(const RuleCounterOptions &options);
	RuleCounter(const RuleCounter &) = delete;
	RuleCounter &operator=(const RuleCounter &) = delete;
	~RuleCounter();

	// What a pin of this would say of itself.
	[[nodiscard]] const nd_count_meta &meta() const { return meta_; }
	[[nodiscard]] Result<RuleCounts> read() const;
	[[nodiscard]] Missed missed() const;
	// Pins everything in a folder (of a BPF file system), which must be empty; from then on it is the pins that
	// keep it counting. Where that fails, nothing is left in the folder.
	Result<void> pin(const std::string &folder);

private:
	RuleCounter() = default;
	Result<void> load(const std::vector<char> &object, const RuleCounterOptions &options);
	Result<void> load(const std::vector<char> &object, const RuleCounterOptions &options, bool guarded);
	Result<void> watch_changes();
	Result<void> set_sizes(const RuleCounterOptions &options);
	Result<void> give_out_numbers() const;
	Result<void> set_variables(uint64_t changes) const;
	[[nodiscard]] int map(std::string_view name) const;
	[[nodiscard]] int program(const char *name) const;
	[[nodiscard]] CountSources sources() const;

	bpf_object *object_ = nullptr;
	std::vector<bpf_link *> guards_; // where rulesets are changed: see bpf/count.bpf.c
	std::vector<AttachedSite> sites_;
	nd_count_meta meta_{};
	uint32_t capacity_ = 0; // numbers for rules
	uint32_t lanes_ = 0;    // of figures
};

} // namespace nft_drops::jit

#endif
