// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/addresses.h"

#include <algorithm>

namespace nft_drops::jit {

std::vector<uint64_t> addresses_in(const Code &code, const Architecture &architecture) {
	constexpr uint64_t kKernel = uint64_t{1} << 63; // the upper half of all addresses
	std::vector<uint64_t> found;
	MachineState state;
	for (const Instruction &i : code.all()) {
		architecture.execute(i, state);
		if (i.flow == Flow::kCall) architecture.clobber_by_call(state);
		for (const Value &v : state.registers) {
			if (v.is_known() && v.bits >= kKernel && std::ranges::find(found, v.bits) == found.end())
				found.push_back(v.bits);
		}
	}
	return found;
}

std::vector<uint64_t> addresses_in(Machine machine, const CodeRange &function) {
	const Image image{.machine = machine, .ranges = {function}, .labels = {}};
	auto arch = Architecture::of(machine);
	if (!arch) return {};
	auto code = Code::decode(image, **arch);
	return code ? addresses_in(*code, **arch) : std::vector<uint64_t>{};
}

} // namespace nft_drops::jit
