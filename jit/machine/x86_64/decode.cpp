// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/x86_64/decode.h"

#include <algorithm>
#include <string_view>

namespace nft_drops::jit::x86_64 {
namespace {

struct Name {
	std::string_view text;
	Op op;
};
// By the letters before the width.
constexpr Name kByWord[] = {
        {"MOV", Op::kMov},    {"MOVZX", Op::kMovZx},     {"MOVSX", Op::kMovSx},    {"LEA", Op::kLea},
        {"ADD", Op::kAdd},    {"ADC", Op::kAdc},         {"SUB", Op::kSub},        {"SBB", Op::kSbb},
        {"AND", Op::kAnd},    {"OR", Op::kOr},           {"XOR", Op::kXor},        {"CMP", Op::kCmp},
        {"TEST", Op::kTest},  {"INC", Op::kInc},         {"DEC", Op::kDec},        {"NEG", Op::kNeg},
        {"NOT", Op::kNot},    {"SHL", Op::kShl},         {"SAL", Op::kShl},        {"SHR", Op::kShr},
        {"SAR", Op::kSar},    {"IMUL", Op::kImul},       {"BT", Op::kBt},          {"BTS", Op::kBts},
        {"BTR", Op::kBtr},    {"BTC", Op::kBtc},         {"SETCCR", Op::kSetcc},   {"SETCCM", Op::kSetcc},
        {"CMOV", Op::kCmov},  {"JCC_", Op::kJcc},        {"JMP_", Op::kJmp},       {"JMP", Op::kJmp},
        {"CALL", Op::kCall},  {"RET", Op::kRet},         {"PUSH", Op::kPush},      {"POP", Op::kPop},
        {"XCHG", Op::kXchg},  {"STOSB", Op::kStos},      {"STOSW", Op::kStos},     {"STOSL", Op::kStos},
        {"STOSQ", Op::kStos}, {"LEAVE", Op::kLeave},     {"CDQE", Op::kExtendAcc}, {"CWDE", Op::kExtendAcc},
        {"NOOP", Op::kNop},   {"NOOPL", Op::kNop},       {"NOOPW", Op::kNop},      {"NOOPQ", Op::kNop},
        {"NOOPLR", Op::kNop}, {"NOOPWR", Op::kNop},      {"NOOPQR", Op::kNop},     {"ENDBR", Op::kNop},
        {"LFENCE", Op::kNop}, {"MFENCE", Op::kNop},      {"SFENCE", Op::kNop},     {"PAUSE", Op::kNop},
        {"TRAP", Op::kTrap},  {"INT", Op::kTrap},        {"UD", Op::kTrap},        {"CLAC", Op::kNop},
        {"STAC", Op::kNop},   {"PREFETCHNTA", Op::kNop}, {"PREFETCHT", Op::kNop},  {"PREFETCHW", Op::kNop},
};

// Splits an opcode's name into letters and width: "MOVZX32rm8" is MOVZX, 32.
std::pair<std::string_view, unsigned> split(std::string_view name) {
	if (name.starts_with("SETCC")) return {name == "SETCCm" ? "SETCCM" : "SETCCR", 8};
	size_t n = 0;
	while (n < name.size() && ((name[n] >= 'A' && name[n] <= 'Z') || name[n] == '_'))
		n++;
	unsigned width = 0;
	for (size_t i = n; i < name.size() && name[i] >= '0' && name[i] <= '9'; i++)
		width = width * 10 + static_cast<unsigned>(name[i] - '0');
	return {name.substr(0, n), width};
}

unsigned trailing_number(std::string_view name) {
	if (name.ends_with("_NOREX")) name.remove_suffix(6);
	unsigned value = 0;
	for (unsigned ten = 1; !name.empty() && name.back() >= '0' && name.back() <= '9';
	     name.remove_suffix(1), ten *= 10)
		value += ten * static_cast<unsigned>(name.back() - '0');
	return value;
}

// "MOV64ao64", "MOV8o64a": between the accumulator and an absolute address.
bool is_absolute(std::string_view name) {
	for (const char *form : {"ao16", "ao32", "ao64", "o16a", "o32a", "o64a"}) {
		if (name.find(form) != std::string_view::npos) return true;
	}
	return false;
}

// String operations other than STOS, ENTER, and bit operations that reach beyond their operand: LLVM's flags do not
// tell of all of these that they store.
bool touches_memory_unseen(std::string_view word, const McInstruction &mc) {
	for (std::string_view stem : {"MOVS", "CMPS", "SCAS", "LODS"}) {
		if (word.size() == stem.size() + 1 && word.starts_with(stem) && word != "MOVSX") return true;
	}
	const bool bits = word == "BT" || word == "BTS" || word == "BTR" || word == "BTC";
	return word == "ENTER" || (bits && mc.name.ends_with("mr"));
}

// What is implied is written down, so that it need not be found out at each execution.
void name_operands(Semantics &m) {
	m.unary = m.op == Op::kInc || m.op == Op::kDec || m.op == Op::kNeg || m.op == Op::kNot;
	if (m.sources == 0) {
		m.op = Op::kClobber;
		m.unclear = "no operand";
		return;
	}
	const Operand accumulator{.kind = Operand::Kind::kReg, .reg = kRax};
	const Operand rcx{.kind = Operand::Kind::kReg, .reg = kRcx};
	const Operand one{.imm = 1};
	// One immediate operand alone: the accumulator is meant. One operand of a shift alone: by 1 or by cl.
	const bool implied = m.sources == 1 && m.src[0].kind == Operand::Kind::kImm && !m.has_dst && !m.unary;
	if (implied)
		m.src = {accumulator, m.src[0]};
	else if (m.sources == 1)
		m.src[1] = one;
	if (is_shift(m.op) && m.sources == 1) m.src[1] = m.cc ? rcx : one;
	m.second_bytes = is_shift(m.op) ? 1 : m.bytes;
	m.same_register = m.src[0].kind == Operand::Kind::kReg && m.src[1].kind == Operand::Kind::kReg && !m.unary &&
	                  m.src[0].reg == m.src[1].reg && m.src[0].high == m.src[1].high && !is_shift(m.op);
	if (!m.has_dst) m.dst = m.src[0];
	m.has_dst = m.op != Op::kCmp && m.op != Op::kTest && m.op != Op::kBt;
}

// Whether the kernel executes a copy of the instruction, followed by a jump back (can_boost() of
// arch/x86/kernel/kprobes/core.c).
bool can_be_moved(const uint8_t *bytes, size_t size) {
	constexpr std::string_view kPrefixes = "\x66\xf0\xf2\xf3\x2e\x36\x3e\x26\x64\x65";
	size_t at = 0;
	while (at < size && kPrefixes.find(static_cast<char>(bytes[at])) != std::string_view::npos)
		at++;
	if (at < size && (bytes[at] & 0xf0) == 0x40) at++;
	if (at + 1 >= size) return size == at + 1 && bytes[at] != 0xcc && bytes[at] != 0xf4;
	const uint8_t opcode = bytes[at];
	const uint8_t next = bytes[at + 1];
	struct Range {
		uint8_t first, last;
	};
	// Of those behind 0x0f: cmov, setcc, bt to shrd, imul, cmpxchg to movzx, bit scans, movsx, xadd, bswap.
	constexpr Range kTwoBytes[] = {{0x40, 0x4f}, {0x90, 0x9f}, {0xa3, 0xa5}, {0xab, 0xad}, {0xaf, 0xaf},
	                               {0xb0, 0xb7}, {0xbb, 0xbf}, {0xc0, 0xc1}, {0xc8, 0xcf}};
	// Of the others not: bound, jumps, calls, shifts, breakpoints, floating point, loops, test to div, inc of
	// bytes.
	constexpr Range kNot[] = {{0x62, 0x62}, {0x67, 0x67}, {0x70, 0x7f}, {0x9a, 0x9a}, {0xc0, 0xc1},
	                          {0xcc, 0xce}, {0xd0, 0xd3}, {0xd6, 0xd6}, {0xd8, 0xdf}, {0xe0, 0xe3},
	                          {0xe8, 0xe9}, {0xeb, 0xeb}, {0xf0, 0xf4}, {0xf6, 0xf7}, {0xfe, 0xff}};
	if (opcode == 0x0f)
		return std::ranges::any_of(kTwoBytes,
		                           [&](const Range &r) { return next >= r.first && next <= r.last; });
	return std::ranges::none_of(kNot, [&](const Range &r) { return opcode >= r.first && opcode <= r.last; });
}

} // namespace

Result<Decoder> Decoder::open() {
	auto mc = Mc::open("x86_64-unknown-linux-gnu", "");
	if (!mc) return std::unexpected(mc.error());
	Decoder d;
	d.mc_ = std::move(*mc);
	d.index_registers();
	return d;
}

void Decoder::index_registers() {
	registers_.resize(mc_.register_count());
	const auto name_it = [this](const std::string &name, int8_t number, uint8_t bytes, bool high = false) {
		if (auto r = mc_.register_by_name(name)) registers_[*r] = {number, bytes, high, false};
	};
	constexpr std::array<const char *, 8> kLow = {"A", "C", "D", "B", "SP", "BP", "SI", "DI"};
	for (int8_t i = 0; i < 8; i++) {
		const std::string stem = kLow[static_cast<size_t>(i)];
		const std::string word = i < 4 ? stem + "X" : stem;
		name_it("R" + word, i, 8);
		name_it("E" + word, i, 4);
		name_it(word, i, 2);
		name_it(stem + "L", i, 1);
		if (i < 4) name_it(stem + "H", i, 1, true);
	}
	for (int8_t i = 8; i < 16; i++) {
		const std::string stem = kNames[static_cast<size_t>(i)];
		name_it(stem, i, 8);
		name_it(stem + "D", i, 4);
		name_it(stem + "W", i, 2);
		name_it(stem + "B", i, 1);
	}
	name_it("RIP", kRip, 8);
	for (const char *s : {"FS", "GS"}) {
		if (auto r = mc_.register_by_name(s)) registers_[*r].segment = true;
	}
}

Semantics Decoder::understand(const McInstruction &mc, const uint8_t *bytes) const {
	Semantics m;
	const auto [word, width] = split(mc.name);
	const auto *known = std::ranges::find(kByWord, word, &Name::text);
	if (known != std::end(kByWord)) m.op = known->op;
	m.bytes = width == 8 || width == 16 || width == 32 || width == 64 ? static_cast<uint8_t>(width / 8) : 8;
	if (mc.name.starts_with("XCHG") && mc.name.ends_with("ar")) m.op = Op::kClobber;
	if (m.op == Op::kStos) {
		m.bytes = static_cast<uint8_t>(mc.name[4] == 'B'   ? 1
		                               : mc.name[4] == 'W' ? 2
		                               : mc.name[4] == 'L' ? 4
		                                                   : 8);
		// A prefix is a byte of the instruction; behind a short one the code may end.
		m.repeat = bytes[0] == 0xf3 || (mc.size > 1 && bytes[1] == 0xf3);
	}
	if (m.op == Op::kMov && is_absolute(mc.name)) m.unclear = "it uses an absolute address";
	if (m.op == Op::kImul && !mc.operands.empty() && !mc.operands.front().is_def) m.op = Op::kClobber; // rdx:rax
	if (touches_memory_unseen(word, mc)) m.unclear = "it reads or writes memory in a way that is not understood";
	// Vector, control and segment registers are not modelled.
	const bool foreign =
	        m.op != Op::kNop && m.op != Op::kLea && std::ranges::any_of(mc.operands, [&](const McOperand &o) {
		        return o.kind == McOperand::Kind::kReg && o.reg && !o.memory && named(o.reg).number == kNoReg;
	        });
	if (m.op == Op::kClobber || foreign || m.unclear) {
		m.op = Op::kClobber;
		if (mc.may_store) m.unclear = "it may store, and is not understood";
		if (mc.is_branch || mc.is_call) m.unclear = "it transfers control, and is not understood";
		for (unsigned r : mc.defines) {
			if (named(r).number != kNoReg) m.clobbers.push_back(named(r).number);
		}
		return m;
	}
	for (size_t i = 0; i < mc.operands.size(); i++) {
		const McOperand &from = mc.operands[i];
		Operand o;
		// An address that is only computed is declared as no memory operand.
		if ((from.memory || (m.op == Op::kLea && i == 1)) && i + 4 < mc.operands.size()) {
			const Named base = named(mc.operands[i].reg);
			const Named index = named(mc.operands[i + 2].reg);
			o.kind = Operand::Kind::kMem;
			o.reg = base.number;
			o.scale = static_cast<uint8_t>(mc.operands[i + 1].imm);
			o.index = index.number;
			o.imm = mc.operands[i + 3].imm;
			o.segment = named(mc.operands[i + 4].reg).segment;
			if ((o.reg != kNoReg && base.bytes != 8) || (o.index != kNoReg && index.bytes != 8))
				m.unclear = "it uses a 32-bit address";
			i += 4;
		} else if (from.kind == McOperand::Kind::kReg) {
			const Named r = named(from.reg);
			o.kind = Operand::Kind::kReg;
			o.reg = r.number;
			o.bytes = r.bytes;
			o.high = r.high;
		} else {
			o.imm = from.imm;
		}
		if (from.is_def && !m.has_dst) {
			m.has_dst = true;
			m.dst = o;
		} else if (!from.is_def && m.sources < m.src.size()) {
			m.src[m.sources++] = o;
		}
	}
	if (m.unclear) m.op = Op::kClobber;
	// What the operands do not say is in the name: "MOVZX32rm8", "SHL64rCL", "CWDE".
	if (m.op == Op::kMovZx || m.op == Op::kMovSx) m.cc = static_cast<uint8_t>(trailing_number(mc.name) / 8);
	if (is_shift(m.op)) m.cc = mc.name.ends_with("CL");
	if (m.op == Op::kExtendAcc) m.cc = mc.name == "CWDE" ? 2 : 4;
	if (is_arithmetic(m.op)) name_operands(m);
	if (m.op == Op::kJcc || m.op == Op::kSetcc || m.op == Op::kCmov) {
		if (m.sources > 0) m.cc = static_cast<uint8_t>(m.src[--m.sources].imm & 15);
	}
	return m;
}

std::optional<Semantics> Decoder::decode(uint64_t address, const uint8_t *bytes, size_t size, Instruction &to) {
	auto mc = mc_.decode(address, bytes, size);
	if (!mc) return std::nullopt;
	// LLVM takes some prefixes for instructions of their own; the processor does not.
	uint8_t prefixes = 0;
	while (mc->name.ends_with("_PREFIX") && prefixes + size_t{1} < size && prefixes < 14) {
		prefixes++;
		mc = mc_.decode(address + prefixes, bytes + prefixes, size - prefixes);
		if (!mc) return std::nullopt;
	}
	mc->size = static_cast<uint8_t>(mc->size + prefixes);
	Semantics m = understand(*mc, bytes);
	to.address = address;
	to.size = mc->size;
	const bool immediate = m.sources > 0 && m.src[0].kind == Operand::Kind::kImm;
	if (m.op == Op::kJcc || m.op == Op::kJmp || m.op == Op::kCall) {
		to.flow = m.op == Op::kJcc ? Flow::kBranch : m.op == Op::kJmp ? Flow::kJump : Flow::kCall;
		to.indirect = !immediate;
		if (immediate) to.target = address + to.size + static_cast<uint64_t>(m.src[0].imm);
	} else if (m.op == Op::kRet) {
		to.flow = Flow::kReturn;
	} else if (m.op == Op::kTrap) {
		to.flow = Flow::kTrap;
	}
	to.nop = m.op == Op::kNop;
	to.movable = to.flow == Flow::kNone && can_be_moved(bytes, to.size);
	return m;
}

} // namespace nft_drops::jit::x86_64
