// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/formatter.h"

#include <linux/netfilter.h>
#include <malloc.h>

#include <utility>

namespace nft_drops {
namespace {

constexpr size_t kBigListing = 1 << 20;

std::string list_command(const std::string &family) {
	return family.empty() ? "list ruleset" : "list ruleset " + family;
}

// What 1.0.6 says of each table with iptables-nft rules; the only complaint that does not mean a wrong text.
bool harmless(std::string_view complaint) {
	return complaint.empty() || (complaint.starts_with("# Warning: table ") &&
	                             complaint.ends_with(" is managed by iptables-nft, do not touch!\n"));
}

} // namespace

Result<nft_ctx *> Formatter::context() {
	if (!context_) {
		context_.reset(nft_ctx_new(NFT_CTX_DEFAULT));
		if (!context_ || nft_ctx_buffer_output(context_.get()) != 0 ||
		    nft_ctx_buffer_error(context_.get()) != 0) {
			context_.reset();
			return usage_error("libnftables", "out of memory");
		}
		nft_ctx_output_set_flags(context_.get(), NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_STATELESS | output_);
	}
	return context_.get();
}

Result<std::string> Formatter::run(const std::string &command) {
	const auto context = this->context();
	if (!context) return std::unexpected(context.error());
	const int status = nft_run_cmd_from_buffer(*context, command.c_str());
	// Reading empties them.
	std::string output = nft_ctx_get_output_buffer(*context);
	std::string complaint = nft_ctx_get_error_buffer(*context);
	if (status != 0) {
		context_.reset();
		if (const size_t line = complaint.find('\n'); line != std::string::npos) complaint.resize(line);
		return usage_error("nft " + command, complaint.empty() ? "failed" : complaint);
	}
	return output;
}

Result<std::string> Formatter::list(const std::string &family) {
	auto output = run(list_command(family));
	// The library's memory stays high after a big listing: 338 MiB for 100,000 rules.
	if (!output || output->size() > kBigListing) {
		context_.reset();
		malloc_trim(0);
	}
	return output;
}

std::optional<std::string> Formatter::list_narrowed(const std::string &family, Narrowed narrowed) {
	const auto context = this->context();
	if (!context) return {};
	narrow_on(std::move(narrowed));
	const int status = nft_run_cmd_from_buffer(*context, list_command(family).c_str());
	const NarrowSeen seen = narrow_off();
	std::string output = nft_ctx_get_output_buffer(*context);
	const std::string complaint = nft_ctx_get_error_buffer(*context);
	if (status != 0 || !seen.as_expected() || !harmless(complaint)) {
		// Answers to what was asked may still wait in the library's socket.
		context_.reset();
		return {};
	}
	return output;
}

} // namespace nft_drops
