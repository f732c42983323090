// SPDX-License-Identifier: GPL-2.0-only
// bpf/probe.bpf.c run by this process: specialised as for the kernel, compiled for this processor, with helpers that
// read a made-up kernel's memory.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_NATIVE_PROBE_H
#define NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_NATIVE_PROBE_H

#include "bpf/pieces.h"
#include "bpf/shared/event.h"
#include "bpf/shared/select.h"
#include "bpf/shared/self_test.h"
#include "bpf/shared/site.h"
#include "native_code.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

namespace nft_drops::jit_test {

// The kernel as the probe's helpers show it. There is one at a time.
class FakeKernel {
public:
	FakeKernel();
	~FakeKernel();
	FakeKernel(const FakeKernel &) = delete;
	FakeKernel &operator=(const FakeKernel &) = delete;

	// Memory at kernel addresses; all else faults. Regions do not touch each other.
	std::map<uint64_t, std::vector<uint8_t>> memory;
	// Reads elsewhere than in `memory`, if set: false for a fault. Called in signal handlers.
	bool (*read_elsewhere)(void *to, size_t size, uint64_t from) = nullptr;
	std::function<void(uint64_t from)> after_read; // of `memory`; if set
	size_t reads = 0;                              // calls of helpers that read memory
	uint64_t time_ns = 0;
	uint32_t cpu = 0;
	bool ring_full = false;
	uint32_t wanted_netns = 0; // nd_watched of bpf/maps.bpf.c; both are read when a NativeProbe is made
	bool netns_held = false;
	bool filter = false;
	nd_selected *selected = nullptr; // the map nd_selected, with settings.selector
	nd_settings settings{};          // read when a NativeProbe is made
	uint8_t rubbish = 0xaa;          // what a reserved record holds

	nd_of_cpu here{};
	std::array<uint64_t, ND_IGNORED_SLOTS> ignored{}; // the map nd_ignored: cookies of self-tests' namespaces
	nd_pieces pieces{};
	std::vector<nd_event> events; // submitted; has capacity
	int reserved = 0;             // and not submitted
	bool overrun = false;         // a record was written past its ends
	bool bad_call = false;        // a helper was called as it must not be
	std::vector<uint64_t> record; // with settings.snaplen or details: the record submitted last, all of it
	size_t record_bytes = 0;      // its size

	// The one there is.
	static FakeKernel &present();
	// What the helpers do.
	long read(void *to, uint32_t size, uint64_t from);
	long read_string(char *to, uint32_t size, uint64_t from);
	const char *rdonly_cast(uint64_t address);
	void *reserve(uint64_t size);
	void submit(void *record);
	nd_cast cast{}; // of the NativeProbe made last

private:
	bool copy(void *to, size_t size, uint64_t from);

	std::array<std::vector<char>, 32> casts_;
	size_t next_cast_ = 0;
	// The ring's place, between guards; made beforehand, since the helpers may run in signal handlers.
	static constexpr size_t kGuard = 64;
	std::vector<uint64_t> place_;
	[[nodiscard]] uint8_t *place() { return reinterpret_cast<uint8_t *>(place_.data()); }
};

class NativeProbe {
public:
	NativeProbe(const nd_layout &layout, std::span<const nd_site> sites);

	// Runs the program of a site on registers as in struct pt_regs.
	int run(size_t site, const std::array<uint64_t, 21> &regs) const {
		return programs_[site](const_cast<uint64_t *>(regs.data()));
	}

private:
	NativeCode code_;
	std::vector<NativeCode::Program> programs_;
};

} // namespace nft_drops::jit_test

#endif
