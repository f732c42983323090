// SPDX-License-Identifier: GPL-2.0-only
// Every dump of nftables' own shell tests: loaded and listed by both.
#include "tests/nft/run.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace nft_drops::tests {
namespace {

std::set<std::filesystem::path> dumps() {
	std::set<std::filesystem::path> files;
	const char *folder = getenv("NFT_DROPS_NFT_DUMPS"); // NOLINT(concurrency-mt-unsafe): one thread
	if (!folder || !std::filesystem::is_directory(folder)) return files;
	for (const auto &entry : std::filesystem::recursive_directory_iterator(folder)) {
		if (entry.path().extension() == ".nft") files.insert(entry.path());
	}
	return files;
}

TEST(Corpus, LoadedAndListedAlike) {
	if (!in_namespace([] { return 0; })) GTEST_SKIP() << "no namespaces, no nft or no nf_tables here";
	const auto files = dumps();
	if (files.empty()) GTEST_SKIP() << "no ruleset dumps in NFT_DROPS_NFT_DUMPS";
	int loaded = 0;
	for (const auto &file : files) {
		SCOPED_TRACE(file);
		const Job load{.arguments = {"-f", file.string()}};
		const Pair nfts = run_in_namespace(nft(), load);
		EXPECT_EQ(run_in_namespace(nft_drops(), load), nfts);
		if (nfts.run.status != 0) continue;
		loaded++;
		const std::string ruleset = (std::ostringstream() << std::ifstream(file).rdbuf()).str();
		for (const char *options : {"-a", "-nst", "-j"}) {
			const Job list{.arguments = {options, "list", "ruleset"}, .ruleset = ruleset};
			EXPECT_EQ(run_in_namespace(nft_drops(), list), run_in_namespace(nft(), list)) << options;
		}
	}
	printf("%d of %zu dumps load here\n", loaded, files.size());
	EXPECT_GT(loaded, 0);
}

} // namespace
} // namespace nft_drops::tests
