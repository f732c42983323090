// SPDX-License-Identifier: GPL-2.0-only
#include "dwarf.h"

#include <dwarf.h>
#include <fmt/format.h>

namespace nft_drops::corpus {
namespace {

using jit::Value;

constexpr const char *kFunction = "nft_do_chain";

// DWARF's numbers of registers, by the processors' ABIs.
std::string_view register_of_dwarf(jit::Machine machine, unsigned number) {
	static constexpr std::string_view kX86[] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp",
	                                            "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
	static constexpr std::string_view kArm[] = {"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",
	                                            "x8",  "x9",  "x10", "x11", "x12", "x13", "x14", "x15",
	                                            "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23",
	                                            "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp"};
	const std::span<const std::string_view> names =
	        machine == jit::Machine::kX86_64 ? std::span<const std::string_view>(kX86) : kArm;
	return number < names.size() ? names[number] : std::string_view();
}

std::optional<int> register_number(const jit::Architecture &arch, unsigned dwarf) {
	for (const jit::Machine machine : {jit::Machine::kX86_64, jit::Machine::kAArch64}) {
		const std::string_view name = register_of_dwarf(machine, dwarf);
		// The stack pointer first: it need not be among the general ones.
		const int sp = arch.stack_pointer();
		if (arch.register_name(sp) == name) return sp;
		for (int r = 0; r < arch.general_registers(); r++) {
			if (arch.register_name(r) == name) return r;
		}
	}
	return std::nullopt;
}

bool has_name(Dwarf_Die *die, std::string_view name) {
	const char *text = dwarf_diename(die);
	return text && name == text;
}

// In one piece, or in several.
bool has_code(Dwarf_Die *die) {
	Dwarf_Addr base = 0;
	Dwarf_Addr begin = 0;
	Dwarf_Addr end = 0;
	return dwarf_ranges(die, 0, &base, &begin, &end) > 0;
}

// The variable's expression at `pc`, in this scope or a block within it.
std::vector<Dwarf_Op> find_expression(Dwarf_Die *scope, std::string_view name, Dwarf_Addr pc) {
	Dwarf_Die die;
	if (dwarf_child(scope, &die) != 0) return {};
	do {
		const int tag = dwarf_tag(&die);
		if (tag == DW_TAG_lexical_block) {
			if (auto found = find_expression(&die, name, pc); !found.empty()) return found;
		}
		if ((tag != DW_TAG_variable && tag != DW_TAG_formal_parameter) || !has_name(&die, name)) continue;
		Dwarf_Attribute location;
		Dwarf_Op *ops = nullptr;
		size_t count = 0;
		if (dwarf_attr_integrate(&die, DW_AT_location, &location) &&
		    dwarf_getlocation_addr(&location, pc, &ops, &count, 1) == 1 && count)
			return {ops, ops + count};
	} while (dwarf_siblingof(&die, &die) == 0);
	return {};
}

// DWARF's stack machine, as far as pointers and structures on the stack need it.
class Evaluation {
public:
	Evaluation(const Machine &machine, std::span<const Dwarf_Op> frame_base)
	    : machine_(machine), frame_base_(frame_base) {}

	std::optional<Location> of(std::span<const Dwarf_Op> ops) {
		bool is_value = false;
		Location at;
		for (const Dwarf_Op &op : ops) {
			if (op.atom == DW_OP_stack_value)
				is_value = true;
			else if (auto reg = register_operand(op);
			         reg && op.atom != DW_OP_bregx && op.atom < DW_OP_breg0)
				at.in_register = *reg;
			else if (!step(op))
				return std::nullopt;
		}
		if (at.in_register) {
			at.value = machine_.state.registers[static_cast<size_t>(*at.in_register)];
			return at;
		}
		if (stack_.empty()) return std::nullopt;
		if (is_value) {
			at.value = stack_.back();
		} else {
			if (!stack_.back().is_known()) return std::nullopt;
			at.in_memory = stack_.back().bits;
			at.value = machine_.state.load(stack_.back(), 8);
		}
		return at;
	}

private:
	[[nodiscard]] std::optional<int> register_operand(const Dwarf_Op &op) const {
		const auto number = [this](uint64_t n) {
			return register_number(machine_.architecture, static_cast<unsigned>(n));
		};
		if (op.atom >= DW_OP_reg0 && op.atom <= DW_OP_reg31) return number(op.atom - DW_OP_reg0);
		if (op.atom >= DW_OP_breg0 && op.atom <= DW_OP_breg31) return number(op.atom - DW_OP_breg0);
		if (op.atom == DW_OP_regx || op.atom == DW_OP_bregx) return number(op.number);
		return std::nullopt;
	}

	static Value plus(const Value &v, uint64_t n) {
		return v.is_known() ? Value::known(v.bits + n) : Value::unknown();
	}

	void add(uint64_t n) { stack_.back() = plus(stack_.back(), n); }

	bool step(const Dwarf_Op &op) {
		if (op.atom >= DW_OP_breg0 && op.atom <= DW_OP_breg31) return push_register(op, op.number);
		if (op.atom == DW_OP_bregx) return push_register(op, op.number2);
		if (op.atom >= DW_OP_lit0 && op.atom <= DW_OP_lit31) return push(Value::known(op.atom - DW_OP_lit0));
		switch (op.atom) {
		case DW_OP_nop:
			return true;
		case DW_OP_const1u:
		case DW_OP_const2u:
		case DW_OP_const4u:
		case DW_OP_const8u:
		case DW_OP_const1s:
		case DW_OP_const2s:
		case DW_OP_const4s:
		case DW_OP_const8s:
		case DW_OP_constu:
		case DW_OP_consts:
			return push(Value::known(op.number));
		case DW_OP_call_frame_cfa:
			return push(Value::known(machine_.frame));
		case DW_OP_fbreg: {
			const auto base = Evaluation(machine_, {}).of(frame_base_);
			if (!base) return false;
			// A register's content, or what the expression comes to.
			return push(plus(base->in_memory ? Value::known(*base->in_memory) : base->value, op.number));
		}
		case DW_OP_entry_value:
		case DW_OP_GNU_entry_value:
			return push(entry_value(op));
		default:
			return !stack_.empty() && change_top(op);
		}
	}

	bool change_top(const Dwarf_Op &op) {
		switch (op.atom) {
		case DW_OP_plus_uconst:
			add(op.number);
			return true;
		case DW_OP_deref:
			stack_.back() = machine_.state.load(stack_.back(), 8);
			return true;
		case DW_OP_plus:
		case DW_OP_minus: {
			const Value top = stack_.back();
			stack_.pop_back();
			if (stack_.empty() || !top.is_known()) return false;
			add(op.atom == DW_OP_plus ? top.bits : -top.bits);
			return true;
		}
		default:
			return false;
		}
	}

	bool push(Value v) {
		stack_.push_back(v);
		return true;
	}
	bool push_register(const Dwarf_Op &op, uint64_t offset) {
		const auto number = register_operand(op);
		return number && push(plus(machine_.state.registers[static_cast<size_t>(*number)], offset));
	}

	// Of the function's arguments only.
	[[nodiscard]] Value entry_value(const Dwarf_Op &op) const {
		const jit::Architecture &arch = machine_.architecture;
		const auto *block = reinterpret_cast<const uint8_t *>(op.number2); // NOLINT(performance-no-int-to-ptr)
		// Its length, then one operation: the register.
		if (op.number != 1 || !block || block[0] != 1) return Value::unknown();
		const auto number = register_number(arch, static_cast<unsigned>(block[1] - DW_OP_reg0));
		for (int i = 0; number && i < 2; i++) {
			if (*number == arch.argument(i)) return Value::known(machine_.entry_arguments[i]);
		}
		return Value::unknown();
	}

	const Machine &machine_;
	std::span<const Dwarf_Op> frame_base_;
	std::vector<Value> stack_;
};

std::string text_of(const Dwarf_Op &op, const jit::Architecture &arch) {
	const auto name = [&arch](uint64_t n) {
		const auto number = register_number(arch, static_cast<unsigned>(n));
		return number ? arch.register_name(*number) : "?";
	};
	const auto offset = static_cast<int64_t>(op.number);
	if (op.atom >= DW_OP_reg0 && op.atom <= DW_OP_reg31) return name(op.atom - DW_OP_reg0);
	if (op.atom >= DW_OP_breg0 && op.atom <= DW_OP_breg31)
		return fmt::format("{}{:+}", name(op.atom - DW_OP_breg0), offset);
	switch (op.atom) {
	case DW_OP_fbreg:
		return fmt::format("frame{:+}", offset);
	case DW_OP_entry_value:
	case DW_OP_GNU_entry_value:
		return "its value at entry";
	case DW_OP_stack_value:
		return "as a value";
	default:
		return fmt::format("op {:#x}", op.atom);
	}
}

} // namespace

Result<Dwarf> Dwarf::open(const std::string &path) {
	static const Dwfl_Callbacks kCallbacks = {.find_elf = dwfl_build_id_find_elf,
	                                          .find_debuginfo = dwfl_standard_find_debuginfo,
	                                          .section_address = dwfl_offline_section_address,
	                                          .debuginfo_path = nullptr};
	Dwarf d;
	d.dwfl_.reset(dwfl_begin(&kCallbacks));
	d.module_ = dwfl_report_offline(d.dwfl_.get(), "nf_tables", path.c_str(), -1);
	if (!d.module_) return usage_error(path, dwfl_errmsg(-1));
	dwfl_report_end(d.dwfl_.get(), nullptr, nullptr);
	if (!d.find_function()) return usage_error(path, "no DWARF of nft_do_chain");
	return d;
}

bool Dwarf::find_function() {
	Dwarf_Addr bias = 0;
	for (Dwarf_Die *unit = nullptr; (unit = dwfl_module_nextcu(module_, unit, &bias));) {
		Dwarf_Die die;
		if (dwarf_child(unit, &die) != 0) continue;
		do {
			if (dwarf_tag(&die) != DW_TAG_subprogram || !has_name(&die, kFunction) || !has_code(&die))
				continue;
			function_ = die;
			bias_ = bias;
			Dwarf_Attribute base;
			Dwarf_Op *ops = nullptr;
			size_t count = 0;
			if (dwarf_attr_integrate(&die, DW_AT_frame_base, &base) &&
			    dwarf_getlocation(&base, &ops, &count) == 0)
				frame_base_.assign(ops, ops + count);
			return true;
		} while (dwarf_siblingof(&die, &die) == 0);
	}
	return false;
}

std::string Dwarf::build_id() const {
	const unsigned char *bits = nullptr;
	GElf_Addr address = 0;
	const int length = dwfl_module_build_id(module_, &bits, &address);
	std::string text;
	for (int i = 0; i < length; i++)
		text += fmt::format("{:02x}", bits[i]);
	return text;
}

std::optional<uint64_t> Dwarf::address_of(const std::string &symbol) const {
	for (int i = 0; i < dwfl_module_getsymtab(module_); i++) {
		GElf_Sym s;
		GElf_Addr address = 0;
		const char *name = dwfl_module_getsym_info(module_, i, &s, &address, nullptr, nullptr, nullptr);
		if (name && symbol == name && GELF_ST_TYPE(s.st_info) == STT_FUNC) return address - bias_;
	}
	return std::nullopt;
}

std::vector<Dwarf_Op> Dwarf::expression(std::string_view variable, uint64_t pc) {
	return find_expression(&function_, variable, pc);
}

std::optional<uint64_t> Dwarf::frame_at(uint64_t pc, const jit::Architecture &architecture,
                                        const jit::MachineState &state) {
	Dwarf_Addr bias = 0;
	for (Dwarf_CFI *cfi : {dwfl_module_dwarf_cfi(module_, &bias), dwfl_module_eh_cfi(module_, &bias)}) {
		Dwarf_Frame *frame = nullptr;
		if (!cfi || dwarf_cfi_addrframe(cfi, pc + bias_ - bias, &frame) != 0) continue;
		const std::unique_ptr<Dwarf_Frame, decltype(&free)> close(frame, free);
		Dwarf_Op *ops = nullptr;
		size_t count = 0;
		if (dwarf_frame_cfa(frame, &ops, &count) != 0) continue;
		const auto at = evaluate({ops, count}, {architecture, state, 0, {}});
		if (at && at->in_memory) return at->in_memory;
	}
	return std::nullopt;
}

std::optional<Location> Dwarf::evaluate(std::span<const Dwarf_Op> expression, const Machine &machine) {
	return Evaluation(machine, frame_base_).of(expression);
}

std::string Dwarf::text(std::span<const Dwarf_Op> expression, const jit::Architecture &architecture) {
	std::string all;
	for (const Dwarf_Op &op : expression)
		all += (all.empty() ? "" : " ") + text_of(op, architecture);
	return all;
}

} // namespace nft_drops::corpus
