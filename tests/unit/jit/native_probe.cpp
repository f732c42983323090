// SPDX-License-Identifier: GPL-2.0-only
#include "native_probe.h"

#include "bpf/objects.h"
#include "jit/compile/specialise.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>

namespace nft_drops::jit_test {
namespace {

FakeKernel *kernel;
// Addresses of the maps in the probe that was compiled last.
uint64_t ring_map;
uint64_t counter_map;

[[noreturn]] void die(const std::string &why) {
	fprintf(stderr, "unit_jit: the probe cannot be compiled: %s\n", why.c_str());
	abort();
}

// The helpers, by their numbers in <linux/bpf.h>.
void *map_lookup_elem(void *map, const uint32_t *key) {
	if (reinterpret_cast<uint64_t>(map) != counter_map) kernel->bad_call = true;
	if (kernel->counters_missing || *key >= kernel->counters.size()) return nullptr;
	return &kernel->counters[*key];
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
void *ringbuf_reserve(void *ring, uint64_t size, uint64_t flags) {
	if (reinterpret_cast<uint64_t>(ring) != ring_map || flags) kernel->bad_call = true;
	return kernel->reserve(size);
}
void ringbuf_submit(void *record, uint64_t flags) {
	if (flags) kernel->bad_call = true;
	kernel->submit(record);
}

template <typename F> uint64_t address_of(F *function) {
	return reinterpret_cast<uint64_t>(function);
}

uint64_t helper(uint64_t number) {
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
		die(fmt::format("it calls helper {}", number));
	}
}

// The maps are another object's; only their addresses count here.
void define_maps(llvm::Module &m) {
	for (const char *name : {"nd_events", "nd_counters"}) {
		llvm::GlobalVariable *map = m.getNamedGlobal(name);
		if (!map) die(fmt::format("it has no {}", name));
		if (map->isDeclaration()) map->setInitializer(llvm::Constant::getNullValue(map->getValueType()));
	}
}

// What the loader sets.
void set_netns(llvm::Module &m) {
	llvm::GlobalVariable *watched = m.getNamedGlobal("nd_watched");
	if (!watched) die("it has no nd_watched");
	auto *number = llvm::Type::getInt64Ty(m.getContext());
	auto *nothing = llvm::ConstantInt::get(number, 0);
	const uint64_t netns = kernel->wanted_netns | (kernel->netns_held ? ND_NETNS_HELD : 0);
	watched->setInitializer(llvm::ConstantStruct::get(llvm::cast<llvm::StructType>(watched->getValueType()),
	                                                  llvm::ConstantInt::get(number, netns), nothing, nothing));
}

// The program calls its helpers through constant pointers whose value is the helper's number.
void link_helpers(llvm::Module &m) {
	for (llvm::Function &f : m) {
		for (llvm::BasicBlock &block : f) {
			for (llvm::Instruction &i : block) {
				auto *call = llvm::dyn_cast<llvm::CallBase>(&i);
				auto *cast =
				        call ? llvm::dyn_cast<llvm::ConstantExpr>(call->getCalledOperand()) : nullptr;
				if (!cast || cast->getOpcode() != llvm::Instruction::IntToPtr) continue;
				auto *number = llvm::cast<llvm::ConstantInt>(cast->getOperand(0));
				auto *address =
				        llvm::ConstantInt::get(number->getType(), helper(number->getZExtValue()));
				call->setCalledOperand(llvm::ConstantExpr::getIntToPtr(address, cast->getType()));
			}
		}
	}
}

void optimise(llvm::Module &m) {
	llvm::LoopAnalysisManager loops;
	llvm::FunctionAnalysisManager functions;
	llvm::CGSCCAnalysisManager components;
	llvm::ModuleAnalysisManager modules;
	llvm::PassBuilder builder;
	builder.registerModuleAnalyses(modules);
	builder.registerCGSCCAnalyses(components);
	builder.registerFunctionAnalyses(functions);
	builder.registerLoopAnalyses(loops);
	builder.crossRegisterProxies(loops, functions, components, modules);
	builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O1).run(m, modules);
}

template <typename T> T must(llvm::Expected<T> value) {
	if (!value) die(llvm::toString(value.takeError()));
	return std::move(*value);
}

} // namespace

FakeKernel::FakeKernel() {
	kernel = this;
	events.reserve(64);
}

FakeKernel::~FakeKernel() {
	kernel = nullptr;
}

long FakeKernel::read(void *to, uint32_t size, uint64_t from) {
	if (!size) return 0;
	auto after = memory.upper_bound(from);
	if (after != memory.begin()) {
		const auto &[address, bytes] = *std::prev(after);
		const uint64_t offset = from - address;
		if (offset < bytes.size() && bytes.size() - offset >= size) {
			memcpy(to, bytes.data() + offset, size);
			return 0;
		}
	}
	if (read_elsewhere && read_elsewhere(to, size, from)) return 0;
	memset(to, 0, size);
	return -EFAULT;
}

// strncpy_from_kernel_nofault(): as many bytes as there are up to the NUL, which is always written; its length with the
// NUL, or a fault.
long FakeKernel::read_string(char *to, uint32_t size, uint64_t from) {
	for (uint32_t i = 0; i < size; i++) {
		if (read(to + i, 1, from + i)) {
			memset(to, 0, size);
			return -EFAULT;
		}
		if (!to[i]) return static_cast<long>(i) + 1;
	}
	to[size - 1] = 0;
	return size;
}

void *FakeKernel::reserve(uint64_t size) {
	if (size != sizeof(nd_event) || reserved) bad_call = true;
	if (ring_full) return nullptr;
	memset(&record_, rubbish, sizeof(record_));
	reserved++;
	return &record_.event;
}

void FakeKernel::submit(void *record) {
	if (record != &record_.event || !reserved) bad_call = true;
	const auto touched = [this](uint8_t byte) { return byte != rubbish; };
	overrun |= std::ranges::any_of(record_.before, touched) || std::ranges::any_of(record_.after, touched);
	reserved--;
	if (events.size() < events.capacity()) events.push_back(record_.event);
}

struct NativeProbe::Jit {
	std::unique_ptr<llvm::orc::LLJIT> jit;
};

NativeProbe::NativeProbe(const nd_layout &layout, std::span<const nd_site> sites) : jit_(std::make_unique<Jit>()) {
	llvm::InitializeNativeTarget();
	llvm::InitializeNativeTargetAsmPrinter();
	jit_->jit = must(llvm::orc::LLJITBuilder().create());
	llvm::orc::LLJIT &jit = *jit_->jit;
	auto context = std::make_unique<llvm::LLVMContext>();
	auto module = jit::specialise(*context, bpf::probe_bitcode(), layout, sites, "kprobe");
	if (!module) die(module.error().message());
	llvm::Module &m = **module;
	llvm::StripDebugInfo(m);
	m.setTargetTriple(jit.getTargetTriple().str());
	m.setDataLayout(jit.getDataLayout());
	for (llvm::Function &f : m) {
		f.removeFnAttr("target-cpu");
		f.removeFnAttr("target-features");
	}
	define_maps(m);
	set_netns(m);
	link_helpers(m);
	optimise(m);
	if (auto error = jit.addIRModule(llvm::orc::ThreadSafeModule(std::move(*module), std::move(context))))
		die(llvm::toString(std::move(error)));
	for (const nd_site &s : sites)
		programs_.push_back(must(jit.lookup(fmt::format("nd_site_{}", s.index))).toPtr<int (*)(void *)>());
	ring_map = must(jit.lookup("nd_events")).getValue();
	counter_map = must(jit.lookup("nd_counters")).getValue();
}

NativeProbe::~NativeProbe() = default;

} // namespace nft_drops::jit_test
