// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/memory.h"

#include "bpf/objects.h"
#include "bpf/shared/reader.h"
#include "jit/base/libbpf/log.h"
#include "jit/kernel/live/lockdown.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace nft_drops::jit {

Result<KernelMemory> KernelMemory::open() {
	KernelMemory memory;
	auto elf = bpf::reader_object();
	memory.object_ = bpf_object__open_mem(elf.data(), elf.size(), nullptr);
	if (!memory.object_) return unsupported("reading kernel memory", strerror(errno));
	clear_libbpf_log();
	const int error = bpf_object__load(memory.object_);
	if (error) {
		// In lockdown the verifier says "unknown func bpf_probe_read_kernel", which reads as if the kernel were
		// too old.
		if (auto lockdown = lockdown_mode(); !lockdown) return std::unexpected(lockdown.error());
	}
	if (error == -EPERM || error == -EACCES) {
		return unsupported("reading kernel memory", "the kernel refuses this process BPF programs",
		                   "run as root (CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN), with kernel lockdown below "
		                   "confidentiality");
	}
	if (error) {
		const std::string verifier = last_verifier_lines();
		return unsupported("reading kernel memory",
		                   fmt::format("the kernel refuses the BPF program: {}{}{}", strerror(-error),
		                               verifier.empty() ? "" : ": the verifier says: ", verifier),
		                   "Linux 5.10 or later with CONFIG_BPF_SYSCALL and CONFIG_BPF_EVENTS is needed");
	}
	memory.program_ = bpf_program__fd(bpf_object__find_program_by_name(memory.object_, "nd_read"));
	memory.current_ = bpf_program__fd(bpf_object__find_program_by_name(memory.object_, "nd_current"));
	const bpf_map *answer = bpf_object__find_map_by_name(memory.object_, "nd_answer");
	memory.answer_ = {bpf_map__fd(answer), 1, MappedArray<nd_reader_answer>::Access::kRead};
	if (memory.answer_.empty()) return unsupported("reading kernel memory", strerror(errno));
	return memory;
}

KernelMemory::KernelMemory(KernelMemory &&other) noexcept
    : object_(std::exchange(other.object_, nullptr)), program_(other.program_), current_(other.current_),
      answer_(std::move(other.answer_)) {
}

KernelMemory::~KernelMemory() {
	bpf_object__close(object_);
}

Result<std::vector<uint8_t>> KernelMemory::read(uint64_t address, size_t length) const {
	std::vector<uint8_t> bytes(length);
	for (size_t done = 0; done < length;) {
		nd_reader_request request{address + done, std::min<size_t>(length - done, ND_READER_BYTES)};
		LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &request, .ctx_size_in = sizeof(request));
		if (bpf_prog_test_run_opts(program_, &run) != 0) {
			return unsupported("reading kernel memory", strerror(errno));
		}
		if (run.retval != 0) {
			return unsupported("reading kernel memory",
			                   fmt::format("address {:#x} is not mapped", address + done));
		}
		std::copy_n(std::begin(answer_[0].bytes), request.length, bytes.begin() + static_cast<ptrdiff_t>(done));
		done += request.length;
	}
	return bytes;
}

Result<uint64_t> KernelMemory::read_integer(uint64_t address, size_t size) const {
	auto bytes = read(address, size);
	if (!bytes) return std::unexpected(bytes.error());
	uint64_t value = 0;
	memcpy(&value, bytes->data(), std::min(size, sizeof(value)));
	return value;
}

Result<uint64_t> KernelMemory::this_thread() const {
	LIBBPF_OPTS(bpf_test_run_opts, run);
	if (bpf_prog_test_run_opts(current_, &run) != 0 || run.retval != 0)
		return unsupported("reading kernel memory",
		                   fmt::format("this thread is not known: {}", strerror(errno)));
	uint64_t task = 0;
	memcpy(&task, answer_[0].bytes, sizeof(task));
	return task;
}

} // namespace nft_drops::jit
