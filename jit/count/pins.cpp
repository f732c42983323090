// SPDX-License-Identifier: GPL-2.0-only
#include "jit/count/pins.h"

#include "jit/base/descriptor.h"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <linux/magic.h>
#include <sys/file.h>
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

Descriptor open_pin(const std::string &path) {
	return Descriptor(bpf_obj_get(path.c_str()));
}

bool is_ours(std::string_view name) {
	if (std::ranges::find(kPinnedMaps, name) != std::end(kPinnedMaps)) return true;
	if (name == "unlisted") return true; // of version 1
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

Pins unlike(std::string why) {
	return {PinState::kUnlike, std::move(why), {}};
}

} // namespace

Result<Pins> read_pins(const std::string &folder) {
	struct stat s{};
	if (stat(folder.c_str(), &s) != 0) {
		if (errno == ENOENT) return Pins{};
		return fail(folder, strerror(errno), "run as root");
	}
	const Descriptor meta_map = open_pin(folder + "/meta");
	if (meta_map.get() < 0) return unlike("it is not whole");
	bpf_map_info map{};
	uint32_t size = sizeof(map);
	// Whatever its version, a meta begins with magic and version.
	if (bpf_obj_get_info_by_fd(meta_map.get(), &map, &size) != 0 || map.type != BPF_MAP_TYPE_ARRAY ||
	    map.key_size != sizeof(uint32_t) || map.value_size < offsetof(nd_count_meta, since_ns))
		return unlike("it is not nft-drops'");
	std::vector<char> bytes(std::max<size_t>((map.value_size + 7) / 8 * 8, sizeof(nd_count_meta)));
	const uint32_t zero = 0;
	if (bpf_map_lookup_elem(meta_map.get(), &zero, bytes.data()) != 0) return unlike("it cannot be read");
	nd_count_meta meta{};
	memcpy(&meta, bytes.data(), sizeof(meta));
	if (meta.magic != ND_COUNT_MAGIC) return unlike("it is not nft-drops'");
	if (meta.version != ND_COUNT_VERSION || meta.size != sizeof(meta) || map.value_size != sizeof(meta) ||
	    strncmp(meta.program, ND_VERSION, sizeof(meta.program)) != 0)
		return unlike("another version of nft-drops made it");
	if (meta.module != nf_tables_inode()) return unlike("nf_tables was loaded anew since, and is not counted");

	const Descriptor rules = open_pin(folder + "/rules");
	const Descriptor counts = open_pin(folder + "/counts");
	FigureSources from{
	        .rules = rules.get(), .counts = counts.get(), .meta = meta_map.get(), .others = {}, .sites = {}};
	std::vector<Descriptor> kept;
	for (const char *name : {"used", "recent", "changing"}) {
		Descriptor other = open_pin(fmt::format("{}/{}", folder, name));
		if (other.get() < 0) return unlike("it is not whole");
		from.others.push_back(other.get());
		kept.push_back(std::move(other));
	}
	if (meta.guards > 0 && !ftrace_is_on())
		return unlike("kernel.ftrace_enabled was set to 0 since: whose drops are counted is not sure any more");
	// Without them, what has come to be another rule's since would be counted for the former one.
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
	auto figures = read_figures(from);
	if (!figures) return unlike("it is not whole");
	return Pins{PinState::kUsable, {}, std::move(*figures)};
}

Result<void> remove_pins(const std::string &folder) {
	std::vector<uint32_t> links;
	std::error_code error;
	std::vector<std::string> paths;
	for (const auto &entry : std::filesystem::directory_iterator(folder, error)) {
		if (!is_ours(entry.path().filename().native()))
			return fail(entry.path(), "not of nft-drops' making", "remove it, then try again");
		paths.push_back(entry.path());
	}
	if (error && error != std::errc::no_such_file_or_directory) return fail(folder, error.message(), "run as root");
	for (const std::string &path : paths) {
		if (path.find("/link_") != std::string::npos || path.find("/guard_") != std::string::npos) {
			const Descriptor link = open_pin(path);
			const bpf_link_info info = info_of(link.get());
			if (info.id != 0) links.push_back(info.id);
		}
		if (unlink(path.c_str()) != 0) return fail(path, strerror(errno), "run as root");
	}
	if (rmdir(folder.c_str()) != 0 && errno != ENOENT) return fail(folder, strerror(errno));
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

Result<void> make_pin_folder(const std::string &folder) {
	struct statfs s{};
	if (statfs(kBpfFileSystem, &s) != 0)
		return cannot(kBpfFileSystem, strerror(errno),
		              "a kernel with CONFIG_BPF_SYSCALL and a mounted /sys is needed");
	if (s.f_type != BPF_FS_MAGIC && mount("bpf", kBpfFileSystem, "bpf", 0, "mode=0700") != 0)
		return fail(kBpfFileSystem, fmt::format("cannot mount the BPF file system: {}", strerror(errno)),
		            "run as root, or mount it: mount -t bpf bpf /sys/fs/bpf");
	if (mkdir(folder.c_str(), 0700) != 0) return fail(folder, strerror(errno), "run as root");
	return {};
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

Result<PinLock> PinLock::take(Kind kind) {
	const auto failed = [](const char *why) {
		return fail(fmt::format("{}/count.lock", kRunFolder), why, "run as root");
	};
	mkdir(kRunFolder, 0700);
	const Descriptor run(open(kRunFolder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	struct stat s{};
	if (run.get() < 0 || fstat(run.get(), &s) != 0) return failed(strerror(errno));
	if (s.st_uid != geteuid() || (s.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return failed("the folder belongs to others, or others may write to it");
	const int fd = openat(run.get(), "count.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) return failed(strerror(errno));
	PinLock lock(fd);
	while (flock(fd, kind == Kind::kShared ? LOCK_SH : LOCK_EX) != 0) {
		if (errno != EINTR) return failed(strerror(errno));
	}
	return lock;
}

PinLock::PinLock(PinLock &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {
}

PinLock::~PinLock() {
	if (fd_ >= 0) close(fd_);
}

} // namespace nft_drops::jit
