// SPDX-License-Identifier: GPL-2.0-only
#include "jit/count/pins.h"

#include "jit/base/descriptor.h"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <linux/magic.h>
#include <optional>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace nft_drops::jit {
namespace {

constexpr const char *kBpfFileSystem = "/sys/fs/bpf";
constexpr const char *kRunFolder = "/run/nft-drops";
constexpr const char *kCountsAnew = "nft-drops count start counts anew";

Descriptor open_pin(const std::string &path) {
	return Descriptor(bpf_obj_get(path.c_str()));
}

bool is_ours(std::string_view name) {
	if (std::ranges::find(kPinnedMaps, name) != std::end(kPinnedMaps)) return true;
	// "unlisted" is of version 1, "used" and "recent" are of 2.
	for (const std::string_view other : {"tidy", "unlisted", "used", "recent"})
		if (name == other) return true;
	for (const std::string_view kind : {"link_", "prog_", "guard_"}) {
		if (name.starts_with(kind) && name.size() > kind.size() &&
		    name.find_first_not_of("0123456789", kind.size()) == std::string_view::npos)
			return true;
	}
	return false;
}

bpf_link_info info_of(int link) {
	bpf_link_info info{};
	uint32_t size = sizeof(info);
	if (bpf_obj_get_info_by_fd(link, &info, &size) != 0) info = {};
	return info;
}

Pins unlike(std::string why, std::string next = kCountsAnew) {
	return {PinState::kUnlike, std::move(why), std::move(next), {}};
}

bool is_mount_namespace_of_init() {
	struct stat ours{};
	struct stat inits{};
	// Who may not look at process 1 can do nothing else here either, and is told so by what it tries next.
	return stat("/proc/self/ns/mnt", &ours) != 0 || stat("/proc/1/ns/mnt", &inits) != 0 ||
	       (ours.st_ino == inits.st_ino && ours.st_dev == inits.st_dev);
}

// Others could pin what misleads us.
Result<void> is_roots_own(const std::string &folder, const struct stat &s) {
	if (S_ISDIR(s.st_mode) && s.st_uid == geteuid() && (s.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
	return usage_error(folder, "it belongs to others, or others may write to it", "remove it, then try again");
}

// What is wrong with the kernel's ability to see drops, and what to do about it.
std::optional<Pins> blind(const PinPlace &place, const nd_count_meta &meta) {
	if (meta.module != nf_tables_inode())
		return unlike("nf_tables was loaded anew since: what it dropped then is not counted");
	if (!kprobes_are_on(place))
		return unlike("kprobes are switched off in /sys/kernel/debug/kprobes/enabled: nothing is counted",
		              "echo 1 >/sys/kernel/debug/kprobes/enabled, then nft-drops count reset");
	if (meta.guards > 0 && !ftrace_is_on())
		return unlike("kernel.ftrace_enabled was set to 0 since: whose drops are counted is not sure any more");
	return std::nullopt;
}

} // namespace

Result<PinPlace> PinPlace::find() {
	if (is_mount_namespace_of_init()) return PinPlace("");
	constexpr const char *kRoot = "/proc/1/root";
	struct stat s{};
	if (stat((std::string(kRoot) + kBpfFileSystem).c_str(), &s) != 0)
		return usage_error(kPinFolder,
		                   fmt::format("this is another mount namespace than that of process 1, and {}{}: {}",
		                               kRoot, kBpfFileSystem, strerror(errno)),
		                   "run it as nsenter --target 1 --mount nft-drops");
	return PinPlace(kRoot);
}

Result<Pins> read_pins(const PinPlace &place) {
	const std::string folder = place.folder();
	struct stat s{};
	if (lstat(folder.c_str(), &s) != 0) {
		if (errno == ENOENT) return Pins{};
		return usage_error(kPinFolder, strerror(errno), "run as root");
	}
	if (auto own = is_roots_own(kPinFolder, s); !own) return std::unexpected(own.error());
	const Descriptor meta_map = open_pin(folder + "/meta");
	if (meta_map.get() < 0) return unlike("it is not whole");
	bpf_map_info map{};
	uint32_t size = sizeof(map);
	// Whatever its version, a meta begins with magic and version.
	if (bpf_obj_get_info_by_fd(meta_map.get(), &map, &size) != 0 || map.type != BPF_MAP_TYPE_ARRAY ||
	    map.key_size != sizeof(uint32_t) || map.value_size < offsetof(nd_count_meta, since_ns))
		return unlike("it is not nft-drops'");
	// By mmap(2), as all else: see jit/count/rule_counts.h. Of versions before 3 that cannot be.
	nd_count_meta meta{};
	if ((map.map_flags & BPF_F_MMAPABLE) == 0) return unlike("another version of nft-drops made it");
	void *bytes = mmap(nullptr, map.value_size, PROT_READ, MAP_SHARED, meta_map.get(), 0);
	if (bytes == MAP_FAILED) return unlike("it cannot be read");
	memcpy(&meta, bytes, std::min<size_t>(map.value_size, sizeof(meta)));
	munmap(bytes, map.value_size);
	if (meta.magic != ND_COUNT_MAGIC) return unlike("it is not nft-drops'");
	if (meta.version != ND_COUNT_VERSION || meta.size != sizeof(meta) || map.value_size != sizeof(meta) ||
	    strncmp(meta.program, ND_VERSION, sizeof(meta.program)) != 0)
		return unlike("another version of nft-drops made it");
	if (auto why = blind(place, meta)) return std::move(*why);

	const Descriptor rules = open_pin(folder + "/rules");
	const Descriptor counts = open_pin(folder + "/counts");
	const Descriptor state = open_pin(folder + "/state");
	const Descriptor tidy = open_pin(folder + "/tidy");
	CountSources from{.rules = rules.get(),
	                  .counts = counts.get(),
	                  .state = state.get(),
	                  .meta = meta_map.get(),
	                  .tidy = tidy.get(),
	                  .others = {},
	                  .sites = {}};
	std::vector<Descriptor> kept;
	for (const char *name : kOtherMaps) {
		Descriptor other = open_pin(fmt::format("{}/{}", folder, name));
		if (other.get() < 0) return unlike("it is not whole");
		from.others.push_back(other.get());
		kept.push_back(std::move(other));
	}
	// Without the guards, drops could be counted for the rule that had the dropping rule's address before.
	for (uint64_t i = 0; i < meta.guards; i++) {
		if (open_pin(fmt::format("{}/guard_{}", folder, i)).get() < 0) return unlike("it is not whole");
	}
	for (uint32_t i = 0; i < meta.sites; i++) {
		Descriptor link = open_pin(fmt::format("{}/link_{}", folder, i));
		Descriptor program = open_pin(fmt::format("{}/prog_{}", folder, i));
		if (link.get() < 0 || program.get() < 0) return unlike("it is not whole");
		from.sites.emplace_back(link.get(), program.get());
		kept.push_back(std::move(link));
		kept.push_back(std::move(program));
	}
	auto read = read_rule_counts(from);
	if (!read) return unlike("it is not whole");
	return Pins{PinState::kUsable, {}, {}, std::move(*read)};
}

void retire_deleted(const PinPlace &place, const std::vector<RuleCount> &deleted) {
	if (deleted.empty()) return;
	const Descriptor program = open_pin(place.folder() + "/tidy");
	const Descriptor state_map = open_pin(place.folder() + "/state");
	const auto state = open_array<nd_count_state>(state_map.get());
	if (state.empty()) return;
	for (const RuleCount &rule : deleted)
		if (!tidy(program.get(), &rule)) return;
	// The rest needs two waits of 5 ms: where no packets are dropped, nobody else takes these steps.
	constexpr int kSteps = 100;
	for (int i = 0; i < kSteps; i++) {
		const nd_count_state now = state.read(0);
		if (now.open == 0 && now.waiting == 0) return;
		std::this_thread::sleep_for(std::chrono::milliseconds(1));
		if (!tidy(program.get(), nullptr)) return;
	}
}

Result<void> remove_pins(const std::string &folder) {
	std::vector<uint32_t> links;
	std::error_code error;
	std::vector<std::string> paths;
	for (const auto &entry : std::filesystem::directory_iterator(folder, error)) {
		if (!is_ours(entry.path().filename().native()))
			return usage_error(entry.path(), "not of nft-drops' making", "remove it, then try again");
		paths.push_back(entry.path());
	}
	if (error && error != std::errc::no_such_file_or_directory)
		return usage_error(folder, error.message(), "run as root");
	for (const std::string &path : paths) {
		if (path.find("/link_") != std::string::npos || path.find("/guard_") != std::string::npos) {
			const Descriptor link = open_pin(path);
			const bpf_link_info info = info_of(link.get());
			if (info.id != 0) links.push_back(info.id);
		}
		if (unlink(path.c_str()) != 0) return usage_error(path, strerror(errno), "run as root");
	}
	if (rmdir(folder.c_str()) != 0 && errno != ENOENT) return usage_error(folder, strerror(errno));
	// The kernel lets go of them a little later.
	for (const uint32_t id : links) {
		for (int i = 0; i < 500; i++) {
			const Descriptor link(bpf_link_get_fd_by_id(id));
			if (link.get() < 0) break;
			std::this_thread::sleep_for(std::chrono::milliseconds(10));
		}
	}
	return {};
}

Result<void> make_pin_folder(const PinPlace &place) {
	const std::string file_system = place.root() + kBpfFileSystem;
	struct statfs s{};
	if (statfs(file_system.c_str(), &s) != 0)
		return unsupported(kBpfFileSystem, strerror(errno),
		                   "a kernel with CONFIG_BPF_SYSCALL and a mounted /sys is needed");
	if (s.f_type != BPF_FS_MAGIC) {
		constexpr const char *kHow = "mount -t bpf bpf /sys/fs/bpf";
		if (!place.root().empty())
			return usage_error(kBpfFileSystem,
			                   "no BPF file system is mounted in the mount namespace of process 1",
			                   fmt::format("mount it: nsenter --target 1 --mount {}", kHow));
		if (mount("bpf", file_system.c_str(), "bpf", 0, "mode=0700") != 0)
			return usage_error(kBpfFileSystem,
			                   fmt::format("cannot mount the BPF file system: {}", strerror(errno)),
			                   fmt::format("run as root, or mount it: {}", kHow));
	}
	if (mkdir(place.folder().c_str(), 0700) != 0) return usage_error(kPinFolder, strerror(errno), "run as root");
	return {};
}

bool kprobes_are_on(const PinPlace &place) {
	char on = '1';
	std::ifstream(place.root() + "/sys/kernel/debug/kprobes/enabled") >> on;
	return on != '0';
}

bool ftrace_is_on() {
	int on = 0;
	std::ifstream("/proc/sys/kernel/ftrace_enabled") >> on;
	return on != 0;
}

uint64_t nf_tables_inode() {
	struct stat s{};
	return stat("/sys/module/nf_tables", &s) == 0 ? s.st_ino : 0;
}

Result<PinLock> PinLock::take(const PinPlace &place, Kind kind) {
	const std::string folder = place.root() + kRunFolder;
	const auto failed = [](const char *why) {
		return usage_error(fmt::format("{}/count.lock", kRunFolder), why, "run as root");
	};
	constexpr int kAttempts = 100;
	for (int attempt = 0; attempt < kAttempts; attempt++) {
		mkdir(folder.c_str(), 0700);
		const Descriptor run(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
		struct stat s{};
		if (run.get() < 0 || fstat(run.get(), &s) != 0) return failed(strerror(errno));
		if (s.st_uid != geteuid() || (s.st_mode & (S_IWGRP | S_IWOTH)) != 0)
			return failed("the folder belongs to others, or others may write to it");
		const int fd = openat(run.get(), "count.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno == ENOENT) continue; // the folder was deleted since
		if (fd < 0) return failed(strerror(errno));
		PinLock lock(fd);
		while (flock(fd, kind == Kind::kShared ? LOCK_SH : LOCK_EX) != 0) {
			if (errno != EINTR) return failed(strerror(errno));
		}
		// Where it was deleted meanwhile, the next one to come locks another file.
		struct stat ours{};
		struct stat there{};
		if (fstat(fd, &ours) == 0 && stat((folder + "/count.lock").c_str(), &there) == 0 &&
		    ours.st_ino == there.st_ino && ours.st_dev == there.st_dev)
			return lock;
	}
	return failed("it is deleted again and again");
}

PinLock::PinLock(PinLock &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {
}

PinLock::~PinLock() {
	if (fd_ >= 0) close(fd_);
}

} // namespace nft_drops::jit
