// SPDX-License-Identifier: GPL-2.0-only
#include "jit/selftest/selftest.h"

#include "jit/kernel/live/expression_names.h"

#include <netinet/in.h> // before the kernel's headers, which else define the same

#include <fmt/format.h>
#include <linux/if_arp.h>
#include <linux/netfilter.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace nft_drops::jit {
namespace {

constexpr const char *kWhat = "self-test";
constexpr const char *kNext = "nothing is shown rather than something wrong: please report this, with the output of "
                              "`nft-drops probe`";

std::unexpected<Error> wrong(const Trial &trial, const std::string &why) {
	return unsupported(kWhat, fmt::format("a packet dropped by {} was not seen rightly: {}", trial.name, why),
	                   kNext);
}

// Writes known bytes of a packet, one behind the other.
class PacketWriter {
public:
	explicit PacketWriter(Expectation &to) : to_(to) {}
	void known(const void *bytes, size_t size) { write(static_cast<const uint8_t *>(bytes), size); }
	void known16(uint16_t value) {
		value = htons(value);
		known(&value, sizeof(value));
	}
	void unknown(size_t size) { at_ += size; }

private:
	void write(const uint8_t *bytes, size_t size) {
		for (size_t i = 0; i < size; i++, at_++) {
			if (at_ >= ND_L3_BYTES) continue;
			to_.event.l3[at_] = bytes[i];
			to_.l3_mask[at_] = 1;
		}
	}
	Expectation &to_;
	size_t at_ = 0;
};

void write_ip(PacketWriter &w, uint16_t length) {
	const uint8_t version = 0x45;
	const uint8_t protocol = IPPROTO_UDP;
	const uint32_t here = htonl(INADDR_LOOPBACK);
	w.known(&version, 1);
	w.unknown(1);
	w.known16(length);
	w.unknown(5);
	w.known(&protocol, 1);
	w.unknown(2);
	w.known(&here, sizeof(here));
	w.known(&here, sizeof(here));
}

void write_ip6(PacketWriter &w, uint16_t length) {
	const uint8_t protocol = IPPROTO_UDP;
	w.unknown(4);
	w.known16(static_cast<uint16_t>(length - sizeof(ip6_hdr)));
	w.known(&protocol, 1);
	w.unknown(1);
	w.known(&in6addr_loopback, sizeof(in6addr_loopback));
	w.known(&in6addr_loopback, sizeof(in6addr_loopback));
}

void write_arp(Expectation &to) {
	PacketWriter(to).known(kArpRequest.data(), kArpRequest.size());
	to.event.length = to.event.l3_len = static_cast<nd_u8>(kArpRequest.size());
	to.event.protocol = ETHERTYPE_ARP;
}

void write_packet(Expectation &to, const Trial &trial) {
	if (trial.arp) return write_arp(to);
	nd_event &e = to.event;
	const auto udp = static_cast<uint16_t>(sizeof(udphdr) + trial.payload);
	const auto length = static_cast<uint16_t>(udp + (trial.ip6 ? sizeof(ip6_hdr) : sizeof(iphdr)));
	PacketWriter w(to);
	if (trial.ip6)
		write_ip6(w, length);
	else
		write_ip(w, length);
	w.known16(kSourcePort);
	w.known16(trial.port);
	w.known16(udp);
	w.unknown(2);
	for (size_t i = 0; i < trial.payload; i++) {
		const uint8_t byte = payload_byte(trial.port, i);
		w.known(&byte, 1);
	}
	e.length = length;
	e.l3_len = static_cast<nd_u8>(std::min<size_t>(length, ND_L3_BYTES));
	e.protocol = trial.ip6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
}

// In the output hook of IP, whose drops are told to the sender: sendto() returns EPERM.
bool is_output(const TrialTable &table, int hook) {
	return (table.family == NFPROTO_IPV4 || table.family == NFPROTO_INET) && hook == NF_INET_LOCAL_OUT;
}

// Where it is dropped: on its way out, or in. In IP's output hook alone it has no link header yet.
void write_hook(nd_event &e, const Trial &trial, int hook, uint32_t loopback) {
	const TrialTable &table = trial_tables()[trial.table];
	const bool own = table.family == NFPROTO_NETDEV || table.family == NFPROTO_ARP;
	e.pf = static_cast<nd_u8>(trial.ip6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	if (own) e.pf = table.family;
	e.hook = static_cast<nd_u8>(hook);
	const bool egress = table.family == NFPROTO_NETDEV && hook == NF_NETDEV_EGRESS;
	if (is_output(table, hook) || egress) {
		e.oif = loopback;
		memcpy(e.oifname, "lo", 2);
	} else {
		e.iif = loopback;
		memcpy(e.iifname, "lo", 2);
	}
	if (is_output(table, hook)) return;
	e.flags = ND_FLAG_L2;
	e.dev_type = ARPHRD_LOOPBACK;
	e.l2_len = sizeof(ether_header);
	const ether_header link{.ether_dhost = {}, .ether_shost = {}, .ether_type = htons(e.protocol)};
	memcpy(e.l2, &link, sizeof(link));
}

std::unexpected<Error> flooded() {
	return usage_error(
	        kWhat, "its packets are lost before any rule sees them: the queue for packets on their way in is full",
	        "start nft-drops again, or raise net.core.netdev_max_backlog");
}

} // namespace

// The second column: softnet_data.dropped, in hexadecimal, a line for each processor.
uint64_t backlog_overflows(const char *path) {
	std::ifstream file(path);
	uint64_t sum = 0;
	for (std::string line; std::getline(file, line);) {
		unsigned long long processed = 0;
		unsigned long long dropped = 0;
		if (std::sscanf(line.c_str(), "%llx %llx", &processed, &dropped) == 2) sum += dropped;
	}
	return sum;
}

Result<SelfTest> SelfTest::start() {
	auto ground = Ground::start();
	if (!ground) return std::unexpected(ground.error());
	return SelfTest(std::move(*ground));
}

Result<uint32_t> SelfTest::netns() {
	if (!facts_) {
		auto facts = ground_->facts();
		if (!facts) return std::unexpected(facts.error());
		facts_ = *facts;
		if (facts_->cookie != 0) mark_ = std::make_unique<SelfTestMark>(facts_->cookie);
	}
	return facts_->netns;
}

std::optional<Expectation> SelfTest::expect(const Trial &trial, const Sent &sent, uint32_t generation) const {
	const TrialTable &table = trial_tables()[trial.table];
	const TrialHandles &handles = facts_->handles;
	if (handles.table[trial.table] == 0) return std::nullopt;
	Expectation x{.not_before = sent.before, .not_after = sent.after};
	nd_event &e = x.event;
	e.cause = trial.rule < 0 ? ND_CAUSE_POLICY : ND_CAUSE_RULE;
	if (trial.rule >= 0) e.rule_handle = handles.rule[trial.table][trial.rule];
	e.table_handle = handles.table[trial.table];
	e.family = table.family;
	e.netns = facts_->netns;
	e.generation = generation;
	strncpy(e.table, table.name, sizeof(e.table) - 1);
	strncpy(e.base_chain, trial.base_chain, sizeof(e.base_chain) - 1);
	write_packet(x, trial);
	x.path = expected_path(trial);
	for (size_t i = 0; i < table.chains.size(); i++) {
		if (std::string_view(table.chains[i].name) != trial.base_chain) continue;
		e.chain_handle = handles.chain[trial.table][i];
		write_hook(e, trial, table.chains[i].hook, facts_->loopback);
	}
	return x;
}

nd_path SelfTest::expected_path(const Trial &trial) const {
	const TrialTable &table = trial_tables()[trial.table];
	const TrialHandles &handles = facts_->handles;
	nd_path path{};
	for (const int rule : trial.jumps) {
		nd_path::nd_jump &jump = path.jumps[path.depth++];
		const std::string_view chain = table.rules[static_cast<size_t>(rule)].chain;
		for (size_t i = 0; i < table.chains.size(); i++)
			if (chain == table.chains[i].name) jump.chain = handles.chain[trial.table][i];
		for (size_t i = static_cast<size_t>(rule) + 1; i < table.rules.size() && jump.next == 0; i++)
			if (chain == table.rules[i].chain) jump.next = handles.rule[trial.table][i];
	}
	return path;
}

Result<size_t> SelfTest::run(Probe &probe, const Plan &plan, const Layout &layout) {
	if (auto there = netns(); !there) return std::unexpected(there.error());
	const bool carried = layout.probe.net_base_seq.size || layout.probe.pernet_base_seq.size;
	Made made{plan, {}, carried ? facts_->handles.generation : 0};
	ExpressionNames names(layout.expression);
	if (layout.expression.type.size && layout.expression.name.size)
		made.name_of = [&names](uint64_t operations) { return names.name(operations); };
	constexpr int kTries = 3;       // where the kernel says that it missed something, as it may at any time
	constexpr int kFloodTries = 50; // where packets are lost on their way in, as in a flood
	for (int attempt = 1;; attempt++) {
		const uint64_t lost = probe.counts().lost();
		const uint64_t overflows = backlog_overflows();
		auto sent = ground_->send_all();
		if (!sent) return std::unexpected(sent.error());
		std::vector<Seen> seen;
		probe.drain([&seen](const nd_event &event, const nd_path *path) {
			seen.push_back({event, path ? std::optional(*path) : std::nullopt});
			return true;
		});
		auto right = compare(*sent, seen, made);
		if (right) return right;
		if (backlog_overflows() != overflows) {
			if (attempt >= kFloodTries) return flooded();
			std::this_thread::sleep_for(std::chrono::milliseconds(2 * attempt));
			continue;
		}
		if (probe.counts().lost() == lost || attempt >= kTries) return right;
	}
}

Result<size_t> SelfTest::compare(const std::vector<Sent> &sent, const std::vector<Seen> &seen, const Made &made) {
	size_t next = 0;
	left_out_.clear();
	Operations operations(made.name_of);
	for (size_t i = 0; i < sent.size(); i++) {
		const Trial &trial = trials()[i];
		// Frames are forbidden where datagrams are not: nothing was sent.
		if (sent[i].error == Sent::kLeftOut || (trial.arp && sent[i].error != 0)) {
			left_out_.emplace_back(trial.name);
			continue;
		}
		if (!trial.seen) continue;
		const auto expected = expect(trial, sent[i], made.generation);
		if (!expected) continue;
		const TrialTable &table = trial_tables()[trial.table];
		const bool outwards = is_output(table, expected->event.hook);
		// sendto() returns EPERM for a packet dropped in the output hook, so the drop is certain.
		if (sent[i].error != (outwards ? EPERM : 0)) {
			if (trial.ip6 && sent[i].error != 0) continue; // switched off by sysctl
			return unsupported(kWhat, fmt::format("a packet for {} could not be sent: {}", trial.name,
			                                      strerror(sent[i].error)));
		}
		if (next == seen.size()) return wrong(trial, "no event came");
		const auto &[event, path] = seen[next];
		if (auto fact = difference(*expected, event)) return wrong(trial, *fact);
		if (path) {
			if (auto fact = difference_of_paths(expected->path, *path)) return wrong(trial, *fact);
		}
		const Verb verb = trial.rule < 0 ? Verb::kDrop : table.rules[static_cast<size_t>(trial.rule)].verb;
		const auto kind = verb == Verb::kMap      ? Operations::kLookup
		                  : verb == Verb::kReject ? Operations::kReject
		                                          : Operations::kImmediate;
		const auto site = std::ranges::find(made.plan.sites, event.site,
		                                    [](const PlannedSite &s) { return s.site.index; });
		const bool told = site != made.plan.sites.end() && site->site.expr.where != ND_WHERE_NONE;
		if (auto fact = operations.difference(event, kind, told)) return wrong(trial, *fact);
		next++;
	}
	if (next != seen.size())
		return unsupported(kWhat, fmt::format("{} drops were seen as {}", next, seen.size()), kNext);
	return next;
}

} // namespace nft_drops::jit
