// SPDX-License-Identifier: GPL-2.0-only
#include "jit/compile/compile.h"

#include "jit/base/debug.h"
#include "jit/compile/kernel_calls.h"
#include "jit/compile/match.h"
#include "jit/compile/specialise.h"

#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/BasicAliasAnalysis.h>
#include <llvm/Analysis/BlockFrequencyInfo.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/OptimizationRemarkEmitter.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/Analysis/ProfileSummaryInfo.h>
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/ExecutionEngine/Orc/CompileUtils.h>
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/ExecutorProcessControl.h>
#include <llvm/ExecutionEngine/Orc/IRCompileLayer.h>
#include <llvm/ExecutionEngine/Orc/IRTransformLayer.h>
#include <llvm/ExecutionEngine/Orc/Layer.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/PassInstrumentation.h>
#include <llvm/IR/PassManager.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/InstSimplifyPass.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Scalar/SROA.h>

namespace nft_drops::jit {
namespace {

namespace orc = llvm::orc;

std::unexpected<Error> internal(llvm::Error error) {
	return usage_error("compiling the probe", llvm::toString(std::move(error)),
	                   "this is a defect of nft-drops: please report it");
}

// Where ORC would link: the BPF object goes to the kernel instead, as it is.
class KeepObjectLayer final : public orc::ObjectLayer {
public:
	KeepObjectLayer(orc::ExecutionSession &session, std::vector<char> &to) : ObjectLayer(session), to_(to) {}

	void emit(std::unique_ptr<orc::MaterializationResponsibility> r,
	          std::unique_ptr<llvm::MemoryBuffer> object) override {
		to_.assign(object->getBufferStart(), object->getBufferEnd());
		// The symbols have no address here; any will do for the lookup to end.
		orc::SymbolMap symbols;
		for (auto &[name, flags] : r->getSymbols())
			symbols[name] = {orc::ExecutorAddr(1), flags};
		if (auto error = r->notifyResolved(symbols)) return fail_with(std::move(error), *r);
		if (auto error = r->notifyEmitted({})) return fail_with(std::move(error), *r);
	}

private:
	void fail_with(llvm::Error error, orc::MaterializationResponsibility &r) {
		getExecutionSession().reportError(std::move(error));
		r.failMaterialization();
	}
	std::vector<char> &to_;
};

std::unique_ptr<llvm::TargetMachine> bpf_machine() {
	LLVMInitializeBPFTargetInfo();
	LLVMInitializeBPFTarget();
	LLVMInitializeBPFTargetMC();
	LLVMInitializeBPFAsmPrinter();
	std::string why;
	const llvm::Target *target = llvm::TargetRegistry::lookupTarget("bpfel", why);
	if (!target) return nullptr;
	// v2: what every kernel with kprobes and ring buffers runs.
	return std::unique_ptr<llvm::TargetMachine>(
	        target->createTargetMachine("bpfel", "v2", "", {}, llvm::Reloc::PIC_, {}, llvm::CodeGenOptLevel::Less));
}

// The bitcode is optimised already, but for what the constants allow: fold them, drop what becomes unreachable, put
// values into registers. LLVM's standard pipelines do no better here and take ten times as long.
void optimise(llvm::Module &m, llvm::TargetMachine &machine) {
	llvm::FunctionAnalysisManager functions;
	llvm::ModuleAnalysisManager modules;
	// Registers only the analyses that the passes below ask for. A PassBuilder would bring all of LLVM's passes
	// into this program, whose own constructors take longer than reading the ruleset. It would also add the
	// target's passes: their guards against patterns that the verifier dislikes come first and would hide the
	// constants. bpf/probe.bpf.c guards itself.
	functions.registerPass([&machine] { return machine.getTargetIRAnalysis(); });
	functions.registerPass([] { return llvm::PassInstrumentationAnalysis(); });
	functions.registerPass([] { return llvm::AssumptionAnalysis(); });
	functions.registerPass([] { return llvm::BasicAA(); });
	functions.registerPass([] { return llvm::BlockFrequencyAnalysis(); });
	functions.registerPass([] { return llvm::DominatorTreeAnalysis(); });
	functions.registerPass([] { return llvm::LoopAnalysis(); });
	functions.registerPass([] { return llvm::OptimizationRemarkEmitterAnalysis(); });
	functions.registerPass([] { return llvm::PostDominatorTreeAnalysis(); });
	functions.registerPass([] { return llvm::TargetLibraryAnalysis(); });
	functions.registerPass([] {
		llvm::AAManager aliases;
		aliases.registerFunctionAnalysis<llvm::BasicAA>();
		return aliases;
	});
	functions.registerPass([&modules] { return llvm::ModuleAnalysisManagerFunctionProxy(modules); });
	modules.registerPass([] { return llvm::PassInstrumentationAnalysis(); });
	modules.registerPass([] { return llvm::ProfileSummaryAnalysis(); });
	modules.registerPass([&functions] { return llvm::FunctionAnalysisManagerModuleProxy(functions); });

	llvm::FunctionPassManager each;
	each.addPass(llvm::InstSimplifyPass());
	each.addPass(llvm::SimplifyCFGPass());
	each.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
	each.addPass(llvm::InstCombinePass());
	each.addPass(llvm::SimplifyCFGPass());
	each.addPass(llvm::ADCEPass());
	llvm::ModulePassManager all;
	all.addPass(llvm::GlobalDCEPass());
	all.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(each)));
	// What only served a function that is not called any more.
	all.addPass(llvm::GlobalDCEPass());
	all.run(m, modules);
	if (!debugs(DebugTopic::kIr)) return;
	std::string text;
	llvm::raw_string_ostream out(text);
	m.print(out, nullptr);
	debug(DebugTopic::kIr, text);
}

} // namespace

Result<std::vector<char>> compile_probe(const nd_layout &layout, std::span<const nd_site> sites,
                                        const nd_settings &settings, std::span<const char> probe_template,
                                        const Filter &filter) {
	if (auto can = check_filter(filter, layout); !can) return std::unexpected(can.error());
	auto machine = bpf_machine();
	if (!machine)
		return usage_error("compiling the probe", "LLVM has no BPF target", "rebuild with LLVM's BPF target");
	auto context = std::make_unique<llvm::LLVMContext>();
	context->setDiscardValueNames(!debugs(DebugTopic::kIr));
	// LLVM would print its diagnostics and end the process.
	std::string diagnosis;
	context->setDiagnosticHandlerCallBack(
	        [](const llvm::DiagnosticInfo *info, void *to) {
		        if (info->getSeverity() != llvm::DS_Error) return;
		        llvm::raw_string_ostream out(*static_cast<std::string *>(to));
		        llvm::DiagnosticPrinterRawOStream printer(out);
		        info->print(printer);
	        },
	        &diagnosis);
	auto module = specialise(*context, probe_template, layout, sites, settings, filter);
	if (!module) return std::unexpected(module.error());
	inline_match(**module, layout.cast.function != 0);
	const std::string any_program = (*module)->getFunction("nd_sites_0") ? "nd_sites_0" : "nd_site_0";
	(*module)->setTargetTriple(machine->getTargetTriple().str());
	(*module)->setDataLayout(machine->createDataLayout());

	std::vector<char> object;
	orc::ExecutionSession session(std::make_unique<orc::UnsupportedExecutorProcessControl>(
	        nullptr, nullptr, machine->getTargetTriple().str()));
	KeepObjectLayer keep(session, object);
	orc::IRCompileLayer compile(session, keep, std::make_unique<orc::SimpleCompiler>(*machine));
	orc::IRTransformLayer transform(session, compile,
	                                [&machine](orc::ThreadSafeModule m, orc::MaterializationResponsibility &)
	                                        -> llvm::Expected<orc::ThreadSafeModule> {
		                                m.withModuleDo([&](llvm::Module &ir) { optimise(ir, *machine); });
		                                return m;
	                                });
	orc::JITDylib &dylib = session.createBareJITDylib("probe");
	auto error = transform.add(dylib, orc::ThreadSafeModule(std::move(*module), std::move(context)));
	if (!error) {
		// Asking for one program makes the whole module.
		error = session.lookup({&dylib}, session.intern(any_program)).takeError();
	}
	if (auto ended = session.endSession()) error = llvm::joinErrors(std::move(error), std::move(ended));
	if (error) return internal(std::move(error));
	if (!diagnosis.empty()) return internal(llvm::createStringError(diagnosis));
	mark_kernel_calls(object);
	return object;
}

} // namespace nft_drops::jit
