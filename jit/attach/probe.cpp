// SPDX-License-Identifier: GPL-2.0-only
#include "jit/attach/probe.h"

#include "bpf/shared/self_test.h"
#include "jit/attach/self_test_marks.h"
#include "jit/base/libbpf/log.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace nft_drops::jit {

Result<std::unique_ptr<Probe>> Probe::attach(std::span<const char> object, const Plan &plan,
                                             const ProbeOptions &options) {
	std::unique_ptr<Probe> probe(new Probe);
	if (auto loaded = probe->load(object, options); !loaded) return std::unexpected(loaded.error());
	auto sites = attach_sites(probe->object_, plan);
	if (!sites) return std::unexpected(sites.error());
	probe->sites_ = std::move(*sites);
	if (bpf_program *frees = bpf_object__find_program_by_name(probe->object_, "nd_at_free")) {
		// Last: a drop that is freed under its eyes was seen by the sites.
		if (auto attached = probe->attach_to_frees(frees); !attached) return std::unexpected(attached.error());
	}
	return probe;
}

Result<void> Probe::load(std::span<const char> object, const ProbeOptions &options) {
	LIBBPF_OPTS(bpf_object_open_opts, how, .kernel_log_level = verifier_log_level());
	object_ = bpf_object__open_mem(object.data(), object.size(), &how);
	if (!object_) return usage_error("loading the probe", strerror(errno));
	bpf_map *events = bpf_object__find_map_by_name(object_, "nd_events");
	if (!events) return usage_error("loading the probe", "it has no ring buffer");
	bpf_map__set_max_entries(events, static_cast<uint32_t>(options.ring_bytes));
	if (!bpf_object__find_program_by_name(object_, "nd_at_free")) {
		for (const char *unused : {"nd_in_hand", "nd_netfilter"})
			bpf_map__set_autocreate(bpf_object__find_map_by_name(object_, unused), false);
	}
	if (!options.selects) bpf_map__set_autocreate(bpf_object__find_map_by_name(object_, "nd_selected"), false);
	if (auto loaded = load_object(object_); !loaded) return loaded;
	if (auto watching = watch(options.netns); !watching) return watching;
	ring_ = ring_buffer__new(bpf_map__fd(events), on_event, this, nullptr);
	if (!ring_) return unsupported("ring buffer", strerror(errno), "Linux 5.8 or later is needed");
	return {};
}

Result<void> Probe::attach_to_frees(bpf_program *program) {
	frees_ = bpf_program__attach_raw_tracepoint(program, "kfree_skb");
	if (!frees_) return unsupported("--audit: tracepoint kfree_skb", strerror(errno), help_for(errno));
	frees_program_ = bpf_program__fd(program);
	return {};
}

Probe::~Probe() {
	bpf_link__destroy(frees_);
	for (const AttachedSite &site : sites_)
		bpf_link__destroy(site.link);
	ring_buffer__free(ring_);
	bpf_object__close(object_);
}

// In memory, so that namespaces do not change the compiled object.
Result<void> Probe::watch(uint32_t netns, bool held, bool filtered) {
	const nd_watched watched{.netns = netns | (held ? ND_NETNS_HELD : 0),
	                         .net = 0,
	                         .generation = 0,
	                         .filter = filtered,
	                         .group = group_};
	const int settings = bpf_object__find_map_fd_by_name(object_, ".bss");
	const uint32_t zero = 0;
	if (netns == 0) ignore_self_tests(bpf_object__find_map_fd_by_name(object_, ND_IGNORED_MAP));
	before_ = counted(); // first: no loss from now on is forgotten
	if (bpf_map_update_elem(settings, &zero, &watched, BPF_ANY) != 0)
		return usage_error("setting the probe's network namespace", strerror(errno));
	return {};
}

Result<void> Probe::set_netfilter_code(std::span<const nd_code_range> code) {
	nd_netfilter_code value{};
	std::copy_n(code.begin(), std::min(code.size(), std::size(value.ranges)), value.ranges);
	const uint32_t zero = 0;
	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(object_, "nd_netfilter"), &zero, &value, BPF_ANY) != 0)
		return usage_error("--audit: netfilter's code", strerror(errno));
	return {};
}

Result<void> Probe::select(const Selector &selector) {
	auto selected = Selected::open(bpf_object__find_map_fd_by_name(object_, "nd_selected"));
	if (!selected) return std::unexpected(selected.error());
	selected_.emplace(std::move(*selected));
	selected_->set(selector);
	return {};
}

void Probe::ask_for_one() {
	if (selected_) selected_->only_one();
}

void Probe::tell_chain(const nd_event &event, bool in_chain) {
	if (selected_) selected_->tell(event.netns, event.table_handle, event.rule_handle, event.generation, in_chain);
}

int Probe::fd() const {
	return ring_buffer__epoll_fd(ring_);
}

int Probe::on_event(void *self, void *data, size_t size) {
	const auto *probe = static_cast<const Probe *>(self);
	if (size < sizeof(nd_event)) return 0;
	const auto *event = static_cast<const nd_event *>(data);
	const bool path = (event->flags & ND_FLAG_PATH) != 0;
	if (path && size < sizeof(nd_event) + sizeof(nd_path)) return 0;
	if (nd_details_of(event) && size < sizeof(nd_event) + sizeof(nd_path) + sizeof(nd_details)) return 0;
	if (const nd_capture *capture = nd_capture_of(event)) {
		const auto before = static_cast<size_t>(capture->bytes - static_cast<const nd_u8 *>(data));
		if (size < before || size - before < capture->kept) return 0;
	}
	// libbpf takes what is negative for the end, and the event for done.
	return (*probe->handle_)(*event, path ? reinterpret_cast<const nd_path *>(event + 1) : nullptr) ? 0 : -1;
}

bool Probe::drain(const EventHandler &handle) {
	handle_ = &handle;
	const int n = ring_buffer__consume(ring_);
	handle_ = nullptr;
	return n >= 0;
}

void Probe::detach() {
	if (sites_.empty()) return;
	at_detach_ = counted();
	for (const AttachedSite &site : sites_)
		bpf_link__destroy(site.link);
	sites_.clear();
	// After the sites: what these saw last is still freed.
	bpf_link__destroy(frees_);
	frees_ = nullptr;
}

Counts Probe::counts() const {
	Counts c = counted();
	c -= before_;
	return c;
}

Counts &Counts::operator+=(const Counts &more) {
	drops += more.drops;
	ring_full += more.ring_full;
	missed += more.missed;
	freed += more.freed;
	other += more.other;
	missed_frees += more.missed_frees;
	filtered += more.filtered;
	return *this;
}

Counts &Counts::operator-=(const Counts &less) {
	drops -= less.drops;
	ring_full -= less.ring_full;
	missed -= less.missed;
	freed -= less.freed;
	other -= less.other;
	missed_frees -= less.missed_frees;
	filtered -= less.filtered;
	return *this;
}

// Since it was attached.
Counts Probe::counted() const {
	Counts c = at_detach_;
	const int map = bpf_object__find_map_fd_by_name(object_, "nd_here");
	std::vector<nd_of_cpu> cpus(static_cast<size_t>(std::max(libbpf_num_possible_cpus(), 1)));
	const uint32_t key = 0;
	if (bpf_map_lookup_elem(map, &key, cpus.data()) == 0) {
		uint64_t sums[ND_COUNTERS] = {};
		for (const nd_of_cpu &cpu : cpus)
			for (size_t i = 0; i < std::size(sums); i++)
				sums[i] += cpu.counts[i];
		c.drops = sums[ND_COUNT_DROPS];
		c.ring_full = sums[ND_COUNT_RING_FULL];
		c.freed = sums[ND_COUNT_FREED];
		c.other = sums[ND_COUNT_OTHER];
		c.filtered = sums[ND_COUNT_FILTERED];
	}
	if (sites_.empty()) return c;
	if (frees_) c.missed_frees = missed_by_program(frees_program_);
	const Missed missed = missed_at(descriptors_of(sites_));
	c.missed = missed.hits;
	c.missed_complete = missed.complete;
	return c;
}

} // namespace nft_drops::jit
