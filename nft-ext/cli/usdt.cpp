// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/usdt.h"

#include "nft-ext/render/context.h"

#include <string>

#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

extern "C" {
__attribute__((section(".probes"), used)) unsigned short nft_drops_drop_semaphore = 0;
}

namespace nft_drops::cli {

void announce_to_listeners(const nd_event &event, const Answer &answer) {
	const Context context = context_of(event, answer);
	const std::string family(context.family);
	const std::string table(context.table);
	const std::string chain(context.chain);
	const std::string cause(reason_name(context.reason));
	const uint64_t handle = context.reason == Reason::kRule ? event.rule_handle : 0;
	const char *rule = context.text_known ? answer.text.c_str() : "";
	STAP_PROBE7(nft_drops, drop, family.c_str(), table.c_str(), chain.c_str(), handle, rule, cause.c_str(),
	            event.length);
}

} // namespace nft_drops::cli
