// SPDX-License-Identifier: GPL-2.0-only
#include "run_commands.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace nft_drops::guest {
namespace {

struct Target {
	sockaddr_storage address{};
	socklen_t size = 0;
	[[nodiscard]] int family() const { return address.ss_family; }
	[[nodiscard]] const sockaddr *get() const { return reinterpret_cast<const sockaddr *>(&address); }
};

Target target(const std::string &text, int port) {
	Target t;
	auto *four = reinterpret_cast<sockaddr_in *>(&t.address);
	auto *six = reinterpret_cast<sockaddr_in6 *>(&t.address);
	if (inet_pton(AF_INET, text.c_str(), &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(static_cast<uint16_t>(port));
		t.size = sizeof(*four);
	} else if (inet_pton(AF_INET6, text.c_str(), &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(static_cast<uint16_t>(port));
		t.size = sizeof(*six);
	}
	return t;
}

bool ready(int fd, short events, int ms) {
	pollfd one{fd, events, 0};
	return poll(&one, 1, ms) == 1;
}

int tcp(const std::vector<std::string> &words) {
	for (size_t i = 1; i + 1 < words.size(); i += 2) {
		const Target to = target(words[i], std::stoi(words[i + 1]));
		const int fd = socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		static_cast<void>(connect(fd, to.get(), to.size));
		ready(fd, POLLOUT, 700);
		close(fd);
	}
	return 0;
}

int many(const std::vector<std::string> &words) {
	const Target to = target(words[1], std::stoi(words[2]));
	const rlimit limit{65536, 65536};
	setrlimit(RLIMIT_NOFILE, &limit);
	std::vector<pollfd> all;
	for (int i = 0; i < std::stoi(words[3]); i++) {
		const int fd = socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd < 0) return 1;
		static_cast<void>(connect(fd, to.get(), to.size));
		all.push_back({fd, POLLOUT, 0});
	}
	sleep(1);
	return 0;
}

int udp(const std::vector<std::string> &words, bool connected) {
	const Target to = target(words[1], std::stoi(words[2]));
	const int fd = socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (connected && connect(fd, to.get(), to.size) != 0) return 1;
	for (int i = 0; i < std::stoi(words[3]); i++) {
		char answer[64];
		if (connected)
			static_cast<void>(send(fd, "query", 5, 0));
		else
			static_cast<void>(sendto(fd, "query", 5, 0, to.get(), to.size));
		if (ready(fd, POLLIN, std::stoi(words[4])))
			static_cast<void>(recv(fd, answer, sizeof(answer), MSG_DONTWAIT));
	}
	return 0;
}

int echo(const std::vector<std::string> &words) {
	const Target at = target("0.0.0.0", std::stoi(words[1]));
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(fd, at.get(), at.size) != 0) return 1;
	puts("ready");
	fflush(stdout);
	for (;;) {
		char query[64];
		Target from;
		from.size = sizeof(from.address);
		const ssize_t n =
		        recvfrom(fd, query, sizeof(query), 0, reinterpret_cast<sockaddr *>(&from.address), &from.size);
		if (n < 0) continue;
		usleep(static_cast<useconds_t>(std::stoi(words[2])) * 1000);
		static_cast<void>(sendto(fd, query, static_cast<size_t>(n), 0, from.get(), from.size));
	}
}

int listen_at(const std::vector<std::string> &words) {
	const Target at = target("0.0.0.0", std::stoi(words[1]));
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, at.get(), at.size) != 0 || listen(fd, 5) != 0) return 1;
	puts("ready");
	fflush(stdout);
	pollfd waiting[2] = {{fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
	char byte = 0;
	for (int client = -1;;) {
		poll(waiting, 2, -1);
		if (waiting[0].revents && client < 0) {
			client = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
			static_cast<void>(send(client, "hello", 5, MSG_NOSIGNAL));
			waiting[0].fd = -1;
		}
		if (waiting[1].revents && read(STDIN_FILENO, &byte, 1) <= 0) return 0;
	}
}

int relay(const std::vector<std::string> &words) {
	const Target at = target("127.0.0.53", 53), to = target(words[1], std::stoi(words[2]));
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(fd, at.get(), at.size) != 0) return 1;
	puts("ready");
	fflush(stdout);
	for (;;) {
		char query[64];
		const ssize_t n = recv(fd, query, sizeof(query), 0);
		const int up = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (n > 0) static_cast<void>(sendto(up, query, static_cast<size_t>(n), 0, to.get(), to.size));
		close(up);
	}
}

int ping(const std::vector<std::string> &words) {
	const Target to = target(words[1], 0);
	const bool raw = words[2] == "raw", six = to.family() == AF_INET6;
	const int fd = socket(to.family(), (raw ? SOCK_RAW : SOCK_DGRAM) | SOCK_CLOEXEC,
	                      six ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP});
	if (fd < 0) return 1;
	icmphdr request{};
	request.type = six ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	request.un.echo.id = htons(4711);
	uint32_t sum = 0;
	uint16_t half[sizeof(request) / 2];
	memcpy(half, &request, sizeof(request));
	for (const uint16_t h : half)
		sum += h;
	request.checksum = static_cast<uint16_t>(~((sum & 0xffff) + (sum >> 16)));
	static_cast<void>(sendto(fd, &request, sizeof(request), 0, to.get(), to.size));
	return ready(fd, POLLIN, 1000) ? 0 : 3;
}

int daemon_of(const std::vector<std::string> &words) {
	if (fork() != 0) return 0;
	setsid();
	if (fork() != 0) _exit(0);
	struct stat status{};
	for (int i = 0; i < 6000 && stat(words[3].c_str(), &status) != 0; i++)
		usleep(10'000);
	return udp({"udp", words[1], words[2], "1", "0"}, false);
}

int terminal() {
	char name[3][64] = {};
	for (int fd = 0; fd < 3; fd++)
		if (ttyname_r(fd, name[fd], sizeof(name[fd])) != 0) name[fd][0] = 0;
	const bool one = name[0][0] != 0 && strcmp(name[0], name[1]) == 0 && strcmp(name[1], name[2]) == 0;
	printf("terminal %s, %s\n", one ? "one" : "none",
	       tcgetpgrp(STDIN_FILENO) == getpgrp() ? "foreground" : "background");
	return 0;
}

} // namespace

std::vector<std::string> as(std::vector<std::string> command) {
	command.insert(command.begin(), {"/proc/" + std::to_string(getpid()) + "/exe", "--as"});
	return command;
}

int become_command(int argc, char **argv) {
	if (argc < 3 || strcmp(argv[1], "--as") != 0) return -1;
	const std::vector<std::string> words(argv + 2, argv + argc);
	const std::string &name = words.front();
	if (name == "tcp") return tcp(words);
	if (name == "many") return many(words);
	if (name == "udp" || name == "quic") return udp(words, name == "quic");
	if (name == "echo") return echo(words);
	if (name == "listen") return listen_at(words);
	if (name == "relay") return relay(words);
	if (name == "ping") return ping(words);
	if (name == "daemon") return daemon_of(words);
	if (name == "terminal") return terminal();
	return 2;
}

} // namespace nft_drops::guest
