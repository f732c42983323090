// SPDX-License-Identifier: GPL-2.0-only
#include "version.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <nftables/libnftables.h>
#include <nlohmann/json.hpp>

namespace nft_drops::cli {
namespace {

std::string libnftables() {
	nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nft) return ND_NFTABLES;
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON);
	std::string version = ND_NFTABLES;
	// The shortest listing. Every listing begins with the same "metainfo".
	if (nft_run_cmd_from_buffer(nft, "list chains netdev") == 0) {
		const auto json = nlohmann::json::parse(nft_ctx_get_output_buffer(nft), nullptr, false);
		const auto said = json.is_discarded()
		                          ? nullptr
		                          : json.value("/nftables/0/metainfo/version"_json_pointer, nlohmann::json());
		if (said.is_string()) version = said;
	}
	nft_ctx_free(nft);
	return version;
}

} // namespace

std::string version() {
	return fmt::format("nft-drops {}\nlibnftables {}\nLLVM {}\nlibbpf {}\n", ND_VERSION, libnftables(), ND_LLVM,
	                   std::string_view(libbpf_version_string()).substr(1));
}

} // namespace nft_drops::cli
