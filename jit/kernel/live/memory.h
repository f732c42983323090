// SPDX-License-Identifier: GPL-2.0-only
// Reads the running kernel's memory through a BPF program (bpf/reader.bpf.c): the bytes that the processors
// execute now. Needs CAP_BPF and CAP_PERFMON. Lockdown mode "integrity" allows the reads.
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_MEMORY_H
#define NFT_DROPS_JIT_KERNEL_LIVE_MEMORY_H

#include "bpf/shared/reader.h"
#include "jit/base/mapped_array.h"
#include "jit/base/result.h"

#include <cstdint>
#include <memory>
#include <vector>

struct bpf_object;

namespace nft_drops::jit {

class KernelMemory {
public:
	// Loads the program. Fails with kMachine (no such program type, lockdown, missing privilege).
	static Result<KernelMemory> open();
	KernelMemory(KernelMemory &&) noexcept;
	KernelMemory &operator=(KernelMemory &&) = delete;
	~KernelMemory();

	// `length` bytes from a kernel address. Fails with kMachine if one of the bytes is not mapped.
	[[nodiscard]] Result<std::vector<uint8_t>> read(uint64_t address, size_t length) const;

	// A little-endian integer of 1 to 8 bytes.
	[[nodiscard]] Result<uint64_t> read_integer(uint64_t address, size_t size) const;

	// The address of the calling thread's struct task_struct.
	[[nodiscard]] Result<uint64_t> this_thread() const;

private:
	KernelMemory() = default;
	bpf_object *object_ = nullptr;
	int program_ = -1;
	int current_ = -1;
	MappedArray<nd_reader_answer> answer_;
};

} // namespace nft_drops::jit

#endif
