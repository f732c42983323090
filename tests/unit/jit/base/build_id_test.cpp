// SPDX-License-Identifier: GPL-2.0-only
#include "jit/base/build_id.h"
#include "temporary_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace nft_drops::jit_test {
namespace {

using Bytes = std::vector<uint8_t>;

// An ELF note: three words, then name and description, each padded to four bytes.
Bytes note(uint32_t type, const std::string &name, const Bytes &description) {
	const auto padded = [](size_t n) { return (n + 3) & ~size_t{3}; };
	const std::array<uint32_t, 3> words = {static_cast<uint32_t>(name.size()),
	                                       static_cast<uint32_t>(description.size()), type};
	Bytes out(sizeof(words) + padded(name.size()) + padded(description.size()));
	memcpy(out.data(), words.data(), sizeof(words));
	std::ranges::copy(name, out.begin() + sizeof(words));
	std::ranges::copy(description, out.begin() + static_cast<std::ptrdiff_t>(sizeof(words) + padded(name.size())));
	return out;
}

Bytes operator+(Bytes a, const Bytes &b) {
	a.insert(a.end(), b.begin(), b.end());
	return a;
}

const std::string kGnu("GNU\0", 4);
const Bytes kId = {0x4a, 0x5a, 0x9b, 0x0a, 0xff, 0xb6, 0x6c, 0x00};
constexpr const char *kIdText = "4a5a9b0affb66c00";
constexpr uint32_t kBuildId = 3; // NT_GNU_BUILD_ID

// Bytes that end where memory ends: reading one too many is a crash.
class AtTheEdge {
public:
	explicit AtTheEdge(const Bytes &bytes) {
		const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
		pages_ = (bytes.size() + page - 1) / page * page + page;
		base_ = static_cast<uint8_t *>(
		        mmap(nullptr, pages_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		mprotect(base_ + pages_ - page, page, PROT_NONE);
		view = {base_ + pages_ - page - bytes.size(), bytes.size()};
		if (!bytes.empty()) memcpy(base_ + pages_ - page - bytes.size(), bytes.data(), bytes.size());
	}
	~AtTheEdge() { munmap(base_, pages_); }
	AtTheEdge(const AtTheEdge &) = delete;
	AtTheEdge &operator=(const AtTheEdge &) = delete;
	std::span<const uint8_t> view;

private:
	uint8_t *base_;
	size_t pages_;
};

std::string id_of(const Bytes &bytes) {
	return jit::build_id_of_notes(AtTheEdge(bytes).view);
}

TEST(BuildId, IsFoundAmongOtherNotes) {
	EXPECT_EQ(id_of(note(kBuildId, kGnu, kId)), kIdText);
	EXPECT_EQ(id_of(note(6, std::string("Xen\0", 4), {1, 2, 3}) + note(1, kGnu, kId) +
	                note(kBuildId, std::string("GNUX\0", 5), kId) + note(kBuildId, std::string("Linux\0", 6), {9}) +
	                note(kBuildId, kGnu, kId)),
	          kIdText);
	EXPECT_EQ(id_of(note(kBuildId, "", {}) + note(kBuildId, kGnu, kId)), kIdText);
	// A description that needs padding.
	EXPECT_EQ(id_of(note(kBuildId, kGnu, {0xab, 0xcd, 0xef})), "abcdef");
}

TEST(BuildId, MayBeMissing) {
	EXPECT_EQ(id_of({}), "");
	EXPECT_EQ(id_of(note(1, kGnu, kId)), "");
	EXPECT_EQ(id_of(note(kBuildId, std::string("GNU", 3), kId)), "");
}

TEST(BuildId, TruncatedNotes) {
	const Bytes whole = note(kBuildId, kGnu, kId);
	for (size_t n = 0; n < whole.size(); n++)
		EXPECT_EQ(id_of(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n))), "") << n;
	// The last padding may be missing.
	const Bytes odd = note(kBuildId, kGnu, {0xab, 0xcd, 0xef});
	EXPECT_EQ(id_of(Bytes(odd.begin(), odd.end() - 1)), "abcdef");
}

TEST(BuildId, HugeSizes) {
	for (uint32_t name_size : {0U, 4U, 5U, 0x7fffffffU, 0x80000000U, 0xfffffffdU, 0xffffffffU}) {
		for (uint32_t size : {0U, 8U, 9U, 0x7fffffffU, 0x80000000U, 0xfffffff0U, 0xffffffffU}) {
			Bytes bytes = note(kBuildId, kGnu, kId);
			memcpy(bytes.data(), &name_size, 4);
			memcpy(bytes.data() + 4, &size, 4);
			const std::string right = name_size == 4 && size == 8 ? kIdText : "";
			EXPECT_EQ(id_of(bytes), right) << name_size << " " << size;
		}
	}
}

TEST(BuildId, RandomNotes) {
	std::mt19937_64 random(4);
	for (int n = 0; n < 3000; n++) {
		Bytes bytes = n % 2 ? note(kBuildId, kGnu, kId) + note(kBuildId, kGnu, kId) : Bytes(random() % 64);
		for (uint64_t k = random() % 6; k && !bytes.empty(); k--)
			bytes[random() % bytes.size()] = static_cast<uint8_t>(random() % 3 ? random() % 8 : random());
		const std::string id = id_of(bytes);
		EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
		EXPECT_LE(id.size(), 2 * bytes.size());
	}
}

TEST(BuildId, OfAFile) {
	const Bytes bytes = note(1, kGnu, {1}) + note(kBuildId, kGnu, kId);
	const TemporaryFile file({reinterpret_cast<const char *>(bytes.data()), bytes.size()});
	EXPECT_EQ(jit::build_id_of_file(file.path()), kIdText);
	EXPECT_EQ(jit::build_id_of_file("/nonexistent/notes"), "");
}

} // namespace
} // namespace nft_drops::jit_test
