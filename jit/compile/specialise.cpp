// SPDX-License-Identifier: GPL-2.0-only
#include "jit/compile/specialise.h"

#include "jit/compile/match.h"

#include <fmt/format.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/STLExtras.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <vector>

namespace nft_drops::jit {
namespace {

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
		if (f.hasSection()) waiting.push_back(&f);
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

// A copy of the program for one site. What the site's constants decide is decided in copying: most of the program is
// for other kinds of places, and is not copied at all.
void copy_for(const nd_site &site, const llvm::Function &pattern, llvm::GlobalVariable &the_site) {
	llvm::Module &m = *the_site.getParent();
	llvm::Function *f = llvm::Function::Create(pattern.getFunctionType(), pattern.getLinkage(),
	                                           fmt::format("nd_site_{}", site.index), m);
	f->copyAttributesFrom(&pattern);
	llvm::ValueToValueMapTy map;
	map[&the_site] = constant(m, site, fmt::format("nd_constants_{}", site.index));
	for (size_t i = 0; i < pattern.arg_size(); i++)
		map[pattern.getArg(i)] = f->getArg(i);
	llvm::SmallVector<llvm::ReturnInst *, 8> returns;
	llvm::CloneAndPruneFunctionInto(f, &pattern, map, false, returns);
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
	llvm::Function *pattern = m.getFunction("nd_at_site");
	llvm::GlobalVariable *the_site = m.getNamedGlobal("nd_the_site");
	llvm::GlobalVariable *the_layout = m.getNamedGlobal("nd_the_layout");
	if (!pattern || !the_site || !the_layout) return internal("the probe's bitcode lacks its symbols");

	// SEC() pins functions with llvm.used: the template itself must go, its clones are external anyway.
	if (auto *used = m.getNamedGlobal("llvm.used")) used->eraseFromParent();
	if (auto *used = m.getNamedGlobal("llvm.compiler.used")) used->eraseFromParent();
	llvm::Function *frees = m.getFunction("nd_at_free");
	if (frees && !settings.drop_reason) erase(*frees);
	define_match(m, filter, settings.drop_reason != 0);
	if (auto read = read_called(m); !read) return std::unexpected(read.error());
	the_layout->replaceAllUsesWith(constant(m, layout, "nd_layout_of_this_kernel"));
	for (const nd_site &site : sites)
		copy_for(site, *pattern, *the_site);
	pattern->eraseFromParent();
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
