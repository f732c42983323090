// SPDX-License-Identifier: GPL-2.0-only
#include "jit/compile/match_pcap.h"

#include "bpf/shared/match.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <llvm/IR/IRBuilder.h>

#include <array>
#include <vector>

namespace nft_drops::jit {
namespace {

bool known(const PcapInstruction &i) {
	switch (i.code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_W | BPF_IMM:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_B | BPF_MSH:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_ALU | BPF_NEG:
	case BPF_JMP | BPF_JA:
		return true;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_W | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return i.k < BPF_MEMWORDS;
	default:
		break;
	}
	if (BPF_CLASS(i.code) == BPF_ALU)
		return BPF_OP(i.code) <= BPF_XOR && BPF_OP(i.code) != BPF_NEG &&
		       (BPF_SRC(i.code) == BPF_X || i.k || (BPF_OP(i.code) != BPF_DIV && BPF_OP(i.code) != BPF_MOD));
	if (BPF_CLASS(i.code) == BPF_JMP)
		return BPF_OP(i.code) == BPF_JEQ || BPF_OP(i.code) == BPF_JGT || BPF_OP(i.code) == BPF_JGE ||
		       BPF_OP(i.code) == BPF_JSET;
	return false;
}

class Compiler {
public:
	Compiler(llvm::Module &m, std::span<const PcapInstruction> program)
	    : m_(m), b_(m.getContext()), program_(program) {
		auto *type = llvm::FunctionType::get(b_.getInt32Ty(), {b_.getPtrTy()}, false);
		function_ = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, "nd_match_pcap", m_);
		llvm::BasicBlock *entry = block();
		for (size_t i = 0; i < program.size(); i++)
			blocks_.push_back(block());
		b_.SetInsertPoint(entry);
		// SROA makes values of these.
		for (llvm::Value *&place : memory_)
			place = variable();
		a_ = variable();
		x_ = variable();
		if (blocks_.empty())
			b_.CreateRet(b_.getInt32(ND_MATCHED_YES));
		else
			b_.CreateBr(blocks_.front());
	}

	llvm::Function *function() {
		for (at_ = 0; at_ < program_.size(); at_++) {
			b_.SetInsertPoint(blocks_[at_]);
			if (compile(program_[at_])) b_.CreateBr(blocks_[at_ + 1]);
		}
		return function_;
	}

private:
	llvm::BasicBlock *block() { return llvm::BasicBlock::Create(m_.getContext(), "", function_); }
	llvm::Value *variable() {
		llvm::Value *place = b_.CreateAlloca(b_.getInt32Ty());
		b_.CreateStore(b_.getInt32(0), place);
		return place;
	}
	llvm::Value *get(llvm::Value *place) { return b_.CreateLoad(b_.getInt32Ty(), place); }

	llvm::Value *ask(const char *name, llvm::ArrayRef<llvm::Value *> more) {
		std::vector<llvm::Value *> arguments{function_->getArg(0)};
		arguments.insert(arguments.end(), more.begin(), more.end());
		std::vector<llvm::Type *> types;
		for (llvm::Value *a : arguments)
			types.push_back(a->getType());
		auto *type = llvm::FunctionType::get(b_.getInt64Ty(), types, false);
		llvm::Value *got = b_.CreateCall(m_.getOrInsertFunction(name, type), arguments);
		llvm::BasicBlock *leave = block();
		llvm::BasicBlock *go_on = block();
		b_.CreateCondBr(b_.CreateICmpULT(got, b_.getInt64(ND_MATCH_MISSING)), go_on, leave);
		b_.SetInsertPoint(leave);
		llvm::Value *missing = b_.CreateICmpEQ(got, b_.getInt64(ND_MATCH_MISSING));
		b_.CreateRet(b_.CreateSelect(missing, b_.getInt32(ND_MATCHED_NO), b_.getInt32(ND_MATCHED_UNDECIDED)));
		b_.SetInsertPoint(go_on);
		return b_.CreateTrunc(got, b_.getInt32Ty());
	}

	static uint32_t size_of(uint16_t code) { return BPF_SIZE(code) == BPF_B ? 1 : BPF_SIZE(code) == BPF_H ? 2 : 4; }

	// False where the block has its end.
	bool compile(const PcapInstruction &i) {
		switch (BPF_CLASS(i.code)) {
		case BPF_LD:
			b_.CreateStore(loaded(i), a_);
			return true;
		case BPF_LDX:
			b_.CreateStore(loaded(i), x_);
			return true;
		case BPF_ST:
			b_.CreateStore(get(a_), memory_[i.k]);
			return true;
		case BPF_STX:
			b_.CreateStore(get(x_), memory_[i.k]);
			return true;
		case BPF_ALU:
			b_.CreateStore(computed(i), a_);
			return true;
		case BPF_MISC:
			if (BPF_MISCOP(i.code) == BPF_TAX)
				b_.CreateStore(get(a_), x_);
			else
				b_.CreateStore(get(x_), a_);
			return true;
		case BPF_RET: {
			llvm::Value *result = BPF_RVAL(i.code) == BPF_A ? get(a_) : b_.getInt32(i.k);
			b_.CreateRet(b_.CreateSelect(b_.CreateICmpNE(result, b_.getInt32(0)),
			                             b_.getInt32(ND_MATCHED_YES), b_.getInt32(ND_MATCHED_NO)));
			return false;
		}
		default: // BPF_JMP
			jump(i);
			return false;
		}
	}

	llvm::Value *loaded(const PcapInstruction &i) {
		switch (BPF_MODE(i.code)) {
		case BPF_ABS:
			return ask("nd_match_packet", {b_.getInt32(i.k), b_.getInt32(size_of(i.code))});
		case BPF_IND:
			return ask("nd_match_packet",
			           {b_.CreateAdd(get(x_), b_.getInt32(i.k)), b_.getInt32(size_of(i.code))});
		case BPF_LEN:
			return ask("nd_match_packet_length", {});
		case BPF_MEM:
			return get(memory_[i.k]);
		case BPF_MSH: // 4 * (the byte's lower half): an IPv4 header's length
			return b_.CreateShl(
			        b_.CreateAnd(ask("nd_match_packet", {b_.getInt32(i.k), b_.getInt32(1)}), 15), 2);
		default: // BPF_IMM
			return b_.getInt32(i.k);
		}
	}

	llvm::Value *operand(const PcapInstruction &i) { return BPF_SRC(i.code) == BPF_X ? get(x_) : b_.getInt32(i.k); }

	llvm::Value *computed(const PcapInstruction &i) {
		llvm::Value *a = get(a_);
		if (BPF_OP(i.code) == BPF_NEG) return b_.CreateNeg(a);
		llvm::Value *by = operand(i);
		switch (BPF_OP(i.code)) {
		case BPF_ADD:
			return b_.CreateAdd(a, by);
		case BPF_SUB:
			return b_.CreateSub(a, by);
		case BPF_MUL:
			return b_.CreateMul(a, by);
		case BPF_DIV:
			return b_.CreateUDiv(a, not_zero(by));
		case BPF_MOD:
			return b_.CreateURem(a, not_zero(by));
		case BPF_OR:
			return b_.CreateOr(a, by);
		case BPF_AND:
			return b_.CreateAnd(a, by);
		case BPF_LSH:
			return shifted(by, [&](llvm::Value *n) { return b_.CreateShl(a, n); });
		case BPF_RSH:
			return shifted(by, [&](llvm::Value *n) { return b_.CreateLShr(a, n); });
		default: // BPF_XOR
			return b_.CreateXor(a, by);
		}
	}
	// Division by 0 takes no packet.
	llvm::Value *not_zero(llvm::Value *by) {
		llvm::BasicBlock *leave = block();
		llvm::BasicBlock *go_on = block();
		b_.CreateCondBr(b_.CreateICmpNE(by, b_.getInt32(0)), go_on, leave);
		b_.SetInsertPoint(leave);
		b_.CreateRet(b_.getInt32(ND_MATCHED_NO));
		b_.SetInsertPoint(go_on);
		return by;
	}
	// bpf_filter(): a shift by 32 bits or more gives 0.
	llvm::Value *shifted(llvm::Value *by, auto shift) {
		llvm::Value *few = b_.CreateICmpULT(by, b_.getInt32(32));
		return b_.CreateSelect(few, shift(b_.CreateAnd(by, 31)), b_.getInt32(0));
	}

	void jump(const PcapInstruction &i) {
		if (BPF_OP(i.code) == BPF_JA) {
			b_.CreateBr(blocks_[at_ + 1 + i.k]);
			return;
		}
		llvm::Value *a = get(a_);
		llvm::Value *with = operand(i);
		llvm::Value *holds = nullptr;
		switch (BPF_OP(i.code)) {
		case BPF_JEQ:
			holds = b_.CreateICmpEQ(a, with);
			break;
		case BPF_JGT:
			holds = b_.CreateICmpUGT(a, with);
			break;
		case BPF_JGE:
			holds = b_.CreateICmpUGE(a, with);
			break;
		default: // BPF_JSET
			holds = b_.CreateICmpNE(b_.CreateAnd(a, with), b_.getInt32(0));
			break;
		}
		b_.CreateCondBr(holds, blocks_[at_ + 1 + i.if_true], blocks_[at_ + 1 + i.if_false]);
	}

	llvm::Module &m_;
	llvm::IRBuilder<> b_;
	std::span<const PcapInstruction> program_;
	llvm::Function *function_ = nullptr;
	std::vector<llvm::BasicBlock *> blocks_; // one for each instruction
	size_t at_ = 0;
	std::array<llvm::Value *, BPF_MEMWORDS> memory_{};
	llvm::Value *a_ = nullptr;
	llvm::Value *x_ = nullptr;
};

} // namespace

Result<void> check_pcap(std::span<const PcapInstruction> program) {
	const auto refuse = [](size_t at) {
		return usage_error("--pcap", fmt::format("instruction {} of libpcap's program is not understood", at));
	};
	for (size_t at = 0; at < program.size(); at++) {
		const PcapInstruction &i = program[at];
		const size_t left = program.size() - at - 1; // instructions behind this one
		const bool ends = BPF_CLASS(i.code) == BPF_RET;
		if (!known(i) || (!ends && left == 0)) return refuse(at);
		if (BPF_CLASS(i.code) != BPF_JMP) continue;
		const bool always = BPF_OP(i.code) == BPF_JA;
		if (always ? i.k >= left : i.if_true >= left || i.if_false >= left) return refuse(at);
	}
	return {};
}

llvm::Function *define_pcap(llvm::Module &m, std::span<const PcapInstruction> program) {
	return Compiler(m, program).function();
}

} // namespace nft_drops::jit
