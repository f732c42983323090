// SPDX-License-Identifier: GPL-2.0-only
// Decoding and emulating machine code, of both processors: any bytes as a function. Each is refused, or runs to an end
// within so many steps; what an attempt does is undone.
#include "input.h"

#include "jit/machine/addresses.h"
#include "jit/machine/calls.h"
#include "jit/machine/code.h"
#include "jit/machine/helper.h"
#include "jit/machine/switches.h"

#include <memory>
#include <optional>

namespace nft_drops::fuzz {
namespace {

constexpr uint64_t kFunction = 0xffff'ffff'c000'1000;
constexpr uint64_t kObject = 0xffff'8880'0100'0000;
constexpr size_t kObjectBytes = 256;

const std::unique_ptr<jit::Architecture> &architecture(jit::Machine machine) {
	static const auto x86 = std::move(*jit::Architecture::of(jit::Machine::kX86_64));
	static const auto arm = std::move(*jit::Architecture::of(jit::Machine::kAArch64));
	return machine == jit::Machine::kX86_64 ? x86 : arm;
}

bool equal(const jit::MachineState &a, const jit::MachineState &b) {
	for (size_t i = 0; i < a.registers.size(); i++) {
		if (!(a.registers[i].kind == b.registers[i].kind && a.registers[i].bits == b.registers[i].bits))
			return false;
	}
	for (uint64_t at = kObject; at < kObject + kObjectBytes; at += 8) {
		const auto x = a.load(jit::Value::known(at), 8), y = b.load(jit::Value::known(at), 8);
		if (x.kind != y.kind || (x.is_known() && x.bits != y.bits)) return false;
	}
	return true;
}

// As Emulator of jit/resolve steps, without nf_tables' meaning. `decisions` tells which way branches go.
void run(const jit::Code &code, const jit::Architecture &arch, jit::MachineState &state, uint64_t decisions) {
	constexpr int kMostSteps = 500;
	const jit::Instruction *at = code.at(code.image().entry());
	for (int step = 0; at && step < kMostSteps && !state.lost(); step++) {
		const jit::Step done = arch.execute(*at, state);
		switch (done.kind) {
		case jit::Step::Kind::kNext:
		case jit::Step::Kind::kTrap:
			at = code.after(*at);
			break;
		case jit::Step::Kind::kGoto:
			at = done.target.is_known() ? code.at(done.target.bits) : nullptr;
			break;
		case jit::Step::Kind::kFork:
			at = decisions & 1 ? code.at(done.target.bits) : code.after(*at);
			decisions >>= 1;
			break;
		case jit::Step::Kind::kCall:
			arch.clobber_by_call(state);
			at = code.after(*at);
			break;
		case jit::Step::Kind::kReturn:
			return;
		case jit::Step::Kind::kUnclear:
			require(done.why != nullptr, "it is not clear why", arch.register_name(0));
			return;
		}
	}
}

void try_one(Input input) {
	jit::Image image;
	const auto how = input.number<uint8_t>();
	const auto decisions = input.number<uint64_t>();
	image.machine = how & 1 ? jit::Machine::kX86_64 : jit::Machine::kAArch64;
	const std::string_view bytes = input.rest();
	if (bytes.empty()) return;
	jit::CodeRange range{"f", kFunction, {bytes.begin(), bytes.end()}};
	image.helpers = {range};
	image.ranges = {range};
	static_cast<void>(jit::addresses_in(image.machine, range));
	static_cast<void>(jit::called_addresses(image));
	jit::add_switch_tables(
	        image, [&](uint64_t address) -> std::optional<uint64_t> { return kFunction + address % bytes.size(); });

	jit::Architecture &arch = *architecture(image.machine);
	const auto code = jit::Code::decode(image, arch);
	if (!code) return;
	size_t covered = 0;
	for (const jit::Instruction &i : code->all()) {
		require(i.address >= kFunction && i.size > 0 && i.address + i.size <= kFunction + bytes.size(),
		        "an instruction outside of the function", code->place(i.address));
		require(code->at(i.address) == &i, "an instruction is not found again", code->place(i.address));
		covered += i.size;
		if (how & 2) static_cast<void>(arch.text(i, code->bytes_of(i)));
	}
	require(covered <= bytes.size(), "instructions overlap", "");

	jit::MachineState state;
	state.map(jit::MachineState::kStackTop - jit::MachineState::kStackBytes, jit::MachineState::kStackBytes,
	          jit::Value::Kind::kUnknown);
	state.map(kObject, kObjectBytes, jit::Value::Kind::kUnknown);
	state.fill(kObject, kObjectBytes / 2, 0x11);
	arch.prepare_entry(state);
	for (int i = 0; i < 4; i++)
		state.registers[static_cast<size_t>(arch.argument(i))] = jit::Value::known(kObject + 64U * i);
	const jit::MachineState before = state;
	static_cast<void>(
	        jit::answer_of_helper(code->helpers(), arch, state, kFunction, jit::return_thunk(code->helpers())));
	require(equal(before, state), "a helper's run is not undone", "");
	run(*code, arch, state, decisions);
}

} // namespace
} // namespace nft_drops::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	nft_drops::fuzz::try_one(nft_drops::fuzz::Input({data, size}));
	return 0;
}
