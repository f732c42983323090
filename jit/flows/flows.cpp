// SPDX-License-Identifier: GPL-2.0-only
#include "jit/flows/flows.h"

#include "bpf/objects.h"
#include "bpf/shared/self_test.h"
#include "jit/attach/self_test_marks.h"
#include "jit/start/kept_objects.h"
#include "jit/start/session.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <linux/membarrier.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace nft_drops::jit {
namespace {

// The events of the Session that proves the Plan: few.
constexpr size_t kRingBytes = 512 * 1024;
constexpr uint32_t kLeastFlows = 256;
constexpr uint32_t kLeastRules = 64;

uint32_t each(uint32_t all, uint32_t regions, uint32_t least) {
	return std::max(std::bit_floor(all / regions), least);
}

// The kernel's synchronize_rcu(), and a memory barrier. False where this kernel does not offer it (nohz_full=).
bool synchronize_rcu() {
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0;
}

} // namespace

Result<std::unique_ptr<Flows>> Flows::start(const FlowsOptions &options) {
	// Proves the Plan; its probe goes before ours comes.
	auto session = Session::start({.start = {.ring_bytes = kRingBytes}});
	if (!session) return std::unexpected(session.error());
	session->probe.reset();
	return attach(std::make_shared<const Proven>(std::move(session->kernel), std::move(session->plan)), options);
}

Result<std::unique_ptr<Flows>> Flows::start_another(const FlowsOptions &options) const {
	return attach(proven_, options);
}

Result<std::unique_ptr<Flows>> Flows::attach(std::shared_ptr<const Proven> proven, const FlowsOptions &options) {
	const nd_layout &layout = proven->kernel.layout.probe;
	const std::vector<nd_site> sites = constants_of(proven->plan);
	std::unique_ptr<Flows> flows(new Flows(std::move(proven)));
	nd_settings settings{};
	settings.filter = options.filter.empty() ? 0 : 1;
	const auto load = [&](const nd_layout &by) -> Result<void> {
		auto object = kept_or_compiled(by, sites, settings, bpf::flows_bitcode(), options.filter);
		if (!object) return std::unexpected(object.error());
		return flows->load(*object, options);
	};
	auto loaded = load(layout);
	if (!loaded && layout.cast.function) {
		// The kernel took direct loads of the probe that proved the Plan, and need not take this one's.
		nd_layout plain = layout;
		plain.cast = {};
		loaded = load(plain);
	}
	if (!loaded) return std::unexpected(loaded.error());
	if (auto mapped = flows->map_arrays(options.netns); !mapped) return std::unexpected(mapped.error());
	ignore_self_tests(bpf_object__find_map_fd_by_name(flows->object_, ND_IGNORED_MAP));
	auto attached = attach_sites(flows->object_, flows->proven_->plan);
	if (!attached) return std::unexpected(attached.error());
	flows->sites_ = std::move(*attached);
	flows->before_ = flows->counted();
	std::atomic_ref(flows->control_[0].epoch).store(1);
	return flows;
}

Result<void> Flows::load(std::span<const char> object, const FlowsOptions &options) {
	bpf_object__close(object_);
	object_ = bpf_object__open_mem(object.data(), object.size(), nullptr);
	if (!object_) return usage_error("loading the probe", strerror(errno));
	const auto cpus = static_cast<uint32_t>(std::max(libbpf_num_possible_cpus(), 1));
	const uint32_t regions = 2 * cpus;
	const uint32_t rules = each(options.rules, regions, kLeastRules);
	const uint32_t flows = each(options.flows, regions, kLeastFlows);
	const struct {
		const char *name;
		uint32_t elements;
	} sizes[] = {
	        {"nd_flow_regions", regions},
	        {"nd_flow_rules", regions * rules},
	        {"nd_flow_entries", regions * flows},
	        {"nd_flow_rule_slots", cpus * ND_FLOW_SLOTS * rules},
	        {"nd_flow_slots", cpus * ND_FLOW_SLOTS * flows},
	        {"nd_flow_known", cpus << ND_FLOW_KNOWN_BITS},
	        {"nd_flow_subjects", options.filter.empty() ? 1 : cpus},
	};
	for (const auto &size : sizes) {
		bpf_map *map = bpf_object__find_map_by_name(object_, size.name);
		if (!map || bpf_map__set_max_entries(map, size.elements) != 0)
			return usage_error("loading the probe", "it lacks an array");
	}
	return load_object(object_);
}

Result<void> Flows::map_arrays(uint32_t netns) {
	const auto map = [this]<typename T>(const char *name, MappedArray<T> &to) {
		const bpf_map *array = bpf_object__find_map_by_name(object_, name);
		to = MappedArray<T>(bpf_map__fd(array), bpf_map__max_entries(array));
		return !to.empty();
	};
	if (!map("nd_flow_control", control_) || !map("nd_flow_regions", regions_) || !map("nd_flow_rules", rules_) ||
	    !map("nd_flow_entries", flows_))
		return usage_error("mapping the probe's arrays", strerror(errno));
	nd_flow_control &control = control_[0];
	control.cpus = static_cast<uint32_t>(regions_.all().size() / 2);
	control.rules = static_cast<uint32_t>(rules_.all().size() / regions_.all().size());
	control.flows = static_cast<uint32_t>(flows_.all().size() / regions_.all().size());
	control.netns = netns;
	if (getrandom(&control.seed, sizeof(control.seed), 0) != sizeof(control.seed))
		return usage_error("random numbers", strerror(errno));
	return {};
}

Flows::~Flows() {
	detach();
	bpf_object__close(object_);
}

void Flows::detach() {
	if (sites_.empty()) return;
	at_detach_ = counted();
	for (const AttachedSite &site : sites_)
		bpf_link__destroy(site.link);
	sites_.clear();
}

Missed Flows::counted() const {
	if (sites_.empty()) return at_detach_;
	return missed_at(descriptors_of(sites_));
}

Missed Flows::missed() const {
	Missed missed = counted();
	missed.hits -= before_.hits;
	return missed;
}

// Until no program writes to this half any more.
void Flows::wait_for_programs(uint32_t half) const {
	if (synchronize_rcu()) return;
	// The new epoch is in memory long before a tick has passed, so that a program which read the former one has
	// marked its region by then.
	const timespec tick{0, 10'000'000};
	nanosleep(&tick, nullptr);
	const uint32_t cpus = control_[0].cpus;
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		const std::atomic_ref busy(regions_[half * cpus + cpu].busy);
		while (busy.load() != 0)
			nanosleep(&tick, nullptr);
	}
}

void Flows::read(const std::function<void(const FlowRegion &)> &use) {
	const nd_flow_control &control = control_[0];
	const std::atomic_ref epoch(control_[0].epoch);
	const uint32_t half = epoch.load() & 1;
	// 0 means that nothing is counted; by then the other half is the next one, too.
	uint32_t next = epoch.load() + 1;
	if (next == 0) next = 2;
	epoch.store(next);
	wait_for_programs(half);
	for (uint32_t cpu = 0; cpu < control.cpus; cpu++) {
		const size_t at = size_t{half} * control.cpus + cpu;
		nd_flow_region &region = regions_[at];
		if (region.rules == 0 && region.unlisted.packets == 0 && region.nested == 0 && region.seen == 0)
			continue;
		use({.rules = rules_.all().subspan(at * control.rules, region.rules),
		     .flows = flows_.all().subspan(at * control.flows, region.flows),
		     .unlisted = region.unlisted,
		     .nested = region.nested,
		     .seen = region.seen,
		     .undecided = region.undecided});
		region = {};
	}
}

} // namespace nft_drops::jit
