// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_BASE_BUILD_ID_H
#define NFT_DROPS_JIT_BASE_BUILD_ID_H

#include <cstdint>
#include <span>
#include <string>

namespace nft_drops::jit {

// The GNU build-id in ELF notes (type 3, name "GNU"), as hexadecimal digits; empty where there is none.
std::string build_id_of_notes(std::span<const uint8_t> notes);

// The same of a file that holds nothing but notes (/sys/kernel/notes, /sys/module/M/notes/.note.gnu.build-id).
std::string build_id_of_file(const char *path);

} // namespace nft_drops::jit

#endif
