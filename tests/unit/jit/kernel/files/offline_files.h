// SPDX-License-Identifier: GPL-2.0-only
// Files of a kernel, as probe --ko --vmlinux reads them: the modules are real ones, of do_chain.c by gcc and clang; the
// kernel is made here, of types and a banner only.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_KERNEL_FILES_OFFLINE_FILES_H
#define NFT_DROPS_TESTS_UNIT_JIT_KERNEL_FILES_OFFLINE_FILES_H

#include <string>
#include <string_view>

namespace nft_drops::jit_test {

// The bytes of gcc.ko or clang.ko.
std::string module_of(const std::string &compiler);

// An ELF file with BTF that fits the modules, build-id 0102..14 and the banner of Linux 6.12.
std::string vmlinux();

std::string gzip(std::string_view bytes);
std::string xz(std::string_view bytes);
std::string zstd(std::string_view bytes);
std::string lz4(std::string_view bytes); // the legacy frame

// As the kernel's build packs them; `packed` is the payload.
std::string bzimage(std::string_view packed);
std::string zboot(std::string_view packed);

} // namespace nft_drops::jit_test

#endif
