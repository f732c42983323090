// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/pass_through.h"

#include "nft-ext/cli/command_line.h"
#include "nft-ext/cli/nft_options.h"
#include "nft-ext/cli/report.h"

#include <fmt/format.h>
#include <nftables/libnftables.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <getopt.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::cli {
namespace {

struct ContextFree {
	void operator()(nft_ctx *c) const { nft_ctx_free(c); }
};
using Context = std::unique_ptr<nft_ctx, ContextFree>;

unsigned output_flag(int letter) {
	switch (letter) {
	case 'a':
		return NFT_CTX_OUTPUT_HANDLE;
	case 's':
		return NFT_CTX_OUTPUT_STATELESS;
	case 't':
		return NFT_CTX_OUTPUT_TERSE;
	case 'S':
		return NFT_CTX_OUTPUT_SERVICE;
	case 'N':
		return NFT_CTX_OUTPUT_REVERSEDNS;
	case 'u':
		return NFT_CTX_OUTPUT_GUID;
	case 'n':
		return NFT_CTX_OUTPUT_NUMERIC_ALL;
	case 'y':
		return NFT_CTX_OUTPUT_NUMERIC_PRIO;
	case 'p':
		return NFT_CTX_OUTPUT_NUMERIC_PROTO;
	case 'T':
		return NFT_CTX_OUTPUT_NUMERIC_TIME;
	case 'e':
		return NFT_CTX_OUTPUT_ECHO;
	case 'j':
		return NFT_CTX_OUTPUT_JSON;
	default:
		return 0;
	}
}

// Levels as nft names them.
unsigned debug_level(std::string_view name) {
	struct Level {
		std::string_view name;
		unsigned flag;
	};
	static constexpr Level kLevels[] = {
	        {"scanner", NFT_DEBUG_SCANNER}, {"parser", NFT_DEBUG_PARSER},
	        {"eval", NFT_DEBUG_EVALUATION}, {"netlink", NFT_DEBUG_NETLINK},
	        {"mnl", NFT_DEBUG_MNL},         {"proto-ctx", NFT_DEBUG_PROTO_CTX},
	        {"segtree", NFT_DEBUG_SEGTREE}, {"all", ~0U},
	};
	for (const Level &l : kLevels) {
		if (l.name == name) return l.flag;
	}
	return 0;
}

// "netlink,mnl"; false where one of them is none.
bool add_debug(nft_ctx *context, std::string_view list) {
	unsigned mask = nft_ctx_output_get_debug(context);
	while (!list.empty()) {
		const std::string_view one = list.substr(0, list.find(','));
		const unsigned level = debug_level(one);
		if (!level) return false;
		mask |= level;
		list.remove_prefix(std::min(one.size() + 1, list.size()));
	}
	nft_ctx_output_set_debug(context, mask);
	return true;
}

struct Parsed {
	std::vector<option> names;
	std::string letters = "+"; // options end where the command begins
	Parsed() {
		for (const NftOption &o : nft_options()) {
			letters += o.letter;
			if (o.argument) letters += ':';
			if (o.name)
				names.push_back(
				        {o.name, o.argument ? required_argument : no_argument, nullptr, o.letter});
		}
		names.push_back({nullptr, 0, nullptr, 0});
	}
};

int wrong(const char *what, const std::string &why) {
	return report(fail(what, why, "see nft(8)").error());
}

} // namespace

int pass_through(int argc, char *argv[]) {
	const Context context(nft_ctx_new(NFT_CTX_DEFAULT));
	if (!context) return wrong("libnftables", "no memory");
	const Parsed table;
	const char *file = nullptr;
	unsigned flags = 0;
	optind = 1;
	opterr = 1;
	for (int o; (o = getopt_long(argc, argv, table.letters.c_str(), table.names.data(), nullptr)) != -1;) {
		flags |= output_flag(o);
		switch (o) {
		case '?':
			return EXIT_FAILURE; // getopt has said why
		case 'h':
			fputs(usage(), stdout);
			return EXIT_SUCCESS;
		case 'v':
		case 'V':
			puts("nft-drops v" ND_VERSION);
			return EXIT_SUCCESS;
		case 'f':
			file = optarg;
			break;
		case 'i':
			return wrong("-i", "interactive mode is not offered; use nft -i");
		case 'c':
			nft_ctx_set_dry_run(context.get(), true);
			break;
		case 'o':
			nft_ctx_set_optimize(context.get(), NFT_OPTIMIZE_ENABLED);
			break;
		case 'D':
			if (nft_ctx_add_var(context.get(), optarg))
				return wrong("-D", fmt::format("cannot define {}", optarg));
			break;
		case 'I':
			if (nft_ctx_add_include_path(context.get(), optarg))
				return wrong("-I", fmt::format("cannot add the include path {}", optarg));
			break;
		case 'd':
			if (!add_debug(context.get(), optarg))
				return wrong("-d", fmt::format("no such debugging level in {}", optarg));
			break;
		default:
			break;
		}
	}
	nft_ctx_output_set_flags(context.get(), flags);
	if (optind < argc) {
		std::string command;
		for (int i = optind; i < argc; i++)
			command += (i > optind ? " " : "") + std::string(argv[i]);
		return nft_run_cmd_from_buffer(context.get(), command.c_str()) != 0;
	}
	if (file) return nft_run_cmd_from_filename(context.get(), file) != 0;
	fputs(usage(), stdout);
	return EXIT_FAILURE;
}

} // namespace nft_drops::cli
