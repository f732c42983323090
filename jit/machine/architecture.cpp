// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/aarch64/aarch64.h"
#include "jit/machine/code.h"
#include "jit/machine/x86_64/x86_64.h"

namespace nft_drops::jit {

Result<std::unique_ptr<Architecture>> Architecture::of(Machine machine) {
	switch (machine) {
	case Machine::kX86_64:
		return make_x86_64();
	case Machine::kAArch64:
		return make_aarch64();
	}
	return unsupported("processor", "nft-drops cannot decode its machine code");
}

} // namespace nft_drops::jit
