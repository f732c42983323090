// SPDX-License-Identifier: GPL-2.0-only
// The file has more than 500 lines because one table holds the whole command line: help, manual and completion are made
// of it.
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
		return usage_error(fmt::format("--format {}", text), "no such format", "give block, line or json");
	line.monitor.format_given = true;
	return {};
}

Result<void> capture_file(CommandLine &line, const char *argument) {
	line.monitor.capture.file = argument;
	return line.monitor.capture.file.empty()
	               ? usage_error("-w", "the name is empty", "give the name of a file, or - for standard output")
	               : Result<void>();
}

Result<void> snaplen(CommandLine &line, const char *argument) {
	constexpr uint32_t kMost = 262144; // as for libpcap, MAXIMUM_SNAPLEN
	const std::string_view text = argument;
	uint32_t n = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
	if (error != std::errc() || end != text.data() + text.size() || n == 0 || n > kMost)
		return usage_error(fmt::format("--snaplen {}", text), "not a number of bytes",
		                   fmt::format("give a whole number from 1 to {}", kMost));
	line.monitor.capture.snaplen = n;
	return {};
}

Result<void> link_type(CommandLine &line, const char *argument) {
	const std::string_view text = argument;
	if (text != "native" && text != "raw")
		return usage_error(fmt::format("--linktype {}", text), "no such link type", "give native or raw");
	line.monitor.capture.raw = text == "raw";
	return {};
}

Result<void> count(CommandLine &line, const char *argument) {
	const std::string_view text = argument;
	uint64_t n = 0;
	auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
	if (error != std::errc() || end != text.data() + text.size() || n == 0)
		return usage_error(fmt::format("--count {}", text), "not a number of drops",
		                   "give a whole number from 1");
	line.monitor.count = n;
	return {};
}

Result<void> duration(CommandLine &line, const char *argument) {
	line.monitor.duration = parse_duration(argument);
	if (!line.monitor.duration) return usage_error(fmt::format("--for {}", argument), "not a time", kTimes);
	return {};
}

Result<void> list_duration(CommandLine &line, const char *argument) {
	line.list.duration = parse_duration(argument);
	if (!line.list.duration) return usage_error(fmt::format("--for {}", argument), "not a time", kTimes);
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

// An option of nft, for nft's own listing.
template <char letter> Result<void> nft_flag(CommandLine &line, const char *) {
	(line.command == Command::kList ? line.list.nft : line.monitor.nft) += letter;
	return {};
}

Result<void> check_list(const CommandLine &line) {
	if (!line.list.counts)
		return usage_error("--zero, --sort", "these options need counts", "add --with-drop-counts");
	if (line.list.sorted && line.list.nft.find('j') != std::string::npos)
		return usage_error("--sort", "the sorted table has no JSON form", "leave out -j or --sort");
	for (const std::string_view word : line.words) {
		if (word.find_first_of(";\n{}#") != std::string_view::npos)
			return usage_error(fmt::format("{}", word), "not a name", "list one ruleset, table or chain");
	}
	return {};
}

Result<void> max_rules(CommandLine &line, const char *argument) {
	constexpr uint32_t kMost = 1 << 24;
	const std::string_view text = argument;
	uint32_t n = 0;
	auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
	if (error != std::errc() || end != text.data() + text.size() || n == 0 || n > kMost)
		return usage_error(fmt::format("--max-rules {}", text), "not a number of rules",
		                   fmt::format("give a whole number from 1 to {}", kMost));
	line.count.max_rules = n;
	return {};
}

Result<void> check_count(const CommandLine &line) {
	const std::string_view what = line.words[1];
	if (!line.count.max_rules || what == "start" || what == "reset") return {};
	return usage_error("--max-rules", fmt::format("count {} does not take this option", what),
	                   "use it with count start or count reset");
}

Result<void> json(CommandLine &line, const char *) {
	line.monitor.format = Format::kJson;
	line.monitor.format_given = true;
	return {};
}

Result<void> netns(CommandLine &line, const char *argument) {
	line.monitor.netns = line.record.netns = argument;
	return line.monitor.netns.empty() ? usage_error("--netns", "the name is empty",
	                                                "give a name of ip netns, a process's number or a file")
	                                  : Result<void>();
}

Result<void> all_netns(CommandLine &line, const char *) {
	line.monitor.all_netns = true;
	return {};
}

Result<void> path(CommandLine &line, const char *) {
	line.monitor.path = true;
	return {};
}

Result<void> details(CommandLine &line, const char *) {
	line.monitor.details = true;
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
		return usage_error(fmt::format("--limit {}", text), "not a rate", "give a rate such as 100/second");
	line.monitor.limit = n;
	return {};
}

Result<void> database(CommandLine &line, const char *argument) {
	line.record.database = line.why.database = argument;
	return line.why.database.empty() ? usage_error("--database", "the name is empty", "give the name of a file")
	                                 : Result<void>();
}

Result<void> keep(CommandLine &line, const char *argument) {
	const auto time = parse_duration(argument);
	if (!time || *time < std::chrono::minutes(1))
		return usage_error(fmt::format("--keep {}", argument), "not a time of a minute or more",
		                   "give a time such as 12h or 7d");
	line.record.keep = std::chrono::duration_cast<std::chrono::seconds>(*time);
	return {};
}

Result<void> max_size(CommandLine &line, const char *argument) {
	constexpr int64_t kLeast = int64_t{8} << 20, kMost = int64_t{1} << 40;
	const std::string_view text = argument;
	int64_t n = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
	const std::string_view unit(end, text.data() + text.size());
	const int shift = unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : 0;
	if (error != std::errc() || (shift == 0 && !unit.empty()) || n < 0 || n > kMost >> shift || n << shift < kLeast)
		return usage_error(fmt::format("--max-size {}", text), "not a size from 8M to 1024G",
		                   "give a size such as 256M");
	line.record.max_size = n << shift;
	return {};
}

Result<void> since(CommandLine &line, const char *argument) {
	line.why.since = argument;
	return {};
}

Result<void> until(CommandLine &line, const char *argument) {
	line.why.until = argument;
	return {};
}

Result<void> sort_by(CommandLine &line, const char *argument) {
	line.why.sort = argument;
	if (line.why.sort == "packets" || line.why.sort == "bytes" || line.why.sort == "last") return {};
	return usage_error(fmt::format("--sort {}", argument), "drops cannot be sorted by this",
	                   "give packets, bytes or last");
}

Result<void> why_limit(CommandLine &line, const char *argument) {
	const std::string_view text = argument;
	auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), line.why.limit);
	if (error != std::errc() || end != text.data() + text.size() || line.why.limit == 0)
		return usage_error(fmt::format("--limit {}", text), "not a number of flows",
		                   "give a whole number from 1");
	return {};
}

Result<void> pcap(CommandLine &line, const char *argument) {
	line.monitor.pcap = argument;
	return {};
}

Result<void> output(CommandLine &line, const char *argument) {
	line.run.output = argument;
	return line.run.output.empty() ? usage_error("--output", "the name is empty", "give the name of a file")
	                               : Result<void>();
}

Result<void> user(CommandLine &line, const char *argument) {
	line.run.user = argument;
	return line.run.user.empty() ? usage_error("--user", "the name is empty", "give the name of a user")
	                             : Result<void>();
}

Result<void> check_monitor(const CommandLine &line) {
	const CaptureOptions &capture = line.monitor.capture;
	if (capture.file.empty() && (capture.snaplen || capture.raw))
		return usage_error(capture.snaplen ? "--snaplen" : "--linktype", "without -w there is no capture",
		                   "add -w FILE");
	if (line.monitor.netns.empty() || !line.monitor.all_netns) return {};
	return usage_error("--netns " + line.monitor.netns, "--all-netns watches this namespace, too",
	                   "leave out one of both options");
}

Result<void> check_run(const CommandLine &line) {
	if (line.monitor.capture.file == "-")
		return usage_error("-w -", "standard output is CMD's", "give the name of a file");
	return check_monitor(line);
}

Result<void> ko(CommandLine &line, const char *argument) {
	line.probe.ko = argument;
	return line.probe.ko.empty() ? usage_error("--ko", "the name is empty", "give the name of a file")
	                             : Result<void>();
}

Result<void> vmlinux(CommandLine &line, const char *argument) {
	line.probe.vmlinux = argument;
	return line.probe.vmlinux.empty() ? usage_error("--vmlinux", "the name is empty", "give the name of a file")
	                                  : Result<void>();
}

Result<void> check_probe(const CommandLine &line) {
	if (line.probe.ko.empty() || !line.probe.vmlinux.empty()) return {};
	return usage_error("--ko " + line.probe.ko, "the module's kernel is missing",
	                   "give its vmlinuz or vmlinux with --vmlinux");
}

Result<void> report(CommandLine &line, const char *) {
	line.check.report = true;
	return {};
}

Result<void> textfile(CommandLine &line, const char *argument) {
	line.metrics.textfile = argument;
	return line.metrics.textfile.empty()
	               ? usage_error("--textfile", "the name is empty", "give the name of a file that ends in .prom")
	               : Result<void>();
}

Result<void> listen(CommandLine &line, const char *argument) {
	line.metrics.listen = argument;
	return line.metrics.listen.empty()
	               ? usage_error("--listen", "the address is empty", "give one such as 127.0.0.1:9732")
	               : Result<void>();
}

Result<void> check_metrics(const CommandLine &line) {
	if (line.metrics.textfile.empty() || line.metrics.listen.empty()) return {};
	return usage_error("--textfile " + line.metrics.textfile, "--listen serves the metrics already",
	                   "leave out one of both options");
}

Result<void> debug(CommandLine &line, const char *argument) {
	auto topics = parse_debug_topics(argument);
	if (!topics) return std::unexpected(topics.error());
	line.debug |= *topics;
	return {};
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

// For options of nft that change nothing here.
Result<void> nothing(CommandLine &, const char *) {
	return {};
}

Result<void> batch(CommandLine &line, const char *) {
	line.top.batch = true;
	return {};
}

Result<void> frames(CommandLine &line, const char *argument) {
	const std::string_view text = argument;
	uint64_t n = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
	if (error != std::errc() || end != text.data() + text.size() || n == 0)
		return usage_error(fmt::format("--count {}", text), "not a number of frames",
		                   "give a whole number from 1");
	line.top.frames = n;
	return {};
}

Result<void> colour(CommandLine &line, const char *argument) {
	const std::string_view text = argument;
	if (text == "auto")
		line.monitor.colour = Colour::kAuto;
	else if (text == "always")
		line.monitor.colour = Colour::kAlways;
	else if (text == "never")
		line.monitor.colour = Colour::kNever;
	else
		return usage_error(fmt::format("--color {}", text), "no such choice", "give auto, always or never");
	return {};
}

Result<void> check_top(const CommandLine &line) {
	if (line.top.frames && !line.top.batch)
		return usage_error("--count", "frames are counted only for a pipe", "add --batch");
	if (line.monitor.netns.empty() || !line.monitor.all_netns) return {};
	return usage_error("--netns " + line.monitor.netns, "--all-netns watches this namespace, too",
	                   "leave out one of both options");
}

constexpr unsigned kOurs = ~of(Command::kPassThrough);
constexpr unsigned kNft = of(Command::kPassThrough);
constexpr unsigned kList = of(Command::kList);
// Those that print drops in nft's words.
constexpr unsigned kShown = of(Command::kMonitor, Command::kRun);
// Those that work with the kernel.
constexpr unsigned kLive =
        of(Command::kMonitor, Command::kList, Command::kCount, Command::kProbe, Command::kCheck, Command::kBpftrace,
           Command::kDemo, Command::kRecord, Command::kRun, Command::kTop, Command::kMetrics);

// The options of nft-drops come first, then nft's in the order of nft(8) (src/main.c of nftables).
constexpr OptionSpec kOptions[] = {
        {0, "format", "block|line|json", of(Command::kMonitor, Command::kWhy, Command::kRun),
         "block (default; looks like nft -a list ruleset), line (one drop, one line) or json", format},
        {'j', "json", nullptr, of(Command::kMonitor, Command::kWhy, Command::kRun), "the same as --format json", json},
        {'a', "handle", nullptr, of(Command::kMonitor, Command::kList, Command::kWhy, Command::kRun),
         "changes nothing: drops always show handles", nothing},
        {'w', nullptr, "FILE", of(Command::kMonitor, Command::kRun),
         "write the packets to FILE as a pcapng capture for Wireshark; - is standard output", capture_file},
        {0, "snaplen", "N", of(Command::kMonitor, Command::kRun),
         "with -w: keep N bytes (1 to 262144) of each packet, from its link header on (256)", snaplen},
        {0, "linktype", "native|raw", of(Command::kMonitor, Command::kRun),
         "with -w: native (default; each packet with its link header) or raw (IP alone, which tcpdump reads, too)",
         link_type},
        {0, "count", "N", of(Command::kMonitor), "end after N drops", count},
        {0, "batch", nullptr, of(Command::kTop),
         "print a frame each second, for a pipe, instead of taking the terminal", batch},
        {0, "count", "N", of(Command::kTop), "with --batch: end after N frames", frames},
        {0, "color", "auto|always|never", of(Command::kMonitor, Command::kRun, Command::kTop),
         "colours of the terminal: auto (default; none where NO_COLOR is set), always or never", colour},
        {0, "for", "DURATION", of(Command::kMonitor), "end after a time such as 10s, 5m or 1h30m", duration},
        {0, "with-drop-counts", nullptr, of(Command::kList), "add the drop counts of each rule and each chain policy",
         with_drop_counts},
        {0, "zero", nullptr, of(Command::kList), "also show rules and policies that dropped nothing", zero},
        {0, "sort", nullptr, of(Command::kList), "a table, busiest rule first", sort},
        {0, "for", "DURATION", of(Command::kList), "count from now on for a time such as 10s, 5m or 1h30m",
         list_duration},
        {0, "max-rules", "N", of(Command::kCount), "room for the counts of N rules and policies (65536)", max_rules},
        {0, "netns", "NETNS", of(Command::kMonitor, Command::kRecord, Command::kRun, Command::kTop),
         "watch this network namespace: a name of ip netns, a process's number, or a file", netns},
        {0, "all-netns", nullptr, of(Command::kMonitor, Command::kTop),
         "watch all network namespaces; each drop names its namespace", all_netns},
        {0, "path", nullptr, of(Command::kMonitor, Command::kRun), "show the jumps that led to the rule", path},
        {0, "details", nullptr, of(Command::kMonitor, Command::kRun),
         "show why: connection and marks, the set's element, the socket, and the order of the hook's chains", details},
        {0, "audit", nullptr, of(Command::kMonitor),
         "also show netfilter's other drops, and prove that none is missing", audit},
        {0, "pcap", "EXPRESSION", of(Command::kMonitor, Command::kRun),
         "show only drops of packets that satisfy this expression of libpcap, as tcpdump takes it", pcap},
        {0, "limit", "N/second", of(Command::kMonitor, Command::kRun),
         "print at most N drops a second; the rest is counted, and repeats are shown as one", limit},
        {0, "output", "FILE", of(Command::kRun), "print drops to FILE, not to standard error", output},
        {0, "user", "USER", of(Command::kRun), "run CMD as this user, as sudo -u does", user},
        {0, "database", "FILE", of(Command::kRecord, Command::kWhy),
         "the file that holds the history (/var/lib/nft-drops/drops.db)", database},
        {0, "keep", "DURATION", of(Command::kRecord), "forget drops that are older than this (7d)", keep},
        {0, "max-size", "SIZE", of(Command::kRecord),
         "the most that the file and its log may take, such as 256M (default); the oldest drops go first", max_size},
        {0, "since", "TIME", of(Command::kWhy), "from when on (10m): 10m, 2h, 14:05, '2026-11-20 14:05'", since},
        {0, "until", "TIME", of(Command::kWhy), "up to when (now)", until},
        {0, "sort", "packets|bytes|last", of(Command::kWhy),
         "most packets first, most bytes first, or newest last (default)", sort_by},
        {0, "limit", "N", of(Command::kWhy), "show N flows at most", why_limit},
        {0, "textfile", "FILE", of(Command::kMetrics),
         "write the metrics to FILE, for the textfile collector of Prometheus' node_exporter", textfile},
        {0, "listen", "ADDRESS:PORT", of(Command::kMetrics),
         "serve the metrics over HTTP until a signal comes: 127.0.0.1:9732, [::1]:9732; :9732 is of loopback", listen},
        {0, "ko", "FILE", of(Command::kProbe),
         "the kernel's nf_tables.ko, .ko.xz, .ko.zst or .ko.gz; leave it out if nf_tables is built in", ko},
        {0, "vmlinux", "FILE", of(Command::kProbe), "the vmlinuz or vmlinux of a kernel that is not running", vmlinux},
        {0, "report", nullptr, of(Command::kCheck),
         "print one text for a bug report: versions, kernel, Plan, the time of each step, the self-test's facts",
         report},
        {0, "debug", "plan|ir|verifier|netlink|times", kLive,
         "tell on standard error what goes on; several topics with commas between them", debug},
        {'h', "help", nullptr, kOurs, "show what this command does, and its options", help},
        {'v', "version", nullptr, kOurs, "show the versions of nft-drops and its libraries", version},

        {'h', "help", nullptr, kNft, "show all commands and options", help},
        {'v', "version", nullptr, kNft, "show the versions of nft-drops and its libraries", version},
        {'V', nullptr, nullptr, kNft, "the same as --version", version},
        {'f', "file", "FILE", kNft, "read commands from FILE; - is standard input", nullptr},
        {'D', "define", "NAME=VALUE", kNft, "define a variable for the FILE", nullptr},
        {'i', "interactive", nullptr, kNft, "read commands from the terminal", nullptr},
        {'I', "includepath", "DIRECTORY", kNft, "look for included files there too", nullptr},
        {'c', "check", nullptr, kNft, "check commands without applying them", nullptr},
        {'o', "optimize", nullptr, kNft, "optimize the ruleset", nullptr},
        {'a', "handle", nullptr, kNft, "show handles", nullptr},
        {'s', "stateless", nullptr, kNft | kList | kShown, "leave out counters and other state", nft_flag<'s'>},
        {'t', "terse", nullptr, kNft | kList | kShown, "leave out the elements of sets", nft_flag<'t'>},
        {'S', "service", nullptr, kNft | kList | kShown, "show ports as service names", nft_flag<'S'>},
        {'N', "reversedns", nullptr, kNft | kList | kShown, "show addresses as host names", nft_flag<'N'>},
        {'u', "guid", nullptr, kNft | kList | kShown, "show users and groups by name", nft_flag<'u'>},
        {'n', "numeric", nullptr, kNft | kList | kShown, "show everything as numbers", nft_flag<'n'>},
        {'y', "numeric-priority", nullptr, kNft | kList | kShown, "show chain priorities as numbers", nft_flag<'y'>},
        {'p', "numeric-protocol", nullptr, kNft | kList | kShown, "show protocols as numbers", nft_flag<'p'>},
        {'T', "numeric-time", nullptr, kNft | kList | kShown, "show times as numbers", nft_flag<'T'>},
        {'e', "echo", nullptr, kNft | kList, "show what was added, inserted or replaced", nft_flag<'e'>},
        {'j', "json", nullptr, kNft | kList, "JSON, as in libnftables-json(5)", nft_flag<'j'>},
        {'d', "debug", "scanner|parser|eval|netlink|mnl|proto-ctx|segtree|all", kNft, "show debugging output", nullptr},
};

constexpr CommandSpec kCommands[] = {
        {Command::kMonitor, Ours::kFirstWord,
         "monitor [drops] [(table FAMILY TABLE)|(chain FAMILY TABLE CHAIN)|(rule FAMILY TABLE CHAIN handle HANDLE)] "
         "[MATCH...]",
         "show each packet that nftables drops, with the rule or policy that dropped it",
         "A line on standard error that starts with \"nft-drops: monitoring\" says that every drop from then on is "
         "seen. SIGINT (Ctrl-C) and SIGTERM end the monitor: it prints the drops that are already captured, as far as "
         "the reader takes them within a second, and tells the rest. Then it prints one summary line on standard "
         "error, \"nft-drops: N drops (R by rule, P by policy, O other), L lost\". A second signal ends it at once.\n\n"
         "Behind table, chain or rule, only drops by this table, by rules that stand in this chain (or its policy), or "
         "by this rule are shown. Names are followed through reloads. If the rule goes, a line on standard error says "
         "so.\n\n"
         "MATCH is what stands in front of a verdict in an nft rule: tcp dport 22, or ip saddr 10.0.0.0/8 udp dport { "
         "53, 123 }. Only drops of packets that satisfy MATCH are shown, and the summary line tells how many drops "
         "there were in all: \"N drops (...) of T, L lost\". MATCH means what it means in a rule of the table that "
         "dropped the packet; the start-up line names the families of tables whose rules cannot hold it. Quote what "
         "the shell would change. A drop that cannot be decided is shown with \"# undecided\", and is not one of "
         "the N. Of the other drops of --audit, only packet and devices can be asked: what nothing tells is "
         "undecided. No SELECTOR takes them.\n\n"
         "A rule that rejects drops the packet, too: a reject is shown as a drop by that rule.\n\n"
         "With -w, each packet of the capture has the words of --format line as its comment, from the family on; each "
         "network namespace, device and link type is an interface. Drops are then printed as text only with --format, "
         "and never with \"-w -\". To watch drops in Wireshark: nft-drops monitor -w - | wireshark -k -i -\n\n"
         "If standard output is slower than the drops, equal packets are shown as one (\"repeated 18,240 times in 1.0 "
         "s\"). Drops that do not fit even then are told (\"12 drops left out\"). The summary counts all drops.\n\n"
         "\"monitor\" with an object of nft (tables, rules, trace, ...) stays nft's own command.",
         check_monitor},
        {Command::kList, Ours::kOption, "list (ruleset [FAMILY])|(table [FAMILY] TABLE)|(chain [FAMILY] TABLE CHAIN)",
         "nft's own listing; --with-drop-counts adds what each rule and each policy dropped",
         "The listing is that of nft -a, byte for byte, with a comment \"# dropped packets N bytes M\" after each rule "
         "and policy that dropped. nft -f loads the listing. With -j, each rule and chain object has a member "
         "\"drops\".\n\n"
         "The counts begin at \"count start\". With --for, they begin now, last for that time, and leave nothing "
         "behind.",
         check_list},
        {Command::kCount, Ours::kWhole, "count start|stop|reset|status",
         "keep counting drops in the kernel, with no process running",
         "Counting covers all network namespaces. Its programs and maps are pinned below /sys/fs/bpf/nft-drops. A "
         "second "
         "\"start\" changes nothing, \"reset\" starts at zero, \"stop\" leaves nothing behind. Counts follow a rule's "
         "handle: \"nft replace rule\" keeps them, and \"status\" includes the counts of deleted rules. Deleted rules "
         "take no room (--max-rules) for long: rulesets can be loaded anew for years.",
         check_count},
        {Command::kTop, Ours::kWhole,
         "top [(table FAMILY TABLE)|(chain FAMILY TABLE CHAIN)|(rule FAMILY TABLE CHAIN handle HANDLE)] [MATCH...]",
         "full-screen live view: rules and policies by drops a second",
         "Each rule and policy that drops is a line: drops a second, total, last seen, and its line of nft -a list "
         "ruleset. The kernel sums the drops up by rule and flow, so that a flood costs little to watch.\n\n"
         "Keys: Enter shows the flows of the selected rule (source, destination, port), and one packet a second with "
         "the jumps that led to the rule and what monitor --details tells; Esc goes back. / asks for a "
         "MATCH: the figures begin anew with the drops that it takes. s changes the order, p pauses the screen, r "
         "sets the figures to zero, n shows names for addresses, ? helps, q ends. Arrows, PgUp, PgDn, Home, End, j "
         "and k move.\n\n"
         "SELECTOR and MATCH mean what they mean for monitor. Of 65,536 flows at most the figures are kept; the "
         "flows with the fewest packets are added to their rule's \"others\", and the rule's figures stay exact.\n\n"
         "With --batch, a line on standard error that starts with \"nft-drops: watching\" says that every drop from "
         "then on is in the figures. Each frame begins with a line \"# DATE TIME ...\"; SIGINT and SIGTERM end with "
         "a last frame. At the end one line on standard error tells how many drops there were, as for monitor.",
         check_top},
        {Command::kRecord, Ours::kWhole,
         "record [(table FAMILY TABLE)|(chain FAMILY TABLE CHAIN)|(rule FAMILY TABLE CHAIN handle HANDLE)] [MATCH...]",
         "keep a history of drops on disk, for why",
         "Keeps every drop of all network namespaces: by rule or policy, devices, addresses, protocol and destination "
         "port, with packets, bytes, first and last time, and the text that the rule had then. A line that starts with "
         "\"nft-drops: recording\" on standard error says that every drop from then on is kept. After a day, minutes "
         "become hours. SIGINT and SIGTERM end it.\n\n"
         "SELECTOR and MATCH mean what they mean for monitor; why says that only such drops were recorded. Drops that "
         "cannot be decided are not recorded, and why tells them as lost.\n\n"
         "The service nft-drops-record.service runs it: systemctl enable --now nft-drops-record."},
        {Command::kWhy, Ours::kWhole,
         "why [(table FAMILY TABLE)|(chain FAMILY TABLE CHAIN)|(rule FAMILY TABLE CHAIN handle HANDLE)] [MATCH...]",
         "ask the history: which rule dropped these packets, how many, when",
         "Prints what nft's own listing would have looked like, newest last, with each flow as a comment above the "
         "rule "
         "that dropped it: packets, bytes, first and last time. Times in which nothing was recorded are told.\n\n"
         "MATCH means what it means for monitor. The history holds devices, addresses, protocol and destination port; "
         "a MATCH that asks for more is refused.\n\n"
         "Needs no privilege but to read the files: members of the group nft-drops may."},
        {Command::kRun, Ours::kWhole,
         "run [(table FAMILY TABLE)|(chain FAMILY TABLE CHAIN)|(rule FAMILY TABLE CHAIN handle HANDLE)] [MATCH...] -- "
         "CMD [ARG...]",
         "run a command and show the drops that concern it, and no others",
         "CMD is started once every drop is seen, with the standard files, the process group and the terminal that "
         "nft-drops has. Its processes and their children are in a control group of their own. Drops that concern "
         "their sockets go to standard error: packets that their sockets send, packets of the flows that their sockets "
         "use, in both directions, and packets to ports that their sockets have bound. An ICMP echo is told by its "
         "identifier, an ICMP error by the packet inside. Flows and ports count until 5 seconds after their socket is "
         "closed.\n\n"
         "The last line on standard error is \"nft-drops: N drops concerned CMD (R by rule, P by policy, O other), L "
         "lost\". The watch ends once CMD and its children have ended; where only children are left, Ctrl-C ends the "
         "watch and leaves them running. If CMD has asked and nobody has answered, the watch goes on for one more "
         "second.\n\n"
         "The exit status is CMD's: 127 if CMD is not found, 126 if it cannot be executed, 128 plus the signal's "
         "number if a signal ended it, and 125 if nft-drops failed. If nft-drops is killed, CMD lives on. A signal "
         "that is sent to nft-drops is passed on to CMD.\n\n"
         "Queries that a resolver's daemon makes are the daemon's: a line says so if CMD asked a resolver on this "
         "machine. SELECTOR, MATCH and the options mean what they mean for monitor. With --netns, that namespace is "
         "watched, and CMD still runs in the caller's: ip netns exec NAME nft-drops run -- CMD does both there.",
         check_run},
        {Command::kMetrics, Ours::kWhole, "metrics", "the drop counts in Prometheus' text format",
         "Prints what \"count start\" counts in all network namespaces, once, in Prometheus' text format 0.0.4: "
         "packets and bytes of each rule and policy, each rule's text, and what was lost. --textfile writes the "
         "same to a file, in one step. --listen serves it at http://ADDRESS:PORT/metrics; without an address of "
         "yours, only this machine can ask.\n\n"
         "Rules that can drop and never did have series with the value 0, where a namespace has at most 1000 of "
         "them. A deleted rule's series ends. The rulesets of other namespaces than the present one are waited for "
         "5 seconds at most; nftables_drops_unread_namespaces tells how many have drops without series. Where "
         "counting is off, nftables_drop_counting is 0, all other metrics are absent, and the exit status is 0.",
         check_metrics},
        {Command::kProbe, Ours::kWhole, "probe",
         "show at which instructions of the kernel drops are seen, and why there",
         "With --ko and --vmlinux, for a kernel that is not running. The exit status is 2 if that kernel cannot be "
         "monitored.",
         check_probe},
        {Command::kCheck, Ours::kWhole, "check", "show whether this machine can run nft-drops",
         "Each step of a start with its state, one a line (\"ok    lockdown: off\"), then the verdict. The last step "
         "drops packets of its own by rules of its own, in a network namespace of its own. Exit status 0, or 2 if this "
         "machine cannot run nft-drops. Nothing is left behind.\n\n"
         "The text that --report prints has no addresses of hosts, no addresses in the kernel, and no names of tables, "
         "rules or interfaces."},
        {Command::kBpftrace, Ours::kWhole, "bpftrace", "print a bpftrace script for the running kernel",
         "bpftrace 0.17 and later run the script unchanged. The script prints each drop with table, base chain, cause, "
         "rule handle, interfaces, length, addresses and ports. Its comments hold the Plan. The script is right for "
         "the "
         "running kernel only."},
        {Command::kDemo, Ours::kWhole, "demo",
         "show drops of an example ruleset in a network namespace of its own; nothing is left behind", ""},
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
        {"SIZE", "bytes, or a number with K, M or G behind it"},
        {"TIME", "a time ago (10m, 2h), a time of day (14:05), or a day with or without one ('2026-11-20 14:05')"},
        {"ADDRESS:PORT", "an address of this machine and a TCP port (9732 if left out)"},
        {"N/second", "a whole number from 1, and \"/second\""},
        {"COMMAND", "a command of nft-drops"},
        {"CMD", "a program, as the shell finds it"},
        {"ARG", "an argument of CMD; options there are CMD's"},
        {"USER", "the name of a user"},
        {"EXPRESSION", "an expression of pcap-filter(7), without words for the link layer"},
        {"MATCH", "what stands in front of a verdict in an nft rule, such as tcp dport 22"},
};

// From parser_bison.y of nftables 1.0.6 and nft(8). Words that are followed by the same objects share a line.
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
