// SPDX-License-Identifier: GPL-2.0-only
#include "proof_row.h"

#include "running.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sys/utsname.h>

namespace nft_drops::guest {
namespace {

size_t count(const std::string &text, const std::string &part) {
	size_t n = 0;
	for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
		n++;
	return n;
}

// "ok    Plan: 3 sites, ..." by "Plan".
std::map<std::string, std::string> requirements() {
	std::map<std::string, std::string> all;
	for (const std::string &line : lines_of(run({nft_drops(), "check"}).out)) {
		// The first word is the state.
		const size_t name = line.find_first_not_of(' ', line.find(' '));
		const size_t colon = line.find(": ");
		if (name != std::string::npos && colon != std::string::npos && colon > name)
			all[line.substr(name, colon - name)] = line.substr(colon + 2);
	}
	return all;
}

std::string forms(const std::string &attached) {
	const size_t jumps = count(attached, "(a jump)");
	const size_t breakpoints = count(attached, "(a breakpoint)");
	std::string words;
	if (jumps) words = std::to_string(jumps) + (jumps > 1 ? " jumps" : " jump");
	if (breakpoints)
		words += (jumps ? ", " : "") + std::to_string(breakpoints) +
		         (breakpoints > 1 ? " breakpoints" : " breakpoint");
	return words.empty() ? "not told" : words;
}

} // namespace

void write_proof_row(const std::string &path) {
	const char *suite = std::getenv("NFT_DROPS_WHOLE_SUITE");
	if (!suite || GTEST_FLAG_GET(filter) != suite) return;
	utsname name{};
	uname(&name);
	auto check = requirements();
	const std::string &plan = check["Plan"];
	const size_t comma = plan.find(", ");
	const std::string sites = plan.substr(0, plan.find(' '));
	const std::string payers = comma == std::string::npos ? "" : plan.substr(comma + 2);
	const size_t known = check["self-test"].find("known layout");
	const std::string types = known == std::string::npos ? "BTF" : check["self-test"].substr(known);
	const auto &tests = *testing::UnitTest::GetInstance();
	std::ofstream(path) << name.release << '\t' << name.machine << '\t' << sites << '\t' << payers << '\t'
	                    << forms(check["attached"]) << '\t' << types << '\t' << tests.successful_test_count()
	                    << '\t' << tests.test_to_run_count() << '\n';
}

} // namespace nft_drops::guest
