// SPDX-License-Identifier: GPL-2.0-only
#include "jit/compile/cache.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <iterator>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace nft_drops::jit {
namespace {

// Layout of a file, integers in host byte order: magic, sizes of key and object, a checksum over both, key, object.
struct Header {
	char magic[8];
	uint64_t key_bytes;
	uint64_t object_bytes;
	uint64_t checksum;
};
constexpr char kMagic[8] = {'n', 'f', 't', 'd', 'r', 'o', 'p', '1'};

// Against files that a full disk or a crash cut short; not against an attacker, whom the folder keeps out.
uint64_t checksum(std::string_view bytes) {
	uint64_t sum = 0xcbf29ce484222325; // FNV-1a
	for (unsigned char c : bytes)
		sum = (sum ^ c) * 0x100000001b3;
	return sum;
}

} // namespace

ObjectCache::ObjectCache(std::string key, std::string folder) : key_(std::move(key)), folder_(std::move(folder)) {
	path_ = fmt::format("{}/probe-{:016x}.o", folder_, checksum(key_));
}

bool ObjectCache::folder_is_ours() const {
	struct stat s{};
	return lstat(folder_.c_str(), &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == geteuid() &&
	       (s.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::optional<std::vector<char>> ObjectCache::load() const {
	if (!folder_is_ours()) return std::nullopt;
	std::ifstream file(path_, std::ios::binary);
	const std::string all{std::istreambuf_iterator<char>(file), {}};
	Header h{};
	if (all.size() < sizeof(h)) return std::nullopt;
	memcpy(&h, all.data(), sizeof(h));
	const std::string_view rest = std::string_view(all).substr(sizeof(h));
	if (memcmp(h.magic, kMagic, sizeof(kMagic)) != 0 || h.key_bytes != key_.size() || rest.size() < key_.size() ||
	    rest.size() - key_.size() != h.object_bytes || checksum(rest) != h.checksum || !rest.starts_with(key_))
		return std::nullopt;
	return std::vector<char>(rest.begin() + static_cast<ptrdiff_t>(key_.size()), rest.end());
}

void ObjectCache::store(std::span<const char> object) const {
	mkdir(folder_.c_str(), 0700);
	if (!folder_is_ours()) return;
	std::string rest = key_;
	rest.append(object.begin(), object.end());
	Header h{};
	memcpy(h.magic, kMagic, sizeof(kMagic));
	h.key_bytes = key_.size();
	h.object_bytes = object.size();
	h.checksum = checksum(rest);
	std::string temporary = path_ + ".XXXXXX";
	const int fd = mkostemp(temporary.data(), O_CLOEXEC);
	if (fd < 0) return;
	std::string all(reinterpret_cast<const char *>(&h), sizeof(h));
	all += rest;
	const bool whole = write(fd, all.data(), all.size()) == static_cast<ssize_t>(all.size());
	close(fd);
	if (!whole || rename(temporary.c_str(), path_.c_str()) != 0) unlink(temporary.c_str());
}

} // namespace nft_drops::jit
