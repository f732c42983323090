// SPDX-License-Identifier: GPL-2.0-only
#include "article.h"

#include "running.h"

#include <gtest/gtest.h>

#include <cctype>

namespace nft_drops::guest {
namespace {

// A word of `nft-drops probe`'s output behind `before`, from `from` on; empty where there is none.
std::string word_behind(const std::string &text, const std::string &before, size_t from = 0) {
	const size_t at = text.find(before, from);
	if (at == std::string::npos) return "";
	const size_t begin = at + before.size();
	return text.substr(begin, text.find_first_of(" \n", begin) - begin);
}

// bpftrace's names: bp for rbp, but r14; r21 for x21.
std::string bpftrace_register(std::string name) {
	if (name.size() == 3 && name[0] == 'r' && !isdigit(name[1])) name.erase(0, 1);
	if (name.starts_with('x')) name[0] = 'r';
	return "reg(\"" + name + "\")";
}

} // namespace

std::string article_script() {
	const std::string words = run({nft_drops(), "probe"}).out;
	const size_t site = words.rfind("\nsite ", words.find("drop by a rule"));
	EXPECT_NE(site, std::string::npos) << words;
	const std::string offset = word_behind(words, ": nft_do_chain", site);
	const std::string pkt = word_behind(words, "packet   register ", site);
	const std::string rule = word_behind(words, "rule     register ", site);
	EXPECT_NE(pkt, "");
	EXPECT_NE(rule, "");
	const std::string test =
	        words.substr(words.find("  test ", site), words.find('\n', words.find("  test ", site)));
	const std::string code = word_behind(test.substr(0, test.find('\n')), " in register ");
	// struct nft_rule begins with a list_head and the handle, struct nft_rule_dp with is_last:1, dlen:12,
	// handle:42.
	const std::string handle = words.find("(struct nft_rule *)", site) != std::string::npos
	                                   ? "*(uint64*)(" + bpftrace_register(rule) + " + 16)"
	                                   : "(*(uint64*)" + bpftrace_register(rule) + " >> 13)";
	std::string body = "$skb = (struct sk_buff *)*(uint64*)" + bpftrace_register(pkt) +
	                   "; printf(\"Packet with len %d dropped by rule with handle %d\\n\", $skb->len, " + handle +
	                   " & 0x3ffffffffff);";
	if (!code.empty()) body = "if ((" + bpftrace_register(code) + " & 0xff) == 0) { " + body + " }";
	return "kprobe:nft_do_chain" + offset + " { " + body + " }";
}

} // namespace nft_drops::guest
