// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/kprobes.h"

#include <algorithm>

namespace nft_drops::jit {
namespace {

constexpr int kTableSize = 64;         // KPROBE_TABLE_SIZE of kernel/kprobes.c
constexpr uint64_t kFlagOptimized = 4; // KPROBE_FLAG_OPTIMIZED of <linux/kprobes.h>
constexpr uint64_t kFlagFtrace = 8;    // KPROBE_FLAG_FTRACE: ftrace calls the probe, and the kernel has saved no byte
constexpr uint64_t kJumpRest = 4;      // a jump's bytes after the first: DISP32_SIZE
constexpr uint8_t kJump = 0xe9;        // JMP32_INSN_OPCODE

void overwrite(Image &image, uint64_t address, const std::vector<uint8_t> &bytes) {
	for (CodeRange &r : image.ranges) {
		for (size_t i = 0; i < bytes.size(); i++) {
			const uint64_t at = address + i - r.address;
			if (at < r.bytes.size()) r.bytes[at] = bytes[i];
		}
	}
}

bool covers(const Image &image, uint64_t address) {
	return std::ranges::any_of(image.ranges,
	                           [&](const CodeRange &r) { return address - r.address < r.bytes.size(); });
}

uint8_t byte_at(const Image &image, uint64_t address) {
	for (const CodeRange &r : image.ranges) {
		if (address - r.address < r.bytes.size()) return r.bytes[address - r.address];
	}
	return 0;
}

void restore_one(Image &image, uint64_t probe, const KprobeLayout &lay, const KernelMemory &memory) {
	auto address = memory.read_integer(probe + lay.addr.offset, 8);
	if (!address || !covers(image, *address)) return;
	auto flags = memory.read_integer(probe + lay.flags.offset, lay.flags.size);
	auto opcode = memory.read(probe + lay.opcode.offset, lay.opcode.size);
	if (!flags || !opcode || (*flags & kFlagFtrace)) return;
	const bool has_jump = byte_at(image, *address) == kJump;
	overwrite(image, *address, *opcode);
	if (!(*flags & kFlagOptimized) || !lay.copied_insn.size) return;
	// A struct optimized_kprobe begins with its struct kprobe.
	auto rest = memory.read(probe + lay.copied_insn.offset, kJumpRest);
	if (rest && holds_saved_bytes(has_jump, *rest)) overwrite(image, *address + 1, *rest);
}

// Calls handle() with the address of each struct kprobe of the kernel.
template <typename Handle>
void for_each_kprobe(uint64_t table, const KprobeLayout &lay, const KernelMemory &memory, Handle &&handle) {
	constexpr int kMostProbes = 100'000; // the list may change during the walk: a bound ends the walk
	if (!table || !lay.hlist.size || !lay.addr.size || !lay.opcode.size || !lay.flags.size) return;
	auto heads = memory.read(table, kTableSize * sizeof(uint64_t));
	if (!heads) return;
	int seen = 0;
	for (size_t i = 0; i < kTableSize; i++) {
		uint64_t node = 0;
		std::copy_n(heads->data() + i * sizeof(node), sizeof(node), reinterpret_cast<uint8_t *>(&node));
		while (node && seen++ < kMostProbes) {
			handle(node - lay.hlist.offset);
			node = memory.read_integer(node, sizeof(node)).value_or(0);
		}
	}
}

} // namespace

bool holds_saved_bytes(bool has_jump, std::span<const uint8_t> copied) {
	return has_jump || std::ranges::any_of(copied, [](uint8_t byte) { return byte != 0; });
}

bool is_kprobe_table(uint64_t address, const KernelMemory &memory) {
	auto heads = memory.read(address, kTableSize * sizeof(uint64_t));
	if (!heads) return false;
	for (size_t i = 0; i < kTableSize; i++) {
		const uint64_t head = address + i * sizeof(uint64_t);
		uint64_t first = 0;
		std::copy_n(heads->data() + i * sizeof(first), sizeof(first), reinterpret_cast<uint8_t *>(&first));
		// struct hlist_node.pprev of the first node points at the list's head.
		if (first && memory.read_integer(first + sizeof(uint64_t), 8).value_or(0) != head) return false;
	}
	return true;
}

void restore_probed_bytes(Image &image, uint64_t table, const KprobeLayout &lay, const KernelMemory &memory) {
	for_each_kprobe(table, lay, memory, [&](uint64_t probe) { restore_one(image, probe, lay, memory); });
}

std::optional<ProbeForm> probe_form(uint64_t address, uint64_t table, const KprobeLayout &lay,
                                    const KernelMemory &memory) {
	std::optional<ProbeForm> form;
	for_each_kprobe(table, lay, memory, [&](uint64_t probe) {
		auto at = memory.read_integer(probe + lay.addr.offset, 8);
		if (!at || *at != address) return;
		auto flags = memory.read_integer(probe + lay.flags.offset, lay.flags.size);
		if (flags) form = *flags & kFlagOptimized ? ProbeForm::kJump : ProbeForm::kBreakpoint;
	});
	return form;
}

} // namespace nft_drops::jit
