// SPDX-License-Identifier: GPL-2.0-only
// What is kept between two starts is either exactly what was stored for the very same key, or nothing.
#include "jit/resolve/proven_plan.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace nft_drops::jit_test {
namespace {

namespace fs = std::filesystem;
using jit::KeptFile;

class KeptFiles : public testing::Test {
protected:
	void SetUp() override { ASSERT_NE(mkdtemp(top_.data()), nullptr); }
	void TearDown() override { fs::remove_all(top_); }
	[[nodiscard]] std::string folder() const { return top_ + "/kept"; }
	[[nodiscard]] KeptFile file(const std::string &key, std::string_view kind = "thing") const {
		return KeptFile(kind, key, folder());
	}
	// The one file in the folder.
	[[nodiscard]] fs::path only() const {
		EXPECT_EQ(std::distance(fs::directory_iterator(folder()), fs::directory_iterator()), 1);
		return fs::directory_iterator(folder())->path();
	}

	std::string top_ = "/tmp/kept_file.XXXXXX";
	const std::vector<char> content_{'a', '\0', 'b', '\xff'};
};

TEST_F(KeptFiles, GivesBackWhatWasStoredForThisKeyAlone) {
	EXPECT_EQ(file("key").load(), std::nullopt);
	file("key").store(content_);
	EXPECT_EQ(file("key").load(), content_);
	EXPECT_EQ(file("kez").load(), std::nullopt);
	EXPECT_EQ(file("key", "other").load(), std::nullopt);
	file("key").store(std::vector<char>{'n'});
	EXPECT_EQ(file("key").load(), std::vector<char>{'n'});
	EXPECT_EQ(only().string().find("thing-"), folder().size() + 1);
}

// Of one kind, the latest ones stay; a file that was loaded counts as new.
TEST_F(KeptFiles, LeavesTheNewest) {
	file("other", "thin").store(content_);
	const auto age = [this](const std::string &key, int seconds) {
		const timespec times[2] = {{1000 - seconds, 0}, {1000 - seconds, 0}};
		for (const auto &entry : fs::directory_iterator(folder())) {
			std::ifstream in(entry.path(), std::ios::binary);
			const std::string all{std::istreambuf_iterator<char>(in), {}};
			if (all.find(" " + key + "a") != std::string::npos)
				utimensat(AT_FDCWD, entry.path().c_str(), times, 0);
		}
	};
	for (const int n : {1, 2, 3}) {
		file(std::to_string(n)).store(content_, 3);
		age(std::to_string(n), 100 - n);
	}
	EXPECT_EQ(file("1").load(), content_);
	file("4").store(content_, 3);
	EXPECT_EQ(file("2").load(), std::nullopt);
	for (const char *kept : {"1", "3", "4"})
		EXPECT_EQ(file(kept).load(), content_) << kept;
	EXPECT_EQ(file("other", "thin").load(), content_);
}

// Two keys with one name (a 64-bit hash): the whole key decides.
TEST_F(KeptFiles, ComparesTheWholeKey) {
	file("mine").store(content_);
	const fs::path mine = only();
	const fs::path hidden = top_ + "/hidden";
	fs::rename(mine, hidden);
	file("thine").store(content_);
	const fs::path thine = only();
	fs::rename(hidden, thine);
	EXPECT_EQ(file("thine").load(), std::nullopt);
	fs::rename(thine, mine);
	EXPECT_EQ(file("mine").load(), content_);
}

TEST_F(KeptFiles, KeepsNothingWithoutAKey) {
	file("").store(content_);
	EXPECT_EQ(file("").load(), std::nullopt);
	EXPECT_FALSE(fs::exists(folder()));
}

TEST_F(KeptFiles, EveryDamagedByteAndEveryCutIsNoticed) {
	file("key").store(content_);
	const fs::path path = only();
	std::ifstream in(path, std::ios::binary);
	const std::string whole{std::istreambuf_iterator<char>(in), {}};
	const auto loads_as = [&](const std::string &bytes) {
		std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
		return file("key").load();
	};
	for (size_t i = 0; i < whole.size(); i++) {
		std::string damaged = whole;
		damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
		EXPECT_EQ(loads_as(damaged), std::nullopt) << i;
		EXPECT_EQ(loads_as(whole.substr(0, i)), std::nullopt) << i;
	}
	EXPECT_EQ(loads_as(whole + "x"), std::nullopt);
	EXPECT_EQ(loads_as(whole), content_);
}

TEST_F(KeptFiles, OthersCannotPutAnythingThere) {
	file("key").store(content_);
	const fs::path path = only();
	// Writable for others, the file or the folder.
	ASSERT_EQ(chmod(path.c_str(), 0666), 0);
	EXPECT_EQ(file("key").load(), std::nullopt);
	ASSERT_EQ(chmod(path.c_str(), 0600), 0);
	ASSERT_EQ(chmod(folder().c_str(), 0777), 0);
	EXPECT_EQ(file("key").load(), std::nullopt);
	ASSERT_EQ(chmod(folder().c_str(), 0700), 0);
	EXPECT_EQ(file("key").load(), content_);
	// Symbolic links, to the file and to the folder.
	const std::string elsewhere = top_ + "/elsewhere";
	fs::rename(path, elsewhere);
	fs::create_symlink(elsewhere, path);
	EXPECT_EQ(file("key").load(), std::nullopt);
	fs::remove(path);
	fs::rename(elsewhere, path);
	fs::rename(folder(), elsewhere);
	fs::create_directory_symlink(elsewhere, folder());
	EXPECT_EQ(file("key").load(), std::nullopt);
	file("other").store(content_);
	EXPECT_EQ(std::distance(fs::directory_iterator(elsewhere), fs::directory_iterator()), 1);
}

TEST_F(KeptFiles, NotAnotherUsers) {
	if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
	file("key").store(content_);
	ASSERT_EQ(chown(only().c_str(), 65534, 65534), 0);
	EXPECT_EQ(file("key").load(), std::nullopt);
	ASSERT_EQ(chown(only().c_str(), 0, 0), 0);
	ASSERT_EQ(chown(folder().c_str(), 65534, 65534), 0);
	EXPECT_EQ(file("key").load(), std::nullopt);
}

jit::Kernel some_kernel() {
	jit::Kernel k;
	k.image.ranges = {{"nft_do_chain", 0x1000, {0x90, 0xc3}}, {"nft_do_chain.cold", 0x2000, {0xcc}}};
	k.image.labels = {{0x1000, 0x1001, 0x3000}};
	k.image.labels_known = true;
	k.release = "6.1";
	k.core_build_id = "aa";
	k.nft_build_id = "bb";
	k.module = true;
	return k;
}

jit::Plan some_plan() {
	jit::Plan p;
	p.sites.resize(2);
	p.sites[0].address = 0x1000;
	p.sites[0].site.index = 7;
	p.sites[0].site.rule = {ND_WHERE_STACK, 24};
	p.sites[0].place = "nft_do_chain+0x0";
	p.sites[0].causes = {1, 3};
	p.sites[0].drops_only = true;
	p.sites[1].jump = true;
	p.sites[1].listing = {"one", "", "=> three"};
	p.paths = 5;
	p.jump_limit = 16;
	p.freed_inside = true;
	return p;
}

TEST_F(KeptFiles, APlanComesBackAsItWas) {
	const auto stored = some_plan();
	jit::PlanCache(some_kernel(), folder()).store(stored);
	const auto back = jit::PlanCache(some_kernel(), folder()).load();
	ASSERT_TRUE(back);
	ASSERT_EQ(back->sites.size(), 2U);
	const jit::PlannedSite &first = back->sites[0];
	EXPECT_EQ(first.address, 0x1000U);
	EXPECT_EQ(first.site.index, 7U);
	EXPECT_EQ(first.site.rule.where, ND_WHERE_STACK);
	EXPECT_EQ(first.site.rule.offset, 24);
	EXPECT_EQ(first.place, "nft_do_chain+0x0");
	EXPECT_EQ(first.causes, (std::vector<uint8_t>{1, 3}));
	EXPECT_TRUE(first.drops_only);
	EXPECT_FALSE(first.jump);
	EXPECT_TRUE(back->sites[1].jump);
	EXPECT_EQ(back->sites[1].listing, stored.sites[1].listing);
	EXPECT_EQ(back->paths, 5U);
	EXPECT_EQ(back->jump_limit, 16);
	EXPECT_TRUE(back->freed_inside);
}

TEST_F(KeptFiles, APlanIsForOneKernelInOnePlaceAlone) {
	jit::PlanCache(some_kernel(), folder()).store(some_plan());
	const auto found_with = [this](auto change) {
		jit::Kernel k = some_kernel();
		change(k);
		return jit::PlanCache(k, folder()).load().has_value();
	};
	EXPECT_TRUE(found_with([](jit::Kernel &) {}));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.core_build_id = "ac"; }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.nft_build_id = "bc"; }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.nft_build_id = ""; }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.release = "6.2"; }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.image.ranges[0].bytes[1] = 0xcb; }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.image.ranges[1].address++; }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.image.ranges.pop_back(); }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.image.labels[0].key++; }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.image.labels.clear(); }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.image.labels_known = false; }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.image.switches = {{0x4000, {0x1001}}}; }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.layout.probe.rule_handle.offset++; }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.layout.probe.pernet_id++; }));
	EXPECT_FALSE(found_with([](jit::Kernel &k) { k.layout.ruleset.rule_size++; }));
}

} // namespace
} // namespace nft_drops::jit_test
