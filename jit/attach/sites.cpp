// SPDX-License-Identifier: GPL-2.0-only
#include "jit/attach/sites.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>

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

} // namespace

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

Result<void> load_object(bpf_object *object) {
	const int error = bpf_object__load(object);
	if (error == 0) return {};
	return cannot("loading the probe", fmt::format("the kernel refuses it: {}", strerror(-error)),
	              help_for(-error));
}

Result<std::vector<AttachedSite>> attach_sites(bpf_object *object, const Plan &plan) {
	std::vector<AttachedSite> attached;
	const auto undo = [&attached](std::unexpected<Error> error) {
		for (const AttachedSite &site : attached)
			bpf_link__destroy(site.link);
		return error;
	};
	for (const PlannedSite &site : plan.sites) {
		const bpf_program *program =
		        bpf_object__find_program_by_name(object, fmt::format("nd_site_{}", site.site.index).c_str());
		if (!program) return undo(fail("loading the probe", "it lacks a site's program"));
		// No name and an absolute address as offset: the middle of a function, exported or not.
		LIBBPF_OPTS(bpf_kprobe_opts, options, .offset = site.address);
		bpf_link *link = bpf_program__attach_kprobe_opts(program, nullptr, &options);
		if (!link) {
			const int error = errno;
			return undo(cannot(fmt::format("kprobe at {}", site.place), strerror(error), help_for(error)));
		}
		attached.push_back({link, bpf_program__fd(program)});
	}
	return attached;
}

Missed &Missed::operator+=(const Missed &other) {
	hits += other.hits;
	complete &= other.complete;
	return *this;
}

uint64_t missed_by_program(int program) {
	bpf_prog_info info{};
	uint32_t size = sizeof(info);
	return bpf_obj_get_info_by_fd(program, &info, &size) == 0 ? info.recursion_misses : 0;
}

Missed missed_by(int link, int program) {
	const auto by_link = missed_by_link(link);
	return {by_link.value_or(0) + missed_by_program(program), by_link.has_value()};
}

} // namespace nft_drops::jit
