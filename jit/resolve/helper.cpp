// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/helper.h"

#include <set>

namespace nft_drops::jit {
namespace {

constexpr int kMostSteps = 200;
constexpr uint64_t kRoom = 256; // below the caller's stack pointer: nothing of the caller's is there

} // namespace

std::optional<uint64_t> return_thunk(const Code &code) {
	std::set<uint64_t> outside;
	for (const Instruction &i : code.all()) {
		if (i.flow == Flow::kReturn) return std::nullopt;
		if (i.flow == Flow::kJump && !i.indirect && !code.at(i.target)) outside.insert(i.target);
	}
	if (outside.size() != 1) return std::nullopt;
	return *outside.begin();
}

Value answer_of_helper(const Code &helpers, const Architecture &arch, const MachineState &state, uint64_t function,
                       std::optional<uint64_t> thunk) {
	const Instruction *at = helpers.at(function);
	if (!at) return Value::unknown();
	const auto sp = static_cast<size_t>(arch.stack_pointer());
	if (!state.registers[sp].is_known()) return Value::unknown();

	MachineState s = state;
	arch.prepare_entry(s);
	for (int i = 0; i < 4; i++) {
		const auto argument = static_cast<size_t>(arch.argument(i));
		s.registers[argument] = state.registers[argument];
	}
	s.registers[sp] = Value::known(state.registers[sp].bits - kRoom);
	const Value entry = s.registers[sp];
	s.store(entry, 8, kReturnAddress); // where the processor keeps it there
	const auto answer = [&](const Value &returns_to) {
		const Value v = s.registers[static_cast<size_t>(arch.return_value())];
		return returns_to.same(kReturnAddress) ? v : Value::unknown();
	};
	for (int step = 0; at && step < kMostSteps && !s.lost(); step++) {
		const Step done = arch.execute(*at, s);
		switch (done.kind) {
		case Step::Kind::kNext:
			at = helpers.at(at->address + at->size);
			break;
		case Step::Kind::kGoto:
			if (done.target.is_known() && done.target.bits == thunk) return answer(arch.returns_to(s));
			at = done.target.is_known() ? helpers.at(done.target.bits) : nullptr;
			break;
		case Step::Kind::kReturn:
			return answer(done.target);
		default:
			return Value::unknown();
		}
	}
	return Value::unknown();
}

} // namespace nft_drops::jit
