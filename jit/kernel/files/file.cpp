// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/files/file.h"

#include "jit/base/descriptor.h"
#include "jit/kernel/files/decompress.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace nft_drops::jit::offline {
namespace {

using Bytes = std::span<const uint8_t>;

Result<std::vector<uint8_t>> read_file(const std::string &path) {
	// Only regular files are read: a FIFO would block, and a device has no end.
	const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
	if (file.get() < 0) return usage_error(path, strerror(errno));
	struct stat about{};
	if (fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) return usage_error(path, "not a file");
	if (static_cast<uint64_t>(about.st_size) > kMostBytes)
		return usage_error(path, "larger than any kernel or module");
	std::vector<uint8_t> bytes(static_cast<size_t>(about.st_size));
	size_t have = 0;
	while (have < bytes.size()) {
		const ssize_t n = read(file.get(), bytes.data() + have, bytes.size() - have);
		if (n < 0) return usage_error(path, strerror(errno));
		if (n == 0) break;
		have += static_cast<size_t>(n);
	}
	bytes.resize(have);
	return bytes;
}

// Adds the file's name to an error of decompress() or ElfFile.
std::unexpected<Error> in_file(Error error, const std::string &path) {
	error.what = path;
	return std::unexpected(std::move(error));
}

bool has_at(Bytes bytes, size_t at, std::string_view text) {
	return bytes.size() >= at + text.size() && memcmp(bytes.data() + at, text.data(), text.size()) == 0;
}

template <typename T> T number_at(Bytes bytes, size_t at) {
	T value{};
	if (bytes.size() >= sizeof(T) && at <= bytes.size() - sizeof(T)) memcpy(&value, bytes.data() + at, sizeof(T));
	return value;
}

// Documentation/arch/x86/boot.rst. The header has the payload's offset since protocol 2.08 (Linux 2.6.26).
Bytes payload_of_bzimage(Bytes file) {
	constexpr size_t kSetupSectors = 0x1f1;
	constexpr size_t kMagic = 0x202;
	constexpr size_t kVersion = 0x206;
	constexpr size_t kPayloadOffset = 0x248;
	constexpr size_t kPayloadLength = 0x24c;
	constexpr uint16_t kWithPayload = 0x208;
	constexpr size_t kSector = 512;
	if (!has_at(file, kMagic, "HdrS") || number_at<uint16_t>(file, kVersion) < kWithPayload) return {};
	size_t sectors = number_at<uint8_t>(file, kSetupSectors);
	if (sectors == 0) sectors = 4;
	const uint64_t begin = (sectors + 1) * kSector + number_at<uint32_t>(file, kPayloadOffset);
	const uint64_t length = number_at<uint32_t>(file, kPayloadLength);
	if (begin >= file.size()) return {};
	return file.subspan(begin, std::min<uint64_t>(length, file.size() - begin));
}

// drivers/firmware/efi/libstub/zboot-header.S
Bytes payload_of_zboot(Bytes file) {
	constexpr size_t kMagic = 4;
	constexpr size_t kPayloadOffset = 8;
	constexpr size_t kPayloadLength = 12;
	if (!has_at(file, 0, "MZ") || !has_at(file, kMagic, "zimg")) return {};
	const size_t begin = number_at<uint32_t>(file, kPayloadOffset);
	const size_t length = number_at<uint32_t>(file, kPayloadLength);
	if (begin >= file.size()) return {};
	return file.subspan(begin, std::min(length, file.size() - begin));
}

} // namespace

bool is_elf(Bytes bytes) {
	return has_at(bytes, 0, {ELFMAG, SELFMAG});
}

bool is_arm64_image(Bytes bytes) {
	constexpr size_t kMagic = 0x38; // Documentation/arch/arm64/booting.rst
	return has_at(bytes, kMagic, "ARM\x64");
}

Result<std::vector<uint8_t>> read_module_file(const std::string &path) {
	auto bytes = read_file(path);
	if (!bytes) return bytes;
	if (is_packed(*bytes)) {
		bytes = unpack(*bytes);
		if (!bytes) return in_file(bytes.error(), path);
	}
	if (!is_elf(*bytes))
		return usage_error(path, "not a kernel module", "give nf_tables.ko of the kernel's package");
	return bytes;
}

Result<std::vector<uint8_t>> read_kernel_file(const std::string &path) {
	constexpr int kMostLayers = 4; // Image in zstd in zboot in gzip
	auto bytes = read_file(path);
	if (!bytes) return bytes;
	for (int layer = 0; layer < kMostLayers; layer++) {
		if (is_elf(*bytes) || is_arm64_image(*bytes)) return bytes;
		Bytes inner = *bytes;
		if (!is_packed(inner)) inner = payload_of_bzimage(*bytes);
		if (inner.empty()) inner = payload_of_zboot(*bytes);
		if (inner.empty()) break;
		auto unpacked = unpack(inner);
		if (!unpacked) return in_file(unpacked.error(), path);
		bytes = std::move(unpacked);
	}
	return usage_error(path, "not a kernel that is understood here", "give vmlinux or vmlinuz of x86-64 or arm64");
}

} // namespace nft_drops::jit::offline
