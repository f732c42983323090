// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/kept_layout.h"

#include "jit/cache/kept_file.h"

#include <fmt/format.h>

#include <cstring>
#include <sys/stat.h>
#include <type_traits>

namespace nft_drops::jit {
namespace {

static_assert(std::is_trivially_copyable_v<Layout>);

// -1: there is none.
int64_t size_of_file(const char *path) {
	struct stat s{};
	return stat(path, &s) == 0 ? int64_t{s.st_size} : -1;
}

// Empty where the types cannot be told by build-ids.
std::string key_of(const std::string &core_build_id, const std::string &nft_build_id) {
	const int64_t core = size_of_file("/sys/kernel/btf/vmlinux");
	const int64_t module = size_of_file("/sys/kernel/btf/nf_tables");
	if (core_build_id.empty() || core <= 0 || nft_build_id.empty() != (module < 0)) return {};
	return fmt::format("vmlinux {} {} nf_tables {} {}", core_build_id, core, nft_build_id, module);
}

} // namespace

Result<Layout> running_layout(const std::string &core_build_id, const std::string &nft_build_id) {
	const KeptFile file("layout", key_of(core_build_id, nft_build_id));
	Layout layout;
	if (auto kept = file.load(); kept && kept->size() == sizeof(layout)) {
		memcpy(&layout, kept->data(), sizeof(layout));
		return layout;
	}
	auto read = read_running_layout();
	if (read) file.store({reinterpret_cast<const char *>(&*read), sizeof(*read)});
	return read;
}

} // namespace nft_drops::jit
