// SPDX-License-Identifier: GPL-2.0-only
// The compiled variants of do_chain.c in this process, as the resolver wants to see a function: image and layout.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_FIXTURES_H
#define NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_FIXTURES_H

#include "do_chain.h"
#include "jit/kernel/types/layout.h"
#include "jit/machine/image.h"

#include <span>
#include <string>
#include <string_view>

namespace nft_drops::jit_test {

struct Fixture {
	const char *name;
	unsigned int (*function)(void *pkt, void *priv);
	const fixture_layout *layout;
};

std::span<const Fixture> all_fixtures();
const Fixture &fixture(std::string_view name);

// The function's bytes with all parts that the compiler split off, found by this program's own symbol table and padded
// as in /proc/kallsyms, at addresses as if this program were a kernel: to_native() leads back.
jit::Image image_of(const Fixture &f);
uint64_t to_native(uint64_t image_address);
uint64_t to_image(uint64_t native_address);

jit::Layout layout_of(const fixture_layout &layout);
inline jit::Layout layout_of(const Fixture &f) {
	return layout_of(*f.layout);
}

// Switches the static keys of bit mask `keys` (bit n: key n + 1) on, all others off, by patching all fixtures.
void switch_static_keys(uint32_t keys);

// An address of this process as a pointer.
inline uint8_t *native_bytes(uint64_t native_address) {
	return reinterpret_cast<uint8_t *>(native_address); // NOLINT(performance-no-int-to-ptr)
}

// Makes the code writable, for all that follows.
void make_writable(uint64_t native_address, size_t bytes);

} // namespace nft_drops::jit_test

#endif
