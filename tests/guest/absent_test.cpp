// SPDX-License-Identifier: GPL-2.0-only
// What is missing is said in one line, with the right status, and nothing is left behind. First in the machine (by the
// file's name), while nf_tables has not been loaded yet.
#include "running.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

// `before`: shell commands that come first, in a mount namespace of their own.
void expect_refusal(const std::vector<std::string> &arguments, int status, const std::string &word,
                    const std::string &before = "true") {
	const Leftovers clean = leftovers();
	std::string command = before + " && exec " + nft_drops();
	for (const std::string &a : arguments)
		command += " '" + a + "'";
	const Finished f = run({"unshare", "-m", "sh", "-c", command});
	EXPECT_EQ(f.status, status) << command << "\n" << f.err;
	EXPECT_EQ(f.out, "") << command;
	EXPECT_EQ(lines_of(f.err).size(), 1U) << f.err;
	EXPECT_TRUE(f.err.starts_with("nft-drops: ")) << f.err;
	EXPECT_NE(f.err.find(word), std::string::npos) << f.err;
	EXPECT_TRUE(become(clean)) << command;
}

TEST(Absent, NfTablesItself) {
	std::ifstream modules("/proc/modules");
	for (std::string line; std::getline(modules, line);)
		ASSERT_FALSE(line.starts_with("nf_tables ")) << "loaded already: this test must be the first";
	std::ofstream("/proc/sys/kernel/modprobe") << "/bin/false\n";
	expect_refusal({"monitor"}, 2, "nf_tables");
	expect_refusal({"probe"}, 2, "nf_tables");
	std::ofstream("/proc/sys/kernel/modprobe") << "/sbin/modprobe\n";
}

TEST(Absent, Types) {
	for (const char *command : {"monitor", "probe"})
		expect_refusal({command}, 2, "BTF", "mount -t tmpfs none /sys/kernel/btf");
}

TEST(Absent, Addresses) {
	const std::string hide = "echo 2 >/proc/sys/kernel/kptr_restrict";
	expect_refusal({"probe"}, 2, "kptr_restrict", hide);
	shell("echo 0 >/proc/sys/kernel/kptr_restrict");
}

TEST(Absent, Privilege) {
	// A process that gave its user id away, in a child, so that this one keeps its own.
	const pid_t child = fork();
	ASSERT_GE(child, 0);
	if (child == 0) {
		if (setgid(65534) != 0 || setuid(65534) != 0) _exit(99);
		bool ok = true;
		for (const char *command : {"monitor", "probe", "demo"}) {
			const Finished f = run({nft_drops(), command});
			ok = ok && f.status == 1 && f.out.empty() && lines_of(f.err).size() == 1 &&
			     f.err.find("root") != std::string::npos;
		}
		_exit(ok ? 0 : 1);
	}
	int status = 0;
	ASSERT_EQ(waitpid(child, &status, 0), child);
	EXPECT_EQ(status, 0);
}

TEST(Absent, Sense) {
	expect_refusal({"monitor", "--no-such-option"}, 1, "--no-such-option");
	expect_refusal({"monitor", "-Q"}, 1, "-Q");
	expect_refusal({"monitor", "--count", "ten"}, 1, "ten");
	expect_refusal({"monitor", "--count", "0"}, 1, "0");
	expect_refusal({"monitor", "--count", "-3"}, 1, "-3");
	expect_refusal({"monitor", "--count", "99999999999999999999999"}, 1, "number");
	expect_refusal({"monitor", "--count"}, 1, "--count");
	expect_refusal({"monitor", "--for", "soon"}, 1, "soon");
	expect_refusal({"monitor", "--for", "10 parsecs"}, 1, "parsecs");
	expect_refusal({"monitor", "--format", "xml"}, 1, "xml");
	// Words behind monitor are a MATCH: a wrong one gets nft's own message, with the part of the line marked.
	const Finished wrong = run({nft_drops(), "monitor", "to", "the", "left"});
	EXPECT_EQ(wrong.status, 1);
	EXPECT_EQ(wrong.out, "");
	EXPECT_TRUE(wrong.err.starts_with("Error: syntax error")) << wrong.err;
	EXPECT_NE(wrong.err.find("to the left"), std::string::npos) << wrong.err;
	expect_refusal({"--count", "x", "monitor"}, 1, "x");
	// A file that cannot be made, a length that is none, and a link type that there is not.
	expect_refusal({"monitor", "-w", "/nowhere/x.pcapng"}, 1, "/nowhere/x.pcapng");
	expect_refusal({"monitor", "-w", "/tmp/x.pcapng", "--snaplen", "0"}, 1, "--snaplen");
	expect_refusal({"monitor", "-w", "/tmp/x.pcapng", "--linktype", "ether"}, 1, "ether");
	EXPECT_FALSE(std::filesystem::exists("/tmp/x.pcapng"));
}

} // namespace
} // namespace nft_drops::guest
