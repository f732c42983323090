// SPDX-License-Identifier: GPL-2.0-only
#include "jit/attach/sites.h"

#include "jit/attach/site_events.h"
#include "jit/base/libbpf/log.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unistd.h>

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

namespace {

constexpr const char *kReport = "please report it with the output of nft-drops check --report";

std::string refusal(std::string_view error, const std::string &verifier) {
	if (verifier.empty()) return fmt::format("the kernel refuses it: {}", error);
	return fmt::format("the kernel refuses it: {}: the verifier says: {}", error, verifier);
}

// See compile_probe().
const bpf_program *program_of(const bpf_object *object, const nd_site &site) {
	const auto *shared = bpf_object__find_program_by_name(object, fmt::format("nd_sites_{}", site.program).c_str());
	return shared ? shared
	              : bpf_object__find_program_by_name(object, fmt::format("nd_site_{}", site.index).c_str());
}

} // namespace

Result<void> load_object(bpf_object *object) {
	clear_libbpf_log();
	const int error = bpf_object__load(object);
	if (error == 0) return {};
	const std::string verifier = last_verifier_lines();
	const int before = errno; // count tells by it whether to ask for less
	std::unexpected<Error> refused = unsupported("loading the probe", refusal(strerror(-error), verifier),
	                                             verifier.empty() ? help_for(-error) : kReport);
	errno = before;
	return refused;
}

Result<std::vector<AttachedSite>> attach_sites(bpf_object *object, const Plan &plan) {
	std::vector<AttachedSite> attached;
	auto fds = SiteEvents(plan).take();
	if (!fds) return std::unexpected(fds.error());
	size_t linked = 0; // the first so many belong to their links
	const auto undo = [&](std::unexpected<Error> error) {
		for (const AttachedSite &site : attached)
			bpf_link__destroy(site.link);
		for (size_t i = linked; i < fds->size(); i++)
			close((*fds)[i]);
		return error;
	};
	for (const PlannedSite &site : plan.sites) {
		const bpf_program *program = program_of(object, site.site);
		if (!program) return undo(usage_error("loading the probe", "it lacks a site's program"));
		bpf_link *link = bpf_program__attach_perf_event(program, (*fds)[linked]);
		if (!link) {
			const int error = errno;
			return undo(
			        unsupported(fmt::format("kprobe at {}", site.place), strerror(error), help_for(error)));
		}
		linked++;
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

std::vector<SiteDescriptors> descriptors_of(std::span<const AttachedSite> sites) {
	std::vector<SiteDescriptors> descriptors;
	for (const AttachedSite &site : sites)
		descriptors.emplace_back(bpf_link__fd(site.link), site.program);
	return descriptors;
}

Missed missed_at(std::span<const SiteDescriptors> sites) {
	Missed all;
	std::set<int> programs;
	for (const auto &[link, program] : sites) {
		const auto by_link = missed_by_link(link);
		all += {by_link.value_or(0), by_link.has_value()};
		if (programs.insert(program).second) all.hits += missed_by_program(program);
	}
	return all;
}

} // namespace nft_drops::jit
