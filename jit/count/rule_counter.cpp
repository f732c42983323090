// SPDX-License-Identifier: GPL-2.0-only
#include "jit/count/rule_counter.h"

#include "bpf/objects.h"
#include "jit/attach/self_test_marks.h"
#include "jit/base/checksum.h"
#include "jit/base/libbpf/log.h"
#include "jit/count/pins.h"
#include "jit/start/candidates.h"
#include "jit/start/kept_objects.h"
#include "jit/start/session.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <sys/stat.h>

namespace nft_drops::jit {
namespace {

// The events of the Session that proves the Plan: few.
constexpr size_t kRingBytes = 512 * 1024;

// What sees changes of rulesets. The ends first: where a beginning is seen, so will be the end.
struct Guard {
	const char *program;
	const char *function;
};
constexpr Guard kGuards[] = {
        {"nd_commit_ends", "nf_tables_commit"},
        {"nd_newchain_ends", "nf_tables_newchain"},
        {"nd_commit_begins", "nf_tables_commit"},
        {"nd_newchain_begins", "nf_tables_newchain"},
};

template <size_t size> void copy_text(char (&to)[size], std::string_view from) {
	const size_t length = std::min(from.size(), size - 1);
	memcpy(to, from.data(), length);
	to[length] = 0;
}

uint64_t hash_of(const Session &session) {
	Checksum sum;
	const auto code = bpf::count_bitcode();
	sum.add({code.data(), code.size()});
	sum.add_value(session.kernel.layout.probe);
	for (const PlannedSite &site : session.plan.sites) {
		sum.add_value(site.address);
		sum.add_value(site.site);
	}
	return sum.sum();
}

// Processors that are there or can be told to come: their numbers are below it.
uint32_t present_cpus() {
	std::string list;
	std::ifstream("/sys/devices/system/cpu/present") >> list; // "0-3", "0,2-5"
	const size_t last = list.find_last_of(",-");
	const unsigned long highest = strtoul(list.c_str() + (last == std::string::npos ? 0 : last + 1), nullptr, 10);
	const auto possible = static_cast<unsigned long>(std::max(libbpf_num_possible_cpus(), 1));
	return static_cast<uint32_t>(list.empty() ? possible : std::min(highest + 1, possible));
}

nd_count_meta meta_of(const Session &session, const RuleCounterOptions &options) {
	nd_count_meta meta{};
	meta.magic = ND_COUNT_MAGIC;
	meta.version = ND_COUNT_VERSION;
	meta.size = sizeof(meta);
	meta.plan = hash_of(session);
	meta.module = nf_tables_inode();
	meta.sites = static_cast<nd_u32>(session.plan.sites.size());
	meta.max_rules = options.max_rules;
	copy_text(meta.program, ND_VERSION);
	copy_text(meta.release, session.kernel.release);
	std::string places;
	for (const PlannedSite &site : session.plan.sites)
		places += (places.empty() ? "" : ", ") + site.place;
	copy_text(meta.places, places);
	return meta;
}

} // namespace

Result<std::unique_ptr<RuleCounter>> RuleCounter::start(const RuleCounterOptions &options) {
	// Proves the Plan; its probe goes before ours comes.
	auto session = Session::start({.start = {.ring_bytes = kRingBytes}});
	if (!session) return std::unexpected(session.error());
	session->probe.reset();
	const nd_layout &layout = session->kernel.layout.probe;
	if (!layout.net_cookie.size)
		return unsupported("counting", "struct net has no net_cookie here", "Linux 5.12 or later is needed");
	const std::vector<nd_site> sites = constants_of(session->plan);
	std::unique_ptr<RuleCounter> counting(new RuleCounter);
	// The kernel took direct loads of the probe that proved the Plan, and need not take this one's.
	std::vector<Candidate> candidates{{session->kernel.layout, session->plan}};
	add_without_direct_loads(candidates);
	auto loaded = first_that_works(candidates, [&](const Candidate &c) -> Result<void> {
		auto object = kept_or_compiled(c.layout.probe, sites, {}, bpf::count_bitcode());
		if (!object) return std::unexpected(object.error());
		return counting->load(*object, options);
	});
	if (!loaded) return std::unexpected(loaded.error());
	// After the map of those to come: whichever comes second, it or a self-test, sees the other.
	ignore_self_tests(counting->map("nd_ignored"));
	if (auto given = counting->give_out_numbers(); !given) return std::unexpected(given.error());
	// First: nobody may change a ruleset unseen once something of it is kept.
	if (auto watching = counting->watch_changes(); !watching) return std::unexpected(watching.error());
	counting->meta_ = meta_of(*session, options);
	counting->meta_.guards = counting->guards_.size();
	counting->meta_.capacity = counting->capacity_;
	counting->meta_.lanes = counting->lanes_;
	if (!tidy(counting->program("nd_tidy"), nullptr)) return usage_error("counting", strerror(errno));
	counting->meta_.since_ns = open_array<nd_count_state>(counting->map("nd_state")).read(0).now_ns;
	const uint32_t zero = 0;
	if (bpf_map_update_elem(counting->map("nd_meta"), &zero, &counting->meta_, BPF_ANY) != 0)
		return usage_error("counting", strerror(errno));
	auto attached = attach_sites(counting->object_, session->plan);
	if (!attached) return std::unexpected(attached.error());
	counting->sites_ = std::move(*attached);
	return counting;
}

Result<void> RuleCounter::load(const std::vector<char> &object, const RuleCounterOptions &options) {
	auto loaded = load(object, options, true);
	// Not every kernel takes programs at entries and exits of a module's functions.
	if (!loaded && errno != ENOMEM) loaded = load(object, options, false);
	return loaded;
}

Result<void> RuleCounter::load(const std::vector<char> &object, const RuleCounterOptions &options, bool guarded) {
	bpf_object__close(object_);
	LIBBPF_OPTS(bpf_object_open_opts, how, .kernel_log_level = verifier_log_level());
	object_ = bpf_object__open_mem(object.data(), object.size(), &how);
	if (auto set = set_sizes(options); !set) return set;
	for (const Guard &guard : kGuards) {
		bpf_program *program = bpf_object__find_program_by_name(object_, guard.program);
		if (!program) return usage_error("loading the probe", "it lacks a program for changes of the ruleset");
		if (!guarded || bpf_program__set_attach_target(program, 0, guard.function) != 0)
			bpf_program__set_autoload(program, false);
	}
	auto loaded = load_object(object_);
	if (!loaded && errno == ENOMEM) loaded.error().next = "ask for room for fewer rules: --max-rules 4096";
	return loaded;
}

Result<void> RuleCounter::set_sizes(const RuleCounterOptions &options) {
	const uint32_t cpus = present_cpus();
	capacity_ = nd_capacity(options.max_rules);
	lanes_ = std::bit_ceil(std::min<uint32_t>(cpus, ND_LANES));
	const std::pair<const char *, uint32_t> sizes[] = {
	        {"nd_rules", capacity_ + 1},
	        {"nd_counts", (capacity_ + 1) * lanes_},
	        {"nd_index", capacity_},
	        {"nd_free", capacity_},
	        {"nd_cpus", cpus},
	        {"nd_late", static_cast<uint32_t>(std::max(libbpf_num_possible_cpus(), 1))},
	};
	for (const auto &[name, size] : sizes) {
		bpf_map *map = object_ ? bpf_object__find_map_by_name(object_, name) : nullptr;
		if (!map || bpf_map__set_max_entries(map, size) != 0)
			return usage_error("loading the probe", fmt::format("it has no {}", name));
	}
	return {};
}

// By the program itself: a system call for each would make other probes on this processor miss drops.
Result<void> RuleCounter::give_out_numbers() const {
	if (auto set = set_variables(0); !set) return set;
	for (uint32_t last = capacity_; last > 0;) {
		const uint32_t first = last > ND_FILL ? last - ND_FILL + 1 : 1;
		nd_tidy_request request{.number = 0, .key = {}, .fill_from = first, .fill_to = last};
		LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &request, .ctx_size_in = sizeof(request));
		if (bpf_prog_test_run_opts(program("nd_tidy"), &run) != 0)
			return usage_error("counting", strerror(errno));
		if (run.retval != 0) return usage_error("counting", "the kernel has no room for its numbers");
		last = first - 1;
	}
	return {};
}

Result<void> RuleCounter::set_variables(uint64_t changes) const {
	const nd_count_variables variables{
	        .changes = changes, .stride = capacity_ + 1UL, .lane_mask = lanes_ - 1UL, .pending = 0};
	const uint32_t zero = 0;
	if (bpf_map_update_elem(map(".bss"), &zero, &variables, BPF_ANY) != 0)
		return usage_error("counting", strerror(errno));
	return {};
}

// If changes cannot be watched, each drop's culprit is looked up anew: as right, but more expensive.
Result<void> RuleCounter::watch_changes() {
	for (const Guard &guard : kGuards) {
		const bpf_program *program = bpf_object__find_program_by_name(object_, guard.program);
		if (!program || !bpf_program__autoload(program)) break;
		bpf_link *link = bpf_program__attach_trace(program);
		if (!link) break;
		guards_.push_back(link);
	}
	if (guards_.size() == std::size(kGuards) && ftrace_is_on()) return {};
	for (bpf_link *attached : guards_)
		bpf_link__destroy(attached);
	guards_.clear();
	return set_variables(ND_CHANGE + 1); // one without end
}

RuleCounter::~RuleCounter() {
	for (const AttachedSite &site : sites_)
		bpf_link__destroy(site.link);
	// After them: nothing is counted unguarded.
	for (bpf_link *guard : guards_)
		bpf_link__destroy(guard);
	bpf_object__close(object_);
}

int RuleCounter::map(std::string_view name) const {
	return bpf_object__find_map_fd_by_name(object_, std::string(name).c_str());
}

int RuleCounter::program(const char *name) const {
	return bpf_program__fd(bpf_object__find_program_by_name(object_, name));
}

CountSources RuleCounter::sources() const {
	CountSources from{.rules = map("nd_rules"),
	                  .counts = map("nd_counts"),
	                  .state = map("nd_state"),
	                  .meta = map("nd_meta"),
	                  .tidy = program("nd_tidy"),
	                  .others = {},
	                  .sites = descriptors_of(sites_)};
	for (const char *name : kOtherMaps)
		from.others.push_back(map(fmt::format("nd_{}", name)));
	return from;
}

Result<RuleCounts> RuleCounter::read() const {
	return read_rule_counts(sources());
}

Missed RuleCounter::missed() const {
	return missed_at(descriptors_of(sites_));
}

Result<void> RuleCounter::pin(const std::string &folder) {
	const auto undo = [&](std::unexpected<Error> why) {
		if (auto removed = remove_pins(folder); !removed)
			why.error().why += fmt::format("; and what was pinned is still there: {}", removed.error().why);
		return why;
	};
	const auto not_pinned = [&](const char *what, int error) {
		return undo(usage_error(folder, fmt::format("cannot pin {}: {}", what, strerror(error))));
	};
	for (size_t i = 0; i < sites_.size(); i++) {
		bpf_link_info info{};
		uint32_t size = sizeof(info);
		if (bpf_obj_get_info_by_fd(bpf_link__fd(sites_[i].link), &info, &size) != 0) {
			return undo(
			        unsupported("count start", "this kernel ends a probe with the process that made it",
			                    "Linux 5.15 or later keeps one; here, list with --with-drop-counts --for "
			                    "10s"));
		}
		if (bpf_obj_pin(bpf_link__fd(sites_[i].link), fmt::format("{}/link_{}", folder, i).c_str()) != 0)
			return not_pinned("a link", errno);
		// Of its own, since only CAP_SYS_ADMIN may ask for a program by the link's information.
		if (bpf_obj_pin(sites_[i].program, fmt::format("{}/prog_{}", folder, i).c_str()) != 0)
			return not_pinned("a program", errno);
	}
	for (size_t i = 0; i < guards_.size(); i++) {
		if (bpf_obj_pin(bpf_link__fd(guards_[i]), fmt::format("{}/guard_{}", folder, i).c_str()) != 0)
			return not_pinned("a link", errno);
	}
	if (bpf_obj_pin(program("nd_tidy"), fmt::format("{}/tidy", folder).c_str()) != 0)
		return not_pinned("a program", errno);
	for (const char *name : kPinnedMaps) {
		if (bpf_obj_pin(map(fmt::format("nd_{}", name)), fmt::format("{}/{}", folder, name).c_str()) != 0)
			return not_pinned(name, errno);
	}
	// libbpf would switch the perf event off in destroying a link, pinned or not.
	for (bpf_link *guard : guards_)
		bpf_link__disconnect(guard);
	for (const AttachedSite &site : sites_)
		bpf_link__disconnect(site.link);
	return {};
}

} // namespace nft_drops::jit
