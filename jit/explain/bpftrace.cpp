// SPDX-License-Identifier: GPL-2.0-only
#include "jit/explain/bpftrace.h"

#include "jit/explain/explain.h"

#include "bpf/shared/event.h"
#include "jit/base/table_family.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <linux/in.h>
#include <linux/netfilter.h>
#include <sstream>
#include <string_view>

namespace nft_drops::jit {
namespace {

// struct pt_regs, eight bytes each, as bpftrace names them (src/arch of bpftrace).
constexpr std::array<std::string_view, 21> kX86_64 = {"r15", "r14",     "r13", "r12", "bp",    "bx", "r11",
                                                      "r10", "r9",      "r8",  "ax",  "cx",    "dx", "si",
                                                      "di",  "orig_ax", "ip",  "cs",  "flags", "sp", "ss"};

std::string register_at(int offset, Machine machine) {
	const auto index = static_cast<size_t>(offset) / 8;
	if (machine == Machine::kX86_64) return index < kX86_64.size() ? std::string(kX86_64[index]) : "";
	if (index < 31) return fmt::format("r{}", index);
	return index == 31 ? "sp" : "";
}

// A number that was read of `at`, as bpftrace reads it. `base`: a variable or a number.
std::string member(std::string_view base, const nd_field &f) {
	if (!f.size) return "0";
	const int offset = static_cast<int16_t>(f.offset);
	const std::string place =
	        offset ? fmt::format("({} {} {})", base, offset < 0 ? '-' : '+', std::abs(offset)) : std::string(base);
	std::string value = fmt::format("*(uint{}*){}", f.size * 8, place);
	if (f.shift) value = fmt::format("(({}) >> {})", value, f.shift);
	if (f.bits) value = fmt::format("({} & {:#x})", value, (uint64_t{1} << f.bits) - 1);
	return value;
}

// A number of two bytes in network byte order.
std::string half(std::string_view from, int at) {
	return fmt::format("(*(uint8*)({0} + {1}) << 8 | *(uint8*)({0} + {2}))", from, at, at + 1);
}

// What one printf() says: its format, and the arguments that belong to it.
struct Words {
	std::string format;
	std::string arguments;

	Words operator+(const Words &next) const { return {format + next.format, arguments + next.arguments}; }
};

struct Named {
	int number;
	const char *name;
};
// Those that begin with two ports.
constexpr Named kTransports[] = {{IPPROTO_TCP, "tcp"},
                                 {IPPROTO_UDP, "udp"},
                                 {IPPROTO_SCTP, "sctp"},
                                 {IPPROTO_DCCP, "dccp"},
                                 {IPPROTO_UDPLITE, "udplite"}};

// A drop is one printf(), whose record cannot be torn apart; it and the longest string on top have to fit the 512
// bytes of a BPF stack. So words are kept in maps, and what has a type of its own is as short as it is.
class Script {
public:
	Script(const Plan &plan, const Kernel &kernel) : plan_(plan), kernel_(kernel), lay_(kernel.layout.probe) {}

	Result<std::string> write() {
		comments();
		line(0, "struct nd_device { char name[16]; };");
		line(0, "struct nd_ip6 { unsigned char address[16]; };");
		line(0, "");
		line(0, "BEGIN");
		line(0, "{");
		for (const TableFamily &f : kTableFamilies)
			line(1, fmt::format(R"(@family[{}] = "{}";)", f.number, f.name));
		for (const Named &t : kTransports)
			line(1, fmt::format(R"(@transport[{}] = "{}";)", t.number, t.name));
		line(1, R"(printf("nftables drops of all network namespaces; Ctrl-C ends it\n");)");
		line(0, "}");
		for (const PlannedSite &s : plan_.sites) {
			// "nft_do_chain.cold+0x1f" is a part of its own to the kernel, and its dot none to bpftrace.
			if (!s.place.starts_with("nft_do_chain+"))
				return unsupported("bpftrace",
				                   fmt::format("{} has no name that bpftrace takes", s.place),
				                   "use nft-drops monitor");
			site(s);
		}
		line(0, "");
		line(0, "END");
		line(0, "{");
		line(1, "clear(@family);");
		line(1, "clear(@transport);");
		line(0, "}");
		return std::move(text_);
	}

private:
	void line(size_t depth, std::string_view words) {
		text_ += std::string(depth, '\t') + std::string(words) + '\n';
	}

	std::string value(const nd_locator &at, const nd_site &site) const {
		const Machine machine = kernel_.image.machine;
		std::string place;
		if (at.where == ND_WHERE_REGISTER || at.where == ND_WHERE_AT_REGISTER) {
			place = fmt::format("reg(\"{}\")", register_at(at.offset, machine));
		} else if (at.where == ND_WHERE_STACK || at.where == ND_WHERE_AT_STACK) {
			const std::string sp = register_at(static_cast<int>(site.stack_pointer), machine);
			place = at.offset ? fmt::format("*(uint64*)(reg(\"{}\") + {})", sp, at.offset)
			                  : fmt::format("*(uint64*)reg(\"{}\")", sp);
		}
		if (at.where == ND_WHERE_AT_REGISTER || at.where == ND_WHERE_AT_STACK)
			return fmt::format("*(uint64*)({})", place);
		return place.empty() ? "0" : place;
	}

	void comments() {
		line(0, "#!/usr/bin/env bpftrace");
		line(0, "// Made by nft-drops bpftrace for the kernel below, and right for no other.");
		line(0, "// Each drop is one line on the screen.");
		line(0, "//");
		std::istringstream words(explain(plan_, kernel_));
		for (std::string w; std::getline(words, w);)
			line(0, w.empty() ? "//" : "// " + w);
	}

	void site(const PlannedSite &planned) {
		const nd_site &s = planned.site;
		line(0, "");
		line(0, "kprobe:" + planned.place);
		line(0, "{");
		size_t depth = 1;
		line(depth, fmt::format("$base = {};", value(s.base, s)));
		if (s.verdict.where) line(depth, fmt::format("$verdict = {} & 0xffffffff;", value(s.verdict, s)));
		if (s.test != ND_TEST_NONE) {
			std::string drop = "($verdict & 0xff)";
			if (s.test == ND_TEST_RETURN) drop = fmt::format("({} & 0xff)", value(s.retval, s));
			if (s.test == ND_TEST_POLICY) drop = member("$base", lay_.base_policy);
			line(depth, fmt::format("if ({} == 0) {{", drop));
			depth++;
		}
		body(depth, s);
		if (s.test != ND_TEST_NONE) line(--depth, "}");
		line(0, "}");
	}

	void body(size_t depth, const nd_site &s) {
		line(depth, fmt::format("$pkt = {};", value(s.pkt, s)));
		line(depth, fmt::format("$state = {};", member("$pkt", lay_.pkt_state)));
		line(depth, fmt::format("$skb = {};", member("$pkt", lay_.pkt_skb)));
		line(depth, fmt::format("$table = {};", member("$base", lay_.chain_table)));
		line(depth, fmt::format("$family = {};", member("$table", lay_.table_family)));
		if (s.cause != ND_CAUSE_POLICY) line(depth, fmt::format("$rule = {};", value(s.rule, s)));
		line(depth, fmt::format("$net = {};", member("$state", lay_.state_net)));
		line(depth, fmt::format("$in = {};", member("$state", lay_.state_in)));
		line(depth, fmt::format("$out = {};", member("$state", lay_.state_out)));
		packet(depth);
		cause(depth, s);
	}

	void cause(size_t depth, const nd_site &s) {
		const std::string handle = fmt::format(", {}", member("$rule", lay_.rule_handle));
		const Words rule{"rule handle %lu", handle};
		const Words policy{"policy", ""};
		const Words limit{"jump-limit handle %lu", handle};
		if (s.cause == ND_CAUSE_RULE) return drop(depth, rule);
		if (s.cause == ND_CAUSE_POLICY) return drop(depth, policy);
		if (s.cause == ND_CAUSE_JUMP_LIMIT) return drop(depth, limit);
		// NFT_CONTINUE and NFT_RETURN: no rule decided; NFT_JUMP: it could not.
		line(depth, "if ($verdict == 0xffffffff || $verdict == 0xfffffffb) {");
		drop(depth + 1, policy);
		line(depth, "} else if ($verdict == 0xfffffffd) {");
		drop(depth + 1, limit);
		line(depth, "} else {");
		drop(depth + 1, rule);
		line(depth, "}");
	}

	// Of the packet only what its linear part holds may be shown: other bytes are somebody else's.
	void packet(size_t depth) {
		line(depth, fmt::format("$head = {};", member("$skb", lay_.skb_head)));
		line(depth, fmt::format("$l3 = $head + {};", member("$skb", lay_.skb_network_header)));
		line(depth, fmt::format("$data = {};", member("$skb", lay_.skb_data)));
		line(depth, fmt::format("$len = {};", member("$skb", lay_.skb_len)));
		line(depth, fmt::format("$end = $data + $len - {};", member("$skb", lay_.skb_data_len)));
		line(depth, fmt::format("$protocol = {};", member("$skb", lay_.skb_protocol)));
		line(depth, "$ip = $protocol == 0x0008 && $l3 + 20 <= $end;");
		line(depth, "$ip6 = $protocol == 0xdd86 && $l3 + 40 <= $end;");
		line(depth, "$l4 = $l3 + 40;");
		line(depth, "$next = *(uint8*)($l3 + 6);");
		line(depth, "$ports = $ip6;");
		line(depth, "if ($ip) {");
		line(depth + 1, "$l4 = $l3 + (*(uint8*)$l3 & 15) * 4;");
		line(depth + 1, "$next = *(uint8*)($l3 + 9);");
		// In a datagram's first fragment only.
		line(depth + 1, fmt::format("$ports = ({} & 0x1fff) == 0;", half("$l3", 6)));
		line(depth, "}");
		std::string one_of;
		for (const Named &t : kTransports)
			one_of += fmt::format("{}$next == {}", one_of.empty() ? "" : " || ", t.number);
		line(depth, fmt::format("$ports = $ports && $l4 + 4 <= $end && ({});", one_of));
	}

	// The one printf() that fits the packet.
	void drop(size_t depth, const Words &cause) {
		const Words where{"%s %s base chain %s ",
		                  fmt::format(", @family[$family], str({}), str({})", member("$table", lay_.table_name),
		                              member("$base", lay_.chain_name))};
		const std::string name = fmt::format("((struct nd_device *)({{}} + {}))->name", lay_.dev_name.offset);
		const Words devices{R"( netns %lu iif \"%s\" oif \"%s\" length %lu)",
		                    fmt::format(", {}, {}, {}, $data + $len - $l3", member("$net", lay_.net_inum),
		                                fmt::format(fmt::runtime(name), "$in"),
		                                fmt::format(fmt::runtime(name), "$out"))};
		const Words all = where + cause + devices;
		const Words ip{" ip saddr %s ip daddr %s",
		               ", ntop(2, *(uint32*)($l3 + 12)), ntop(2, *(uint32*)($l3 + 16))"};
		const Words ip6{" ip6 saddr %s ip6 daddr %s", ", ntop(((struct nd_ip6 *)($l3 + 8))->address)"
		                                              ", ntop(((struct nd_ip6 *)($l3 + 24))->address)"};
		line(depth, "if ($ip) {");
		with_ports(depth + 1, all + ip);
		line(depth, "} else if ($ip6) {");
		with_ports(depth + 1, all + ip6);
		line(depth, "} else {");
		say(depth + 1, all);
		line(depth, "}");
	}

	void with_ports(size_t depth, const Words &all) {
		const Words ports{
		        " %s sport %d %s dport %d",
		        fmt::format(", @transport[$next], {}, @transport[$next], {}", half("$l4", 0), half("$l4", 2))};
		line(depth, "if ($ports) {");
		say(depth + 1, all + ports);
		line(depth, "} else {");
		say(depth + 1, all);
		line(depth, "}");
	}

	void say(size_t depth, const Words &all) {
		line(depth, fmt::format(R"(printf("{}\n"{});)", all.format, all.arguments));
	}

	const Plan &plan_;
	const Kernel &kernel_;
	const nd_layout &lay_;
	std::string text_;
};

} // namespace

Result<std::string> bpftrace_script(const Plan &plan, const Kernel &kernel) {
	return Script(plan, kernel).write();
}

} // namespace nft_drops::jit
