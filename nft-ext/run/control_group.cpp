// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/run/control_group.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace nft_drops::cli {
namespace {

using jit::Descriptor;

std::string content_of(const char *path) {
	std::ifstream file(path, std::ios::binary);
	return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The first word of `text`, which is taken off it.
std::string_view take_word(std::string_view &text) {
	const size_t end = std::min(text.find(' '), text.size());
	const std::string_view word = text.substr(0, end);
	text.remove_prefix(std::min(end + 1, text.size()));
	return word;
}

// mountinfo writes these four characters in octal: show_mountinfo() and mangle() of fs/proc_namespace.c.
std::string unescaped(std::string_view text) {
	std::string plain;
	for (size_t i = 0; i < text.size(); i++) {
		const bool octal = text[i] == '\\' && i + 3 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '3';
		if (octal)
			plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] -
			                           '0');
		else
			plain += text[i];
		if (octal) i += 3;
	}
	return plain;
}

// A cgroup2 that is mounted nowhere: it goes with its last descriptor. Only where no other one is mounted: options of a
// further mount would be those of all.
Descriptor private_mount() {
	const Descriptor context(fsopen("cgroup2", FSOPEN_CLOEXEC));
	if (context.get() < 0 || fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
		return Descriptor(-1);
	return Descriptor(fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
}

Result<Descriptor> open_below(const Descriptor &root, const std::string &group) {
	Descriptor own(openat(root.get(), ("." + group).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (own.get() < 0) return usage_error("control group " + group, strerror(errno));
	return own;
}

Result<Descriptor> open_own_group() {
	auto group = unified_group(content_of("/proc/self/cgroup"));
	if (!group) {
		// Until cgroup2 is mounted for the first time, /proc hides it: every process is in its root.
		const Descriptor root = private_mount();
		if (root.get() < 0)
			return usage_error("control group",
			                   fmt::format("cgroup2 cannot be mounted: {}", strerror(errno)),
			                   "boot with cgroup2 (CONFIG_CGROUPS); monitor works without");
		return open_below(root, unified_group(content_of("/proc/self/cgroup")).value_or("/"));
	}
	if (const auto folder = folder_of_group(content_of("/proc/self/mountinfo"), *group)) {
		Descriptor own(open(folder->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
		if (own.get() >= 0) return own;
		return usage_error(*folder, strerror(errno), "run it where /sys/fs/cgroup shows this process's group");
	}
	const Descriptor root = private_mount();
	if (root.get() < 0)
		return usage_error("control group",
		                   fmt::format("cgroup2 is not mounted, and cannot be: {}", strerror(errno)),
		                   "mount -t cgroup2 none /sys/fs/cgroup");
	return open_below(root, *group);
}

bool is_populated(int events) {
	char text[256];
	const ssize_t n = pread(events, text, sizeof(text) - 1, 0);
	// A group that is gone has nobody in it.
	if (n < 0) return false;
	text[n] = 0;
	return strstr(text, "populated 1") != nullptr;
}

// Groups that CMD made below go first. `depth` bounds the recursion.
void remove_below(int folder, int depth) {
	const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy < 0 ? nullptr : fdopendir(copy);
	if (!entries) return;
	while (const dirent *entry = readdir(entries)) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
		const int child = openat(folder, entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (child >= 0 && depth > 0) remove_below(child, depth - 1);
		if (child >= 0) close(child);
		unlinkat(folder, entry->d_name, AT_REMOVEDIR);
	}
	closedir(entries);
}

// The keeper: three descriptors and a name are all that is left of nft-drops.
[[noreturn]] void keep(int parent, int folder, int events, int pipe, const std::string &name) {
	prctl(PR_SET_NAME, "nft-drops-keep");
	setsid();
	for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE})
		signal(number, number == SIGTERM ? SIG_DFL : SIG_IGN);
	static_cast<void>(chdir("/"));
	// To above all that is used below.
	std::array<int, 4> own{parent, folder, events, pipe};
	for (int &fd : own)
		fd = fcntl(fd, F_DUPFD, 100);
	const int null = open("/dev/null", O_RDWR);
	for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
		if (null >= 0) dup2(null, fd);
	close_range(3, 99, 0);
	close_range(static_cast<unsigned>(own[3]) + 1, ~0U, 0);
	for (bool alone = false;;) {
		if (alone && !is_populated(own[2])) {
			remove_below(own[1], 32);
			if (unlinkat(own[0], name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) _exit(0);
			if (errno != EBUSY) _exit(1);
			// A process that has ended is in its group for a moment still.
			usleep(20'000);
			continue;
		}
		pollfd waiting[2] = {{own[2], POLLPRI, 0}, {alone ? -1 : own[3], POLLIN, 0}};
		poll(waiting, 2, -1);
		// Nobody ever writes there: the other end is gone.
		if (waiting[1].revents) alone = true;
	}
}

} // namespace

std::optional<std::string> unified_group(std::string_view proc_cgroup) {
	while (!proc_cgroup.empty()) {
		const size_t end = std::min(proc_cgroup.find('\n'), proc_cgroup.size());
		const std::string_view line = proc_cgroup.substr(0, end);
		proc_cgroup.remove_prefix(std::min(end + 1, proc_cgroup.size()));
		if (line.starts_with("0::/")) return std::string(line.substr(3));
	}
	return std::nullopt;
}

std::optional<std::string> folder_of_group(std::string_view mountinfo, std::string_view group) {
	while (!mountinfo.empty()) {
		const size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
		std::string_view line = mountinfo.substr(0, end);
		mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
		// ID PARENT MAJOR:MINOR ROOT PATH OPTIONS [OPTIONAL...] - TYPE SOURCE OPTIONS
		const size_t dash = line.find(" - ");
		if (dash == std::string_view::npos || !line.substr(dash + 3).starts_with("cgroup2 ")) continue;
		for (int i = 0; i < 3; i++)
			take_word(line);
		const std::string root = unescaped(take_word(line));
		const std::string path = unescaped(take_word(line));
		if (!root.starts_with('/') || !path.starts_with('/')) continue;
		if (root == "/") return path + std::string(group);
		if (group == root || group.starts_with(root + "/"))
			return path + std::string(group.substr(root.size()));
	}
	return std::nullopt;
}

Result<std::unique_ptr<ControlGroup>> ControlGroup::create() {
	auto parent = open_own_group();
	if (!parent) return std::unexpected(parent.error());
	std::string name = fmt::format("nft-drops-run-{}", getpid());
	const auto failed = [&](const char *what) {
		return usage_error(fmt::format("control group {}: {}", name, what), strerror(errno),
		                   "run it in a group below which groups may be made");
	};
	if (mkdirat(parent->get(), name.c_str(), 0755) != 0) return failed("mkdir");
	Descriptor folder(openat(parent->get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	Descriptor events(openat(folder.get(), "cgroup.events", O_RDONLY | O_CLOEXEC));
	struct stat status{};
	if (folder.get() < 0 || events.get() < 0 || fstat(folder.get(), &status) != 0) {
		auto error = failed("open");
		unlinkat(parent->get(), name.c_str(), AT_REMOVEDIR);
		return error;
	}
	std::unique_ptr<ControlGroup> group(
	        new ControlGroup(std::move(*parent), std::move(folder), std::move(events), std::move(name)));
	group->id_ = status.st_ino; // kernfs: the inode number of a 64-bit machine is the node's id
	if (auto started = group->start_keeper(); !started) return std::unexpected(started.error());
	return group;
}

Result<void> ControlGroup::start_keeper() {
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0) return usage_error("control group", strerror(errno));
	keeper_ = fork();
	if (keeper_ == 0) {
		close(ends[1]);
		keep(parent_.get(), folder_.get(), events_.get(), ends[0], name_);
	}
	close(ends[0]);
	keeper_pipe_ = ends[1];
	if (keeper_ < 0)
		return usage_error("control group", fmt::format("cannot start its keeper: {}", strerror(errno)));
	return {};
}

ControlGroup::~ControlGroup() {
	if (keeper_pipe_ >= 0) close(keeper_pipe_);
	// Where something runs in the group still, the keeper waits for its end. Where nothing does, the keeper has
	// removed the group, unless somebody has ended it.
	if (populated()) return;
	if (keeper_ > 0) waitpid(keeper_, nullptr, 0);
	unlinkat(parent_.get(), name_.c_str(), AT_REMOVEDIR);
}

Result<void> ControlGroup::add(pid_t process) {
	const Descriptor procs(openat(folder_.get(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
	const std::string number = std::to_string(process);
	if (procs.get() >= 0 && write(procs.get(), number.data(), number.size()) == static_cast<ssize_t>(number.size()))
		return {};
	return usage_error(fmt::format("control group {}", name_),
	                   fmt::format("CMD cannot be put into it: {}", strerror(errno)),
	                   "run it in a group of cgroup2 that is not threaded");
}

bool ControlGroup::populated() const {
	return is_populated(events_.get());
}

} // namespace nft_drops::cli
