// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/metrics/http_server.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace nft_drops {
namespace {

using namespace std::chrono_literals;

constexpr size_t kLongestRequest = 8192;
constexpr size_t kMostConnections = 8;
constexpr auto kRetry = 1s;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

const char *phrase_of(int status) {
	switch (status) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 500:
		return "Internal Server Error";
	default:
		return "Bad Request";
	}
}

HttpAnswer plain(int status, std::string body) {
	HttpAnswer answer;
	answer.status = status;
	answer.body = std::move(body);
	return answer;
}

bool would_block() {
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

} // namespace

std::string http_answer(std::string_view head, const HttpServer::Handler &handler) {
	const std::string_view line = head.substr(0, head.find("\r\n"));
	const size_t first = line.find(' ');
	const size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
	HttpAnswer answer;
	bool body = true;
	if (second == std::string_view::npos || !line.substr(second + 1).starts_with("HTTP/1.")) {
		answer = plain(400, "not a request of HTTP/1\n");
	} else {
		const std::string_view method = line.substr(0, first);
		const std::string_view target = line.substr(first + 1, second - first - 1);
		body = method != "HEAD";
		answer = method == "GET" || !body ? handler(target.substr(0, target.find('?')))
		                                  : plain(405, "only GET and HEAD\n");
	}
	return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}",
	                   answer.status, phrase_of(answer.status), answer.type, answer.body.size(),
	                   answer.status == 405 ? "Allow: GET, HEAD\r\n" : "", body ? answer.body : "");
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop &loop, const ListenAddress &address, Handler handler,
                                                       HttpPatience patience) {
	const int s = socket(address.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;
	const auto *bound = reinterpret_cast<const sockaddr *>(&address.address);
	if (s >= 0 && setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(s, bound, address.size) == 0 && ::listen(s, SOMAXCONN) == 0)
		return std::unique_ptr<HttpServer>(new HttpServer(loop, s, std::move(handler), patience));
	const int error = errno;
	if (s >= 0) close(s);
	return usage_error("--listen " + address.text(), strerror(error),
	                   error == EADDRINUSE ? "stop what listens there, or give another port" : "");
}

HttpServer::HttpServer(Loop &loop, int socket, Handler handler, HttpPatience patience)
    : loop_(loop), socket_(socket), handler_(std::move(handler)), patience_(patience) {
	loop_.watch(socket_, POLLIN, [this](short) { accept_one(); });
}

HttpServer::~HttpServer() {
	while (!connections_.empty())
		end(connections_.begin()->first);
	loop_.cancel(retry_);
	loop_.forget(socket_);
	close(socket_);
}

void HttpServer::accept_one() {
	const int fd = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		// Out of descriptors or memory: the socket stays readable, and the loop must not spin.
		if (!would_block() && errno != ECONNABORTED) pause_accepting();
		return;
	}
	// Each send() is a large part of an answer: none of it waits for the client's (delayed) acknowledgement.
	const int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connections_[fd].deadline = loop_.after(patience_.request, [this, fd] { end(fd); });
	loop_.watch(fd, POLLIN, [this, fd](short) { go_on(fd); });
	if (connections_.size() >= kMostConnections) loop_.want(socket_, 0);
}

void HttpServer::pause_accepting() {
	loop_.want(socket_, 0);
	loop_.cancel(retry_);
	retry_ = loop_.after(kRetry, [this] {
		retry_ = 0;
		if (connections_.size() < kMostConnections) loop_.want(socket_, POLLIN);
	});
}

void HttpServer::go_on(int fd) {
	Connection &connection = connections_.at(fd);
	const bool open = connection.answer.empty() ? read_request(fd, connection) : send_answer(fd, connection);
	if (!open) end(fd);
}

bool HttpServer::read_request(int fd, Connection &connection) {
	char buffer[1024];
	const ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
	if (n < 0) return would_block();
	if (n == 0) return false;
	connection.request.append(buffer, static_cast<size_t>(n));
	if (connection.request.find(kHeadEnd) != std::string::npos) {
		begin_answer(fd, connection);
		return send_answer(fd, connection);
	}
	return connection.request.size() < kLongestRequest;
}

void HttpServer::begin_answer(int fd, Connection &connection) {
	const std::string_view request = connection.request;
	connection.answer = http_answer(request.substr(0, request.find(kHeadEnd)), handler_);
	loop_.cancel(connection.deadline);
	connection.deadline = loop_.after(patience_.answer, [this, fd] { end(fd); });
	loop_.want(fd, POLLOUT);
}

bool HttpServer::send_answer(int fd, Connection &connection) {
	const ssize_t n = send(fd, connection.answer.data() + connection.sent,
	                       connection.answer.size() - connection.sent, MSG_NOSIGNAL);
	if (n < 0) return would_block();
	connection.sent += static_cast<size_t>(n);
	return connection.sent < connection.answer.size();
}

void HttpServer::end(int fd) {
	const auto found = connections_.find(fd);
	if (found == connections_.end()) return;
	loop_.cancel(found->second.deadline);
	connections_.erase(found);
	loop_.forget(fd);
	// What is in the socket's buffer still goes out.
	shutdown(fd, SHUT_WR);
	close(fd);
	if (retry_ == 0) loop_.want(socket_, POLLIN);
}

} // namespace nft_drops
