// SPDX-License-Identifier: GPL-2.0-only
// Namespaces that are mounted on a file, out of a line of /proc/self/mountinfo.
#ifndef NFT_DROPS_NFT_EXT_DROP_MOUNTINFO_H
#define NFT_DROPS_NFT_EXT_DROP_MOUNTINFO_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nft_drops::cli {

// The inode number N of "net:[N]", which names a network namespace; nothing for any other text.
std::optional<uint32_t> inode_in(std::string_view text);

struct MountedNamespace {
	uint32_t inode = 0;
	std::string path; // the file that the namespace is mounted on
};

// One line without its newline, as show_mountinfo() of fs/proc_namespace.c writes it: "ID PARENT MAJOR:MINOR ROOT PATH
// ...". Nothing where ROOT is no network namespace. Anybody who may mount chooses PATH; it can hold any byte but NUL.
std::optional<MountedNamespace> namespace_in_mount(std::string_view line);

} // namespace nft_drops::cli

#endif
