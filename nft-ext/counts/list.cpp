// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/counts/list.h"

#include "nft-ext/counts/visitor.h"

#include <nftables/libnftables.h>

#include <cstdio>
#include <memory>
#include <string_view>

namespace nft_drops {
namespace {

using Print = std::function<void(std::string_view)>;

ssize_t on_print(void *print, const char *text, size_t size) {
	(*static_cast<const Print *>(print))({text, size});
	return static_cast<ssize_t>(size);
}

struct FileClose {
	void operator()(FILE *file) const { fclose(file); }
};
struct ContextFree {
	void operator()(nft_ctx *context) const { nft_ctx_free(context); }
};

// Runs the command; each piece that libnftables prints goes to `print`. Returns what it said on stderr.
Result<std::string> run_nft(const ListRequest &request, const Print &print) {
	const std::unique_ptr<FILE, FileClose> stream(
	        fopencookie(const_cast<Print *>(&print), "w",
	                    {.read = nullptr, .write = on_print, .seek = nullptr, .close = nullptr}));
	const std::unique_ptr<nft_ctx, ContextFree> context(nft_ctx_new(NFT_CTX_DEFAULT));
	if (!stream || !context || nft_ctx_buffer_error(context.get()) != 0)
		return usage_error("libnftables", "out of memory");
	nft_ctx_set_output(context.get(), stream.get());
	nft_ctx_output_set_flags(context.get(), request.flags | NFT_CTX_OUTPUT_HANDLE);
	const int status = nft_run_cmd_from_buffer(context.get(), request.command.c_str());
	fflush(stream.get());
	std::string said = nft_ctx_get_error_buffer(context.get());
	if (status == 0) return said;
	if (const size_t line = said.find('\n'); line != std::string::npos) said.resize(line);
	return usage_error("nft " + request.command, said.empty() ? "failed" : said);
}

std::unexpected<Error> not_understood() {
	return usage_error("libnftables", "it prints otherwise than nft-drops can follow",
	                   "use nft-drops count status");
}

} // namespace

Result<void> list_with_drops(const ListRequest &request, const DropCounts &counts,
                             const std::function<void(std::string &)> &sink,
                             const std::function<void(const std::string &)> &warn) {
	const bool json = (request.flags & NFT_CTX_OUTPUT_JSON) != 0;
	Busiest busiest;
	CountsVisitor visitor(counts, request.zero, request.sorted ? &busiest : nullptr);
	// Its heading comes with the first words of the listing: nothing is printed where nft fails.
	std::string heading = json ? "" : "# " + counts.heading() + "\n";
	const auto hand_on = [&](std::string &text) {
		if (!request.sorted) {
			heading += text;
			sink(heading);
			heading.clear();
		}
		text.clear();
	};
	Annotator annotator(visitor, hand_on);
	JsonAnnotator json_annotator([&visitor](const JsonObject &object) { return visitor.members(object); }, hand_on);
	const auto said = run_nft(
	        request, [&](std::string_view piece) { json ? json_annotator.print(piece) : annotator.print(piece); });
	if (!said) return std::unexpected(said.error());
	json ? json_annotator.finish() : annotator.finish();
	if (!annotator.understood()) return not_understood();
	if (!said->empty()) warn(*said);
	if (request.sorted) heading += busiest.table();
	if (!heading.empty()) sink(heading);
	if (visitor.inner_unknown())
		warn("nft-drops: the ruleset changed meanwhile; rules within `jump { ... }` are listed without their "
		     "counts\n");
	return {};
}

Result<void> visit_listing(const ListRequest &request, ListingVisitor &visitor) {
	Annotator annotator(visitor, [](std::string &text) { text.clear(); });
	const auto said = run_nft(request, [&annotator](std::string_view piece) { annotator.print(piece); });
	if (!said) return std::unexpected(said.error());
	annotator.finish();
	return annotator.understood() ? Result<void>() : not_understood();
}

} // namespace nft_drops
