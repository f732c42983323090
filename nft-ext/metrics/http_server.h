// SPDX-License-Identifier: GPL-2.0-only
// A server of HTTP for one kind of question, in the event loop: GET and HEAD, one request a connection. Nothing waits
// for a client: a request has 8 KiB and 5 seconds, an answer 30 seconds, and there are 8 connections at most; further
// ones wait in the kernel's queue.
#ifndef NFT_DROPS_NFT_EXT_METRICS_HTTP_SERVER_H
#define NFT_DROPS_NFT_EXT_METRICS_HTTP_SERVER_H

#include "jit/base/result.h"
#include "nft-ext/loop/loop.h"
#include "nft-ext/metrics/listen_address.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace nft_drops {

struct HttpAnswer {
	int status = 200; // 200, 400, 404, 405 or 500
	std::string type = "text/plain; charset=utf-8";
	std::string body;
};

// How long a client may take.
struct HttpPatience {
	std::chrono::milliseconds request{5000};
	std::chrono::milliseconds answer{30000};
};

class HttpServer {
public:
	// `path` is what stands in front of a question mark, as the client wrote it.
	using Handler = std::function<HttpAnswer(std::string_view path)>;
	// The loop has to outlive the server. SIGPIPE must be ignored.
	static Result<std::unique_ptr<HttpServer>> listen(Loop &loop, const ListenAddress &address, Handler handler,
	                                                  HttpPatience patience = {});
	HttpServer(const HttpServer &) = delete;
	HttpServer &operator=(const HttpServer &) = delete;
	~HttpServer();

	// Where it listens: the port that the kernel chose, for port 0.
	[[nodiscard]] ListenAddress address() const { return ListenAddress::of(socket_); }

private:
	struct Connection {
		std::string request;
		std::string answer; // empty: the request is not there yet
		size_t sent = 0;
		Loop::Timer deadline = 0;
	};

	HttpServer(Loop &loop, int socket, Handler handler, HttpPatience patience);
	void accept_one();
	void pause_accepting();
	void go_on(int fd);
	// False where the connection is done with.
	bool read_request(int fd, Connection &connection);
	bool send_answer(int fd, Connection &connection);
	void begin_answer(int fd, Connection &connection);
	void end(int fd);

	Loop &loop_;
	int socket_;
	Handler handler_;
	HttpPatience patience_;
	Loop::Timer retry_ = 0;
	std::unordered_map<int, Connection> connections_; // by descriptor
};

// The whole answer to a request's head (up to the empty line), as bytes.
std::string http_answer(std::string_view head, const HttpServer::Handler &handler);

} // namespace nft_drops

#endif
