// SPDX-License-Identifier: GPL-2.0-only
// Lines of /proc/self/mountinfo: anybody who may mount in a user namespace that is seen here chooses the paths.
#include "input.h"

#include "nft-ext/drop/mountinfo.h"

namespace nft_drops::fuzz {
namespace {

// As mangle() of the kernel's fs/seq_file.c writes a path.
std::string mangled(std::string_view path) {
	std::string out;
	for (const char c : path) {
		if (std::string_view(" \t\n\\#").find(c) == std::string_view::npos) {
			out += c;
			continue;
		}
		char digits[5];
		std::snprintf(digits, sizeof(digits), "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(c)));
		out += digits;
	}
	return out;
}

void try_one(Input input) {
	const auto inode = input.number<uint32_t>();
	std::string path = "/" + input.text();
	std::erase(path, '\0');
	const std::string line =
	        "36 25 0:4 net:[" + std::to_string(inode) + "] " + mangled(path) + " rw shared:7 - nsfs nsfs rw";
	const auto mounted = cli::namespace_in_mount(line);
	require(mounted && mounted->inode == inode && mounted->path == path, "another path than the kernel's", line);
	const std::string_view rest = input.rest();
	if (const auto any = cli::namespace_in_mount(rest))
		require(any->path.size() <= rest.size(), "a path longer than its line", any->path);
	static_cast<void>(cli::inode_in(rest));
}

} // namespace
} // namespace nft_drops::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	nft_drops::fuzz::try_one(nft_drops::fuzz::Input({data, size}));
	return 0;
}
