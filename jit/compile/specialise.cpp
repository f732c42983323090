// SPDX-License-Identifier: GPL-2.0-only
#include "jit/compile/specialise.h"

#include "jit/compile/match.h"

#include <fmt/format.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Transforms/Utils/Cloning.h>

namespace nft_drops::jit {
namespace {

std::unexpected<Error> internal(const std::string &why) {
	return fail("compiling the probe", why, "this is a defect of nft-drops: please report it");
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

} // namespace

Result<std::unique_ptr<llvm::Module>> specialise(llvm::LLVMContext &context, std::span<const char> probe_template,
                                                 const nd_layout &layout, std::span<const nd_site> sites,
                                                 const nd_settings &settings, const Filter &filter) {
	auto parsed = llvm::parseBitcodeFile(
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
	the_layout->replaceAllUsesWith(constant(m, layout, "nd_layout_of_this_kernel"));
	for (const nd_site &site : sites) {
		llvm::ValueToValueMapTy map;
		map[the_site] = constant(m, site, fmt::format("nd_constants_{}", site.index));
		llvm::Function *f = llvm::CloneFunction(pattern, map);
		f->setName(fmt::format("nd_site_{}", site.index));
	}
	pattern->eraseFromParent();
	// The counting probe has neither.
	if (auto *the_settings = m.getNamedGlobal("nd_the_settings")) {
		the_settings->replaceAllUsesWith(constant(m, settings, "nd_settings_wanted"));
		the_settings->eraseFromParent();
	}
	if (llvm::Function *frees = m.getFunction("nd_at_free"); frees && !settings.drop_reason)
		frees->eraseFromParent();
	define_match(m, filter);
	// What is no program serves the clones: the verifier looks at it as a part of them.
	for (llvm::Function &f : m) {
		if (!f.isDeclaration() && !f.hasSection()) f.setLinkage(llvm::GlobalValue::InternalLinkage);
	}
	the_layout->eraseFromParent();
	the_site->eraseFromParent();
	return std::move(*parsed);
}

} // namespace nft_drops::jit
