// SPDX-License-Identifier: GPL-2.0-only
// Command lines that nft and nft-drops must treat alike, to the byte.
#include "tests/nft/run.h"

#include <gtest/gtest.h>

#include <fstream>

namespace nft_drops::tests {
namespace {

constexpr const char *kRuleset = R"(table inet filter {
	set blocked { type ipv4_addr; flags interval; elements = { 192.0.2.0/24, 198.51.100.7 } }
	map ports { type inet_service : verdict; elements = { 22 : accept, 23 : drop } }
	counter seen { packets 3 bytes 180 }
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		tcp dport 10000 counter packets 5 bytes 300 drop comment "ten thousand"
		ip saddr @blocked drop
		tcp dport vmap @ports
		meta skuid 0 accept
	}
	chain third {
	}
	chain other {
		jump third
	}
}
table ip drops {
	chain count {
		type filter hook forward priority 10;
	}
}
table arp probe {
	chain demo {
	}
}
)";

struct Case {
	const char *name;
	Job job;
};
void PrintTo(const Case &c, std::ostream *to) {
	*to << c.name;
}

class PassThrough : public testing::TestWithParam<Case> {};

TEST_P(PassThrough, SameBytesSameStatusSameRuleset) {
	if (!in_namespace([] { return 0; })) GTEST_SKIP() << "no namespaces, no nft or no nf_tables here";
	const Job &job = GetParam().job;
	const Pair nfts = run_in_namespace(nft(), job);
	ASSERT_NE(nfts.run.status, -1) << "the ruleset could not be loaded";
	ASSERT_NE(nfts.run.status, 98) << "there is no " << nft();
	EXPECT_EQ(run_in_namespace(nft_drops(), job), nfts);
}

const Case kCases[] = {
        {"nothing", {{}}},
        {"list_ruleset", {{"list", "ruleset"}, kRuleset}},
        {"one_word", {{"list ruleset"}, kRuleset}},
        {"handles", {{"-a", "list", "ruleset"}, kRuleset}},
        {"long_option", {{"--handle", "list", "ruleset"}, kRuleset}},
        {"abbreviated_option", {{"--hand", "list", "ruleset"}, kRuleset}},
        {"ambiguous_option", {{"--numeric-p", "list", "ruleset"}, kRuleset}},
        {"many_letters", {{"-ansSNuypT", "list", "ruleset"}, kRuleset}},
        {"terse", {{"-t", "list", "ruleset"}, kRuleset}},
        {"stateless", {{"-s", "list", "counters"}, kRuleset}},
        {"json", {{"-j", "list", "ruleset"}, kRuleset}},
        {"json_handles", {{"-ja", "list", "table", "inet", "filter"}, kRuleset}},
        {"services", {{"-S", "list", "chain", "inet", "filter", "input"}, kRuleset}},
        {"users", {{"-u", "list", "ruleset"}, kRuleset}},
        {"a_table_named_drops", {{"list", "table", "drops"}, kRuleset}},
        {"a_chain_named_count", {{"list", "chain", "drops", "count"}, kRuleset}},
        {"a_table_named_probe", {{"list", "table", "arp", "probe"}, kRuleset}},
        {"a_rule_without_add", {{"drops", "count", "counter", "drop"}, kRuleset}},
        {"a_rule_in_probe", {{"arp", "probe", "demo", "drop"}, kRuleset}},
        {"add_echo", {{"-e", "-a", "add", "rule", "inet", "filter", "third", "tcp dport 7 drop"}, kRuleset}},
        {"json_echo", {{"-e", "-j", "add", "rule", "inet", "filter", "third", "tcp dport 7 drop"}, kRuleset}},
        {"insert", {{"insert", "rule", "inet", "filter", "input", "position", "7", "drop"}, kRuleset}},
        {"delete", {{"delete", "table", "arp", "probe"}, kRuleset}},
        {"flush", {{"flush", "ruleset"}, kRuleset}},
        {"reset", {{"reset", "counters"}, kRuleset}},
        {"get_element", {{"get", "element", "inet", "filter", "blocked", "{ 192.0.2.9 }"}, kRuleset}},
        {"braces_and_dashes",
         {{"add", "chain", "ip", "drops", "c", "{ type filter hook input priority -5 ; }"}, kRuleset}},
        {"braces_apart",
         {{"add", "chain", "ip", "drops", "c", "{", "type", "filter", "hook", "input", "priority", "-5", ";", "}"},
          kRuleset}},
        {"describe", {{"describe", "tcp", "dport"}}},
        {"check_only", {{"-c", "add", "table", "ip", "x"}}},
        {"check_bad", {{"-c", "add", "rule", "ip", "nowhere", "c", "drop"}}},
        {"two_commands", {{"add", "table", "ip", "x;", "add", "chain", "ip", "x", "c"}}},
        {"standard_input", {{"-f", "-"}, "", "add table ip x\nlist tables\n"}},
        {"standard_input_bad", {{"-f", "-"}, "", "add table ip x\nadd rule ip x nochain drop\nlst\n"}},
        {"standard_input_device", {{"-f", "/dev/stdin"}, "", "add table ip x\n"}},
        {"define",
         {{"-D", "port=99", "-f", "-"},
          "",
          "add table ip x\nadd chain ip x c\nadd rule ip x c tcp dport $port drop\n"}},
        {"define_without_file", {{"-D", "port=99", "list", "ruleset"}}},
        {"define_badly", {{"-D", "port", "-f", "-"}}},
        {"optimize",
         {{"-o", "-f", "-"}, "", "table ip x {\n\tchain c {\n\t\ttcp dport 1 drop\n\t\ttcp dport 2 drop\n\t}\n}\n"}},
        {"no_such_file", {{"-f", "/nonexistent/file"}}},
        {"a_folder", {{"-f", "/"}}},
        {"file_and_command", {{"-f", "/dev/null", "list", "ruleset"}, kRuleset}},
        {"include_path", {{"-I", "/nonexistent", "-f", "-"}, "", "include \"nothing.nft\"\n"}},
        {"many_include_paths",
         {{"-I", "a", "-I", "b", "-I", "c", "-I", "d", "-I", "e", "-I", "f", "-I", "g", "-I", "h", "-I",   "i",
           "-I", "j", "-I", "k", "-I", "l", "-I", "m", "-I", "n", "-I", "o", "-I", "p", "-I", "q", "list", "ruleset"}}},
        {"debug", {{"-d", "eval", "list", "tables"}, kRuleset}},
        {"debug_list", {{"--debug=scanner,parser", "list", "tables"}, kRuleset}},
        {"debug_unknown", {{"-d", "eval,tea", "list", "tables"}}},
        {"debug_without", {{"-d"}}},
        {"unknown_option", {{"--nonsense", "list", "ruleset"}}},
        {"unknown_letter", {{"-Z", "list", "ruleset"}}},
        {"option_behind", {{"list", "ruleset", "-a"}, kRuleset}},
        {"option_behind_file", {{"-f", "/dev/null", "list", "-a"}}},
        {"option_glued", {{"-f/dev/null", "x", "-a"}}},
        {"json_option_then_file", {{"-jf", "/dev/null", "-a"}}},
        {"dashes_end_options", {{"--", "list", "ruleset"}, kRuleset}},
        {"syntax_error", {{"list", "rulset"}}},
        {"no_such_table", {{"list", "table", "inet", "nothing"}}},
        {"near_miss", {{"list", "chain", "inet", "filter", "inptu"}, kRuleset}},
        {"bad_rule", {{"add", "rule", "inet", "filter", "input", "tcp", "dport", "70000", "drop"}, kRuleset}},
        {"empty_word", {{""}}},
        {"monitor_nonsense", {{"monitor", "tables", "tea"}}},
        {"control_characters", {{"list", "table", "\x1b[31mred"}}},
        {"json_input", {{"-j", "-f", "-"}, "", R"({"nftables":[{"add":{"table":{"family":"ip","name":"x"}}}]})"}},
        {"json_input_bad", {{"-j", "-f", "-"}, "", R"({"nftables":[{"add")"}},
        {"empty_file", {{"-f", "/dev/null"}}},
};

INSTANTIATE_TEST_SUITE_P(CommandLines, PassThrough, testing::ValuesIn(kCases),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
} // namespace nft_drops::tests
