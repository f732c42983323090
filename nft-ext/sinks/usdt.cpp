// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/usdt.h"

#include "nft-ext/sinks/context.h"

#include <string>

#define _SDT_HAS_SEMAPHORES 1 // NOLINT(bugprone-reserved-identifier): what the header looks at
#include <sys/sdt.h>

extern "C" {
__attribute__((section(".probes"), used)) unsigned short nft_drops_drop_semaphore = 0;
}

namespace nft_drops::cli {
namespace {

// bpftrace before 0.20 knows six arguments on x86-64: there, the seventh is found by the sixth.
struct Cause {
	uint64_t length;
	char words[16];
};

// To the compiler the probe reads its arguments' values only: what they point to has to be in memory.
void keep(const void *bytes) {
	__asm__ volatile("" : : "r"(bytes) : "memory");
}

} // namespace

void UsdtSink::announce(const Drop &drop) {
	const nd_event &event = drop.event;
	const Context context = context_of(drop);
	const std::string family(context.family);
	const std::string table(context.table);
	const std::string chain(context.chain);
	Cause cause{.length = event.length, .words = {}};
	reason_name(context.reason).copy(cause.words, sizeof(cause.words) - 1);
	const uint64_t handle = context.reason == Reason::kRule ? event.rule_handle : 0;
	const char *rule = context.text_known ? drop.attribution->text.c_str() : "";
	const char *const why = cause.words;
	for (const char *bytes : {family.c_str(), table.c_str(), chain.c_str(), rule, why})
		keep(bytes);
	STAP_PROBE7(nft_drops, drop, family.c_str(), table.c_str(), chain.c_str(), handle, rule, why, event.length);
}

} // namespace nft_drops::cli
