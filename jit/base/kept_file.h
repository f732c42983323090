// SPDX-License-Identifier: GPL-2.0-only
// What was worked out once, kept below /run/nft-drops until the next boot.
#ifndef NFT_DROPS_JIT_BASE_KEPT_FILE_H
#define NFT_DROPS_JIT_BASE_KEPT_FILE_H

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::jit {

class KeptFile {
public:
	// `key` is everything that the content was made of; the whole of it is kept in the file and compared, together
	// with the build-id of this program: no other build's files are read. An empty key: nothing is kept. Only a
	// folder and files that belong to this user and that nobody else may write are used, no symbolic links.
	KeptFile(std::string_view kind, std::string_view key, std::string folder = "/run/nft-drops");

	[[nodiscard]] std::optional<std::vector<char>> load() const;
	// Best effort: what cannot be written is no error. Whole files only, also where two processes write. `most`:
	// where there are more files of this kind, those that were stored or loaded longest ago go; 0: none goes.
	void store(std::span<const char> content, size_t most = 0) const;

private:
	// The folder's descriptor; -1 where it is not ours.
	[[nodiscard]] int open_folder() const;
	void leave_newest(int folder, size_t most) const;
	std::string key_; // empty: nothing is kept
	std::string folder_;
	std::string kind_;
	std::string name_; // the kind, `-`, and a hash of the key
};

} // namespace nft_drops::jit

#endif
