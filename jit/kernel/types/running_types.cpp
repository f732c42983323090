// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/types/running_types.h"

#include "jit/base/descriptor.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

namespace nft_drops::jit {
namespace {

RawBytes room_for(size_t size) {
	return {std::make_unique_for_overwrite<char[]>(size), size};
}

// Reads the file. The kernel copies each page of the file three times.
std::optional<RawBytes> read_file(const std::string &path, size_t size) {
	const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
	if (file.get() < 0) return std::nullopt;
	RawBytes raw = room_for(size);
	for (size_t done = 0; done < size;) {
		const ssize_t n = read(file.get(), &raw.bytes[done], size - done);
		if (n <= 0) return std::nullopt;
		done += static_cast<size_t>(n);
	}
	return raw;
}

// Reads the kernel's list of BTF (BPF_BTF_GET_NEXT_ID; since Linux 5.11 the list has the kernel's own BTF). The kernel
// copies each byte once. Nothing without CAP_SYS_ADMIN, or if the list has no BTF of this name and size.
std::optional<RawBytes> read_listed(std::string_view name, size_t size) {
	for (uint32_t id = 0; bpf_btf_get_next_id(id, &id) == 0;) {
		const Descriptor listed(bpf_btf_get_fd_by_id(id));
		if (listed.get() < 0) continue; // a module was unloaded meanwhile
		char its_name[64] = {};
		bpf_btf_info info{};
		info.name = reinterpret_cast<uintptr_t>(its_name);
		info.name_len = sizeof(its_name);
		uint32_t length = sizeof(info);
		if (bpf_obj_get_info_by_fd(listed.get(), &info, &length) != 0 || !info.kernel_btf) continue;
		if (name != its_name) continue;
		if (info.btf_size != size) return std::nullopt;
		RawBytes raw = room_for(size);
		info = {};
		info.btf = reinterpret_cast<uintptr_t>(raw.bytes.get());
		info.btf_size = static_cast<uint32_t>(size);
		length = sizeof(info);
		if (bpf_obj_get_info_by_fd(listed.get(), &info, &length) != 0 || info.btf_size != size)
			return std::nullopt;
		return raw;
	}
	return std::nullopt;
}

std::optional<RawBytes> read_btf(const char *name) {
	const std::string path = std::string("/sys/kernel/btf/") + name;
	struct stat file{};
	if (stat(path.c_str(), &file) != 0 || file.st_size <= 0) return std::nullopt;
	const auto size = static_cast<size_t>(file.st_size);
	auto raw = read_listed(name, size);
	return raw ? std::move(raw) : read_file(path, size);
}

std::unique_ptr<Types> types_of(const char *name, const Types *base) {
	auto raw = read_btf(name);
	auto types = raw ? Types::of(std::move(*raw), base) : std::nullopt;
	return types ? std::make_unique<Types>(std::move(*types)) : nullptr;
}

} // namespace

std::optional<RunningTypes> read_running_types() {
	RunningTypes types{.core = types_of("vmlinux", nullptr), .module = nullptr};
	if (!types.core) return std::nullopt;
	if (access("/sys/kernel/btf/nf_tables", F_OK) != 0) return types;
	types.module = types_of("nf_tables", types.core.get());
	if (!types.module) return std::nullopt;
	return types;
}

} // namespace nft_drops::jit
