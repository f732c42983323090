// SPDX-License-Identifier: GPL-2.0-only
// BPF programs at a control group: what its sockets do (bpf/shared/sockets.h). The links belong to this process: when
// it ends, however it ends, the kernel takes them away.
#ifndef NFT_DROPS_JIT_SOCKETS_GROUP_SOCKETS_H
#define NFT_DROPS_JIT_SOCKETS_GROUP_SOCKETS_H

#include "bpf/shared/sockets.h"
#include "jit/base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

struct bpf_link;
struct bpf_object;
struct ring_buffer;

namespace nft_drops::jit {

class GroupSockets {
public:
	using Handler = std::function<void(const nd_socket_record &)>;

	// `group`: a descriptor of the control group's folder (cgroup2). Sockets that are made in the group from now on
	// are told to `handle`, by drain() only. Fails with kMachine where the kernel refuses.
	static Result<std::unique_ptr<GroupSockets>> attach(int group, Handler handle);
	GroupSockets(const GroupSockets &) = delete;
	GroupSockets &operator=(const GroupSockets &) = delete;
	~GroupSockets();

	// Becomes readable when there are records.
	[[nodiscard]] int fd() const;
	// Hands over the records that are in the ring. Costs little where there are none.
	void drain();
	// Records that found no room in the ring.
	[[nodiscard]] uint64_t lost() const;

private:
	explicit GroupSockets(Handler handle) : handle_(std::move(handle)) {}
	static int on_record(void *self, void *data, size_t size);

	Handler handle_;
	bpf_object *object_ = nullptr;
	ring_buffer *ring_ = nullptr;
	std::vector<bpf_link *> links_;
};

} // namespace nft_drops::jit

#endif
