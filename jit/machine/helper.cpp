// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/helper.h"

#include <array>
#include <set>

namespace nft_drops::jit {
namespace {

constexpr int kArguments = 4;
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

namespace {

// In a state that it may change.
Value run_helper(const Instruction *at, const Code &helpers, const Architecture &arch, MachineState &s,
                 std::optional<uint64_t> thunk) {
	const auto sp = static_cast<size_t>(arch.stack_pointer());
	const Value entry = Value::known(s.registers[sp].bits - kRoom);
	std::array<Value, kArguments> arguments{};
	for (int i = 0; i < kArguments; i++)
		arguments[static_cast<size_t>(i)] = s.registers[static_cast<size_t>(arch.argument(i))];
	arch.prepare_entry(s);
	for (int i = 0; i < kArguments; i++)
		s.registers[static_cast<size_t>(arch.argument(i))] = arguments[static_cast<size_t>(i)];
	s.registers[sp] = entry;
	s.store(entry, 8, kReturnAddress); // where the processor keeps it there
	const auto answer = [&](const Value &returns_to) {
		const Value v = s.registers[static_cast<size_t>(arch.return_value())];
		return returns_to.same(kReturnAddress) ? v : Value::unknown();
	};
	for (int step = 0; at && step < kMostSteps && !s.lost(); step++) {
		const Step done = arch.execute(*at, s);
		switch (done.kind) {
		case Step::Kind::kNext:
			at = helpers.after(*at);
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

} // namespace

Value answer_of_helper(const Code &helpers, const Architecture &arch, MachineState &state, uint64_t function,
                       std::optional<uint64_t> thunk) {
	const Instruction *at = helpers.at(function);
	if (!at || !state.registers[static_cast<size_t>(arch.stack_pointer())].is_known()) return Value::unknown();
	return state.attempt([&] { return run_helper(at, helpers, arch, state, thunk); });
}

} // namespace nft_drops::jit
