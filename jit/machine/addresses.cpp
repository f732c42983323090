// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/addresses.h"

#include "jit/machine/code.h"

#include <algorithm>

namespace nft_drops::jit {

std::vector<uint64_t> addresses_in(Machine machine, const CodeRange &function) {
	constexpr uint64_t kKernel = uint64_t{1} << 63; // the upper half of all addresses
	const Image image{.machine = machine, .ranges = {function}, .labels = {}};
	auto arch = Architecture::of(machine);
	if (!arch) return {};
	auto code = Code::decode(image, **arch);
	if (!code) return {};
	std::vector<uint64_t> found;
	MachineState state;
	for (const Instruction &i : code->all()) {
		(*arch)->execute(i, state);
		if (i.flow == Flow::kCall) (*arch)->clobber_by_call(state);
		for (const Value &v : state.registers) {
			if (v.is_known() && v.bits >= kKernel && std::ranges::find(found, v.bits) == found.end())
				found.push_back(v.bits);
		}
	}
	return found;
}

} // namespace nft_drops::jit
