// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/types/kept_layout.h"

#include "jit/base/bytes.h"
#include "jit/base/kept_file.h"

#include <fmt/format.h>

#include <sys/stat.h>

namespace nft_drops::jit {
namespace {

// -1 if there is no such file.
int64_t size_of_file(const char *path) {
	struct stat s{};
	return stat(path, &s) == 0 ? int64_t{s.st_size} : -1;
}

// Empty if the kernel has no build-id.
std::string key_of(const std::string &core_build_id, const std::string &nft_build_id) {
	const int64_t core = size_of_file("/sys/kernel/btf/vmlinux");
	const int64_t module = size_of_file("/sys/kernel/btf/nf_tables");
	if (core_build_id.empty() || core <= 0 || (module >= 0 && nft_build_id.empty())) return {};
	return fmt::format("vmlinux {} {} nf_tables {} {}", core_build_id, core, nft_build_id, module);
}

} // namespace

Result<std::vector<Layout>> running_layouts(const std::string &core_build_id, const std::string &nft_build_id) {
	const KeptFile file("layout", key_of(core_build_id, nft_build_id));
	if (auto kept = file.load()) {
		std::vector<Layout> layouts;
		ByteReader r(*kept);
		r.get(layouts);
		if (r.at_end() && !layouts.empty()) return layouts;
	}
	auto read = propose_running_layouts();
	if (!read) return read;
	ByteWriter w;
	w.put(*read);
	file.store({w.bytes().data(), w.bytes().size()});
	return read;
}

} // namespace nft_drops::jit
