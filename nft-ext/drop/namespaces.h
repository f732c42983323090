// SPDX-License-Identifier: GPL-2.0-only
// Network namespaces: by what people call them, and all that there are.
#ifndef NFT_DROPS_NFT_EXT_DROP_NAMESPACES_H
#define NFT_DROPS_NFT_EXT_DROP_NAMESPACES_H

#include "jit/base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace nft_drops::cli {

// Whoever looks at all namespaces looks at so many at most: each costs a descriptor.
inline constexpr size_t kMostNamespaces = 4096;
// Asks for as many descriptors as that takes, with a process that reads each; usually 1,024 are allowed until one asks.
void allow_descriptors();

// Where the names of `ip netns` are.
inline constexpr const char *kNamedNamespaces = "/run/netns/";

class NetNamespace {
public:
	// A name of `ip netns`, a process's number, or a file (which has a "/"). Fails with kUsage.
	static Result<NetNamespace> open(const std::string &which);
	static Result<NetNamespace> present();
	NetNamespace(NetNamespace &&other) noexcept;
	NetNamespace &operator=(NetNamespace &&) = delete;
	~NetNamespace();

	[[nodiscard]] int descriptor() const { return descriptor_; }
	// What the kernel calls it: nd_event.netns.
	[[nodiscard]] uint32_t inode() const { return inode_; }

private:
	NetNamespace() = default;
	static Result<NetNamespace> open_file(const std::string &path, const std::string &which);
	int descriptor_ = -1;
	uint32_t inode_ = 0;
};

struct KnownNamespace {
	std::string path; // a file to open it by
	std::string name; // as `ip netns` has it; else a process in it: "pid 123 (nginx)"
};

// Those that a name (any file that a namespace is mounted on) or a process keeps, by inode number. Processes that only
// read rulesets for an nft-drops do not count: they would keep every namespace for ever.
std::unordered_map<uint32_t, KnownNamespace> all_namespaces();

} // namespace nft_drops::cli

#endif
