// SPDX-License-Identifier: GPL-2.0-only
// A program of bpf/objects.h run by this process: specialised as for the kernel, compiled for this processor, with
// helpers of the caller's.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_NATIVE_CODE_H
#define NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_NATIVE_CODE_H

#include "bpf/shared/site.h"
#include "jit/match/program.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace llvm {
class Module;
}

namespace nft_drops::jit_test {

template <typename F> uint64_t address_of(F *function) {
	return reinterpret_cast<uint64_t>(function);
}

// Of a probe that has a filter, and watches packets that are freed for this reason (0: none).
constexpr nd_settings settings_with_filter(uint32_t drop_reason = 0) {
	nd_settings s{};
	s.filter = 1;
	s.drop_reason = drop_reason;
	return s;
}

class NativeCode {
public:
	using Program = int (*)(void *registers);

	struct Source {
		std::span<const char> shape;
		const nd_layout &layout;
		std::span<const nd_site> sites;
		std::span<const char *const> maps;           // only their addresses count here
		std::function<uint64_t(uint64_t)> helper;    // its address by its number in <linux/bpf.h>; 0: none
		std::function<void(llvm::Module &)> prepare; // what the loader sets; may be empty
		jit::Filter filter{};
		nd_settings settings = {};
	};
	// Ends the process where it cannot be.
	explicit NativeCode(const Source &source);
	~NativeCode();
	NativeCode(const NativeCode &) = delete;
	NativeCode &operator=(const NativeCode &) = delete;

	[[nodiscard]] uint64_t address(const std::string &map) const;
	[[nodiscard]] const uint64_t &variable(const std::string &name) const;
	[[nodiscard]] Program program(const std::string &name) const;
	// Says why, and ends the process.
	[[noreturn]] static void die(const std::string &why);

private:
	struct Jit;
	std::unique_ptr<Jit> jit_;
};

} // namespace nft_drops::jit_test

#endif
