// SPDX-License-Identifier: GPL-2.0-only
// `--details`: what is shown beside the rule, on rulesets as kube-proxy, docker, firewalld and CrowdSec make them. The
// truth is written here, by who made rules, sets and packets.
#include "abilities.h"
#include "running.h"
#include "topology.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using nlohmann::json;

// Base chains of the same hook in front of a table under test and behind it.
const std::string kNeighbours = R"(table ip mangle {
	chain INPUT {
		type filter hook input priority -150;
	}
}
table inet later {
	chain input {
		type filter hook input priority 50;
	}
})";

void load(const std::string &ruleset) {
	std::ofstream("/tmp/details.nft") << ruleset << '\n';
	shell("nft -f /tmp/details.nft");
}

json element(const std::string &set, const std::string &key, const json &comment, const json &verdict) {
	return {{"set", set}, {"key", key}, {"comment", comment}, {"verdict", verdict}};
}

// The drops of these datagrams from left to home, each as JSON.
json drops_of(Topology &net, const std::vector<uint16_t> &ports) {
	// The kernel sends router solicitations when a device is up, and the rules drop some of these packets. They are
	// not UDP.
	Monitor monitor({"-j", "--details", "meta", "l4proto", "udp"});
	// One by one: a busy machine may not get to many of them while they are held for their details (kHoldFor).
	for (size_t i = 0; i < ports.size(); i++) {
		net.udp("left", "10.1.0.1", ports[i]);
		EXPECT_TRUE(monitor.wait_for_lines(i + 1));
	}
	const Finished finished = monitor.finish(SIGINT);
	EXPECT_EQ(finished.status, 0) << finished.err;
	EXPECT_EQ(finished.out.find("text_unread"), std::string::npos) << finished.err;
	return json(json_lines(finished.out));
}

TEST(Details, ConnectionAndMarks) {
	Topology net;
	load(R"(table inet t {
	chain pre {
		type filter hook prerouting priority -150;
		udp dport 7001 meta mark set 0x1f
		udp dport 7002 ct mark set 0xab
	}
	chain raw {
		type filter hook prerouting priority -300;
		udp dport 7003 notrack
	}
	chain input {
		type filter hook input priority 0;
		ct state invalid,new,untracked udp dport 7000-7003 drop
	}
})");
	const json drops = drops_of(net, {7000, 7001, 7002, 7003});
	ASSERT_EQ(drops.size(), 4U);
	const auto ct = [&](size_t i) { return drops[i]["details"]["ct"]; };
	for (size_t i = 0; i < 3; i++) {
		EXPECT_EQ(ct(i)["state"], "new") << drops[i];
		EXPECT_EQ(ct(i)["direction"], "original") << drops[i];
	}
	EXPECT_EQ(ct(0)["mark"], 0);
	EXPECT_EQ(drops[0]["details"]["mark"], 0);
	EXPECT_EQ(drops[1]["details"]["mark"], 0x1f);
	EXPECT_EQ(ct(2)["mark"], 0xab);
	EXPECT_EQ(ct(3), json({{"state", "untracked"}}));
	EXPECT_FALSE(drops[0].contains("path")) << "nobody asked";
}

// kube-proxy in its nftables mode: services without endpoints.
TEST(Details, KubeProxy) {
	Topology net;
	load(R"(table ip kube-proxy {
	map no-endpoint-services {
		type ipv4_addr . inet_proto . inet_service : verdict
		elements = { 10.1.0.1 . udp . 7000 comment "default/web:http" : goto reject-chain,
		             10.1.0.1 . udp . 7001 comment "default/dns:dns" : drop,
		             10.9.9.9 . udp . 7000 comment "other" : goto reject-chain }
	}
	chain reject-chain {
		reject
	}
	chain services {
		ip daddr . meta l4proto . th dport vmap @no-endpoint-services
	}
	chain filter-input {
		type filter hook input priority -110;
		ct state new jump services
	}
})");
	const json drops = drops_of(net, {7000, 7001});
	ASSERT_EQ(drops.size(), 2U);
	EXPECT_EQ(drops[0]["chain"], "reject-chain");
	EXPECT_EQ(drops[0]["details"]["elements"], json::array({element("no-endpoint-services", "10.1.0.1 . udp . 7000",
	                                                                "default/web:http", "goto reject-chain")}))
	        << drops[0];
	EXPECT_EQ(drops[1]["chain"], "services");
	EXPECT_EQ(drops[1]["details"]["elements"],
	          json::array({element("no-endpoint-services", "10.1.0.1 . udp . 7001", "default/dns:dns", "drop")}))
	        << drops[1];
}

// Docker: bridges in a set of names, published ports in a map, and a policy that drops what is not for a container.
TEST(Details, Docker) {
	Topology net;
	load(R"(table ip docker-bridges {
	map filter-forward-in-jumps {
		type ifname : verdict
		elements = { "r0" comment "bridge of web" : jump filter-forward-in__web }
	}
	set web-ports {
		type ipv4_addr . inet_service
		elements = { 10.2.0.2 . 80 comment "web" }
	}
	chain filter-FORWARD {
		type filter hook forward priority filter; policy accept;
		oifname vmap @filter-forward-in-jumps
	}
	chain filter-forward-in__web {
		ct state established,related accept
		ip daddr . udp dport @web-ports accept
		drop comment "UNPUBLISHED PORT DROP"
	}
}
table ip filter {
	chain FORWARD {
		type filter hook forward priority filter + 10; policy drop;
	}
})");
	shell("sysctl -qw net.ipv4.ip_forward=1 || echo 1 > /proc/sys/net/ipv4/ip_forward");
	Monitor monitor({"-j", "--details"});
	net.at("left", "ip route add 10.2.0.0/24 via 10.1.0.1 || true");
	net.udp("left", "10.2.0.2", 81);
	ASSERT_TRUE(monitor.wait_for_lines(1));
	net.udp("left", "10.2.0.2", 80);
	ASSERT_TRUE(monitor.wait_for_lines(2));
	const auto drops = json_lines(monitor.finish(SIGINT).out);
	ASSERT_EQ(drops.size(), 2U);
	EXPECT_EQ(drops[0]["chain"], "filter-forward-in__web");
	EXPECT_EQ(drops[0]["details"]["elements"],
	          json::array({element("filter-forward-in-jumps", "\"r0\"", "bridge of web",
	                               "jump filter-forward-in__web")}))
	        << drops[0];
	EXPECT_FALSE(drops[0]["details"].contains("socket")) << "it is forwarded: " << drops[0];
	EXPECT_EQ(drops[1]["chain"], "FORWARD");
	EXPECT_EQ(drops[1]["reason"], "policy");
	EXPECT_FALSE(drops[1]["details"].contains("elements")) << drops[1];
	if (!tells_hooks()) return;
	const json &hook = drops[1]["details"]["hook"];
	ASSERT_EQ(hook.size(), 2U) << hook;
	EXPECT_EQ(hook[0]["name"], "ip docker-bridges filter-FORWARD");
	EXPECT_EQ(hook[0]["packet"], "accepted");
	EXPECT_EQ(hook[1]["name"], "ip filter FORWARD");
	EXPECT_EQ(hook[1]["packet"], "dropped");
}

std::string intervals(int count) {
	std::string elements;
	for (int i = 0; i < count; i++)
		elements += "198." + std::to_string(18 + i / 32768) + "." + std::to_string(i / 128 % 256) + "." +
		            std::to_string(i % 128 * 2) + ",\n";
	return elements;
}

// CrowdSec's bouncer: many addresses and networks with timeouts and comments.
TEST(Details, CrowdSec) {
	Topology net;
	load("table ip crowdsec {\n\tset blocked {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { " +
	     intervals(20'000) + R"(10.1.0.0/30 comment "spamhaus", 10.1.0.9 }
	}
	set banned {
		type ipv4_addr
		flags timeout
		elements = { 10.1.0.2 timeout 1h comment "ssh" }
	}
	chain input {
		type filter hook input priority -10;
		udp dport 7000 ip saddr @blocked drop
		udp dport 7001 ip saddr @banned drop
		udp dport 7002 ip saddr != @blocked drop
		udp dport 7003 ip saddr { 10.1.0.2 } drop
	}
})");
	const json drops = drops_of(net, {7000, 7001, 7003});
	ASSERT_EQ(drops.size(), 3U);
	EXPECT_EQ(drops[0]["details"]["elements"],
	          json::array({element("blocked", "10.1.0.0/30", "spamhaus", nullptr)}))
	        << drops[0];
	ASSERT_EQ(drops[1]["details"]["elements"].size(), 1U) << drops[1];
	const json &banned = drops[1]["details"]["elements"][0];
	EXPECT_EQ(banned["key"], "10.1.0.2");
	EXPECT_EQ(banned["comment"], "ssh");
	EXPECT_EQ(banned["timeout"], 3600);
	EXPECT_GT(banned["expires"], 3000);
	EXPECT_LT(banned["expires"], 3600);
	EXPECT_FALSE(drops[2]["details"].contains("elements")) << "an anonymous set stands in the rule";
}

// The element goes between the drop and the look-up, for which the ruleset's reader is stopped.
TEST(Details, AnElementThatIsGoneIsUnknown) {
	Topology net;
	load(R"(table ip f {
	set blocked {
		type ipv4_addr
		flags interval
		elements = { 10.1.0.0/24 comment "x" }
	}
	chain input {
		type filter hook input priority 0;
		udp dport 7000 ip saddr @blocked drop
	}
})");
	Monitor monitor({"--details"});
	const auto readers = workers_of(monitor.pid());
	// No program is started for the signals: a drop waits two seconds for its text, no longer.
	for (const Process &reader : readers)
		kill(reader.pid, SIGSTOP);
	net.udp("left", "10.1.0.1", 7000);
	shell("nft delete element ip f blocked '{ 10.1.0.0/24 }'");
	for (const Process &reader : readers)
		kill(reader.pid, SIGCONT);
	ASSERT_TRUE(monitor.wait_for("drop # handle"));
	const std::string out = monitor.finish(SIGINT).out;
	EXPECT_NE(out.find("\t\t#   element unknown: @blocked changed since\n"), std::string::npos) << out;
	EXPECT_EQ(out.find("10.1.0.0/24"), std::string::npos) << out;
}

// A process that owns a table for as long as it lives: nft, under another name.
class Owner {
public:
	explicit Owner(const std::string &ruleset) {
		shell("cp \"$(command -v nft)\" /tmp/firewalld");
		input_ = popen("exec /tmp/firewalld -i > /tmp/firewalld.out 2>&1", "w");
		fwrite(ruleset.data(), 1, ruleset.size(), input_);
		fflush(input_);
		const auto latest = std::chrono::steady_clock::now() + std::chrono::seconds(60);
		while (run({"nft", "list", "table", "inet", "firewalld"}).status != 0 &&
		       std::chrono::steady_clock::now() < latest)
			usleep(50'000);
	}
	Owner(const Owner &) = delete;
	Owner &operator=(const Owner &) = delete;
	~Owner() { pclose(input_); }

private:
	FILE *input_;
};

// firewalld: a table with an owner, zones, and a reject at the end of a long path.
TEST(Details, Firewalld) {
	Topology net;
	// Linux before 5.12 has no owners.
	const bool owned = run({"nft", "add table inet trial { flags owner; }"}).status == 0;
	// nft -i takes one line at a time.
	const Owner owner("add table inet firewalld" + std::string(owned ? " { flags owner; }; " : "; ") +
	                  "add chain inet firewalld filter_INPUT { type filter hook input priority 10; }; "
	                  "add chain inet firewalld filter_INPUT_ZONES; add chain inet firewalld filter_IN_public; "
	                  "add chain inet firewalld filter_IN_public_deny; add chain inet firewalld filter_IN_drop; "
	                  "add rule inet firewalld filter_INPUT ct state established,related accept; "
	                  "add rule inet firewalld filter_INPUT jump filter_INPUT_ZONES; "
	                  "add rule inet firewalld filter_INPUT reject with icmpx type admin-prohibited; "
	                  "add rule inet firewalld filter_INPUT_ZONES iifname \"l0\" goto filter_IN_public; "
	                  "add rule inet firewalld filter_INPUT_ZONES goto filter_IN_drop; "
	                  "add rule inet firewalld filter_IN_public jump filter_IN_public_deny; "
	                  "add rule inet firewalld filter_IN_public udp dport 7777 accept; "
	                  "add rule inet firewalld filter_IN_public reject with icmpx type admin-prohibited; "
	                  "add rule inet firewalld filter_IN_public_deny udp dport 7001 drop; "
	                  "add rule inet firewalld filter_IN_drop drop\n");
	load(kNeighbours);
	const std::string listed = shell("nft -a list table inet firewalld");
	ASSERT_EQ(listed.find("progname firewalld") != std::string::npos, owned)
	        << listed << shell("cat /tmp/firewalld.out");
	const std::string head = listed.substr(0, listed.find('\n') + 1);
	Monitor monitor({"--details"});
	net.udp("left", "10.1.0.1", 7000);
	ASSERT_TRUE(monitor.wait_for("# handle"));
	const std::string block = monitor.finish(SIGINT).out;
	EXPECT_NE(block.find(head), std::string::npos) << block << head;

	const json drops = drops_of(net, {7000, 7001});
	ASSERT_EQ(drops.size(), 2U) << drops;
	EXPECT_EQ(drops[0]["chain"], "filter_IN_public");
	EXPECT_EQ(drops[1]["chain"], "filter_IN_public_deny");
	const bool hooks = tells_hooks();
	for (const json &drop : drops) {
		if (owned) {
			EXPECT_EQ(drop["details"]["table_owner"], "firewalld") << drop;
		}
		EXPECT_FALSE(drop["details"].contains("elements")) << drop;
		EXPECT_EQ(drop["details"].contains("hook"), hooks) << drop;
		if (!hooks) continue;
		const json &hook = drop["details"]["hook"];
		std::vector<std::string> seen;
		for (const json &entry : hook)
			seen.push_back(entry["name"].get<std::string>() + " " +
			               std::to_string(entry["priority"].get<int>()) + " " +
			               entry["packet"].get<std::string>());
		const auto at = [&](const std::string &what) { return std::ranges::find(seen, what); };
		ASSERT_NE(at("ip mangle INPUT -150 accepted"), seen.end()) << hook;
		ASSERT_NE(at("inet firewalld filter_INPUT 10 dropped"), seen.end()) << hook;
		ASSERT_NE(at("inet later input 50 not seen"), seen.end()) << hook;
		EXPECT_LT(at("ip mangle INPUT -150 accepted"), at("inet firewalld filter_INPUT 10 dropped"));
		EXPECT_LT(at("inet firewalld filter_INPUT 10 dropped"), at("inet later input 50 not seen"));
	}
}

TEST(Details, TheHookAsALine) {
	Topology net;
	load(R"(table inet filter {
	chain input {
		type filter hook input priority 0;
		udp dport 7000 drop
	}
}
)" + kNeighbours);
	Monitor monitor({"--details"});
	net.udp("left", "10.1.0.1", 7000);
	ASSERT_TRUE(monitor.wait_for("drop # handle"));
	const std::string out = monitor.finish(SIGINT).out;
	const bool told =
	        out.find("\t\t#   hook input: ip mangle INPUT accepted at -150, inet filter input DROPPED at 0, "
	                 "inet later input at 50 never saw it\n") != std::string::npos;
	EXPECT_EQ(told, tells_hooks()) << out;
}

// A UDP socket of another user, in a process with a name.
class Server {
public:
	Server(uid_t user, uint16_t port) {
		std::array<int, 2> ready{};
		EXPECT_EQ(pipe(ready.data()), 0);
		pid_ = fork();
		if (pid_ == 0) {
			sockaddr_in here{};
			here.sin_family = AF_INET;
			here.sin_port = htons(port);
			here.sin_addr.s_addr = htonl(0x0a010001);
			prctl(PR_SET_NAME, "the server");
			const bool user_is = setuid(user) == 0;
			const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
			const bool bound = bind(socket, reinterpret_cast<sockaddr *>(&here), sizeof(here)) == 0;
			const char good = user_is && bound ? 'y' : 'n';
			if (write(ready[1], &good, 1) != 1) _exit(1);
			for (;;)
				pause();
		}
		char good = 'n';
		EXPECT_EQ(read(ready[0], &good, 1), 1);
		EXPECT_EQ(good, 'y');
		close(ready[0]);
		close(ready[1]);
	}
	Server(const Server &) = delete;
	Server &operator=(const Server &) = delete;
	~Server() {
		kill(pid_, SIGKILL);
		waitpid(pid_, nullptr, 0);
	}
	[[nodiscard]] pid_t pid() const { return pid_; }

private:
	pid_t pid_ = -1;
};

// A control group below the root one.
class Group {
public:
	Group() {
		shell("grep -q ' cgroup2 ' /proc/mounts || mount -t cgroup2 none /sys/fs/cgroup");
		shell("mkdir -p /sys/fs/cgroup/servers");
	}
	Group(const Group &) = delete;
	Group &operator=(const Group &) = delete;
	~Group() {
		leave();
		shell("rmdir /sys/fs/cgroup/servers");
	}
	void enter() const { move("servers/"); }
	void leave() const { move(""); }

private:
	static void move(const std::string &to) {
		shell("echo " + std::to_string(getpid()) + " > /sys/fs/cgroup/" + to + "cgroup.procs");
	}
};

// The path of the control group that this process is in, as /proc tells it; empty for the root group.
std::string own_group() {
	const std::string group = shell("sed -n 's/^0::.//p' /proc/self/cgroup");
	return group.substr(0, group.find('\n'));
}

// A packet that leaves has its own socket; one that comes in had one that it was meant for, or none.
TEST(Details, Socket) {
	Topology net;
	load(R"(table inet t {
	chain input {
		type filter hook input priority 0;
		udp dport 7000-7001 drop
	}
	chain output {
		type filter hook output priority 0;
		udp dport 7002 drop
	}
})");
	const Group group;
	group.enter();
	EXPECT_EQ(own_group(), "servers");
	const Server server(33, 7000);
	group.leave();
	Monitor monitor({"-j", "--details"});
	net.udp("left", "10.1.0.1", 7000);
	ASSERT_TRUE(monitor.wait_for_lines(1));
	net.udp("left", "10.1.0.1", 7001);
	ASSERT_TRUE(monitor.wait_for_lines(2));
	net.udp("home", "10.1.0.2", 7002);
	ASSERT_TRUE(monitor.wait_for_lines(3));
	const auto drops = json_lines(monitor.finish(SIGINT).out);
	ASSERT_EQ(drops.size(), 3U);
	const auto processes = [](const json &drop) { return drop["details"]["socket"]["processes"]; };
	EXPECT_EQ(drops[2]["details"]["socket"]["skuid"], getuid()) << drops[2];
	ASSERT_FALSE(processes(drops[2]).empty()) << drops[2];
	EXPECT_EQ(processes(drops[2])[0]["pid"], getpid()) << drops[2];
	const bool told = access("/sys/module/udp_diag", F_OK) == 0; // the kernel loads it when asked
	EXPECT_EQ(drops[0]["details"].contains("socket"), told) << drops[0];
	EXPECT_EQ(drops[1]["details"].contains("socket"), told) << drops[1];
	if (!told) return;
	EXPECT_EQ(drops[0]["details"]["socket"],
	          json({{"skuid", 33},
	                {"cgroupv2", "servers"},
	                {"processes", json::array({{{"pid", server.pid()}, {"name", "the server"}}})}}))
	        << drops[0];
	EXPECT_TRUE(drops[1]["details"]["socket"].is_null()) << drops[1];
}

// All that the probe can be asked for at once: the verifier takes it, or the command says why not in one line.
TEST(Details, TogetherWithEverythingElse) {
	Topology net;
	load(R"(table inet t {
	chain deep {
		udp dport 7000-7001 drop
	}
	chain input {
		type filter hook input priority 0;
		jump deep
	}
})");
	Monitor monitor({"--format", "json", "--details", "--path", "-w", "/tmp/details.pcapng", "table", "inet", "t",
	                 "udp", "dport", "7000"});
	net.udp("left", "10.1.0.1", 7001);
	net.udp("left", "10.1.0.1", 7000);
	ASSERT_TRUE(monitor.wait_for_lines(1)) << monitor.err();
	const Finished finished = monitor.finish(SIGINT);
	EXPECT_EQ(finished.status, 0) << finished.err;
	const auto drops = json_lines(finished.out);
	ASSERT_EQ(drops.size(), 1U) << finished.out;
	EXPECT_EQ(drops[0]["packet"]["dport"], 7000);
	EXPECT_EQ(drops[0]["path"].size(), 1U) << drops[0];
	EXPECT_EQ(drops[0]["path"][0]["jump"], "deep") << drops[0];
	EXPECT_EQ(drops[0]["details"]["mark"], 0) << drops[0];
	EXPECT_GT(std::filesystem::file_size("/tmp/details.pcapng"), 200U);
}

} // namespace
} // namespace nft_drops::guest
