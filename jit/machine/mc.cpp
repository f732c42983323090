// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/mc.h"

#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCDisassembler/MCDisassembler.h>
#include <llvm/MC/MCInst.h>
#include <llvm/MC/MCInstPrinter.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Triple.h>

namespace nft_drops::jit {

struct Mc::Impl {
	llvm::MCTargetOptions options;
	std::unique_ptr<llvm::MCRegisterInfo> registers;
	std::unique_ptr<llvm::MCAsmInfo> assembly;
	std::unique_ptr<llvm::MCSubtargetInfo> subtarget;
	std::unique_ptr<llvm::MCInstrInfo> instructions;
	std::unique_ptr<llvm::MCContext> context;
	std::unique_ptr<llvm::MCDisassembler> disassembler;
	std::unique_ptr<llvm::MCInstPrinter> printer;
};

Mc::Mc() = default;
Mc::Mc(Mc &&) noexcept = default;
Mc &Mc::operator=(Mc &&) noexcept = default;
Mc::~Mc() = default;

Result<Mc> Mc::open(const char *triple_text, const char *features) {
	LLVMInitializeX86TargetInfo();
	LLVMInitializeX86TargetMC();
	LLVMInitializeX86Disassembler();
	LLVMInitializeAArch64TargetInfo();
	LLVMInitializeAArch64TargetMC();
	LLVMInitializeAArch64Disassembler();
	std::string why;
	const llvm::Triple triple(triple_text);
	const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple.str(), why);
	if (!target) return unsupported("disassembler", why);
	Mc mc;
	mc.impl_ = std::make_unique<Impl>();
	Impl &i = *mc.impl_;
	i.registers.reset(target->createMCRegInfo(triple.str()));
	i.assembly.reset(target->createMCAsmInfo(*i.registers, triple.str(), i.options));
	i.subtarget.reset(target->createMCSubtargetInfo(triple.str(), "", features));
	i.instructions.reset(target->createMCInstrInfo());
	i.context = std::make_unique<llvm::MCContext>(triple, i.assembly.get(), i.registers.get(), i.subtarget.get());
	i.disassembler.reset(target->createMCDisassembler(*i.subtarget, *i.context));
	i.printer.reset(target->createMCInstPrinter(triple, 0, *i.assembly, *i.instructions, *i.registers));
	if (!i.disassembler || !i.printer) return unsupported("disassembler", "LLVM has none for this processor");
	return mc;
}

std::optional<McInstruction> Mc::decode(uint64_t address, const uint8_t *bytes, size_t size) {
	llvm::MCInst inst;
	uint64_t length = 0;
	if (impl_->disassembler->getInstruction(inst, length, {bytes, size}, address, llvm::nulls()) !=
	    llvm::MCDisassembler::Success)
		return std::nullopt;
	const llvm::MCInstrDesc &desc = impl_->instructions->get(inst.getOpcode());
	McInstruction out;
	const llvm::StringRef name = impl_->instructions->getName(inst.getOpcode());
	out.name = {name.data(), name.size()};
	out.size = static_cast<uint8_t>(length);
	out.may_store = desc.mayStore();
	out.is_branch = desc.isBranch() || desc.isReturn();
	out.is_call = desc.isCall();
	out.operands.reserve(inst.getNumOperands());
	for (unsigned n = 0; n < inst.getNumOperands(); n++) {
		const llvm::MCOperand &op = inst.getOperand(n);
		McOperand o;
		if (n < desc.getNumOperands()) o.memory = desc.operands()[n].OperandType == llvm::MCOI::OPERAND_MEMORY;
		o.is_def = n < desc.getNumDefs();
		if (op.isReg()) {
			o.kind = McOperand::Kind::kReg;
			o.reg = op.getReg();
			if (o.is_def) out.defines.push_back(o.reg);
		} else if (op.isImm()) {
			o.imm = op.getImm();
		}
		out.operands.push_back(o);
	}
	for (llvm::MCPhysReg r : desc.implicit_defs())
		out.defines.push_back(r);
	return out;
}

std::string Mc::print(uint64_t address, const uint8_t *bytes, size_t size) {
	llvm::MCInst inst;
	uint64_t length = 0;
	if (impl_->disassembler->getInstruction(inst, length, {bytes, size}, address, llvm::nulls()) !=
	    llvm::MCDisassembler::Success)
		return "(bad)";
	std::string text;
	llvm::raw_string_ostream out(text);
	impl_->printer->setPrintBranchImmAsAddress(true);
	impl_->printer->printInst(&inst, address, "", *impl_->subtarget, out);
	for (char &c : text) {
		if (c == '\t') c = ' ';
	}
	const size_t begin = text.find_first_not_of(' ');
	return begin == std::string::npos ? text : text.substr(begin);
}

size_t Mc::register_count() const {
	return impl_->registers->getNumRegs();
}

std::string_view Mc::register_name(unsigned number) const {
	return impl_->registers->getName(number);
}

std::optional<unsigned> Mc::register_by_name(std::string_view name) const {
	for (unsigned r = 1; r < impl_->registers->getNumRegs(); r++) {
		if (name == impl_->registers->getName(r)) return r;
	}
	return std::nullopt;
}

} // namespace nft_drops::jit
