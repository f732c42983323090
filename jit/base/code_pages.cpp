// SPDX-License-Identifier: GPL-2.0-only
#include "jit/base/code_pages.h"

#include <cstdint>
#include <sys/mman.h>
#include <unistd.h>

// The linker's: the program begins and its code ends there (ld(1), end(3)).
extern "C" const char __executable_start, etext; // NOLINT(bugprone-reserved-identifier)

namespace nft_drops::jit {

void release_code_pages() {
	const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
	const auto begin = reinterpret_cast<uintptr_t>(&__executable_start) / page * page;
	const auto end = reinterpret_cast<uintptr_t>(&etext) / page * page;
	// Without success the program only needs more memory.
	madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
}

} // namespace nft_drops::jit
