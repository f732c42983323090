// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/namespaces.h"

#include "nft-ext/drop/mountinfo.h"
#include "nft-ext/ruleset/text/worker_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <utility>

namespace nft_drops::cli {
namespace {

namespace fs = std::filesystem;

bool is_number(std::string_view text) {
	return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

void add_mounted(std::unordered_map<uint32_t, KnownNamespace> &all) {
	std::ifstream mounts("/proc/self/mountinfo");
	for (std::string line; std::getline(mounts, line);) {
		const auto mounted = namespace_in_mount(line);
		if (!mounted) continue;
		const bool named = mounted->path.starts_with(kNamedNamespaces);
		// /run/netns is mounted on itself, so that each name is there more than once; it is the better name.
		KnownNamespace &known = all[mounted->inode];
		if (known.path.empty() || named)
			known = {mounted->path, named ? mounted->path.substr(strlen(kNamedNamespaces)) : mounted->path};
	}
}

void add_of_processes(std::unordered_map<uint32_t, KnownNamespace> &all) {
	std::unordered_map<uint32_t, int> first; // process of each
	std::error_code error;
	for (const auto &entry : fs::directory_iterator("/proc", error)) {
		const std::string pid = entry.path().filename();
		if (!is_number(pid)) continue;
		const auto inode = inode_in(fs::read_symlink(entry.path() / "ns/net", error).string());
		if (!inode) continue;
		const int number = std::atoi(pid.c_str());
		if (const auto known = all.find(*inode); known != all.end()) {
			const auto by_process = first.find(*inode);
			if (by_process == first.end() || by_process->second < number) continue;
		}
		std::string name;
		std::getline(std::ifstream(entry.path() / "comm"), name);
		if (name == kWorkerName) continue;
		first[*inode] = number;
		all[*inode] = {entry.path() / "ns/net", fmt::format("pid {} ({})", pid, name)};
	}
}

} // namespace

void allow_descriptors() {
	rlimit limit{};
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
	limit.rlim_cur = std::max(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, 2 * kMostNamespaces));
	setrlimit(RLIMIT_NOFILE, &limit);
}

NetNamespace::NetNamespace(NetNamespace &&other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), inode_(other.inode_) {
}

NetNamespace::~NetNamespace() {
	if (descriptor_ >= 0) close(descriptor_);
}

Result<NetNamespace> NetNamespace::open_file(const std::string &path, const std::string &which) {
	constexpr const char *kHelp =
	        "give a name of `ip netns list`, a process's number, or a file such as /proc/1/ns/net";
	// Nothing is opened but a namespace: opening a FIFO waits for its other end, and opening a device may do
	// anything.
	const int place = ::open(path.c_str(), O_PATH | O_CLOEXEC);
	if (place < 0) return usage_error(which, fmt::format("{}: {}", path, strerror(errno)), kHelp);
	struct statfs file_system{};
	const bool namespace_file = fstatfs(place, &file_system) == 0 && file_system.f_type == NSFS_MAGIC;
	NetNamespace n;
	if (namespace_file)
		n.descriptor_ = ::open(fmt::format("/proc/self/fd/{}", place).c_str(), O_RDONLY | O_CLOEXEC);
	close(place);
	struct stat s{};
	if (n.descriptor_ < 0 || fstat(n.descriptor_, &s) != 0 || ioctl(n.descriptor_, NS_GET_NSTYPE) != CLONE_NEWNET)
		return usage_error(which, path + " is no network namespace", kHelp);
	n.inode_ = static_cast<uint32_t>(s.st_ino);
	return n;
}

Result<NetNamespace> NetNamespace::open(const std::string &which) {
	const std::string what = "--netns " + which;
	if (which.find('/') != std::string::npos) return open_file(which, what);
	if (is_number(which)) return open_file("/proc/" + which + "/ns/net", what);
	return open_file(kNamedNamespaces + which, what);
}

Result<NetNamespace> NetNamespace::present() {
	return open_file("/proc/self/ns/net", "network namespace");
}

std::unordered_map<uint32_t, KnownNamespace> all_namespaces() {
	std::unordered_map<uint32_t, KnownNamespace> all;
	add_mounted(all);
	add_of_processes(all);
	return all;
}

} // namespace nft_drops::cli
