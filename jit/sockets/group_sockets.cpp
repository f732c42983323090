// SPDX-License-Identifier: GPL-2.0-only
#include "jit/sockets/group_sockets.h"

#include "bpf/objects.h"
#include "jit/base/libbpf/log.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace nft_drops::jit {

Result<std::unique_ptr<GroupSockets>> GroupSockets::attach(int group, Handler handle) {
	std::unique_ptr<GroupSockets> sockets(new GroupSockets(std::move(handle)));
	const auto elf = bpf::sockets_object();
	LIBBPF_OPTS(bpf_object_open_opts, how, .object_name = "nd_sockets", .kernel_log_level = verifier_log_level());
	sockets->object_ = bpf_object__open_mem(elf.data(), elf.size(), &how);
	if (!sockets->object_) return usage_error("loading the programs for CMD's sockets", strerror(errno));
	clear_libbpf_log();
	if (const int error = bpf_object__load(sockets->object_)) {
		const std::string verifier = last_verifier_lines();
		return unsupported("the programs for CMD's sockets",
		                   fmt::format("the kernel refuses them: {}{}{}", strerror(-error),
		                               verifier.empty() ? "" : ": the verifier says: ", verifier),
		                   "a kernel with CONFIG_CGROUP_BPF is needed; monitor works without");
	}
	bpf_program *program = nullptr;
	bpf_object__for_each_program(program, sockets->object_) {
		bpf_link *link = bpf_program__attach_cgroup(program, group);
		if (!link)
			return unsupported(fmt::format("control group: {}", bpf_program__section_name(program)),
			                   strerror(errno),
			                   "another program may be attached above without BPF_F_ALLOW_MULTI: bpftool "
			                   "cgroup tree shows it");
		sockets->links_.push_back(link);
	}
	const int ring = bpf_object__find_map_fd_by_name(sockets->object_, "nd_socket_records");
	sockets->ring_ = ring_buffer__new(ring, on_record, sockets.get(), nullptr);
	if (!sockets->ring_) return unsupported("ring buffer", strerror(errno), "Linux 5.8 or later is needed");
	return sockets;
}

GroupSockets::~GroupSockets() {
	for (bpf_link *link : links_)
		bpf_link__destroy(link);
	ring_buffer__free(ring_);
	bpf_object__close(object_);
}

int GroupSockets::fd() const {
	return ring_buffer__epoll_fd(ring_);
}

int GroupSockets::on_record(void *self, void *data, size_t size) {
	if (size >= sizeof(nd_socket_record))
		static_cast<GroupSockets *>(self)->handle_(*static_cast<const nd_socket_record *>(data));
	return 0;
}

void GroupSockets::drain() {
	ring_buffer__consume(ring_);
}

uint64_t GroupSockets::lost() const {
	const uint32_t zero = 0;
	uint64_t lost = 0;
	bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(object_, ".bss"), &zero, &lost);
	return lost;
}

} // namespace nft_drops::jit
