// SPDX-License-Identifier: GPL-2.0-only
// x86-64: what its instructions do. Operands come from LLVM MC by their declared roles, operations from the opcodes'
// names ("ADD64rm": operation, width, form), so every form of a known operation is understood, seen before or not.
#include "jit/resolve/x86_64.h"
#include "jit/resolve/mc.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace nft_drops::jit {
namespace {

using Bit = Flags::Bit;

// Intel's register numbers, which index MachineState::registers.
enum Reg : int8_t { kRax, kRcx, kRdx, kRbx, kRsp, kRbp, kRsi, kRdi, kR8, kR9, kR10, kR11, kR12, kR15 = 15, kRip = 16 };
constexpr int8_t kNoReg = -1;
constexpr std::array<const char *, 16> kNames = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
                                                 "R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15"};
// struct pt_regs of arch/x86/include/uapi/asm/ptrace.h: r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi
// orig_rax rip cs eflags rsp ss.
constexpr std::array<int, 16> kPtRegs = {80, 88, 96, 40, 152, 32, 104, 112, 72, 64, 56, 48, 24, 16, 8, 0};

enum class Op : uint8_t {
	kMov,
	kMovZx,
	kMovSx,
	kLea,
	kAdd,
	kAdc,
	kSub,
	kSbb,
	kAnd,
	kOr,
	kXor,
	kCmp,
	kTest,
	kInc,
	kDec,
	kNeg,
	kNot,
	kShl,
	kShr,
	kSar,
	kImul,
	kBt,
	kBts,
	kBtr,
	kBtc,
	kSetcc,
	kCmov,
	kJcc,
	kJmp,
	kCall,
	kRet,
	kPush,
	kPop,
	kXchg,
	kStos,
	kLeave,
	kExtendAcc,
	kNop,
	kTrap,
	kClobber
};

struct Operand {
	enum class Kind : uint8_t { kReg, kImm, kMem } kind = Kind::kImm;
	int8_t reg = kNoReg; // also a memory operand's base
	uint8_t bytes = 8;   // of a register: how much of it is named
	bool high = false;   // ah, bh, ch, dh
	int8_t index = kNoReg;
	uint8_t scale = 1;
	bool segment = false; // gs: or fs:
	int64_t imm = 0;      // or displacement
};

struct Semantics {
	Op op = Op::kClobber;
	uint8_t bytes = 8; // operand size
	uint8_t cc = 0;    // condition code; of other operations what understand() says
	bool repeat = false;
	bool has_dst = false;
	Operand dst;
	uint8_t sources = 0;
	std::array<Operand, 4> src;
	std::vector<int8_t> clobbers; // of kClobber
	const char *unclear = nullptr;
};

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
        {"CLAC", Op::kNop},   {"STAC", Op::kNop},
};

bool is_shift(Op op) {
	return op == Op::kShl || op == Op::kShr || op == Op::kSar;
}

class X86_64 final : public Architecture {
public:
	static Result<std::unique_ptr<Architecture>> make() {
		auto mc = Mc::open("x86_64-unknown-linux-gnu", "");
		if (!mc) return std::unexpected(mc.error());
		auto arch = std::make_unique<X86_64>();
		arch->mc_ = std::move(*mc);
		arch->index_registers();
		return arch;
	}

	bool decode(uint64_t address, const uint8_t *bytes, size_t size, Instruction &to) override;
	Step execute(const Instruction &what, MachineState &state) const override;
	std::string text(const Instruction &what, const uint8_t *bytes) override {
		return mc_.print(what.address, bytes, what.size);
	}
	[[nodiscard]] int argument(int index) const override {
		constexpr std::array<int, 6> kArguments = {kRdi, kRsi, kRdx, kRcx, kR8, kR9};
		return kArguments[static_cast<size_t>(index)];
	}
	[[nodiscard]] int return_value() const override { return kRax; }
	[[nodiscard]] int stack_pointer() const override { return kRsp; }
	void prepare_entry(MachineState &state) const override {
		const uint64_t sp = MachineState::kStackTop - 0x808; // 16-byte aligned before the call
		state.registers[kRsp] = Value::known(sp);
		state.store(Value::known(sp), 8, Value::opaque(1));
	}
	void clobber_by_call(MachineState &state) const override {
		for (int r : {kRax, kRcx, kRdx, kRsi, kRdi, kR8, kR9, kR10, kR11})
			state.registers[static_cast<size_t>(r)] = Value::unknown();
		state.flags = {};
	}
	[[nodiscard]] std::string register_name(int number) const override {
		std::string name = kNames[static_cast<size_t>(number)];
		for (char &c : name)
			c = static_cast<char>(c | 0x20);
		return name;
	}
	[[nodiscard]] bool survives_calls(int number) const override {
		return number == kRbx || number == kRbp || (number >= kR12 && number <= kR15);
	}
	[[nodiscard]] int pt_regs_offset(int number) const override { return kPtRegs[static_cast<size_t>(number)]; }
	[[nodiscard]] int general_registers() const override { return 16; }
	[[nodiscard]] unsigned jump_bytes() const override { return 5; }

private:
	struct Named {
		int8_t number = kNoReg;
		uint8_t bytes = 8;
		bool high = false;
		bool segment = false;
	};

	void index_registers();
	[[nodiscard]] Named named(unsigned mc_register) const {
		return mc_register < registers_.size() ? registers_[mc_register] : Named{};
	}
	Semantics understand(const McInstruction &mc, const uint8_t *bytes);
	[[nodiscard]] Value address_of(const Operand &m, const Instruction &at, const MachineState &s) const;
	[[nodiscard]] Value get(const Operand &o, unsigned bytes, const Instruction &at, const MachineState &s) const;
	void set(const Operand &o, unsigned bytes, Value v, const Instruction &at, MachineState &s) const;
	Step arithmetic(const Semantics &m, const Instruction &at, MachineState &s) const;
	static void store_string(const Semantics &m, MachineState &s);

	Mc mc_;
	std::vector<Named> registers_;
	std::vector<Semantics> semantics_; // by Instruction::semantics
};

void X86_64::index_registers() {
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

Semantics X86_64::understand(const McInstruction &mc, const uint8_t *bytes) {
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
		m.repeat = bytes[0] == 0xf3 || bytes[1] == 0xf3;
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
	if (m.op == Op::kJcc || m.op == Op::kSetcc || m.op == Op::kCmov) {
		if (m.sources > 0) m.cc = static_cast<uint8_t>(m.src[--m.sources].imm & 15);
	}
	return m;
}

bool X86_64::decode(uint64_t address, const uint8_t *bytes, size_t size, Instruction &to) {
	auto mc = mc_.decode(address, bytes, size);
	if (!mc) return false;
	// LLVM takes some prefixes for instructions of their own; the processor does not.
	uint8_t prefixes = 0;
	while (mc->name.ends_with("_PREFIX") && prefixes + size_t{1} < size && prefixes < 14) {
		prefixes++;
		mc = mc_.decode(address + prefixes, bytes + prefixes, size - prefixes);
		if (!mc) return false;
	}
	mc->size = static_cast<uint8_t>(mc->size + prefixes);
	Semantics m = understand(*mc, bytes);
	to.address = address;
	to.size = mc->size;
	to.semantics = static_cast<uint32_t>(semantics_.size());
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
	semantics_.push_back(std::move(m));
	return true;
}

Value X86_64::address_of(const Operand &m, const Instruction &at, const MachineState &s) const {
	uint64_t a = static_cast<uint64_t>(m.imm);
	if (m.segment) a += 0x6500'0000'0000'0000; // per-CPU memory: nowhere in our world
	if (m.reg == kRip) {
		a += at.address + at.size;
	} else if (m.reg != kNoReg) {
		const Value &v = s.registers[static_cast<size_t>(m.reg)];
		if (!v.is_known()) return Value::unknown();
		a += v.bits;
	}
	if (m.index != kNoReg) {
		const Value &v = s.registers[static_cast<size_t>(m.index)];
		if (!v.is_known()) return Value::unknown();
		a += v.bits * m.scale;
	}
	return Value::known(a);
}

Value X86_64::get(const Operand &o, unsigned bytes, const Instruction &at, const MachineState &s) const {
	switch (o.kind) {
	case Operand::Kind::kImm:
		return Value::known(static_cast<uint64_t>(o.imm) & mask_of(bytes));
	case Operand::Kind::kMem:
		return s.load(address_of(o, at, s), bytes);
	case Operand::Kind::kReg: {
		const Value &v = s.registers[static_cast<size_t>(o.reg)];
		const unsigned top = bytes + (o.high ? 1 : 0);
		if (v.is_known() || (v.kind == Value::Kind::kPartial && top <= v.low))
			return Value::known((o.high ? v.bits >> 8 : v.bits) & mask_of(bytes));
		return bytes == 8 && v.kind == Value::Kind::kOpaque ? v : Value::unknown();
	}
	}
	return Value::unknown();
}

void X86_64::set(const Operand &o, unsigned bytes, Value v, const Instruction &at, MachineState &s) const {
	if (v.is_known()) v.bits &= mask_of(bytes);
	if (o.kind == Operand::Kind::kMem) {
		s.store(address_of(o, at, s), bytes, v);
		return;
	}
	Value &r = s.registers[static_cast<size_t>(o.reg)];
	if (bytes >= 4) { // a 32-bit result clears the upper half
		r = bytes == 4 && !v.is_known() ? Value::unknown() : v;
		return;
	}
	if (!v.is_known()) {
		r = Value::unknown();
		return;
	}
	const unsigned shift = o.high ? 8 : 0;
	const uint64_t bits = (r.bits & ~(mask_of(bytes) << shift)) | v.bits << shift;
	if (r.is_known())
		r = Value::known(bits);
	else if (r.kind == Value::Kind::kPartial)
		r = Value::partial(bits, static_cast<uint8_t>(std::max<unsigned>(r.low, bytes)));
	else
		r = o.high ? Value::unknown() : Value::partial(v.bits, static_cast<uint8_t>(bytes));
	if (o.high && r.kind == Value::Kind::kPartial && r.low < 2) r = Value::unknown();
}

Bit bit(bool b) {
	return b ? Bit::kSet : Bit::kClear;
}

void set_zero_sign(Flags &f, uint64_t result, unsigned bytes) {
	f.zf = bit((result & mask_of(bytes)) == 0);
	f.sf = bit((result >> (8 * bytes - 1)) & 1);
	f.pf = bit(__builtin_parityll(result & 0xff) == 0);
}

Bit both(Bit a, Bit b, bool (*f)(bool, bool)) {
	if (a == Bit::kUnknown || b == Bit::kUnknown) return Bit::kUnknown;
	return bit(f(a == Bit::kSet, b == Bit::kSet));
}

Bit either(Bit a, Bit b) {
	if (a == Bit::kSet || b == Bit::kSet) return Bit::kSet;
	return both(a, b, [](bool x, bool y) { return x || y; });
}

// Intel's condition codes; the lowest bit inverts.
Bit condition(const Flags &f, unsigned cc) {
	Bit b = Bit::kUnknown;
	const Bit less = both(f.sf, f.of, [](bool x, bool y) { return x != y; });
	switch (cc >> 1) {
	case 0:
		b = f.of;
		break;
	case 1:
		b = f.cf;
		break;
	case 2:
		b = f.zf;
		break;
	case 3:
		b = either(f.cf, f.zf);
		break;
	case 4:
		b = f.sf;
		break;
	case 5:
		b = f.pf;
		break;
	case 6:
		b = less;
		break;
	case 7:
		b = either(f.zf, less);
		break;
	default:
		break;
	}
	if ((cc & 1) == 0 || b == Bit::kUnknown) return b;
	return b == Bit::kSet ? Bit::kClear : Bit::kSet;
}

uint64_t sign_extend(uint64_t v, unsigned bytes) {
	const unsigned shift = 64 - 8 * bytes;
	return static_cast<uint64_t>(static_cast<int64_t>(v << shift) >> shift);
}

struct Computed {
	Value value;
	Flags flags;
};

Computed add(uint64_t a, uint64_t b, uint64_t carry, unsigned bytes) {
	const uint64_t m = mask_of(bytes);
	const uint64_t r = (a + b + carry) & m;
	Flags f;
	set_zero_sign(f, r, bytes);
	f.cf = bit(r < (a & m) || (carry && r == (a & m)));
	f.of = bit(((~(a ^ b) & (a ^ r)) >> (8 * bytes - 1)) & 1);
	return {Value::known(r), f};
}

Computed subtract(uint64_t a, uint64_t b, uint64_t borrow, unsigned bytes) {
	const uint64_t m = mask_of(bytes);
	a &= m;
	b &= m;
	const uint64_t r = (a - b - borrow) & m;
	Flags f;
	set_zero_sign(f, r, bytes);
	f.cf = bit(a < b || (borrow && a == b));
	f.of = bit((((a ^ b) & (a ^ r)) >> (8 * bytes - 1)) & 1);
	return {Value::known(r), f};
}

Computed logic(uint64_t r, unsigned bytes) {
	Flags f;
	set_zero_sign(f, r, bytes);
	f.cf = f.of = Bit::kClear;
	return {Value::known(r & mask_of(bytes)), f};
}

Computed shift(Op op, uint64_t a, unsigned n, unsigned bytes, const Flags &before) {
	n &= bytes == 8 ? 63 : 31;
	if (n == 0) return {Value::known(a), before};
	Flags f;
	uint64_t r = 0;
	const bool all_out = n > 8 * bytes;
	if (op == Op::kShl) {
		r = n > 63 ? 0 : a << n;
		f.cf = all_out ? Bit::kUnknown : bit((a >> (8 * bytes - n)) & 1);
	} else if (op == Op::kShr) {
		r = a >> n;
		f.cf = bit((a >> (n - 1)) & 1);
	} else {
		const auto wide = static_cast<int64_t>(sign_extend(a, bytes));
		r = static_cast<uint64_t>(wide >> n);
		f.cf = bit((wide >> (n - 1)) & 1);
	}
	set_zero_sign(f, r, bytes);
	return {Value::known(r & mask_of(bytes)), f};
}

// All operations on two known numbers (or one, and whatever).
Computed compute(const Semantics &m, uint64_t a, uint64_t b, const Flags &before) {
	const unsigned n = m.bytes;
	const uint64_t carry = before.cf == Bit::kSet ? 1 : 0;
	switch (m.op) {
	case Op::kAdd:
		return add(a, b, 0, n);
	case Op::kAdc:
		return add(a, b, carry, n);
	case Op::kSub:
	case Op::kCmp:
		return subtract(a, b, 0, n);
	case Op::kSbb:
		return subtract(a, b, carry, n);
	case Op::kNeg:
		return subtract(0, a, 0, n);
	case Op::kAnd:
	case Op::kTest:
		return logic(a & b, n);
	case Op::kOr:
		return logic(a | b, n);
	case Op::kXor:
		return logic(a ^ b, n);
	case Op::kNot:
		return {Value::known(~a & mask_of(n)), before};
	case Op::kInc:
	case Op::kDec: {
		Computed c = m.op == Op::kInc ? add(a, 1, 0, n) : subtract(a, 1, 0, n);
		c.flags.cf = before.cf;
		return c;
	}
	case Op::kShl:
	case Op::kShr:
	case Op::kSar:
		return shift(m.op, a, static_cast<unsigned>(b & 0xff), n, before);
	case Op::kImul:
		return {Value::known((a * b) & mask_of(n)), {}};
	case Op::kBt:
	case Op::kBts:
	case Op::kBtr:
	case Op::kBtc: {
		const uint64_t one = uint64_t{1} << (b & (8 * n - 1));
		Flags f = before;
		f.cf = bit(a & one);
		const uint64_t r = m.op == Op::kBts   ? a | one
		                   : m.op == Op::kBtr ? a & ~one
		                   : m.op == Op::kBtc ? a ^ one
		                                      : a;
		return {Value::known(r), f};
	}
	default:
		return {};
	}
}

Step X86_64::arithmetic(const Semantics &m, const Instruction &at, MachineState &s) const {
	const Operand accumulator{.kind = Operand::Kind::kReg, .reg = kRax};
	const Operand rcx{.kind = Operand::Kind::kReg, .reg = kRcx};
	const Operand one{.imm = 1};
	const bool unary = m.op == Op::kInc || m.op == Op::kDec || m.op == Op::kNeg || m.op == Op::kNot;
	if (m.sources == 0) return {.kind = Step::Kind::kUnclear, .why = "no operand"};

	// One immediate operand alone: the accumulator is meant. One operand of a shift alone: by 1 or by cl.
	const bool implied = m.sources == 1 && m.src[0].kind == Operand::Kind::kImm && !m.has_dst && !unary;
	Operand first = implied ? accumulator : m.src[0];
	Operand second = implied ? m.src[0] : m.sources > 1 ? m.src[1] : one;
	if (is_shift(m.op) && m.sources == 1) second = m.cc ? rcx : one;
	const unsigned second_bytes = is_shift(m.op) ? 1 : m.bytes;
	const bool writes = m.op != Op::kCmp && m.op != Op::kTest && m.op != Op::kBt;
	const Operand to = m.has_dst ? m.dst : first;

	const Value a = get(first, m.bytes, at, s);
	const Value b = get(second, second_bytes, at, s);
	const bool same_register = first.kind == Operand::Kind::kReg && second.kind == Operand::Kind::kReg && !unary &&
	                           first.reg == second.reg && first.high == second.high && !is_shift(m.op);
	if (m.op == Op::kCmp || m.op == Op::kSub) s.note_comparison(a, b);
	Computed c;
	const bool needs_carry = m.op == Op::kAdc || m.op == Op::kSbb;
	if (needs_carry && s.flags.cf == Bit::kUnknown) {
		c = {};
	} else if (a.is_known() && (unary || b.is_known())) {
		c = compute(m, a.bits, b.bits, s.flags);
	} else if (m.op == Op::kSbb && same_register) {
		c = compute(m, 0, 0, s.flags);
	} else if ((m.op == Op::kSub || m.op == Op::kXor || m.op == Op::kCmp) && (same_register || a.same(b))) {
		c = compute(m, 0, 0, s.flags);
	} else if ((m.op == Op::kAnd || m.op == Op::kTest) && (a.is(0) || b.is(0))) {
		c = logic(0, m.bytes);
	} else if ((m.op == Op::kOr || m.op == Op::kAdd) && b.is(0)) {
		c.value = a;
	}
	if (writes) set(to, m.bytes, c.value, at, s);
	if (m.op != Op::kNot) s.flags = c.flags;
	return {};
}

void X86_64::store_string(const Semantics &m, MachineState &s) {
	Value &count = s.registers[kRcx];
	Value &to = s.registers[kRdi];
	constexpr uint64_t kMost = MachineState::kStackBytes;
	const uint64_t n = !m.repeat ? 1 : count.is_known() ? count.bits : kMost;
	if (n > kMost || !to.is_known() || (m.repeat && !count.is_known())) {
		to = count = Value::unknown();
		return;
	}
	Value v = s.registers[kRax];
	if (v.is_known()) v.bits &= mask_of(m.bytes);
	for (uint64_t i = 0; i < n; i++)
		s.store(Value::known(to.bits + i * m.bytes), m.bytes, v);
	to.bits += n * m.bytes;
	if (m.repeat) count.bits = 0;
}

Step X86_64::execute(const Instruction &at, MachineState &s) const {
	const Semantics &m = semantics_[at.semantics];
	Value &sp = s.registers[kRsp];
	switch (m.op) {
	case Op::kNop:
		return {};
	case Op::kMov:
		set(m.has_dst ? m.dst : m.src[0], m.bytes, get(m.src[m.has_dst ? 0 : 1], m.bytes, at, s), at, s);
		return {};
	case Op::kMovZx:
	case Op::kMovSx: {
		// The source's width: a register's own, or the digits that end the opcode's name (kept in cc).
		const unsigned from = m.src[0].kind == Operand::Kind::kReg ? m.src[0].bytes : m.cc;
		Value v = get(m.src[0], from, at, s);
		if (!v.is_known())
			v = Value::unknown();
		else if (m.op == Op::kMovSx)
			v.bits = sign_extend(v.bits, from);
		set(m.dst, m.bytes, v, at, s);
		return {};
	}
	case Op::kLea: {
		Operand place = m.src[0];
		place.segment = false;
		set(m.dst, m.dst.bytes, address_of(place, at, s), at, s);
		return {};
	}
	case Op::kSetcc:
	case Op::kCmov: {
		const Bit c = condition(s.flags, m.cc);
		if (m.op == Op::kSetcc) {
			const Value v = c == Bit::kUnknown ? Value::unknown() : Value::known(c == Bit::kSet);
			set(m.has_dst ? m.dst : m.src[0], 1, v, at, s);
			return {};
		}
		const Value no = get(m.src[0], m.bytes, at, s);
		const Value yes = get(m.src[1], m.bytes, at, s);
		const Value v = c == Bit::kUnknown ? (yes.same(no) ? yes : Value::unknown())
		                : c == Bit::kSet   ? yes
		                                   : no;
		set(m.dst, m.bytes, v, at, s);
		return {};
	}
	case Op::kJcc: {
		const Bit c = condition(s.flags, m.cc);
		if (c == Bit::kClear) return {};
		return {.kind = c == Bit::kSet ? Step::Kind::kGoto : Step::Kind::kFork,
		        .target = Value::known(at.target)};
	}
	case Op::kJmp:
	case Op::kCall: {
		const Value target = at.indirect ? get(m.src[0], 8, at, s) : Value::known(at.target);
		return {.kind = m.op == Op::kJmp ? Step::Kind::kGoto : Step::Kind::kCall, .target = target};
	}
	case Op::kRet:
		return {.kind = Step::Kind::kReturn};
	case Op::kTrap:
		return {.kind = Step::Kind::kTrap};
	case Op::kPush:
	case Op::kPop:
		if (!sp.is_known()) return {.kind = Step::Kind::kUnclear, .why = "the stack pointer is unknown"};
		if (m.op == Op::kPush) {
			const Value v = m.sources ? get(m.src[0], m.bytes, at, s) : Value::unknown();
			sp.bits -= m.bytes;
			s.store(sp, m.bytes, v);
		} else {
			const Value v = s.load(sp, m.bytes);
			sp.bits += m.bytes;
			// An address is computed with the stack pointer as it is afterwards.
			if (m.has_dst || m.sources) set(m.has_dst ? m.dst : m.src[0], m.bytes, v, at, s);
		}
		return {};
	case Op::kLeave:
		sp = s.registers[kRbp];
		s.registers[kRbp] = s.load(sp, 8);
		if (sp.is_known()) sp.bits += 8;
		return {};
	case Op::kXchg: {
		if (m.sources < 2) return {.kind = Step::Kind::kUnclear, .why = "exchange with one operand"};
		const Value a = get(m.src[0], m.bytes, at, s);
		const Value b = get(m.src[1], m.bytes, at, s);
		set(m.src[0], m.bytes, b, at, s);
		set(m.src[1], m.bytes, a, at, s);
		return {};
	}
	case Op::kStos:
		store_string(m, s);
		return {};
	case Op::kExtendAcc: {
		Value &a = s.registers[kRax];
		if (a.is_known()) a.bits = m.cc == 2 ? sign_extend(a.bits, 2) & mask_of(4) : sign_extend(a.bits, 4);
		return {};
	}
	case Op::kClobber:
		if (m.unclear) return {.kind = Step::Kind::kUnclear, .why = m.unclear};
		for (int8_t r : m.clobbers)
			s.registers[static_cast<size_t>(r)] = Value::unknown();
		s.flags = {};
		return {};
	default:
		return arithmetic(m, at, s);
	}
}

} // namespace

Result<std::unique_ptr<Architecture>> make_x86_64() {
	return X86_64::make();
}

} // namespace nft_drops::jit
