// SPDX-License-Identifier: GPL-2.0-only
#include "jit/base/build_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <vector>

namespace nft_drops::jit {

std::string build_id_of_notes(std::span<const uint8_t> notes) {
	constexpr auto align = [](uint64_t n) { return (n + 3) & ~uint64_t{3}; };
	while (notes.size() >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr header;
		memcpy(&header, notes.data(), sizeof(header));
		const uint64_t name_at = sizeof(header);
		const uint64_t id_at = name_at + align(header.n_namesz);
		const uint64_t end = id_at + align(header.n_descsz);
		if (id_at + header.n_descsz > notes.size()) break;
		if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
		    memcmp(&notes[name_at], "GNU", 4) == 0) {
			std::string text;
			for (uint8_t byte : notes.subspan(id_at, header.n_descsz))
				fmt::format_to(std::back_inserter(text), "{:02x}", byte);
			return text;
		}
		notes = notes.subspan(std::min<uint64_t>(end, notes.size()));
	}
	return {};
}

std::string build_id_of_file(const char *path) {
	std::ifstream file(path, std::ios::binary);
	const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
	return build_id_of_notes({reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()});
}

} // namespace nft_drops::jit
