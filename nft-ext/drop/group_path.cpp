// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/group_path.h"

#include "jit/base/descriptor.h"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

// Where systemd mounts the hierarchy, alone or beside those of version 1.
constexpr std::array<std::string_view, 2> kMounts{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
constexpr int kKernfs = 0xfe; // FILEID_KERNFS of <linux/exportfs.h>: the id alone

} // namespace

std::string group_path(uint64_t id) {
	union {
		file_handle handle;
		std::array<char, sizeof(file_handle) + sizeof(id)> bytes{};
	};
	handle.handle_bytes = sizeof(id);
	handle.handle_type = kKernfs;
	memcpy(handle.f_handle, &id, sizeof(id));
	for (const std::string_view mount : kMounts) {
		const jit::Descriptor root(open(std::string(mount).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		if (root.get() < 0) continue;
		const jit::Descriptor group(open_by_handle_at(root.get(), &handle, O_PATH | O_CLOEXEC));
		if (group.get() < 0) continue;
		std::array<char, 4096> path{};
		const std::string link = "/proc/self/fd/" + std::to_string(group.get());
		const ssize_t length = readlink(link.c_str(), path.data(), path.size());
		if (length <= 0) continue;
		const std::string_view whole(path.data(), static_cast<size_t>(length));
		if (!whole.starts_with(std::string(mount) + '/')) return {};
		return std::string(whole.substr(mount.size() + 1));
	}
	return {};
}

} // namespace nft_drops::cli
