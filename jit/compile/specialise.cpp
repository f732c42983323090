// SPDX-License-Identifier: GPL-2.0-only
#include "jit/compile/specialise.h"

#include "jit/compile/inline_calls.h"
#include "jit/compile/match.h"

#include <fmt/format.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/STLExtras.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <cstring>
#include <map>
#include <vector>

namespace nft_drops::jit {
namespace {

constexpr const char *kOfSite = "nd_of_site_";      // OF_SITE of bpf/locate.h
constexpr const char *kOfNoSite = "nd_of_no_site_"; // OF_NO_SITE of bpf/locate.h
constexpr const char *kPart = "nd_part"; // a site's copy of a function of OF_SITE, or what chooses among copies

std::unexpected<Error> internal(const std::string &why) {
	return usage_error("compiling the probe", why, "this is a defect of nft-drops: please report it");
}

// A C structure as a constant of the module, byte for byte. The BPF target and this machine share sizes, alignment
// and byte order.
template <typename T> llvm::GlobalVariable *constant(llvm::Module &m, const T &value, const std::string &name) {
	const auto *bytes = reinterpret_cast<const uint8_t *>(&value);
	auto *data = llvm::ConstantDataArray::get(m.getContext(), llvm::ArrayRef<uint8_t>(bytes, sizeof(T)));
	auto *g = new llvm::GlobalVariable(m, data->getType(), true, llvm::GlobalValue::InternalLinkage, data, name);
	g->setAlignment(llvm::Align(8));
	return g;
}

// A function may not be read yet.
void erase(llvm::Function &f) {
	f.deleteBody();
	f.eraseFromParent();
}

// Reads the bodies of the programs and of all functions that they call, and erases the others: most of them serve
// MATCH, and reading all takes a third of the compilation.
Result<void> read_called(llvm::Module &m) {
	std::vector<llvm::Function *> waiting;
	for (llvm::Function &f : m)
		if (f.hasSection() || f.getName().starts_with(kOfNoSite)) waiting.push_back(&f);
	llvm::SmallPtrSet<const llvm::Function *, 16> called(waiting.begin(), waiting.end());
	while (!waiting.empty()) {
		llvm::Function *f = waiting.back();
		waiting.pop_back();
		if (auto error = f->materialize()) return internal(llvm::toString(std::move(error)));
		for (llvm::Instruction &i : llvm::instructions(*f)) {
			for (llvm::Use &operand : i.operands()) {
				auto *other = llvm::dyn_cast<llvm::Function>(operand->stripPointerCasts());
				if (other && called.insert(other).second) waiting.push_back(other);
			}
		}
	}
	for (llvm::Function &f : llvm::make_early_inc_range(m)) {
		if (!called.contains(&f) && f.isMaterializable()) erase(f);
	}
	if (auto error = m.materializeAll()) return internal(llvm::toString(std::move(error)));
	return {};
}

// A copy of a function for one site. What the site's constants decide is decided in copying: most of the function is
// for other kinds of places, and is not copied at all.
llvm::Function *copy_for(const nd_site &site, const llvm::Function &pattern, llvm::GlobalVariable &the_site,
                         const std::string &name) {
	llvm::Module &m = *the_site.getParent();
	llvm::Function *f = llvm::Function::Create(pattern.getFunctionType(), pattern.getLinkage(), name, m);
	f->copyAttributesFrom(&pattern);
	llvm::ValueToValueMapTy map;
	const std::string constants = fmt::format("nd_constants_{}", site.index);
	llvm::GlobalVariable *made = m.getNamedGlobal(constants);
	map[&the_site] = made ? made : constant(m, site, constants);
	for (size_t i = 0; i < pattern.arg_size(); i++)
		map[pattern.getArg(i)] = f->getArg(i);
	llvm::SmallVector<llvm::ReturnInst *, 8> returns;
	llvm::CloneAndPruneFunctionInto(f, &pattern, map, false, returns);
	return f;
}

// A function that calls the one of `copies` for the site where its first argument, a program's context, was made.
// Elsewhere it calls `elsewhere`, or returns 0 if there is no `elsewhere`.
llvm::Function *chooser(std::span<const nd_site> sites, std::span<llvm::Function *const> copies,
                        llvm::Function *elsewhere) {
	llvm::Function &first = *copies.front();
	llvm::LLVMContext &context = first.getContext();
	llvm::Function *f = llvm::Function::Create(first.getFunctionType(), llvm::GlobalValue::InternalLinkage, kPart,
	                                           first.getParent());
	llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", f));
	auto *none = llvm::BasicBlock::Create(context, "", f);
	llvm::Value *at = b.CreatePtrAdd(f->getArg(0), b.getInt64(sites.front().program_counter));
	llvm::Value *bits = b.CreateAnd(b.CreateLoad(b.getInt64Ty(), at, true), (1U << ND_COUNTER_BITS) - 1);
	llvm::SwitchInst *choice = b.CreateSwitch(bits, none);
	// Places at which rules drop come first.
	std::vector<uint32_t> weights{0}; // of `none`, then of each case
	const auto call = [&](llvm::Function *called) {
		llvm::SmallVector<llvm::Value *, 4> arguments;
		for (llvm::Argument &argument : f->args())
			arguments.push_back(&argument);
		b.CreateRet(b.CreateCall(called, arguments));
	};
	for (size_t i = 0; i < sites.size(); i++) {
		auto *block = llvm::BasicBlock::Create(context, "", f);
		choice->addCase(b.getInt64(sites[i].counter_bits), block);
		weights.push_back(sites[i].rule.where == ND_WHERE_NONE || sites[i].cause == ND_CAUSE_JUMP_LIMIT ? 1
		                                                                                                : 8);
		b.SetInsertPoint(block);
		call(copies[i]);
	}
	choice->setMetadata(llvm::LLVMContext::MD_prof, llvm::MDBuilder(context).createBranchWeights(weights));
	b.SetInsertPoint(none);
	if (elsewhere)
		call(elsewhere);
	else
		b.CreateRet(llvm::ConstantInt::getNullValue(f->getReturnType()));
	return f;
}

// The program of all `sites`, which have the same number of a program.
Result<void> make_program(std::span<const nd_site> sites, const llvm::Function &pattern,
                          llvm::GlobalVariable &the_site) {
	llvm::Module &m = *the_site.getParent();
	llvm::Function *program = llvm::Function::Create(pattern.getFunctionType(), pattern.getLinkage(),
	                                                 fmt::format("nd_sites_{}", sites.front().program), m);
	program->copyAttributesFrom(&pattern);
	llvm::ValueToValueMapTy map;
	map[pattern.getArg(0)] = program->getArg(0);
	for (llvm::Function &part : llvm::make_early_inc_range(m)) {
		if (!part.getName().starts_with(kOfSite)) continue;
		std::vector<llvm::Function *> copies;
		for (const nd_site &site : sites)
			copies.push_back(copy_for(site, part, the_site, kPart));
		llvm::Function *elsewhere =
		        m.getFunction((kOfNoSite + part.getName().drop_front(std::strlen(kOfSite))).str());
		map[&part] = sites.size() == 1 ? copies.front() : chooser(sites, copies, elsewhere);
	}
	llvm::SmallVector<llvm::ReturnInst *, 8> returns;
	llvm::CloneAndPruneFunctionInto(program, &pattern, map, false, returns);
	inline_single_calls(m, kPart);
	for (const llvm::Function &f : m)
		if (f.getName().starts_with(kPart)) return internal("a part of a site's program cannot be inlined");
	return {};
}

// The programs of a template whose sites share programs (nd_at_sites()).
Result<void> make_programs(std::span<const nd_site> sites, llvm::Function &pattern, llvm::GlobalVariable &the_site) {
	std::map<nd_u32, std::vector<nd_site>> programs;
	for (const nd_site &site : sites)
		programs[site.program].push_back(site);
	for (const auto &[number, its_sites] : programs)
		if (auto made = make_program(its_sites, pattern, the_site); !made) return made;
	pattern.eraseFromParent();
	for (llvm::Function &f : llvm::make_early_inc_range(*the_site.getParent()))
		if (f.getName().starts_with(kOfSite)) f.eraseFromParent();
	return {};
}

} // namespace

Result<std::unique_ptr<llvm::Module>> specialise(llvm::LLVMContext &context, std::span<const char> probe_template,
                                                 const nd_layout &layout, std::span<const nd_site> sites,
                                                 const nd_settings &settings, const Filter &filter) {
	auto parsed = llvm::getLazyBitcodeModule(
	        llvm::MemoryBufferRef(llvm::StringRef(probe_template.data(), probe_template.size()), "probe.bc"),
	        context);
	if (!parsed) return internal(llvm::toString(parsed.takeError()));
	llvm::Module &m = **parsed;
	llvm::Function *pattern = m.getFunction("nd_at_site"), *shared = m.getFunction("nd_at_sites");
	llvm::GlobalVariable *the_site = m.getNamedGlobal("nd_the_site");
	llvm::GlobalVariable *the_layout = m.getNamedGlobal("nd_the_layout");
	if ((!pattern && !shared) || !the_site || !the_layout) return internal("the probe's bitcode lacks its symbols");

	// SEC() pins functions with llvm.used: the template itself must go, its clones are external anyway.
	if (auto *used = m.getNamedGlobal("llvm.used")) used->eraseFromParent();
	if (auto *used = m.getNamedGlobal("llvm.compiler.used")) used->eraseFromParent();
	llvm::Function *frees = m.getFunction("nd_at_free");
	if (frees && !settings.drop_reason) erase(*frees);
	define_match(m, filter, settings.drop_reason != 0);
	if (auto read = read_called(m); !read) return std::unexpected(read.error());
	the_layout->replaceAllUsesWith(constant(m, layout, "nd_layout_of_this_kernel"));
	if (shared) {
		if (auto made = make_programs(sites, *shared, *the_site); !made) return std::unexpected(made.error());
	} else {
		for (const nd_site &site : sites)
			copy_for(site, *pattern, *the_site, fmt::format("nd_site_{}", site.index));
		pattern->eraseFromParent();
	}
	// The counting probe has neither.
	if (auto *the_settings = m.getNamedGlobal("nd_the_settings")) {
		the_settings->replaceAllUsesWith(constant(m, settings, "nd_settings_wanted"));
		the_settings->eraseFromParent();
	}
	// Functions that are no programs become internal: the verifier then checks them as parts of their caller.
	for (llvm::Function &f : m) {
		if (!f.isDeclaration() && !f.hasSection()) f.setLinkage(llvm::GlobalValue::InternalLinkage);
	}
	the_layout->eraseFromParent();
	the_site->eraseFromParent();
	return std::move(*parsed);
}

} // namespace nft_drops::jit
