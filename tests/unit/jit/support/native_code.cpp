// SPDX-License-Identifier: GPL-2.0-only
#include "native_code.h"

#include "jit/compile/specialise.h"

#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>

namespace nft_drops::jit_test {
namespace {

// The maps are another object's; only their addresses count here.
void define_maps(llvm::Module &m, std::span<const char *const> maps) {
	for (const char *name : maps) {
		llvm::GlobalVariable *map = m.getNamedGlobal(name);
		if (!map) NativeCode::die(fmt::format("it has no {}", name));
		if (map->isDeclaration()) map->setInitializer(llvm::Constant::getNullValue(map->getValueType()));
	}
}

// The program calls its helpers through constant pointers whose value is the helper's number.
void link_helpers(llvm::Module &m, const std::function<uint64_t(uint64_t)> &helper) {
	for (llvm::Function &f : m) {
		for (llvm::BasicBlock &block : f) {
			for (llvm::Instruction &i : block) {
				auto *call = llvm::dyn_cast<llvm::CallBase>(&i);
				auto *cast =
				        call ? llvm::dyn_cast<llvm::ConstantExpr>(call->getCalledOperand()) : nullptr;
				if (!cast || cast->getOpcode() != llvm::Instruction::IntToPtr) continue;
				auto *number = llvm::cast<llvm::ConstantInt>(cast->getOperand(0));
				const uint64_t target = helper(number->getZExtValue());
				if (!target) NativeCode::die(fmt::format("it calls helper {}", number->getZExtValue()));
				auto *address = llvm::ConstantInt::get(number->getType(), target);
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
	if (!value) NativeCode::die(llvm::toString(value.takeError()));
	return std::move(*value);
}

} // namespace

struct NativeCode::Jit {
	std::unique_ptr<llvm::orc::LLJIT> jit;
};

NativeCode::NativeCode(const Source &source) : jit_(std::make_unique<Jit>()) {
	llvm::InitializeNativeTarget();
	llvm::InitializeNativeTargetAsmPrinter();
	jit_->jit = must(llvm::orc::LLJITBuilder().create());
	llvm::orc::LLJIT &jit = *jit_->jit;
	auto context = std::make_unique<llvm::LLVMContext>();
	auto module =
	        jit::specialise(*context, source.shape, source.layout, source.sites, source.settings, source.filter);
	if (!module) die(module.error().message());
	llvm::Module &m = **module;
	llvm::StripDebugInfo(m);
	m.setTargetTriple(jit.getTargetTriple().str());
	m.setDataLayout(jit.getDataLayout());
	for (llvm::Function &f : m) {
		f.removeFnAttr("target-cpu");
		f.removeFnAttr("target-features");
	}
	define_maps(m, source.maps);
	if (source.prepare) source.prepare(m);
	optimise(m); // numbers of the kernel's functions become constants
	link_helpers(m, source.helper);
	if (auto error = jit.addIRModule(llvm::orc::ThreadSafeModule(std::move(*module), std::move(context))))
		die(llvm::toString(std::move(error)));
}

NativeCode::~NativeCode() = default;

uint64_t NativeCode::address(const std::string &map) const {
	return must(jit_->jit->lookup(map)).getValue();
}

const uint64_t &NativeCode::variable(const std::string &name) const {
	return *must(jit_->jit->lookup(name)).toPtr<const uint64_t *>();
}

NativeCode::Program NativeCode::program(const std::string &name) const {
	return must(jit_->jit->lookup(name)).toPtr<Program>();
}

void NativeCode::die(const std::string &why) {
	fprintf(stderr, "unit_jit: the probe cannot be compiled: %s\n", why.c_str());
	abort();
}

} // namespace nft_drops::jit_test
