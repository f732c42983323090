// SPDX-License-Identifier: GPL-2.0-only
// Files of kernels (`probe --ko FILE --vmlinux FILE`): modules with any of their bytes changed, cut, or packed and then
// changed. Each is refused with an error or understood; the memory that it takes is bounded.
#include "input.h"

#include "jit/kernel/files/decompress.h"
#include "jit/kernel/files/elf.h"
#include "jit/kernel/files/file.h"
#include "jit/kernel/files/link.h"
#include "tests/unit/jit/kernel/files/offline_files.h"
#include "tests/unit/jit/support/fixtures.h"

#include <array>
#include <vector>

// The made-up vmlinux holds the types of one fixture of the unit tests. Here nobody reads these types.
const nft_drops::jit_test::Fixture &nft_drops::jit_test::fixture(std::string_view) {
	static const fixture_layout layout{};
	static const Fixture none{.layout = &layout};
	return none;
}

namespace nft_drops::fuzz {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes bytes_of(const std::string &text) {
	return {text.begin(), text.end()};
}

// Changes a few numbers anywhere, and perhaps cuts the end off.
Bytes changed(Bytes bytes, Input &input) {
	for (int n = input.number<uint8_t>() % 8; n > 0 && !bytes.empty(); n--) {
		const size_t at = input.number<uint32_t>() % bytes.size();
		const size_t size = std::min<size_t>(1U << input.number<uint8_t>() % 4, bytes.size() - at);
		input.take(&bytes[at], size);
	}
	if (input.number<uint8_t>() % 4 == 0 && !bytes.empty()) bytes.resize(input.number<uint32_t>() % bytes.size());
	return bytes;
}

void try_elf(Bytes bytes) {
	const auto file = jit::offline::ElfFile::open(bytes, "nf_tables.ko");
	if (!file) return;
	for (const auto &section : file->sections())
		require(section.bytes.size() <= bytes.size(), "a section larger than its file", section.name);
	const auto image =
	        file->relocatable() ? jit::offline::link_module(*file) : jit::offline::image_of_vmlinux(*file);
	if (!image) {
		require(!image.error().message().empty(), "an error that says nothing", "");
		return;
	}
	require(!image->ranges.empty() && image->ranges.front().name == "nft_do_chain", "no function", "");
	for (const auto &range : image->ranges)
		require(range.bytes.size() <= bytes.size(), "more code than the file has", range.name);
}

void try_packed(const Bytes &packed) {
	if (!jit::offline::is_packed(packed)) return;
	const auto bytes = jit::offline::unpack(packed);
	require(!bytes || bytes->size() <= jit::offline::kMostBytes, "larger than any kernel", "");
}

void try_one(Input input) {
	static const std::array<Bytes, 4> modules = {
	        bytes_of(jit_test::module_of("gcc")), bytes_of(jit_test::module_of("clang")),
	        bytes_of(jit_test::module_of("switch")), bytes_of(jit_test::vmlinux())};
	static const std::string plain(3000, 'k');
	static const std::array<Bytes, 4> packed = {bytes_of(jit_test::gzip(plain)), bytes_of(jit_test::xz(plain)),
	                                            bytes_of(jit_test::zstd(plain)), bytes_of(jit_test::lz4(plain))};
	const auto which = input.number<uint8_t>() % 12;
	if (which < 4)
		try_elf(changed(modules[which], input));
	else if (which < 8)
		try_packed(changed(packed[which - 4], input));
	else if (which < 10) {
		const std::string_view rest = input.rest();
		try_elf({rest.begin(), rest.end()});
	} else {
		// The right beginning, and then anything.
		Bytes any = packed[input.number<uint8_t>() % packed.size()];
		any.resize(6);
		const std::string_view rest = input.rest();
		any.insert(any.end(), rest.begin(), rest.end());
		try_packed(any);
	}
}

} // namespace
} // namespace nft_drops::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	nft_drops::fuzz::try_one(nft_drops::fuzz::Input({data, size}));
	return 0;
}
