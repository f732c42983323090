// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/grammar.h"

#include "nft-ext/text/duration.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace nft_drops::cli {
namespace {

constexpr const char *kTimes = "give one as nft writes it: 10s, 5m, 1h30m";

Result<void> format(CommandLine &line, const char *argument) {
	const std::string_view text = argument;
	if (text == "block")
		line.monitor.format = Format::kBlock;
	else if (text == "line")
		line.monitor.format = Format::kLine;
	else if (text == "json")
		line.monitor.format = Format::kJson;
	else
		return fail(fmt::format("--format {}", text), "no such format", "block, line and json are");
	return {};
}

Result<void> count(CommandLine &line, const char *argument) {
	const std::string_view text = argument;
	uint64_t n = 0;
	auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
	if (error != std::errc() || end != text.data() + text.size() || n == 0)
		return fail(fmt::format("--count {}", text), "not a number of drops", "give a whole number from 1");
	line.monitor.count = n;
	return {};
}

Result<void> duration(CommandLine &line, const char *argument) {
	line.monitor.duration = parse_duration(argument);
	if (!line.monitor.duration) return fail(fmt::format("--for {}", argument), "not a time", kTimes);
	return {};
}

Result<void> list_duration(CommandLine &line, const char *argument) {
	line.list.duration = parse_duration(argument);
	if (!line.list.duration) return fail(fmt::format("--for {}", argument), "not a time", kTimes);
	return {};
}

Result<void> with_drop_counts(CommandLine &line, const char *) {
	line.list.counts = true;
	return {};
}

Result<void> zero(CommandLine &line, const char *) {
	line.list.zero = true;
	return {};
}

Result<void> sort(CommandLine &line, const char *) {
	line.list.sorted = true;
	return {};
}

// One of nft's own, for nft's own listing.
template <char letter> Result<void> nft_flag(CommandLine &line, const char *) {
	line.list.nft += letter;
	return {};
}

Result<void> check_list(const CommandLine &line) {
	if (!line.list.counts)
		return fail("--zero, --sort", "only for a listing with counts", "add --with-drop-counts");
	if (line.list.sorted && line.list.nft.find('j') != std::string::npos)
		return fail("--sort", "a table is not JSON", "leave out -j or --sort");
	for (const std::string_view word : line.words) {
		if (word.find_first_of(";\n{}#") != std::string_view::npos)
			return fail(fmt::format("{}", word), "not a name", "list one ruleset, table or chain");
	}
	return {};
}

Result<void> max_rules(CommandLine &line, const char *argument) {
	constexpr uint32_t kMost = 1 << 24;
	const std::string_view text = argument;
	uint32_t n = 0;
	auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
	if (error != std::errc() || end != text.data() + text.size() || n == 0 || n > kMost)
		return fail(fmt::format("--max-rules {}", text), "not a number of rules",
		            fmt::format("give a whole number from 1 to {}", kMost));
	line.count.max_rules = n;
	return {};
}

Result<void> check_count(const CommandLine &line) {
	const std::string_view what = line.words[1];
	if (!line.count.max_rules || what == "start" || what == "reset") return {};
	return fail("--max-rules", fmt::format("of count start and count reset, not of count {}", what));
}

Result<void> json(CommandLine &line, const char *) {
	line.monitor.format = Format::kJson;
	return {};
}

Result<void> netns(CommandLine &line, const char *argument) {
	line.monitor.netns = argument;
	return line.monitor.netns.empty() ? fail("--netns", "an empty name is no namespace") : Result<void>();
}

Result<void> all_netns(CommandLine &line, const char *) {
	line.monitor.all_netns = true;
	return {};
}

Result<void> path(CommandLine &line, const char *) {
	line.monitor.path = true;
	return {};
}

Result<void> audit(CommandLine &line, const char *) {
	line.monitor.audit = true;
	return {};
}

Result<void> limit(CommandLine &line, const char *argument) {
	const std::string_view text = argument;
	uint64_t n = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
	if (error != std::errc() || std::string_view(end, text.data() + text.size()) != "/second" || n == 0)
		return fail(fmt::format("--limit {}", text), "not so many a second", "give it as 100/second");
	line.monitor.limit = n;
	return {};
}

Result<void> check_monitor(const CommandLine &line) {
	if (line.monitor.netns.empty() || !line.monitor.all_netns) return {};
	return fail("--netns " + line.monitor.netns, "not together with --all-netns", "leave one of them out");
}

Result<void> ko(CommandLine &line, const char *argument) {
	line.probe.ko = argument;
	return line.probe.ko.empty() ? fail("--ko", "an empty name is no file") : Result<void>();
}

Result<void> vmlinux(CommandLine &line, const char *argument) {
	line.probe.vmlinux = argument;
	return line.probe.vmlinux.empty() ? fail("--vmlinux", "an empty name is no file") : Result<void>();
}

Result<void> check_probe(const CommandLine &line) {
	if (line.probe.ko.empty() || !line.probe.vmlinux.empty()) return {};
	return fail("--ko " + line.probe.ko, "the kernel that this module is of is missing",
	            "give its vmlinuz or vmlinux with --vmlinux");
}

Result<void> help(CommandLine &line, const char *) {
	line.help_of = line.command;
	line.command = Command::kHelp;
	return {};
}

Result<void> version(CommandLine &line, const char *) {
	line.command = Command::kVersion;
	return {};
}

// For what is so anyway.
Result<void> nothing(CommandLine &, const char *) {
	return {};
}

constexpr unsigned kOurs = ~of(Command::kPassThrough);
constexpr unsigned kNft = of(Command::kPassThrough);
constexpr unsigned kList = of(Command::kList);

// Ours first, then nft's in the order of nft(8): main.c of nftables. There -n, -N and -S once meant more ("--numeric"
// three times); nft 1.0 reads each once.
constexpr OptionSpec kOptions[] = {
        {0, "format", "block|line|json", of(Command::kMonitor),
         "block (default; looks like nft -a list ruleset), line (one drop, one line) or json", format},
        {'j', "json", nullptr, of(Command::kMonitor), "the same as --format json", json},
        {'a', "handle", nullptr, of(Command::kMonitor, Command::kList),
         "handles are always shown; taken since nft takes it", nothing},
        {0, "count", "N", of(Command::kMonitor), "end after N drops", count},
        {0, "for", "DURATION", of(Command::kMonitor), "end after a time such as 10s, 5m or 1h30m", duration},
        {0, "with-drop-counts", nullptr, of(Command::kList), "with what each rule and each policy dropped",
         with_drop_counts},
        {0, "zero", nullptr, of(Command::kList), "with what dropped nothing, too", zero},
        {0, "sort", nullptr, of(Command::kList), "as a table, busiest first", sort},
        {0, "for", "DURATION", of(Command::kList), "count from now on, for a time such as 10s, 5m or 1h30m",
         list_duration},
        {0, "max-rules", "N", of(Command::kCount), "room for the counts of N rules and policies (65536)", max_rules},
        {0, "netns", "NETNS", of(Command::kMonitor),
         "watch this network namespace: a name of ip netns, a process's number, or a file", netns},
        {0, "all-netns", nullptr, of(Command::kMonitor), "watch all network namespaces, and name each drop's",
         all_netns},
        {0, "path", nullptr, of(Command::kMonitor), "show the jumps that led to the rule", path},
        {0, "audit", nullptr, of(Command::kMonitor), "show what else netfilter dropped, and that nothing is missing",
         audit},
        {0, "limit", "N/second", of(Command::kMonitor),
         "show at most so many; further ones are counted, equal ones together", limit},
        {0, "ko", "FILE", of(Command::kProbe),
         "its nf_tables.ko, .ko.xz, .ko.zst or .ko.gz; none where nf_tables is built in", ko},
        {0, "vmlinux", "FILE", of(Command::kProbe), "the vmlinuz or vmlinux of a kernel that is not running", vmlinux},
        {'h', "help", nullptr, kOurs, "what this command does, and its options", help},
        {'v', "version", nullptr, kOurs, "the versions of nft-drops and its libraries", version},

        {'h', "help", nullptr, kNft, "all commands and options", help},
        {'v', "version", nullptr, kNft, "the versions of nft-drops and its libraries", version},
        {'V', nullptr, nullptr, kNft, "the same", version},
        {'f', "file", "FILE", kNft, "read commands from FILE; - is standard input", nullptr},
        {'D', "define", "NAME=VALUE", kNft, "define a variable for the FILE", nullptr},
        {'i', "interactive", nullptr, kNft, "read commands from the terminal", nullptr},
        {'I', "includepath", "DIRECTORY", kNft, "look for included files there too", nullptr},
        {'c', "check", nullptr, kNft, "check commands without applying them", nullptr},
        {'o', "optimize", nullptr, kNft, "optimize the ruleset", nullptr},
        {'a', "handle", nullptr, kNft, "show handles", nullptr},
        {'s', "stateless", nullptr, kNft | kList, "leave out counters and other state", nft_flag<'s'>},
        {'t', "terse", nullptr, kNft | kList, "leave out the elements of sets", nft_flag<'t'>},
        {'S', "service", nullptr, kNft | kList, "show ports as service names", nft_flag<'S'>},
        {'N', "reversedns", nullptr, kNft | kList, "show addresses as host names", nft_flag<'N'>},
        {'u', "guid", nullptr, kNft | kList, "show users and groups by name", nft_flag<'u'>},
        {'n', "numeric", nullptr, kNft | kList, "show everything as numbers", nft_flag<'n'>},
        {'y', "numeric-priority", nullptr, kNft | kList, "show chain priorities as numbers", nft_flag<'y'>},
        {'p', "numeric-protocol", nullptr, kNft | kList, "show protocols as numbers", nft_flag<'p'>},
        {'T', "numeric-time", nullptr, kNft | kList, "show times as numbers", nft_flag<'T'>},
        {'e', "echo", nullptr, kNft | kList, "show what was added, inserted or replaced", nft_flag<'e'>},
        {'j', "json", nullptr, kNft | kList, "JSON, as in libnftables-json(5)", nft_flag<'j'>},
        {'d', "debug", "scanner|parser|eval|netlink|mnl|proto-ctx|segtree|all", kNft, "show debugging output", nullptr},
};

constexpr CommandSpec kCommands[] = {
        {Command::kMonitor, Ours::kFirstWord, "monitor [drops]",
         "show each packet that nftables drops, with the rule or policy that dropped it",
         "A line that starts with \"nft-drops: monitoring\" on standard error says that every drop from then on will "
         "be seen. SIGINT (Ctrl-C) and SIGTERM end it: what was already captured is printed, then one summary line on "
         "standard error, \"nft-drops: N drops (R by rule, P by policy, O other), L lost\".\n\n"
         "Where standard output is slower than the drops, equal packets are shown as one (\"repeated 18,240 times in "
         "1.0 s\"); what does not even fit then is told (\"12 drops left out\"). All are counted.\n\n"
         "nft's own \"monitor\" with an object (tables, rules, trace, ...) stays nft's.",
         check_monitor},
        {Command::kList, Ours::kOption, "list (ruleset [FAMILY])|(table [FAMILY] TABLE)|(chain [FAMILY] TABLE CHAIN)",
         "nft's own listing, with --with-drop-counts each rule and each policy with what it dropped",
         "Byte for byte what nft -a lists, with comments \"# dropped packets N bytes M\" behind rules and policies "
         "that "
         "dropped, so that nft -f loads it. With -j, a member \"drops\" in each rule and chain object.\n\n"
         "The counts are those since \"count start\"; with --for, of so long from now on, and nothing is left behind.",
         check_list},
        {Command::kCount, Ours::kWhole, "count start|stop|reset|status",
         "keep counting drops in the kernel, with no process running",
         "What it needs is pinned below /sys/fs/bpf/nft-drops. It counts in all network namespaces. \"start\" again is "
         "harmless; \"reset\" starts at zero; \"stop\" leaves nothing. Counts follow a rule's handle: \"nft replace "
         "rule\" keeps them, a rule that is deleted keeps its counts in \"status\".",
         check_count},
        {Command::kProbe, Ours::kWhole, "probe", "show where in the kernel drops are seen, and why there",
         "With files, in a kernel that is not running; exit status 2 if that one cannot be monitored.", check_probe},
        {Command::kCheck, Ours::kWhole, "check", "show whether this machine can run nft-drops",
         "Every requirement with its state, one a line, the last one being a test with packets and rules of its own in "
         "a "
         "network namespace of its own; then the verdict. Exit status 0, or 2 if it cannot. Nothing is left behind."},
        {Command::kBpftrace, Ours::kWhole, "bpftrace", "print a bpftrace script for the running kernel",
         "bpftrace 0.17 and later run it as it is: each drop with table, base chain, cause, rule handle, interfaces, "
         "length, addresses and ports. The Plan stands in it as comments. It is right for the running kernel only."},
        {Command::kDemo, Ours::kWhole, "demo",
         "show drops of the example ruleset in a network namespace of its own, which is gone afterwards", ""},
        {Command::kHelp, Ours::kWhole, "help [COMMAND]", "all commands and options, or what one command does", ""},
        {Command::kVersion, Ours::kWhole, "version",
         "the versions of nft-drops, libnftables, LLVM and libbpf (also --version)", ""},
};

constexpr Placeholder kPlaceholders[] = {
        {"N", "a whole number from 1"},
        {"DURATION", "a time as nft writes it: 10s, 5m, 1h30m"},
        {"FILE", "the name of a file"},
        {"FAMILY", "ip (default), ip6, inet, arp, bridge or netdev"},
        {"TABLE", "the name of a table"},
        {"CHAIN", "the name of a chain"},
        {"HANDLE", "a rule's number, as nft -a list ruleset shows it"},
        {"NETNS", "a name of ip netns, a process's number, or a file such as /proc/1/ns/net"},
        {"N/second", "a whole number from 1, and \"/second\""},
        {"COMMAND", "a command of nft-drops"},
};

// parser_bison.y of nftables 1.0.6 and nft(8). Words that stand for the same list of objects share a line.
constexpr const char *kNftSynopses[] = {
        "list ruleset [FAMILY]",
        "list tables|chains|sets|maps|meters|counters|quotas|limits|secmarks|synproxys|flowtables [FAMILY]",
        "list ct helpers|timeout|expectation [FAMILY]",
        "list hooks [FAMILY]",
        "list table [FAMILY] TABLE",
        "list chain [FAMILY] TABLE CHAIN",
        "list set [FAMILY] TABLE SET",
        "list map [FAMILY] TABLE MAP",
        "list meter [FAMILY] TABLE METER",
        "list counter [FAMILY] TABLE COUNTER",
        "list quota [FAMILY] TABLE QUOTA",
        "list limit [FAMILY] TABLE LIMIT",
        "list secmark [FAMILY] TABLE SECMARK",
        "list synproxy [FAMILY] TABLE SYNPROXY",
        "list flowtable [FAMILY] TABLE FLOWTABLE",
        "flush ruleset [FAMILY]",
        "flush table [FAMILY] TABLE",
        "flush chain [FAMILY] TABLE CHAIN",
        "flush set [FAMILY] TABLE SET",
        "flush map [FAMILY] TABLE MAP",
        "flush meter [FAMILY] TABLE METER",
        "delete table [FAMILY] TABLE|(handle N)",
        "delete chain [FAMILY] TABLE CHAIN|(handle N)",
        "delete rule [FAMILY] TABLE CHAIN handle HANDLE",
        "delete set [FAMILY] TABLE SET|(handle N)",
        "delete map [FAMILY] TABLE MAP|(handle N)",
        "delete counter [FAMILY] TABLE COUNTER|(handle N)",
        "delete quota [FAMILY] TABLE QUOTA|(handle N)",
        "delete limit [FAMILY] TABLE LIMIT|(handle N)",
        "delete secmark [FAMILY] TABLE SECMARK|(handle N)",
        "delete synproxy [FAMILY] TABLE SYNPROXY|(handle N)",
        "delete flowtable [FAMILY] TABLE FLOWTABLE|(handle N)",
        "delete element [FAMILY] TABLE SET|MAP REST",
        "reset counters|quotas [FAMILY] [TABLE]",
        "reset counter [FAMILY] TABLE COUNTER",
        "reset quota [FAMILY] TABLE QUOTA",
        "get element [FAMILY] TABLE SET|MAP REST",
        "add|create table [FAMILY] NEW [REST...]",
        "add|create chain [FAMILY] TABLE NEW|CHAIN [REST...]",
        "add|create set|map|counter|quota|limit|secmark|synproxy|flowtable [FAMILY] TABLE NEW [REST...]",
        "add|create element [FAMILY] TABLE SET|MAP REST",
        "add|insert rule [FAMILY] TABLE CHAIN [handle|position HANDLE] [REST...]",
        "replace rule [FAMILY] TABLE CHAIN handle HANDLE REST...",
        "rename chain [FAMILY] TABLE CHAIN NEW",
        "describe REST...",
        "monitor [new|destroy] [tables|chains|sets|rules|elements|ruleset]",
        "monitor trace",
};

} // namespace

std::span<const CommandSpec> commands() {
	return kCommands;
}
std::span<const OptionSpec> options() {
	return kOptions;
}
std::span<const Placeholder> placeholders() {
	return kPlaceholders;
}
std::span<const char *const> nft_synopses() {
	return kNftSynopses;
}

const CommandSpec *spec_of(Command command) {
	for (const CommandSpec &c : kCommands) {
		if (c.id == command) return &c;
	}
	return nullptr;
}

bool takes(Command command, const OptionSpec &option) {
	return (option.of >> static_cast<unsigned>(command) & 1U) != 0;
}

} // namespace nft_drops::cli
