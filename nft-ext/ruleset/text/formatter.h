// SPDX-License-Identifier: GPL-2.0-only
// libnftables as a printer of rules. One per process, one thread (the library is not thread-safe).
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_FORMATTER_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_FORMATTER_H

#include "jit/base/result.h"
#include "nft-ext/ruleset/text/narrow_sendto.h"

#include <nftables/libnftables.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace nft_drops {

class Formatter {
public:
	// `output`: NFT_CTX_OUTPUT_* beside those of -a and -s.
	explicit Formatter(unsigned output = 0) : output_(output) {}

	// `nft -a -s list ruleset FAMILY` as a whole; empty family: all. Fails where nft fails.
	Result<std::string> list(const std::string &family);

	// The same with its requests narrowed. nullopt where the library asked otherwise than expected, failed or
	// complained: then what it printed may not be what it prints for the whole ruleset.
	std::optional<std::string> list_narrowed(const std::string &family, Narrowed narrowed);

	// Runs a command, e.g. to load a ruleset.
	Result<std::string> run(const std::string &command);

private:
	struct Free {
		void operator()(nft_ctx *context) const { nft_ctx_free(context); }
	};
	Result<nft_ctx *> context();

	unsigned output_;
	std::unique_ptr<nft_ctx, Free> context_;
};

} // namespace nft_drops

#endif
