// SPDX-License-Identifier: GPL-2.0-only
#include "jit/compile/match.h"

#include "jit/compile/inline_calls.h"
#include "jit/compile/match_pcap.h"
#include "jit/compile/match_registers.h"
#include "jit/match/keys.h"

#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <llvm/ADT/STLExtras.h>
#include <llvm/IR/Constants.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>

namespace nft_drops::jit {
namespace {

// The programs, each a function `i32 (ptr subject)` that returns one of enum nd_matched.
class Compiler {
public:
	explicit Compiler(llvm::Module &m) : m_(m), b_(m.getContext()), registers_(b_) {}

	llvm::Function *rule(const MatchProgram &program, const std::string &name) {
		begin(name);
		registers_.clear();
		for (size_t i = 0; i < program.size(); i++) {
			if (is_transport_of(program, i)) {
				compile_transport_of(program, i);
				i += 2;
			} else {
				std::visit([this](const auto &inner) { compile(inner); }, program[i]);
			}
		}
		b_.CreateRet(b_.getInt32(ND_MATCHED_YES));
		return function_;
	}

private:
	void begin(const std::string &name) {
		auto *type = llvm::FunctionType::get(b_.getInt32Ty(), {b_.getPtrTy()}, false);
		function_ = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, m_);
		subject_ = function_->getArg(0);
		b_.SetInsertPoint(block());
	}

	llvm::BasicBlock *block() { return llvm::BasicBlock::Create(m_.getContext(), "", function_); }

	// Goes on where `holds`, else returns.
	void unless(llvm::Value *holds, llvm::Value *result) {
		llvm::BasicBlock *leave = block();
		llvm::BasicBlock *go_on = block();
		b_.CreateCondBr(holds, go_on, leave);
		b_.SetInsertPoint(leave);
		b_.CreateRet(result);
		b_.SetInsertPoint(go_on);
	}
	void require(llvm::Value *holds) { unless(holds, b_.getInt32(ND_MATCHED_NO)); }

	// What a function of bpf/match.h gives, where it gives something.
	llvm::Value *ask(const std::string &name, llvm::ArrayRef<llvm::Value *> more = {}) {
		std::vector<llvm::Value *> arguments{subject_};
		arguments.insert(arguments.end(), more.begin(), more.end());
		std::vector<llvm::Type *> types;
		for (llvm::Value *a : arguments)
			types.push_back(a->getType());
		auto *type = llvm::FunctionType::get(b_.getInt64Ty(), types, false);
		llvm::Value *got = b_.CreateCall(m_.getOrInsertFunction("nd_match_" + name, type), arguments);
		llvm::Value *missing = b_.CreateICmpEQ(got, b_.getInt64(ND_MATCH_MISSING));
		unless(b_.CreateICmpULT(got, b_.getInt64(ND_MATCH_MISSING)),
		       b_.CreateSelect(missing, b_.getInt32(ND_MATCHED_NO), b_.getInt32(ND_MATCHED_UNDECIDED)));
		return b_.CreateTrunc(got, b_.getInt32Ty());
	}

	// `length` bytes that a function gave: in its value, or in nd_subject.bytes.
	void store(uint32_t to, uint32_t length, llvm::Value *value) {
		if (length == 1 || length == 2 || length == 4) {
			registers_.set(to, value);
			return;
		}
		for (uint32_t at = 0; at < length; at += 4, to++) {
			const uint32_t offset = static_cast<uint32_t>(offsetof(nd_subject, bytes)) + at;
			llvm::Value *place = b_.CreateConstInBoundsGEP1_32(b_.getInt8Ty(), subject_, offset);
			registers_.set(to, b_.CreateAlignedLoad(b_.getInt32Ty(), place, llvm::Align(4)));
		}
	}

	// The three operations that nft makes of `tcp dport`: the protocol, its comparison, the header's bytes in place
	// of the protocol.
	static bool is_transport_of(const MatchProgram &program, size_t at) {
		if (at + 2 >= program.size()) return false;
		const auto *meta = std::get_if<MatchMeta>(&program[at]);
		const auto *compare = std::get_if<MatchCompare>(&program[at + 1]);
		const auto *payload = std::get_if<MatchPayload>(&program[at + 2]);
		return meta && compare && payload && meta->key == NFT_META_L4PROTO && compare->op == NFT_CMP_EQ &&
		       compare->value.size() == 1 && compare->from == meta->to &&
		       payload->base == NFT_PAYLOAD_TRANSPORT_HEADER && payload->to == meta->to;
	}
	void compile_transport_of(const MatchProgram &program, size_t at) {
		const auto &protocol = std::get<MatchCompare>(program[at + 1]).value;
		const auto &payload = std::get<MatchPayload>(program[at + 2]);
		store(payload.to, payload.length,
		      ask("transport_of",
		          {b_.getInt32(protocol[0]), b_.getInt32(payload.offset), b_.getInt32(payload.length)}));
	}
	void compile(const MatchPayload &op) {
		const char *from = op.base == NFT_PAYLOAD_LL_HEADER        ? "link"
		                   : op.base == NFT_PAYLOAD_NETWORK_HEADER ? "network"
		                                                           : "transport";
		store(op.to, op.length, ask(from, {b_.getInt32(op.offset), b_.getInt32(op.length)}));
	}
	void compile(const MatchMeta &op) {
		const MatchKey *key = meta_key(op.key);
		store(op.to, key->length, ask(key->function));
	}
	void compile(const MatchCt &op) {
		const MatchKey *key = ct_key(op.key);
		store(op.to, key->length, ask(key->function));
	}
	void compile(const MatchExthdr &op) {
		const bool tcp = op.kind == NFT_EXTHDR_OP_TCPOPT;
		llvm::Value *type = b_.getInt32(op.type);
		if (!op.present)
			store(op.to, op.length,
			      ask(tcp ? "tcp_option" : "extension",
			          {type, b_.getInt32(op.offset), b_.getInt32(op.length)}));
		else if (tcp)
			store(op.to, 1, ask("tcp_option_present", {type, b_.getInt32(op.offset + op.length)}));
		else
			store(op.to, 1, ask("extension_present", {type}));
	}
	void compile(const MatchCompare &op) {
		switch (op.op) {
		case NFT_CMP_EQ:
			return require(registers_.equal(op.from, op.value));
		case NFT_CMP_NEQ:
			return require(b_.CreateNot(registers_.equal(op.from, op.value)));
		case NFT_CMP_LT:
			return require(registers_.below(op.from, op.value));
		case NFT_CMP_LTE:
			return require(b_.CreateNot(registers_.above(op.from, op.value)));
		case NFT_CMP_GT:
			return require(registers_.above(op.from, op.value));
		default: // NFT_CMP_GTE
			return require(b_.CreateNot(registers_.below(op.from, op.value)));
		}
	}
	void compile(const MatchRange &op) {
		llvm::Value *within = registers_.within(op.from, op.lower, op.upper);
		require(op.outside ? b_.CreateNot(within) : within);
	}
	void compile(const MatchBitwise &op) {
		const uint32_t words = (op.length + 3) / 4;
		llvm::Value *carry = b_.getInt32(0);
		for (uint32_t n = 0; n < words; n++) {
			// nft_bitwise_eval_lshift() goes from the last register to the first, _rshift() the other way.
			const uint32_t i = op.kind == MatchBitwise::Kind::kShiftLeft ? words - 1 - n : n;
			llvm::Value *word = registers_.get(op.from + i);
			switch (op.kind) {
			case MatchBitwise::Kind::kMask:
				registers_.set(op.to + i,
				               b_.CreateXor(b_.CreateAnd(word, part(op.mask, i)), part(op.flip, i)));
				break;
			case MatchBitwise::Kind::kShiftLeft:
				registers_.set(op.to + i, b_.CreateOr(b_.CreateShl(word, op.shift), carry));
				carry = b_.CreateLShr(word, 32 - op.shift);
				break;
			case MatchBitwise::Kind::kShiftRight:
				registers_.set(op.to + i, b_.CreateOr(b_.CreateLShr(word, op.shift), carry));
				carry = b_.CreateShl(word, 32 - op.shift);
				break;
			}
		}
	}
	static uint32_t part(const MatchBytes &bytes, uint32_t word) {
		uint32_t value = 0;
		for (size_t i = 0; i < 4 && word * 4 + i < bytes.size(); i++)
			value |= static_cast<uint32_t>(bytes[word * 4 + i]) << 8 * i;
		return value;
	}
	llvm::Value *turned(llvm::Value *word) {
		return b_.CreateIntrinsic(llvm::Intrinsic::bswap, {b_.getInt32Ty()}, {word});
	}
	// nft_byteorder_eval(); ntoh and hton are the same.
	void compile(const MatchByteorder &op) {
		for (uint32_t i = 0; i < (op.length + 3) / 4; i++) {
			llvm::Value *word = registers_.get(op.from + i);
			if (op.size == 2) {
				// Turned around as a whole, and the halves exchanged again.
				llvm::Value *halves = turned(word);
				registers_.set(op.to + i,
				               b_.CreateOr(b_.CreateLShr(halves, 16), b_.CreateShl(halves, 16)));
			} else if (op.size == 4) {
				registers_.set(op.to + i, turned(word));
			} else if (i % 2 == 0) {
				llvm::Value *low = turned(word);
				llvm::Value *high = turned(registers_.get(op.from + i + 1));
				registers_.set(op.to + i, high);
				registers_.set(op.to + i + 1, low);
			}
		}
	}
	void compile(const MatchLookup &op) {
		llvm::BasicBlock *found = block();
		llvm::BasicBlock *end = block();
		for (const auto &element : op.elements) {
			llvm::Value *all = b_.getTrue();
			uint32_t at = op.from;
			for (const MatchLookup::Field &field : element) {
				all = b_.CreateAnd(all, registers_.within(at, field.lower, field.upper));
				at += static_cast<uint32_t>((field.lower.size() + 3) / 4);
			}
			llvm::BasicBlock *next = block();
			b_.CreateCondBr(all, found, next);
			b_.SetInsertPoint(next);
		}
		llvm::BasicBlock *leave = block();
		b_.CreateBr(op.outside ? end : leave);
		b_.SetInsertPoint(found);
		b_.CreateBr(op.outside ? leave : end);
		b_.SetInsertPoint(leave);
		b_.CreateRet(b_.getInt32(ND_MATCHED_NO));
		b_.SetInsertPoint(end);
	}

	llvm::Module &m_;
	llvm::IRBuilder<> b_;
	MatchRegisters registers_;
	llvm::Function *function_ = nullptr;
	llvm::Value *subject_ = nullptr;
};

const nd_field *field_of(const MatchMeta &op, const nd_layout &lay) {
	switch (op.key) {
	case NFT_META_MARK:
		return &lay.match.skb_mark;
	case NFT_META_PRIORITY:
		return &lay.match.skb_priority;
	case NFT_META_PKTTYPE:
		return &lay.match.skb_pkt_type;
	case NFT_META_IIFGROUP:
	case NFT_META_OIFGROUP:
		return &lay.match.dev_group;
	default:
		return nullptr;
	}
}

// Named and told by BTF: nft_pktinfo's members, without which no transport header is found.
bool has_transport(const nd_match_layout &m) {
	return m.pkt_flags.size && m.pkt_tprot.size && m.pkt_fragoff.size && m.pkt_thoff.size;
}

// Compiles the filter's programs. The key of a program is what nd_match_family() returns for the tables that the
// program asks for. `freed`: the filter is asked about packets that no table dropped, too; their keys begin at
// ND_MATCH_FREED.
std::map<uint32_t, llvm::Function *> define_programs(llvm::Module &m, const Filter &filter, bool freed) {
	std::map<uint32_t, llvm::Function *> programs;
	std::map<std::string, llvm::Function *> compiled; // most families have the same program
	for (const FamilyMatch &of : filter.match) {
		llvm::Function *&program = compiled[Filter{{{0, of.program}}, {}}.bytes()];
		if (!program) program = Compiler(m).rule(of.program, fmt::format("nd_match_family_{}", of.family));
		programs[of.family] = program;
	}
	if (!freed) return programs;
	// The program of the packet's own family comes first. If that family cannot hold the MATCH, the program of
	// netdev or bridge serves: both ask the packet for its protocol. The program of inet comes last: it asks the
	// hook for the protocol, and the hook is not known.
	for (const uint32_t own : {NFPROTO_UNSPEC, NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_ARP}) {
		for (const uint32_t family :
		     {own, uint32_t{NFPROTO_NETDEV}, uint32_t{NFPROTO_BRIDGE}, uint32_t{NFPROTO_INET}}) {
			const auto found = programs.find(family);
			if (found != programs.end()) programs.emplace(ND_MATCH_FREED + own, found->second);
		}
	}
	return programs;
}

std::unexpected<Error> absent(const std::string &what) {
	return unsupported(what, "this kernel's types (BTF) do not tell where it is", "leave it out of the MATCH");
}

} // namespace

Result<void> check_filter(const Filter &filter, const nd_layout &layout) {
	if (auto understood = check_pcap(filter.pcap); !understood) return understood;
	for (const FamilyMatch &of : filter.match) {
		for (const MatchOperation &op : of.program) {
			if (const auto *meta = std::get_if<MatchMeta>(&op)) {
				const nd_field *field = field_of(*meta, layout);
				if (field && !field->size)
					return absent(fmt::format("meta {}", meta_key(meta->key)->name));
			}
			if (const auto *ct = std::get_if<MatchCt>(&op); ct && !layout.match.skb_nfct.size)
				return absent(fmt::format("ct {}", ct_key(ct->key)->name));
			if (!has_transport(layout.match)) return absent("the transport header");
		}
	}
	return {};
}

void define_match(llvm::Module &m, const Filter &filter, bool freed) {
	llvm::Function *match = m.getFunction("nd_match");
	if (!match) return;
	llvm::IRBuilder<> b(m.getContext());
	llvm::Value *subject = match->getArg(0);
	llvm::Value *no = b.getInt32(ND_MATCHED_NO);
	llvm::Value *yes = b.getInt32(ND_MATCHED_YES);
	llvm::Function *pcap = filter.pcap.empty() ? nullptr : define_pcap(m, filter.pcap);
	const std::map<uint32_t, llvm::Function *> programs = define_programs(m, filter, freed);

	const auto block = [&] { return llvm::BasicBlock::Create(m.getContext(), "", match); };
	b.SetInsertPoint(block());
	llvm::BasicBlock *end = block();
	auto *matched = llvm::PHINode::Create(b.getInt32Ty(), static_cast<unsigned>(programs.size()) + 1, "", end);
	const bool shared =
	        std::ranges::all_of(programs, [&](const auto &p) { return p.second == programs.begin()->second; });
	if (programs.empty()) {
		matched->addIncoming(yes, b.GetInsertBlock());
		b.CreateBr(end);
	} else {
		llvm::Value *result = nullptr;
		if (shared) {
			result = b.CreateCall(programs.begin()->second, {subject});
			llvm::BasicBlock *ask = block();
			matched->addIncoming(no, b.GetInsertBlock());
			b.CreateCondBr(b.CreateICmpEQ(result, no), end, ask);
			b.SetInsertPoint(ask);
		}
		auto *type = llvm::FunctionType::get(b.getInt64Ty(), {b.getInt64Ty()}, false);
		llvm::Value *by = b.CreateCall(m.getOrInsertFunction("nd_match_family", type), {match->getArg(1)});
		matched->addIncoming(no, b.GetInsertBlock());
		auto *which = b.CreateSwitch(by, end, static_cast<unsigned>(programs.size()));
		std::map<llvm::Function *, llvm::BasicBlock *> calls;
		for (const auto &[family, program] : programs) {
			llvm::BasicBlock *&call = calls[program];
			if (!call) {
				call = block();
				b.SetInsertPoint(call);
				matched->addIncoming(shared ? result : b.CreateCall(program, {subject}), call);
				b.CreateBr(end);
			}
			which->addCase(b.getInt64(family), call);
		}
	}
	b.SetInsertPoint(end);
	if (pcap) {
		// MATCH and --pcap: the drop is wanted if both say so, not wanted if one says no, else undecided.
		llvm::BasicBlock *leave = block();
		llvm::BasicBlock *both = block();
		b.CreateCondBr(b.CreateICmpEQ(matched, no), leave, both);
		b.SetInsertPoint(leave);
		b.CreateRet(no);
		b.SetInsertPoint(both);
		llvm::Value *also = b.CreateCall(pcap, {subject});
		b.CreateRet(b.CreateSelect(b.CreateICmpEQ(also, yes), matched, also));
	} else {
		b.CreateRet(matched);
	}
	match->setLinkage(llvm::GlobalValue::InternalLinkage);
}

void inline_match(llvm::Module &m, bool loads) {
	inline_single_calls(m, "nd_match");
	if (loads) inline_single_calls(m, "nd_decide");
}

} // namespace nft_drops::jit
