// SPDX-License-Identifier: GPL-2.0-only
// An AArch64 program in a process of its own, under QEMU's user emulation where this machine is no AArch64 one.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_MACHINE_AARCH64_EMULATED_PROCESS_H
#define NFT_DROPS_TESTS_UNIT_JIT_MACHINE_AARCH64_EMULATED_PROCESS_H

#include <cstddef>
#include <sys/types.h>

namespace nft_drops::jit_test {

// Ends when its standard input does, with this object.
class EmulatedProcess {
public:
	explicit EmulatedProcess(const char *program);
	~EmulatedProcess();
	EmulatedProcess(const EmulatedProcess &) = delete;
	EmulatedProcess &operator=(const EmulatedProcess &) = delete;

	// All of it, or false: the program is gone, or never was.
	bool send(const void *from, size_t bytes);
	bool receive(void *to, size_t bytes);

private:
	pid_t pid_ = -1;
	int to_ = -1;
	int from_ = -1;
};

} // namespace nft_drops::jit_test

#endif
