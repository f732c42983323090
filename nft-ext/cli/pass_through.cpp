// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/pass_through.h"

#include "nft-ext/cli/grammar.h"
#include "nft-ext/cli/output_flags.h"

#include <nftables/libnftables.h>

#include <cstdio>
#include <cstdlib>
#include <getopt.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

// The messages are nft's own, word for word, since scripts and people know them. They were reworded in 1.1.
namespace nft_drops::cli {
namespace {

constexpr bool kSince11 = ND_NFTABLES_VERSION >= 10100;
constexpr const char *kError = kSince11 ? "Error: " : "";

struct ContextFree {
	void operator()(nft_ctx *c) const { nft_ctx_free(c); }
};
using Context = std::unique_ptr<nft_ctx, ContextFree>;

// nft's debug level of this name; 0 if nft has no such level.
unsigned debug_level(std::string_view name) {
	struct Level {
		std::string_view name;
		unsigned value;
	};
	static constexpr Level kLevels[] = {
	        {"scanner", NFT_DEBUG_SCANNER}, {"parser", NFT_DEBUG_PARSER},
	        {"eval", NFT_DEBUG_EVALUATION}, {"netlink", NFT_DEBUG_NETLINK},
	        {"mnl", NFT_DEBUG_MNL},         {"proto-ctx", NFT_DEBUG_PROTO_CTX},
	        {"segtree", NFT_DEBUG_SEGTREE}, {"all", ~0U},
	};
	for (const Level &l : kLevels) {
		if (l.name == name) return l.value;
	}
	return 0;
}

// Returns false after naming the first word that is no debug level.
bool add_debug(nft_ctx *context, std::string_view list) {
	unsigned mask = nft_ctx_output_get_debug(context);
	for (;;) {
		const auto comma = list.find(',');
		const std::string one(list.substr(0, comma));
		const unsigned level = debug_level(one);
		if (!level) {
			fprintf(stderr, "%sinvalid debug parameter `%s'\n", kError, one.c_str());
			return false;
		}
		mask |= level;
		if (comma == std::string_view::npos) break;
		list.remove_prefix(comma + 1);
	}
	nft_ctx_output_set_debug(context, mask);
	return true;
}

// nft's options in getopt's form.
struct Table {
	std::string letters = "+"; // options end where the command begins
	std::vector<option> names;
	Table() {
		for (const OptionSpec &o : options()) {
			if (!takes(Command::kPassThrough, o)) continue;
			letters += o.letter;
			if (o.argument) letters += ':';
			if (o.name)
				names.push_back(
				        {o.name, o.argument ? required_argument : no_argument, nullptr, o.letter});
		}
		names.push_back({nullptr, 0, nullptr, 0});
	}
};

// True if nft's own check takes the next word for the argument of `word`. nft before 1.1 does so for "-fFILE", too.
bool wants_argument(std::string_view word) {
	for (const OptionSpec &o : options()) {
		if (!takes(Command::kPassThrough, o) || !o.argument) continue;
		if (word.size() > 1 && word[1] == o.letter) return true;
		if (word.starts_with("--") && word.substr(2) == o.name) return true;
	}
	return false;
}

// True if no option stands after a word of the command. The search ends at an opening brace, as nft's does.
bool options_come_first(int argc, char *const argv[]) {
	size_t column = 0;
	bool argument = false;
	bool command = false;
	for (int i = 1; i < argc; i++) {
		column += std::string_view(argv[i - 1]).size() + 1;
		const std::string_view word = argv[i];
		if (word.starts_with('{')) break;
		if (argument) {
			argument = false;
		} else if (!word.starts_with('-')) {
			command = true;
		} else if (command) {
			fputs("Error: syntax error, options must be specified before commands\n", stderr);
			for (int w = 0; w < argc; w++)
				fprintf(stderr, "%s ", argv[w]);
			printf("\n%4c%*s\n", '^', static_cast<int>(column) - 2, "~~");
			return false;
		} else {
			argument = wants_argument(word);
		}
	}
	return true;
}

class Run {
public:
	Run(nft_ctx *nft, const Instead &instead) : nft_(nft), instead_(instead) {}

	// Returns the exit status if the options alone decide; nothing if a command remains to be run.
	std::optional<int> read_options(int argc, char *argv[]) {
		const Table table;
		optind = 1;
		opterr = 1;
		for (int o; (o = getopt_long(argc, argv, table.letters.c_str(), table.names.data(), nullptr)) != -1;) {
			flags_ |= output_flag(o);
			if (auto status = read(o); status) return status;
		}
		if (defined_ && !file_) {
			fputs("Error: -D/--define can only be used with -f/--filename\n", stderr);
			return EXIT_FAILURE;
		}
		nft_ctx_output_set_flags(nft_, flags_);
		return std::nullopt;
	}

	int run(int argc, char *argv[]) {
		if (optind < argc) {
			std::string command;
			for (int i = optind; i < argc; i++) {
				if (i > optind) command += ' ';
				command += argv[i];
			}
			return nft_run_cmd_from_buffer(nft_, command.c_str()) != 0;
		}
		if (file_) return nft_run_cmd_from_filename(nft_, file_) != 0;
		if (interactive_) return instead_.interactive(nft_, argv);
		fprintf(stderr, "%s: no command specified\n", argv[0]);
		return EXIT_FAILURE;
	}

private:
	std::optional<int> read(int option) {
		switch (option) {
		case '?':
			return EXIT_FAILURE; // getopt has printed the reason
		case 'h':
			return instead_.help();
		case 'v':
		case 'V':
			return instead_.version();
		case 'f':
			if (kSince11 && interactive_) return no_combination();
			file_ = optarg;
			return std::nullopt;
		case 'i':
			if (kSince11 && file_) return no_combination();
			interactive_ = true;
			return std::nullopt;
		case 'c':
			nft_ctx_set_dry_run(nft_, true);
			return std::nullopt;
		case 'o':
			nft_ctx_set_optimize(nft_, NFT_OPTIMIZE_ENABLED);
			return std::nullopt;
		case 'D':
			defined_ = true;
			if (!nft_ctx_add_var(nft_, optarg)) return std::nullopt;
			fprintf(stderr, "%sFailed to define variable '%s'\n", kError, optarg);
			return EXIT_FAILURE;
		case 'I':
			if (!nft_ctx_add_include_path(nft_, optarg)) return std::nullopt;
			fprintf(stderr,
			        kSince11 ? "Warning: Cannot include path '%s'\n" : "Failed to add include path '%s'\n",
			        optarg);
			return kSince11 ? std::nullopt : std::optional(EXIT_FAILURE);
		case 'd':
			return add_debug(nft_, optarg) ? std::nullopt : std::optional(EXIT_FAILURE);
		default:
			return std::nullopt;
		}
	}

	static int no_combination() {
		fputs("Error: -i/--interactive and -f/--file options cannot be combined\n", stderr);
		return EXIT_FAILURE;
	}

	nft_ctx *nft_;
	const Instead &instead_;
	const char *file_ = nullptr;
	unsigned flags_ = 0;
	bool interactive_ = false;
	bool defined_ = false;
};

} // namespace

int pass_through(int argc, char *argv[], const Instead &instead) {
	if (getuid() != geteuid()) return 111; // as nft does: libnftables is not made for setuid programs
	if (!options_come_first(argc, argv)) return EXIT_FAILURE;
	const Context context(nft_ctx_new(NFT_CTX_DEFAULT));
	if (!context) return EXIT_FAILURE;
	Run run(context.get(), instead);
	const auto status = run.read_options(argc, argv);
	return status ? *status : run.run(argc, argv);
}

} // namespace nft_drops::cli
