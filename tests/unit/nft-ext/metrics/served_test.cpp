// SPDX-License-Identifier: GPL-2.0-only
// The addresses that --listen takes, the server, and the file of --textfile.
#include "nft-ext/metrics/http_server.h"
#include "nft-ext/metrics/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace nft_drops {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

TEST(MetricsListen, Addresses) {
	const auto text_of = [](const char *typed) {
		const auto address = ListenAddress::parse(typed);
		return address ? address->text() : "refused";
	};
	EXPECT_EQ(text_of("127.0.0.1:9732"), "127.0.0.1:9732");
	EXPECT_EQ(text_of("192.0.2.1:80"), "192.0.2.1:80");
	EXPECT_EQ(text_of("0.0.0.0"), "0.0.0.0:9732");
	EXPECT_EQ(text_of(":1234"), "127.0.0.1:1234");
	EXPECT_EQ(text_of("localhost:1234"), "127.0.0.1:1234");
	EXPECT_EQ(text_of("[::1]:9000"), "[::1]:9000");
	EXPECT_EQ(text_of("[::1]"), "[::1]:9732");
	EXPECT_EQ(text_of("::1"), "[::1]:9732");
	EXPECT_EQ(text_of("127.0.0.1:0"), "127.0.0.1:0");
	for (const char *wrong :
	     {"9732", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x", "[::1", "[::1]9",
	      "[::1]:", "example.org:9732", "127.0.0.1:80x", "[127.0.0.1:80", "1.2.3:4:5"})
		EXPECT_EQ(text_of(wrong), "refused") << wrong;
	EXPECT_THAT(ListenAddress::parse("x").error().message(), HasSubstr("--listen x: "));
}

HttpAnswer handler(std::string_view path) {
	HttpAnswer answer;
	if (path != "/metrics") answer.status = 404;
	answer.body = path == "/metrics" ? "figures\n" : "no\n";
	return answer;
}

TEST(MetricsHttp, Answers) {
	EXPECT_EQ(http_answer("GET /metrics HTTP/1.1\r\nHost: x", handler),
	          "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 8\r\nConnection: "
	          "close\r\n\r\nfigures\n");
	EXPECT_TRUE(http_answer("HEAD /metrics HTTP/1.0", handler)
	                    .ends_with("Content-Length: 8\r\nConnection: close\r\n\r\n"));
	EXPECT_THAT(http_answer("GET /metrics?x=1 HTTP/1.1", handler), StartsWith("HTTP/1.1 200 "));
	EXPECT_THAT(http_answer("GET / HTTP/1.1", handler), StartsWith("HTTP/1.1 404 "));
	EXPECT_THAT(http_answer("POST /metrics HTTP/1.1", handler), StartsWith("HTTP/1.1 405 "));
	for (const char *wrong : {"", "GET", "GET /metrics", "GET /metrics FTP/1", "\x16\x03\x01"})
		EXPECT_THAT(http_answer(wrong, handler), StartsWith("HTTP/1.1 400 ")) << wrong;
}

int connected(const ListenAddress &address) {
	const int s = socket(address.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	EXPECT_EQ(connect(s, reinterpret_cast<const sockaddr *>(&address.address), address.size), 0);
	return s;
}

std::string rest_of(int s) {
	std::string all;
	char buffer[4096];
	for (ssize_t n = 0; (n = read(s, buffer, sizeof(buffer))) > 0;)
		all.append(buffer, static_cast<size_t>(n));
	close(s);
	return all;
}

void write_to(int s, std::string_view text) {
	EXPECT_EQ(send(s, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

// A server in a thread of its own, until it is stopped.
class MetricsServer : public testing::TestWithParam<const char *> {
protected:
	void serve(HttpServer::Handler handler, HttpPatience patience = {.request = 10min, .answer = 10min}) {
		auto made = HttpServer::listen(loop_, *ListenAddress::parse(GetParam()), std::move(handler), patience);
		ASSERT_TRUE(made) << made.error().message();
		server_ = std::move(*made);
		address_ = server_->address();
		ASSERT_EQ(pipe(stop_), 0);
		loop_.watch(stop_[0], POLLIN, [this](short) { loop_.stop(); });
		thread_ = std::thread([this] { EXPECT_TRUE(loop_.run()); });
	}
	void TearDown() override {
		if (!thread_.joinable()) return;
		close(stop_[1]);
		thread_.join();
		server_.reset();
		close(stop_[0]);
	}
	Loop loop_;
	std::unique_ptr<HttpServer> server_;
	ListenAddress address_;
	int stop_[2]{-1, -1};
	std::thread thread_;
};

TEST_P(MetricsServer, ServesWhileOthersAreSlow) {
	const std::string large(3'000'000, 'x');
	serve([&large](std::string_view) {
		HttpAnswer answer;
		answer.body = large;
		return answer;
	});
	// One says nothing, one asks in pieces, one never reads its answer.
	const int silent = connected(address_);
	const int slow = connected(address_);
	const int deaf = connected(address_);
	write_to(deaf, "GET /metrics HTTP/1.1\r\n\r\n");
	write_to(slow, "GET /met");
	for (int i = 0; i < 10; i++) { // more than there may be connections
		const int s = connected(address_);
		write_to(s, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
		const std::string answer = rest_of(s);
		EXPECT_TRUE(answer.ends_with("\r\n\r\n" + large)) << answer.size();
	}
	write_to(slow, "rics HTTP/1.1\r\n\r\n");
	EXPECT_TRUE(rest_of(slow).ends_with(large));
	close(silent);
	close(deaf);
}

TEST_P(MetricsServer, ARequestHasAnEnd) {
	serve(handler);
	const int s = connected(address_);
	// Without an empty line; the server may be gone before all of it is sent.
	const std::string endless(100'000, 'x');
	send(s, endless.data(), endless.size(), MSG_NOSIGNAL);
	EXPECT_EQ(rest_of(s), "");
}

TEST_P(MetricsServer, WhoSaysNothingIsNotWaitedFor) {
	serve(handler, {.request = 10ms, .answer = 10min});
	std::vector<int> silent;
	for (int i = 0; i < 20; i++)
		silent.push_back(connected(address_));
	write_to(silent.front(), "GET /met");
	// All places are taken, until each of them is closed.
	for (const int s : silent)
		EXPECT_EQ(rest_of(s), "");
}

INSTANTIATE_TEST_SUITE_P(Both, MetricsServer, testing::Values("127.0.0.1:0", "[::1]:0"));

TEST(MetricsListen, APortThatIsTakenIsNamed) {
	Loop loop;
	auto first = HttpServer::listen(loop, *ListenAddress::parse("127.0.0.1:0"), handler);
	ASSERT_TRUE(first);
	auto second = HttpServer::listen(loop, (*first)->address(), handler);
	ASSERT_FALSE(second);
	EXPECT_EQ(second.error().message(),
	          "--listen " + (*first)->address().text() +
	                  ": Address already in use; stop what listens there, or give another port");
}

class MetricsFile : public testing::Test {
protected:
	void SetUp() override {
		std::string name = "/tmp/nft-drops-textfile.XXXXXX";
		ASSERT_NE(mkdtemp(name.data()), nullptr);
		folder_ = name;
		umask(0077);
	}
	void TearDown() override { fs::remove_all(folder_); }
	static std::string content(const fs::path &path) {
		std::ifstream file(path);
		return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
	}
	[[nodiscard]] size_t entries() const {
		return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
	}
	fs::path folder_;
};

TEST_F(MetricsFile, IsReplacedWhole) {
	const std::string name = folder_ / "drops.prom";
	ASSERT_TRUE(replace_text_file(name, "one\n"));
	struct stat before{};
	ASSERT_EQ(stat(name.c_str(), &before), 0);
	EXPECT_EQ(before.st_mode & 07777, 0644U);
	std::ifstream reader(name);
	ASSERT_TRUE(replace_text_file(name, "two\n"));
	std::string seen;
	std::getline(reader, seen);
	EXPECT_EQ(seen, "one") << "who reads the old one goes on reading it";
	EXPECT_EQ(content(name), "two\n");
	EXPECT_EQ(entries(), 1U);
}

TEST_F(MetricsFile, ASymbolicLinkIsReplaced) {
	const fs::path name = folder_ / "drops.prom";
	std::ofstream(folder_ / "precious") << "precious";
	fs::create_symlink("precious", name);
	ASSERT_TRUE(replace_text_file(name, "one\n"));
	EXPECT_FALSE(fs::is_symlink(name));
	EXPECT_EQ(content(folder_ / "precious"), "precious");
}

TEST_F(MetricsFile, FailureLeavesNothingBehind) {
	fs::create_directory(folder_ / "drops.prom");
	const auto refused = replace_text_file(folder_ / "drops.prom", "one\n");
	ASSERT_FALSE(refused);
	EXPECT_EQ(refused.error().message(), "--textfile " + (folder_ / "drops.prom").string() + ": Is a directory");
	EXPECT_EQ(entries(), 1U);
	const std::string nowhere = folder_ / "missing" / "drops.prom";
	EXPECT_EQ(replace_text_file(nowhere, "one\n").error().message(),
	          "--textfile " + nowhere + ": No such file or directory");
}

} // namespace
} // namespace nft_drops
