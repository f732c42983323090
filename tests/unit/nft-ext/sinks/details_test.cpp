// SPDX-License-Identifier: GPL-2.0-only
// `--details` in each format. The expected lines are those of the command line's contract.
#include "packets.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace nft_drops::test {
namespace {

using Json = nlohmann::ordered_json;

Drop with(const Details &details) {
	Drop drop = drop_of(ip_event(ip(IPPROTO_TCP, tcp(1, 2, 2))), rule_answer());
	drop.details = std::make_shared<const Details>(details);
	return drop;
}

Details full() {
	Details details;
	details.seen.known = ND_KNOWN_MARK | ND_KNOWN_CT | ND_KNOWN_CT_ENTRY | ND_KNOWN_CT_MARK | ND_KNOWN_SOCKET;
	details.seen.ct_info = 2; // IP_CT_NEW
	details.seen.uid = 33;
	details.group = "system.slice/nginx.service";
	ElementFound &element = details.elements.emplace_back();
	element.set = "blocked";
	element.key = "203.0.113.0/24";
	element.comment = "spamhaus";
	details.processes = {{812, "nginx"}};
	HookOrder &order = details.hook.emplace();
	order.entries = {{HookEntry::Kind::kChain, -150, "ip mangle INPUT"},
	                 {HookEntry::Kind::kChain, 0, "inet filter input"},
	                 {HookEntry::Kind::kChain, 50, "inet later input"}};
	order.dropper = 1;
	return details;
}

std::string lines_of(const Details &details) {
	const std::string out = render(Format::kBlock, with(details));
	const size_t begin = out.find("\t\t#   ");
	return begin == std::string::npos ? "" : out.substr(begin, out.find("\t\ttcp dport 10000 drop") - begin);
}

TEST(DetailsText, AllLines) {
	EXPECT_EQ(lines_of(full()),
	          "\t\t#   ct state new ct direction original ct mark 0x0 meta mark 0x0\n"
	          "\t\t#   element 203.0.113.0/24 comment \"spamhaus\" of @blocked\n"
	          "\t\t#   socket: meta skuid 33 socket cgroupv2 \"system.slice/nginx.service\" (nginx, pid 812)\n"
	          "\t\t#   hook input: ip mangle INPUT accepted at -150, inet filter input DROPPED at 0, inet later "
	          "input at 50 never saw it\n");
}

TEST(DetailsText, TimesAndVerdictsOfElements) {
	Details details;
	ElementFound &element = details.elements.emplace_back();
	element.set = "services";
	element.key = "10.0.0.1 . tcp . 80";
	element.comment = "default/web:http";
	element.verdict = "goto reject-chain";
	element.timeout_ms = 3'600'000;
	element.expires_ms = 3'590'940;
	EXPECT_EQ(lines_of(details), "\t\t#   element 10.0.0.1 . tcp . 80 timeout 1h expires 59m50s940ms comment "
	                             "\"default/web:http\" : goto reject-chain of @services\n");
	const Json json = Json::parse(render(Format::kJson, with(details)))["details"]["elements"][0];
	EXPECT_EQ(json["timeout"], 3600);
	EXPECT_EQ(json["expires"], 3590);
}

// Many processes may hold a socket that their parent opened.
TEST(DetailsText, SeveralProcesses) {
	Details details;
	details.seen.known = ND_KNOWN_SOCKET;
	details.processes = {{812, "nginx"}, {813, "nginx"}};
	EXPECT_EQ(lines_of(details), "\t\t#   socket: meta skuid 0 (nginx, pid 812; nginx, pid 813)\n");
}

// As nft 1.0.6 prints a table that `flags owner` gives to the process that made it.
TEST(DetailsText, TheOwnerOfATable) {
	const auto attribution = std::make_shared<Attribution>(rule_answer());
	attribution->owner = "firewalld";
	Drop drop = with({});
	drop.attribution = attribution;
	const std::string block = render(Format::kBlock, drop);
	EXPECT_NE(block.find("table inet filter { # handle 6 progname firewalld\n\tchain "), std::string::npos)
	        << block;
	EXPECT_EQ(Json::parse(render(Format::kJson, drop))["details"]["table_owner"], "firewalld");
	attribution->owner = "\033[2J\n";
	EXPECT_EQ(render(Format::kBlock, drop).find('\033'), std::string::npos);
}

TEST(DetailsText, NoLineWhereNothingIsKnown) {
	EXPECT_EQ(lines_of({}), "");
	Details mark;
	mark.seen.known = ND_KNOWN_MARK;
	EXPECT_EQ(lines_of(mark), "");
	mark.seen.mark = 0x10;
	EXPECT_EQ(lines_of(mark), "\t\t#   meta mark 0x10\n");
}

// NF_CT_STATE_BIT() and CTINFO2DIR() of the kernel, for each enum ip_conntrack_info.
TEST(DetailsText, StatesOfConnections) {
	const char *expected[] = {"established ct direction original", "related ct direction original",
	                          "new ct direction original",         "established ct direction reply",
	                          "related ct direction reply",        "new ct direction reply"};
	for (uint8_t info = 0; info < std::size(expected); info++) {
		Details details;
		details.seen.known = ND_KNOWN_CT | ND_KNOWN_CT_ENTRY;
		details.seen.ct_info = info;
		EXPECT_EQ(lines_of(details), std::string("\t\t#   ct state ") + expected[info] + "\n");
		details.seen.known = ND_KNOWN_CT;
		EXPECT_EQ(lines_of(details), "\t\t#   ct state invalid\n");
	}
	Details untracked;
	untracked.seen.known = ND_KNOWN_CT;
	untracked.seen.ct_info = 7;
	EXPECT_EQ(lines_of(untracked), "\t\t#   ct state untracked\n");
}

TEST(DetailsText, WhatIsUnknownSaysSo) {
	Details details;
	ElementFound &element = details.elements.emplace_back();
	element.set = "blocked";
	element.unknown = "changed since";
	details.socket_sought = true;
	EXPECT_EQ(lines_of(details), "\t\t#   element unknown: @blocked changed since\n\t\t#   socket: none here\n");
}

TEST(DetailsText, HostileNamesAreEscaped) {
	Details details = full();
	details.elements[0].comment = "\033[31m\n}\" of @other";
	details.elements[0].verdict = "goto \033x";
	details.processes = {{7, "\033]0;x\a\n) pid"}};
	details.group = "a\"b\n";
	details.hook->entries[0].name = "ip t \033x\n";
	const std::string out = render(Format::kBlock, with(details));
	EXPECT_EQ(out.find('\033'), std::string::npos);
	EXPECT_NE(out.find("203.0.113.0/24 comment \"\\x1b[31m\\n}\\\" of @other\" : goto \\x1bx of @blocked\n"),
	          std::string::npos)
	        << out;
	EXPECT_NE(out.find(" (\\x1b]0;x\\x07\\n) pid, pid 7)\n"), std::string::npos) << out;
	EXPECT_NE(out.find("cgroupv2 \"a\\\"b\\n\""), std::string::npos) << out;
}

TEST(DetailsText, OneLineStaysOneLine) {
	const std::string out = render(Format::kLine, with(full()));
	EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
	EXPECT_NE(out.find(" length 40 # ct state new ct direction original ct mark 0x0 meta mark 0x0 # element "
	                   "203.0.113.0/24 comment \"spamhaus\" of @blocked # socket: "),
	          std::string::npos)
	        << out;
}

TEST(DetailsJson, Members) {
	Details details = full();
	details.seen.ct_status = 0x008 | 0x020; // IPS_CONFIRMED, IPS_DST_NAT
	const Json json = Json::parse(render(Format::kJson, with(details)))["details"];
	EXPECT_EQ(json["ct"].dump(),
	          R"({"state":"new","direction":"original","status":["confirmed","dnat"],"mark":0})");
	EXPECT_EQ(json["mark"], 0);
	EXPECT_EQ(json["elements"][0].dump(),
	          R"({"set":"blocked","key":"203.0.113.0/24","comment":"spamhaus","verdict":null})");
	EXPECT_EQ(json["socket"].dump(),
	          R"({"skuid":33,"cgroupv2":"system.slice/nginx.service","processes":[{"pid":812,"name":"nginx"}]})");
	EXPECT_EQ(json["hook"][0].dump(), R"({"name":"ip mangle INPUT","priority":-150,"packet":"accepted"})");
	EXPECT_EQ(json["hook"][1]["packet"], "dropped");
	EXPECT_EQ(json["hook"][2]["packet"], "not seen");
}

TEST(DetailsJson, AbsentAndNull) {
	Details details;
	EXPECT_EQ(Json::parse(render(Format::kJson, with(details)))["details"].dump(), "{}");
	details.socket_sought = true;
	EXPECT_EQ(Json::parse(render(Format::kJson, with(details)))["details"].dump(), R"({"socket":null})");
	const Drop plain = drop_of(ip_event(ip(IPPROTO_TCP, tcp(1, 2, 2))), rule_answer());
	EXPECT_FALSE(Json::parse(render(Format::kJson, plain)).contains("details"));
}

} // namespace
} // namespace nft_drops::test
