// SPDX-License-Identifier: GPL-2.0-only
// Compiled probes kept below /run/nft-drops until the next boot: the same kernel and Plan need no compiler twice.
#ifndef NFT_DROPS_JIT_COMPILE_CACHE_H
#define NFT_DROPS_JIT_COMPILE_CACHE_H

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nft_drops::jit {

class ObjectCache {
public:
	// `key` is everything that the object was made of; the whole of it is kept in the file and compared. Only a
	// folder that belongs to this user and that nobody else may write is used; where there is none, nothing is
	// cached.
	explicit ObjectCache(std::string key, std::string folder = "/run/nft-drops");

	[[nodiscard]] std::optional<std::vector<char>> load() const;
	// Best effort: a cache that cannot be written is no error. Whole files only, also where two processes write.
	void store(std::span<const char> object) const;

private:
	[[nodiscard]] bool folder_is_ours() const;
	std::string key_;
	std::string folder_;
	std::string path_;
};

} // namespace nft_drops::jit

#endif
