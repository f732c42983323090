// SPDX-License-Identifier: GPL-2.0-only
#include "jit/base/kept_file.h"

#include "jit/base/build_id.h"
#include "jit/base/checksum.h"
#include "jit/base/descriptor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <link.h>
#include <memory>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

namespace nft_drops::jit {
namespace {

// Layout of a file, integers in host byte order: magic, sizes of key and content, a checksum over both, key, content.
struct Header {
	char magic[8];
	uint64_t key_bytes;
	uint64_t content_bytes;
	uint64_t checksum;
};
constexpr char kMagic[8] = {'n', 'f', 't', 'd', 'r', 'o', 'p', '2'};
constexpr off_t kMostBytes = 4 * 1024 * 1024;

// Against files that a full disk or a crash cut short; not against an attacker, whom the folder keeps out.
uint64_t checksum(std::string_view bytes) {
	Checksum sum;
	sum.add(bytes);
	return sum.sum();
}

// Of this very program; empty where the linker gave it none.
std::string own_build_id() {
	std::string id;
	dl_iterate_phdr(
	        [](dl_phdr_info *info, size_t, void *to) {
		        for (int i = 0; i < info->dlpi_phnum; i++) {
			        const ElfW(Phdr) &p = info->dlpi_phdr[i];
			        if (p.p_type != PT_NOTE) continue;
			        // The loader's address of a segment is a number.
			        // NOLINTNEXTLINE(performance-no-int-to-ptr)
			        const auto *notes = reinterpret_cast<const uint8_t *>(info->dlpi_addr + p.p_vaddr);
			        auto *text = static_cast<std::string *>(to);
			        if (text->empty()) *text = build_id_of_notes({notes, p.p_memsz});
		        }
		        return 1; // the program itself comes first: its libraries are not asked
	        },
	        &id);
	return id;
}

bool is_ours(const struct stat &s) {
	return s.st_uid == geteuid() && (s.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

} // namespace

KeptFile::KeptFile(std::string_view kind, std::string_view key, std::string folder)
    : folder_(std::move(folder)), kind_(kind) {
	const std::string program = own_build_id();
	if (key.empty() || program.empty()) return;
	key_ = fmt::format("{} {} {}", kind, program, key);
	name_ = fmt::format("{}-{:016x}", kind, checksum(key_));
}

int KeptFile::open_folder() const {
	const int fd = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat s{};
	if (fd >= 0 && fstat(fd, &s) == 0 && is_ours(s)) return fd;
	if (fd >= 0) close(fd);
	return -1;
}

std::optional<std::vector<char>> KeptFile::load() const {
	if (key_.empty()) return std::nullopt;
	const Descriptor folder(open_folder());
	if (folder.get() < 0) return std::nullopt;
	const Descriptor file(openat(folder.get(), name_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
	struct stat s{};
	if (file.get() < 0 || fstat(file.get(), &s) != 0 || !S_ISREG(s.st_mode) || !is_ours(s) ||
	    s.st_size > kMostBytes || s.st_size < static_cast<off_t>(sizeof(Header)))
		return std::nullopt;
	std::string all(static_cast<size_t>(s.st_size), '\0');
	if (read(file.get(), all.data(), all.size()) != s.st_size) return std::nullopt;
	Header h{};
	memcpy(&h, all.data(), sizeof(h));
	const std::string_view rest = std::string_view(all).substr(sizeof(h));
	if (memcmp(h.magic, kMagic, sizeof(kMagic)) != 0 || h.key_bytes != key_.size() || rest.size() < key_.size() ||
	    rest.size() - key_.size() != h.content_bytes || !rest.starts_with(key_) || checksum(rest) != h.checksum)
		return std::nullopt;
	futimens(file.get(), nullptr);
	return std::vector<char>(rest.begin() + static_cast<ptrdiff_t>(key_.size()), rest.end());
}

void KeptFile::leave_newest(int folder, size_t most) const {
	struct Close {
		void operator()(DIR *d) const { closedir(d); }
	};
	const int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const std::unique_ptr<DIR, Close> list(again < 0 ? nullptr : fdopendir(again));
	if (!list) {
		if (again >= 0) close(again);
		return;
	}
	struct Used {
		timespec last;
		std::string name;
	};
	std::vector<Used> all;
	while (const dirent *entry = readdir(list.get())) {
		struct stat s{};
		if (!std::string_view(entry->d_name).starts_with(kind_ + "-")) continue;
		if (fstatat(folder, entry->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0) continue;
		all.push_back({s.st_mtim, entry->d_name});
	}
	std::ranges::sort(all, [](const Used &a, const Used &b) {
		return std::tie(a.last.tv_sec, a.last.tv_nsec) > std::tie(b.last.tv_sec, b.last.tv_nsec);
	});
	for (size_t i = most; i < all.size(); i++)
		unlinkat(folder, all[i].name.c_str(), 0);
}

void KeptFile::store(std::span<const char> content, size_t most) const {
	if (key_.empty()) return;
	mkdir(folder_.c_str(), 0700);
	const Descriptor folder(open_folder());
	if (folder.get() < 0) return;
	Header h{};
	memcpy(h.magic, kMagic, sizeof(kMagic));
	h.key_bytes = key_.size();
	h.content_bytes = content.size();
	std::string all = key_;
	all.append(content.begin(), content.end());
	h.checksum = checksum(all);
	all.insert(0, reinterpret_cast<const char *>(&h), sizeof(h));
	const std::string temporary = fmt::format("{}.{}", name_, getpid());
	const Descriptor file(
	        openat(folder.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
	if (file.get() < 0) return;
	const bool whole = write(file.get(), all.data(), all.size()) == static_cast<ssize_t>(all.size());
	if (!whole || renameat(folder.get(), temporary.c_str(), folder.get(), name_.c_str()) != 0)
		unlinkat(folder.get(), temporary.c_str(), 0);
	if (most) leave_newest(folder.get(), most);
}

} // namespace nft_drops::jit
