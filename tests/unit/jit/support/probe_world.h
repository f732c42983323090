// SPDX-License-Identifier: GPL-2.0-only
// A packet that is being dropped in a made-up kernel, with everything around it that the probe looks at.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_PROBE_WORLD_H
#define NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_PROBE_WORLD_H

#include "native_probe.h"

#include <string>
#include <string_view>

namespace nft_drops::jit_test {

using PtRegs = std::array<uint64_t, 21>;

// Offsets in struct pt_regs.
enum RegisterOffset { kAtR15 = 0, kAtR14 = 8, kAtR13 = 16, kAtR12 = 24, kAtRbx = 40, kAtRax = 80, kAtRsp = 152 };

constexpr nd_locator in_register(int offset) {
	return {ND_WHERE_REGISTER, offset};
}
constexpr nd_locator on_stack(int offset) {
	return {ND_WHERE_STACK, offset};
}

// A member of a made-up structure.
constexpr nd_field field_at(uint16_t offset, uint8_t size) {
	return {.offset = offset, .size = size, .shift = 0, .bits = 0, .pad = {}};
}

// A site whose facts are all on the stack; no test, cause by verdict.
nd_site site_on_stack();

// How memory is read: each member by itself, structures at once, or without calls.
enum class Reads { kMembers, kBlocks, kLoads };
constexpr Reads kEveryWay[] = {Reads::kMembers, Reads::kBlocks, Reads::kLoads};
std::string name_of(Reads reads);

// Where this kernel has things. As in no real one, so that no offset is right by accident.
nd_layout made_up_layout(Reads reads);

struct ProbeWorld {
	ProbeWorld();

	FakeKernel kernel;
	PtRegs regs{};

	// Addresses.
	uint64_t pkt = 0xffff888000010000, state = 0xffff888000020000, net = 0xffff888000030000,
	         skb = 0xffff888000040000, in = 0xffff888000050000, out = 0xffff888000060000, base = 0xffff888000070100,
	         table = 0xffff888000080000, rule = 0xffff888000090040, head = 0xffff8880000a0000,
	         names = 0xffff8880000b0000, stack = 0xffffc90000100000, pernet_slots = 0xffff8880000c0000,
	         pernet = 0xffff8880000d0000;

	// A register, by its place.
	uint64_t &reg(int offset) { return regs[static_cast<size_t>(offset) / 8]; }
	void poke(uint64_t address, size_t size, uint64_t value);
	void poke(uint64_t base_address, const nd_field &f, uint64_t value);
	void poke(uint64_t address, std::string_view bytes);
	// Puts the value where the locator says; the stack pointer is `stack`.
	void put(const nd_locator &at, uint64_t value);

	nd_layout layout = made_up_layout(Reads::kBlocks);
	nd_site site{};

	// A site with all facts in registers: pkt r15, rule r14, base r13, verdict r12; no test, cause by verdict.
	void use_registers(uint32_t verdict);
	// The packet's linear bytes count 0, 1, 2... from skb->head. Where headers are, from there.
	void packet(uint32_t data, uint32_t network_header, uint32_t mac_header, uint32_t len, uint32_t data_len);

	// Compiles the site and runs it once.
	int run();
	// The event that comes of it: there must be exactly one.
	const nd_event &event();

private:
	// What was compiled last, and for what.
	std::unique_ptr<NativeProbe> probe_;
	bool for_held_ = false;
	uint32_t for_snaplen_ = 0;
	nd_layout for_layout_{};
	nd_site for_site_{};
	uint32_t for_netns_ = 0;
};

} // namespace nft_drops::jit_test

#endif
