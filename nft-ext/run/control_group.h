// SPDX-License-Identifier: GPL-2.0-only
// A control group (cgroup2) of CMD's own, below the group of this process.
//
// A process of ours, the keeper, removes the group once its last process has ended, whatever became of nft-drops: it is
// in a session of its own and holds nothing of the caller's but the group's folder. Where this object ends while
// nothing runs in the group, group and keeper are gone when the destructor returns.
#ifndef NFT_DROPS_NFT_EXT_RUN_CONTROL_GROUP_H
#define NFT_DROPS_NFT_EXT_RUN_CONTROL_GROUP_H

#include "jit/base/descriptor.h"
#include "jit/base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace nft_drops::cli {

class ControlGroup {
public:
	// Uses the cgroup2 that is mounted; where none is, mounts one that nobody else sees. Fails with the cause and
	// the next step where this process has no group of cgroup2, or none can be made below it.
	static Result<std::unique_ptr<ControlGroup>> create();
	ControlGroup(const ControlGroup &) = delete;
	ControlGroup &operator=(const ControlGroup &) = delete;
	~ControlGroup();

	// Of the group's folder.
	[[nodiscard]] int descriptor() const { return folder_.get(); }
	// As the kernel numbers it: bpf_get_current_cgroup_id().
	[[nodiscard]] uint64_t id() const { return id_; }
	Result<void> add(pid_t process);
	// For poll(2): POLLPRI when populated() may have changed.
	[[nodiscard]] int events() const { return events_.get(); }
	// Whether a process is in the group or in one below it.
	[[nodiscard]] bool populated() const;

private:
	ControlGroup(jit::Descriptor parent, jit::Descriptor folder, jit::Descriptor events, std::string name)
	    : parent_(std::move(parent)), folder_(std::move(folder)), events_(std::move(events)),
	      name_(std::move(name)) {}
	Result<void> start_keeper();

	jit::Descriptor parent_, folder_, events_;
	std::string name_; // in parent_
	uint64_t id_ = 0;
	pid_t keeper_ = -1;
	int keeper_pipe_ = -1; // open as long as this process lives
};

// The group of cgroup2 that a process is in, by its /proc/PID/cgroup: "/user.slice"; nothing where it is in none.
std::optional<std::string> unified_group(std::string_view proc_cgroup);
// The folder of that group, by /proc/self/mountinfo; nothing where no cgroup2 is mounted that shows the group.
std::optional<std::string> folder_of_group(std::string_view mountinfo, std::string_view group);

} // namespace nft_drops::cli

#endif
