// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/demo.h"

#include "nft-ext/commands/monitor.h"
#include "nft-ext/demo/demo_network.h"
#include "nft-ext/sinks/output.h"

#include <nftables/libnftables.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sched.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

// The article's, but for its spelling.
constexpr const char *kRuleset = R"(table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		ct state invalid drop
		tcp dport 10000 drop
		iifname "lo" accept
		iifname "veth0" accept
		iifname "eth0" accept
		ip protocol icmp accept
		icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, echo-reply, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
	chain output {
		type filter hook output priority filter; policy accept;
	}
}
)";

// libnftables may print and even end the process: it gets one of its own. Prints the ruleset once it is loaded.
Result<void> load_and_list() {
	const pid_t child = fork();
	if (child < 0) return usage_error("demo: fork", strerror(errno));
	if (child == 0) {
		nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
		nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_HANDLE);
		const bool ok = nft_run_cmd_from_buffer(nft, kRuleset) == 0 &&
		                nft_run_cmd_from_buffer(nft, "list ruleset") == 0;
		fflush(stdout);
		_exit(ok ? 0 : 1);
	}
	int status = 0;
	if (waitpid(child, &status, 0) != child || status != 0)
		return unsupported("demo", "the ruleset could not be loaded",
		                   "a kernel with nf_tables, nft_ct and inet tables is needed");
	return {};
}

// What the namespace's host is sent from outside, and what it sends to itself.
Result<void> send_packets(const DemoNetwork &net) {
	Result<void> ok;
	const auto then = [&ok](Result<void> next) {
		if (ok && !next) ok = next;
	};
	for (uint16_t i = 0; i < 5; i++)
		then(net.syn(7, static_cast<uint16_t>(51514 + i), 10000)); // tcp dport 10000 drop
	then(net.syn(9, 40000, 22));                                       // no rule accepts it: policy drop
	then(net.datagram(9, 5353, 5353));                                 // likewise
	for (int i = 0; i < 100; i++)
		then(DemoNetwork::over_loopback(9)); // iifname "lo" accept
	return ok;
}

} // namespace

Result<void> demo() {
	constexpr uint64_t kDrops = 7;
	if (unshare(CLONE_NEWNET) != 0)
		return usage_error("demo: network namespace", strerror(errno),
		                   "run as root, on a kernel with CONFIG_NET_NS");
	auto net = DemoNetwork::create();
	if (!net) return std::unexpected(net.error());
	std::string heading = "# a network namespace of its own, with this ruleset:\n";
	write_out(heading);
	if (auto loaded = load_and_list(); !loaded) return loaded;

	// Ends when all have been seen; the time is for a kernel that drops fewer.
	Result<void> sent;
	MonitorOptions options;
	options.count = kDrops;
	options.duration = std::chrono::seconds(5);
	auto shown = monitor(options, [&] {
		std::string text = "# five TCP SYNs to port 10000, one to port 22, a datagram to port 5353; 100 "
		                   "datagrams over lo:\n";
		write_out(text);
		sent = send_packets(*net);
	});
	return shown ? sent : shown;
}

} // namespace nft_drops::cli
