// SPDX-License-Identifier: GPL-2.0-only
// A probe in the kernel: loaded, attached, its events read.
#ifndef NFT_DROPS_JIT_ATTACH_PROBE_H
#define NFT_DROPS_JIT_ATTACH_PROBE_H

#include "bpf/shared/event.h"
#include "bpf/shared/site.h"
#include "jit/attach/selected.h"
#include "jit/attach/sites.h"
#include "jit/base/result.h"
#include "jit/resolve/plan.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

struct bpf_object;
struct bpf_program;
struct ring_buffer;

namespace nft_drops::jit {

// What the kernel counted since the probe was attached, or since it was last told what to watch.
struct Counts {
	uint64_t drops = 0;     // seen by the probe
	uint64_t ring_full = 0; // of these: lost, because the ring was full
	// Hits of the probe that never ran it: another BPF program was running on that processor, or a kprobe within a
	// kprobe. Whether they were drops cannot be known. Kernels before 6.7 do not count all of them.
	uint64_t missed = 0;
	bool missed_complete = false; // this kernel counts every such miss
	// The rest is 0 without nd_settings.drop_reason.
	uint64_t freed = 0;        // of `drops`: the kernel then freed the packet
	uint64_t other = 0;        // packets that other code of netfilter freed
	uint64_t missed_frees = 0; // frees that the program did not look at: each may be of a drop, or another's
	uint64_t filtered = 0;     // of `drops` and `other`: the SELECTOR or the filter does not take them

	[[nodiscard]] uint64_t lost() const { return ring_full + missed + missed_frees; }
	Counts &operator+=(const Counts &other);
	Counts &operator-=(const Counts &other);
};

struct ProbeOptions {
	uint32_t netns = 0;                  // inode number of the network namespace to watch; 0: all
	bool netns_held = false;             // something of the caller's keeps that namespace alive: it costs less
	size_t ring_bytes = 8 * 1024 * 1024; // a power of two; about 20,000 events
	bool selects = false;                // the object was made with nd_settings.selector
};

// The links belong to this process: when it ends, however it ends, the kernel takes them away.
class Probe {
public:
	// `path` is null where it was not asked for. `event` lies in the ring, so that nd_capture_of() finds the
	// packet's bytes. False ends drain().
	using EventHandler = std::function<bool(const nd_event &event, const nd_path *path)>;

	// `object` is what compile_probe() made of the Plan. Fails with kMachine, naming the site, where the kernel
	// refuses.
	static Result<std::unique_ptr<Probe>> attach(std::span<const char> object, const Plan &plan,
	                                             const ProbeOptions &options);
	Probe(const Probe &) = delete;
	Probe &operator=(const Probe &) = delete;
	~Probe();

	// From now on the drops in this network namespace (0: in all), and counts anew. `held`: see ProbeOptions.
	// `filtered`: only drops that the object's filter takes become events; before, all do.
	Result<void> watch(uint32_t netns, bool held = false, bool filtered = false);
	// With nd_settings.of_group, before watch(): the group's id.
	void of_group(uint64_t group) { group_ = group; }
	// With nd_settings.drop_reason: frees in this code are netfilter's, too, whatever reason they give.
	Result<void> set_netfilter_code(std::span<const nd_code_range> code);
	// From now on only drops of `selector` become events, and drops with ND_FLAG_ASK_CHAIN. With
	// nd_settings.selector.
	Result<void> select(const Selector &selector);
	// After select(): of the drops that would become events, only the next one after each call does.
	void ask_for_one();
	// The reply to ND_FLAG_ASK_CHAIN: whether the event's rule stands in the selected chain.
	void tell_chain(const nd_event &event, bool in_chain);
	// Becomes readable when there are events.
	[[nodiscard]] int fd() const;
	// Hands over the events that are in the ring, in the order in which they were written. False where `handle`
	// ended it: there may be more.
	bool drain(const EventHandler &handle);
	// Takes the links away. Events already captured can still be drained.
	void detach();
	[[nodiscard]] Counts counts() const;

private:
	Probe() = default;
	Result<void> load(std::span<const char> object, const ProbeOptions &options);
	[[nodiscard]] Counts counted() const;
	Result<void> attach_to_frees(bpf_program *program);
	static int on_event(void *self, void *data, size_t size);

	bpf_object *object_ = nullptr;
	ring_buffer *ring_ = nullptr;
	std::vector<AttachedSite> sites_;
	std::optional<Selected> selected_;
	uint64_t group_ = 0;
	bpf_link *frees_ = nullptr;
	int frees_program_ = -1; // the object's descriptor
	const EventHandler *handle_ = nullptr;
	Counts before_; // what does not count
	Counts at_detach_;
};

} // namespace nft_drops::jit

#endif
