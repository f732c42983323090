// SPDX-License-Identifier: GPL-2.0-only
#include "jit/base/time_namespace.h"

#include <cstdint>
#include <fstream>
#include <string>

namespace nft_drops::jit {

std::chrono::nanoseconds monotonic_offset(const char *path) {
	std::ifstream file(path);
	std::string clock;
	for (int64_t seconds = 0, nanoseconds = 0; file >> clock >> seconds >> nanoseconds;) {
		if (clock == "monotonic" || clock == "1") // 1: CLOCK_MONOTONIC, as Linux 5.6 writes it
			return std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds);
	}
	return std::chrono::nanoseconds::zero();
}

} // namespace nft_drops::jit
