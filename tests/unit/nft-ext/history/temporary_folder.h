// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_TESTS_UNIT_NFT_EXT_HISTORY_TEMPORARY_FOLDER_H
#define NFT_DROPS_TESTS_UNIT_NFT_EXT_HISTORY_TEMPORARY_FOLDER_H

#include <cstdlib>
#include <filesystem>
#include <string>

namespace nft_drops {

class TemporaryFolder {
public:
	TemporaryFolder() {
		std::string name = (std::filesystem::temp_directory_path() / "nft-drops-history-XXXXXX").string();
		path = mkdtemp(name.data());
	}
	TemporaryFolder(const TemporaryFolder &) = delete;
	TemporaryFolder &operator=(const TemporaryFolder &) = delete;
	~TemporaryFolder() { std::filesystem::remove_all(path); }
	std::string path;
};

} // namespace nft_drops

#endif
