// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/host_names.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <condition_variable>
#include <csignal>
#include <cstring>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

namespace nft_drops {

struct HostNames::Shared {
	std::mutex mutex;
	std::condition_variable news;
	Resolve resolve;
	bool over = false;
	std::deque<std::pair<std::string, Address>> waiting;
	std::unordered_map<std::string, std::string> known; // empty while it waits, and where there is no name

	void run() {
		std::unique_lock lock(mutex);
		for (;;) {
			news.wait(lock, [this] { return over || !waiting.empty(); });
			if (over) return;
			const auto [key, address] = std::move(waiting.front());
			waiting.pop_front();
			lock.unlock();
			std::string name = resolve(address);
			lock.lock();
			if (const auto found = known.find(key); found != known.end()) found->second = std::move(name);
		}
	}
};

std::string HostNames::by_resolver(const Address &address) {
	sockaddr_storage to{};
	socklen_t size = 0;
	if (address.size == sizeof(in_addr)) {
		auto *v4 = reinterpret_cast<sockaddr_in *>(&to);
		v4->sin_family = AF_INET;
		memcpy(&v4->sin_addr, address.bytes.data(), sizeof(in_addr));
		size = sizeof(*v4);
	} else if (address.size == sizeof(in6_addr)) {
		auto *v6 = reinterpret_cast<sockaddr_in6 *>(&to);
		v6->sin6_family = AF_INET6;
		memcpy(&v6->sin6_addr, address.bytes.data(), sizeof(in6_addr));
		size = sizeof(*v6);
	} else {
		return "";
	}
	char name[NI_MAXHOST];
	const int failed =
	        getnameinfo(reinterpret_cast<const sockaddr *>(&to), size, name, sizeof(name), nullptr, 0, NI_NAMEREQD);
	return failed ? "" : name;
}

HostNames::HostNames(Resolve resolve) : shared_(std::make_shared<Shared>()) {
	shared_->resolve = std::move(resolve);
	// Signals are for the thread that waits in poll(2), which they have to wake up.
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	std::thread([shared = shared_] { shared->run(); }).detach();
	pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

HostNames::~HostNames() {
	const std::lock_guard lock(shared_->mutex);
	shared_->over = true;
	shared_->news.notify_all();
}

std::string HostNames::of(const Address &address) {
	std::string key(reinterpret_cast<const char *>(address.bytes.data()), address.size);
	const std::lock_guard lock(shared_->mutex);
	if (const auto found = shared_->known.find(key); found != shared_->known.end()) return found->second;
	if (shared_->waiting.size() >= kMostWaiting) return "";
	if (shared_->known.size() >= kMostKnown) {
		shared_->known.clear();
		shared_->waiting.clear();
	}
	shared_->known.emplace(key, "");
	shared_->waiting.emplace_back(std::move(key), address);
	shared_->news.notify_all();
	return "";
}

} // namespace nft_drops
