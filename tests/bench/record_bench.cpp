// SPDX-License-Identifier: GPL-2.0-only
// What a recorded packet costs, beside ulogd2 with its SQLite output, which gets the packets by `log group N` and
// writes a row for each: time, devices, addresses, protocol and port, as `record` has them.
#include "tests/guest/running.h"
#include "watcher.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace nft_drops::bench {
namespace {

using guest::shell;

constexpr const char *kHistory = "/root/drops.db";
constexpr const char *kUlogd = "/root/ulogd.db";
constexpr const char *kTable = "CREATE TABLE packet (oob_time_sec INT, oob_prefix TEXT, oob_in TEXT, oob_out TEXT, "
                               "ip_saddr_str TEXT, ip_daddr_str TEXT, ip_protocol INT, tcp_dport INT, udp_dport INT, "
                               "raw_pktlen INT)";
constexpr const char *kUlogdsSettings = R"([global]
logfile="/root/ulogd.log"
loglevel=7
@plugins@stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,out1:SQLITE3
[log1]
group=5
[out1]
table="packet"
db="/root/ulogd.db"
)";

// The one number that the statement tells; 0 where it tells none.
size_t number_of(const char *file, const char *statement) {
	sqlite3 *database = nullptr;
	size_t number = 0;
	EXPECT_EQ(sqlite3_open(file, &database), SQLITE_OK);
	const auto take = [](void *to, int, char **values, char **) {
		*static_cast<size_t *>(to) = values[0] ? std::strtoull(values[0], nullptr, 10) : 0;
		return 0;
	};
	EXPECT_EQ(sqlite3_exec(database, statement, take, &number, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
	sqlite3_close(database);
	return number;
}

void write_settings() {
	std::string settings = kUlogdsSettings, plugins;
	for (const std::string &file : guest::lines_of(shell("find /usr/lib -path '*/ulogd/*.so'")))
		plugins += "plugin=\"" + file + "\"\n";
	ASSERT_NE(plugins, "");
	settings.replace(settings.find("@plugins@"), 9, plugins);
	std::ofstream("/root/ulogd.conf") << settings;
}

TEST(RecordCost, AFifthOfUlogds) {
	set_up();
	write_settings();
	number_of(kUlogd, kTable);
	std::vector<Cost> costs;
	costs.push_back(measure({.name = "nothing attached", .command = {}, .shows = "", .attaches = false}));
	costs.push_back(measure({.name = "nft-drops record",
	                         .command = {guest::nft_drops(), "record", "--database", kHistory},
	                         .shows = "",
	                         .shown = [] { return number_of(kHistory, "SELECT sum(packets) FROM minute"); }}));
	change_rule("udp dport 10000 log group 5 drop");
	costs.push_back(measure({.name = "log group 5, ulogd2 with SQLite",
	                         .command = {"ulogd", "-c", "/root/ulogd.conf"},
	                         .shows = "",
	                         .attaches = false,
	                         .shown = [] { return number_of(kUlogd, "SELECT count(*) FROM packet"); }}));
	EXPECT_EQ(costs[1].shown, costs[1].sent);
	EXPECT_GT(costs[2].shown, 0U) << shell("cat /root/ulogd.log");
	const double ours = cost_of_shown(costs[1], costs[0]), theirs = cost_of_shown(costs[2], costs[0]);
	tell(table(costs) +
	     fmt::format("\na packet that is kept: {:.0f} instructions, by ulogd2 {:.0f}\n", ours, theirs));
	EXPECT_LE(ours, theirs / 5);
}

} // namespace
} // namespace nft_drops::bench
