// SPDX-License-Identifier: GPL-2.0-only
#include "jit/attach/probe.h"

#include "bpf/shared/site.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace nft_drops::jit {
namespace {

// The beginning of struct bpf_link_info for a kprobe's perf event, as kernels since 6.7 fill it in; older headers do
// not have it.
struct KprobeLinkInfo {
	uint32_t type, id, prog_id, pad0;
	uint32_t perf_type, pad1;
	uint64_t func_name;
	uint32_t name_len, offset;
	uint64_t addr, missed, cookie;
};

// Kprobes within kprobes, and hits while another BPF program ran; nothing where this kernel does not say.
std::optional<uint64_t> missed_by_link(int fd) {
	KprobeLinkInfo info{};
	uint32_t size = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0 || size < offsetof(KprobeLinkInfo, cookie))
		return std::nullopt;
	return info.missed;
}

uint64_t missed_by_program(int fd) {
	bpf_prog_info info{};
	uint32_t size = sizeof(info);
	return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.recursion_misses : 0;
}

const char *help_for(int error) {
	switch (error) {
	case EPERM:
	case EACCES:
		return "run as root (CAP_BPF, CAP_PERFMON), with kernel lockdown below confidentiality";
	case ENOENT:
	case EOPNOTSUPP:
		return "a kernel with CONFIG_KPROBES and CONFIG_BPF_EVENTS is needed";
	default:
		return "";
	}
}

} // namespace

Result<std::unique_ptr<Probe>> Probe::attach(std::span<const char> object, const Plan &plan,
                                             const ProbeOptions &options) {
	std::unique_ptr<Probe> probe(new Probe);
	if (auto loaded = probe->load(object, options); !loaded) return std::unexpected(loaded.error());
	if (auto attached = probe->attach_sites(plan); !attached) return std::unexpected(attached.error());
	return probe;
}

Result<void> Probe::load(std::span<const char> object, const ProbeOptions &options) {
	object_ = bpf_object__open_mem(object.data(), object.size(), nullptr);
	if (!object_) return fail("loading the probe", strerror(errno));
	bpf_map *events = bpf_object__find_map_by_name(object_, "nd_events");
	if (!events) return fail("loading the probe", "it has no ring buffer");
	bpf_map__set_max_entries(events, static_cast<uint32_t>(options.ring_bytes));
	if (const int error = bpf_object__load(object_)) {
		return cannot("loading the probe", fmt::format("the kernel refuses it: {}", strerror(-error)),
		              help_for(-error));
	}
	if (auto watching = watch(options.netns); !watching) return watching;
	ring_ = ring_buffer__new(bpf_map__fd(events), on_event, this, nullptr);
	if (!ring_) return cannot("ring buffer", strerror(errno), "Linux 5.8 or later is needed");
	return {};
}

Result<void> Probe::attach_sites(const Plan &plan) {
	for (const PlannedSite &site : plan.sites) {
		bpf_program *program =
		        bpf_object__find_program_by_name(object_, fmt::format("nd_site_{}", site.site.index).c_str());
		if (!program) return fail("loading the probe", "it lacks a site's program");
		// No name and an absolute address as offset: the middle of a function, exported or not.
		LIBBPF_OPTS(bpf_kprobe_opts, options, .offset = site.address);
		bpf_link *link = bpf_program__attach_kprobe_opts(program, nullptr, &options);
		if (!link) {
			const int error = errno;
			return cannot(fmt::format("kprobe at {}", site.place), strerror(error), help_for(error));
		}
		programs_.push_back(program);
		links_.push_back(link);
	}
	return {};
}

Probe::~Probe() {
	for (bpf_link *link : links_)
		bpf_link__destroy(link);
	ring_buffer__free(ring_);
	bpf_object__close(object_);
}

// In memory, so that namespaces do not change the compiled object.
Result<void> Probe::watch(uint32_t netns, bool held) {
	const nd_watched watched{.netns = netns | (held ? ND_NETNS_HELD : 0), .net = 0, .generation = 0};
	const int settings = bpf_object__find_map_fd_by_name(object_, ".bss");
	const uint32_t zero = 0;
	before_ = counted(); // first: no loss from now on is forgotten
	if (bpf_map_update_elem(settings, &zero, &watched, BPF_ANY) != 0)
		return fail("setting the probe's network namespace", strerror(errno));
	return {};
}

int Probe::fd() const {
	return ring_buffer__epoll_fd(ring_);
}

int Probe::on_event(void *self, void *data, size_t size) {
	const auto *probe = static_cast<const Probe *>(self);
	if (size >= sizeof(nd_event)) (*probe->handle_)(*static_cast<const nd_event *>(data));
	return 0;
}

size_t Probe::drain(const EventHandler &handle) {
	handle_ = &handle;
	const int n = ring_buffer__consume(ring_);
	handle_ = nullptr;
	return n > 0 ? static_cast<size_t>(n) : 0;
}

void Probe::detach() {
	if (links_.empty()) return;
	at_detach_ = counted();
	for (bpf_link *link : links_)
		bpf_link__destroy(link);
	links_.clear();
}

Counts Probe::counts() const {
	Counts c = counted();
	c.drops -= before_.drops;
	c.ring_full -= before_.ring_full;
	c.missed -= before_.missed;
	return c;
}

// Since it was attached.
Counts Probe::counted() const {
	Counts c = at_detach_;
	const int map = bpf_object__find_map_fd_by_name(object_, "nd_counters");
	std::vector<uint64_t> by_cpu(static_cast<size_t>(std::max(libbpf_num_possible_cpus(), 1)));
	for (uint32_t key = 0; key < ND_COUNTERS; key++) {
		if (bpf_map_lookup_elem(map, &key, by_cpu.data()) != 0) continue;
		uint64_t sum = 0;
		for (uint64_t n : by_cpu)
			sum += n;
		(key == ND_COUNT_DROPS ? c.drops : c.ring_full) = sum;
	}
	if (links_.empty()) return c;
	c.missed = 0;
	c.missed_complete = true;
	for (size_t i = 0; i < links_.size(); i++) {
		auto by_link = missed_by_link(bpf_link__fd(links_[i]));
		c.missed_complete &= by_link.has_value();
		c.missed += by_link.value_or(0) + missed_by_program(bpf_program__fd(programs_[i]));
	}
	return c;
}

} // namespace nft_drops::jit
