// SPDX-License-Identifier: GPL-2.0-only
#include "native_probe.h"

#include "bpf/objects.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>

namespace nft_drops::jit_test {
namespace {

constexpr const char *kMaps[] = {"nd_events",    "nd_here",   "nd_ignored", "nd_in_hand",
                                 "nd_netfilter", "nd_pieces", "nd_selected"};

FakeKernel *kernel;
// Addresses of the maps in the probe that was compiled last.
uint64_t ring_map;
uint64_t here_map;
uint64_t ignored_map;
uint64_t selected_map;
uint64_t pieces_map;

// The helpers, by their numbers in <linux/bpf.h>.
void *map_lookup_elem(void *map, const uint32_t *key) {
	if (reinterpret_cast<uint64_t>(map) == ignored_map)
		return *key < kernel->ignored.size() ? &kernel->ignored[*key] : nullptr;
	if (reinterpret_cast<uint64_t>(map) == selected_map) return *key ? nullptr : kernel->selected;
	if (reinterpret_cast<uint64_t>(map) == pieces_map) return *key ? nullptr : &kernel->pieces;
	if (reinterpret_cast<uint64_t>(map) != here_map) kernel->bad_call = true;
	return *key ? nullptr : &kernel->here;
}
uint64_t ktime_get_ns() {
	return kernel->time_ns;
}
uint32_t get_smp_processor_id() {
	return kernel->cpu;
}
long probe_read_kernel(void *to, uint32_t size, uint64_t from) {
	return kernel->read(to, size, from);
}
long probe_read_kernel_str(char *to, uint32_t size, uint64_t from) {
	return kernel->read_string(to, size, from);
}
const char *rdonly_cast(uint64_t address, uint32_t type) {
	if (type != kernel->cast.type) kernel->bad_call = true;
	return kernel->rdonly_cast(address);
}
void *ringbuf_reserve(void *ring, uint64_t size, uint64_t flags) {
	if (reinterpret_cast<uint64_t>(ring) != ring_map || flags) kernel->bad_call = true;
	return kernel->reserve(size);
}
void ringbuf_submit(void *record, uint64_t flags) {
	if (flags) kernel->bad_call = true;
	kernel->submit(record);
}

uint64_t helper(uint64_t number) {
	if (kernel->cast.function && number == ND_KERNEL_FUNCTION + kernel->cast.function)
		return address_of(rdonly_cast);
	switch (number) {
	case 1:
		return address_of(map_lookup_elem);
	case 5:
		return address_of(ktime_get_ns);
	case 8:
		return address_of(get_smp_processor_id);
	case 113:
		return address_of(probe_read_kernel);
	case 115:
		return address_of(probe_read_kernel_str);
	case 131:
		return address_of(ringbuf_reserve);
	case 132:
		return address_of(ringbuf_submit);
	default:
		return 0;
	}
}

// What the loader sets.
void set_netns(llvm::Module &m) {
	llvm::GlobalVariable *watched = m.getNamedGlobal("nd_watched");
	if (!watched) NativeCode::die("it has no nd_watched");
	auto *number = llvm::Type::getInt64Ty(m.getContext());
	auto *nothing = llvm::ConstantInt::get(number, 0);
	const uint64_t netns = kernel->wanted_netns | (kernel->netns_held ? ND_NETNS_HELD : 0);
	watched->setInitializer(llvm::ConstantStruct::get(llvm::cast<llvm::StructType>(watched->getValueType()),
	                                                  llvm::ConstantInt::get(number, netns), nothing, nothing,
	                                                  llvm::ConstantInt::get(number, kernel->filter)));
}

} // namespace

FakeKernel::FakeKernel() {
	kernel = this;
	events.reserve(64);
	place_.resize((2 * kGuard + sizeof(nd_event) + sizeof(nd_path) + 2 * ND_SNAPLEN_MOST) / 8);
}

FakeKernel::~FakeKernel() {
	kernel = nullptr;
}

FakeKernel &FakeKernel::present() {
	return *kernel;
}

bool FakeKernel::copy(void *to, size_t size, uint64_t from) {
	auto after = memory.upper_bound(from);
	if (after != memory.begin()) {
		const auto &[address, bytes] = *std::prev(after);
		const uint64_t offset = from - address;
		if (offset < bytes.size() && bytes.size() - offset >= size) {
			memcpy(to, bytes.data() + offset, size);
			if (after_read) after_read(from);
			return true;
		}
	}
	return read_elsewhere && read_elsewhere(to, size, from);
}

long FakeKernel::read(void *to, uint32_t size, uint64_t from) {
	reads++;
	if (!size || copy(to, size, from)) return 0;
	memset(to, 0, size);
	return -EFAULT;
}

// bpf_rdonly_cast(): what can be loaded through it, zeroes where nothing can.
const char *FakeKernel::rdonly_cast(uint64_t address) {
	std::vector<char> &bytes = casts_[next_cast_++ % casts_.size()];
	bytes.assign(size_t{cast.offset} + cast.size, 0);
	for (size_t i = cast.offset; i < bytes.size(); i++)
		copy(&bytes[i], 1, address + i);
	return bytes.data();
}

// strncpy_from_kernel_nofault(): as many bytes as there are up to the NUL, which is always written; its length with the
// NUL, or a fault.
long FakeKernel::read_string(char *to, uint32_t size, uint64_t from) {
	reads++;
	for (uint32_t i = 0; i < size; i++) {
		if (!copy(to + i, 1, from + i)) {
			memset(to, 0, size);
			return -EFAULT;
		}
		if (!to[i]) return static_cast<long>(i) + 1;
	}
	to[size - 1] = 0;
	return size;
}

void *FakeKernel::reserve(uint64_t size) {
	if (reserved || size < sizeof(nd_event) || size > place_.size() * 8 - 2 * kGuard) bad_call = true;
	if (!settings.snaplen && !settings.details && size != sizeof(nd_event)) bad_call = true;
	if (ring_full || bad_call) return nullptr;
	record_bytes = size;
	memset(place(), rubbish, size + 2 * kGuard);
	reserved++;
	return place() + kGuard;
}

void FakeKernel::submit(void *record) {
	if (record != place() + kGuard || !reserved) bad_call = true;
	const auto touched = [this](uint8_t byte) { return byte != rubbish; };
	overrun |= std::any_of(place(), place() + kGuard, touched);
	overrun |= std::any_of(place() + kGuard + record_bytes, place() + 2 * kGuard + record_bytes, touched);
	reserved--;
	if (events.size() < events.capacity()) events.push_back(*static_cast<const nd_event *>(record));
	if (settings.snaplen || settings.details) {
		this->record.resize(record_bytes / 8);
		memcpy(this->record.data(), record, this->record.size() * 8);
	}
}

NativeProbe::NativeProbe(const nd_layout &layout, std::span<const nd_site> sites)
    : code_({.shape = bpf::probe_bitcode(layout, kernel->settings),
             .layout = layout,
             .sites = sites,
             .maps = kMaps,
             .helper = helper,
             .prepare =
                     [&layout](llvm::Module &m) {
	                     kernel->cast = layout.cast;
	                     set_netns(m);
                     },
             .settings = kernel->settings}) {
	for (const nd_site &s : sites)
		programs_.push_back(code_.program(fmt::format("nd_sites_{}", s.program)));
	ring_map = code_.address("nd_events");
	here_map = code_.address("nd_here");
	ignored_map = code_.address("nd_ignored");
	pieces_map = code_.address("nd_pieces");
	selected_map = code_.address("nd_selected");
}

} // namespace nft_drops::jit_test
