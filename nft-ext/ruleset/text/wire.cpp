// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/wire.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <type_traits>

namespace nft_drops {
namespace {

constexpr size_t kPacket = 65536;
// The longest reply is one rule's text: a million elements of an anonymous set take 20 MB.
constexpr uint64_t kMessageMax = 1ULL << 26;

class Writer {
public:
	template <typename T>
	        requires std::is_trivially_copyable_v<T>
	void put(const T &value) {
		bytes_.append(reinterpret_cast<const char *>(&value), sizeof(value));
	}
	void put_text(std::string_view text) {
		put<uint64_t>(text.size());
		bytes_.append(text);
	}
	std::string take() { return std::move(bytes_); }

private:
	std::string bytes_;
};

// Once something is missing, everything that follows is empty and good() is false.
class Reader {
public:
	explicit Reader(std::string_view bytes) : rest_(bytes) {}

	template <typename T>
	        requires std::is_trivially_copyable_v<T>
	T get() {
		T value{};
		if (const std::string_view bytes = take(sizeof(T)); !bytes.empty())
			memcpy(&value, bytes.data(), sizeof(T));
		return value;
	}
	std::string get_text() { return std::string(take(get<uint64_t>())); }
	[[nodiscard]] bool good() const { return good_; }
	[[nodiscard]] bool finished() const { return good_ && rest_.empty(); }

private:
	std::string_view take(uint64_t size) {
		if (!good_ || size > rest_.size()) {
			good_ = false;
			return {};
		}
		const std::string_view bytes = rest_.substr(0, size);
		rest_.remove_prefix(size);
		return bytes;
	}

	std::string_view rest_;
	bool good_ = true;
};

void put(Writer &writer, const Attribution &attribution) {
	writer.put_text(attribution.family);
	writer.put_text(attribution.table);
	writer.put(attribution.table_handle);
	writer.put(attribution.owner_socket);
	writer.put_text(attribution.chain);
	writer.put(attribution.chain_handle);
	writer.put_text(attribution.base_chain);
	writer.put(attribution.priority.has_value());
	writer.put(attribution.priority.value_or(0));
	writer.put_text(attribution.text);
	writer.put(attribution.known);
	writer.put(attribution.from_ns);
	writer.put(attribution.until_ns);
}

void get(Reader &reader, Attribution &attribution) {
	attribution.family = reader.get_text();
	attribution.table = reader.get_text();
	attribution.table_handle = reader.get<uint64_t>();
	attribution.owner_socket = reader.get<uint64_t>();
	attribution.chain = reader.get_text();
	attribution.chain_handle = reader.get<uint64_t>();
	attribution.base_chain = reader.get_text();
	const bool has_priority = reader.get<uint8_t>() != 0;
	const auto priority = reader.get<int32_t>();
	if (has_priority) attribution.priority = priority;
	attribution.text = reader.get_text();
	attribution.known = reader.get<uint8_t>() != 0;
	attribution.from_ns = reader.get<uint64_t>();
	attribution.until_ns = reader.get<uint64_t>();
}

void put(Writer &writer, const JumpPath &path) {
	writer.put<uint64_t>(path.size());
	for (const JumpStep &step : path) {
		writer.put_text(step.chain);
		writer.put(step.handle);
		writer.put_text(step.target);
	}
}

void get(Reader &reader, JumpPath &path) {
	for (auto steps = reader.get<uint64_t>(); steps > 0 && reader.good(); steps--) {
		JumpStep &step = path.emplace_back();
		step.chain = reader.get_text();
		step.handle = reader.get<uint64_t>();
		step.target = reader.get_text();
	}
}

void put(Writer &writer, const HookOrder &order) {
	writer.put<uint64_t>(order.entries.size());
	for (const HookEntry &entry : order.entries) {
		writer.put(entry.kind);
		writer.put(entry.priority);
		writer.put_text(entry.name);
	}
	writer.put<uint64_t>(order.dropper);
}

void get(Reader &reader, HookOrder &order) {
	for (auto entries = reader.get<uint64_t>(); entries > 0 && reader.good(); entries--) {
		HookEntry &entry = order.entries.emplace_back();
		entry.kind = reader.get<HookEntry::Kind>();
		entry.priority = reader.get<int32_t>();
		entry.name = reader.get_text();
	}
	order.dropper = reader.get<uint64_t>();
}

void put(Writer &writer, const ElementFound &element) {
	for (const std::string *text :
	     {&element.set, &element.unknown, &element.key, &element.comment, &element.verdict})
		writer.put_text(*text);
	writer.put(element.timeout_ms);
	writer.put(element.expires_ms);
}

void get(Reader &reader, ElementFound &element) {
	for (std::string *text : {&element.set, &element.unknown, &element.key, &element.comment, &element.verdict})
		*text = reader.get_text();
	element.timeout_ms = reader.get<uint64_t>();
	element.expires_ms = reader.get<uint64_t>();
}

// What the worker knows; the rest the parent fills in.
void put(Writer &writer, const Details &details) {
	writer.put(details.seen);
	writer.put(details.hook.has_value());
	if (details.hook) put(writer, *details.hook);
	writer.put<uint64_t>(details.elements.size());
	for (const ElementFound &element : details.elements)
		put(writer, element);
	writer.put(details.socket_sought);
	writer.put(details.socket.has_value());
	if (details.socket) {
		writer.put(details.socket->cookie);
		writer.put(details.socket->inode);
		writer.put(details.socket->group);
		writer.put(details.socket->uid);
	}
}

void get(Reader &reader, Details &details) {
	details.seen = reader.get<nd_details>();
	if (reader.get<uint8_t>() != 0) get(reader, details.hook.emplace());
	for (auto elements = reader.get<uint64_t>(); elements > 0 && reader.good(); elements--)
		get(reader, details.elements.emplace_back());
	details.socket_sought = reader.get<uint8_t>() != 0;
	if (reader.get<uint8_t>() == 0) return;
	SocketFound &socket = details.socket.emplace();
	socket.cookie = reader.get<uint64_t>();
	socket.inode = reader.get<uint64_t>();
	socket.group = reader.get<uint64_t>();
	socket.uid = reader.get<uint32_t>();
}

bool send_packet(int socket, std::string_view packet) {
	for (;;) {
		const ssize_t sent = send(socket, packet.data(), packet.size(), MSG_NOSIGNAL);
		if (sent >= 0) return static_cast<size_t>(sent) == packet.size();
		if (errno != EINTR) return false;
	}
}

} // namespace

std::string pack(const Reply &reply) {
	Writer writer;
	writer.put(static_cast<uint8_t>(reply.index()));
	if (const auto *ready = std::get_if<Ready>(&reply)) {
		writer.put(ready->tables);
		writer.put(ready->rules);
		writer.put(ready->generation);
		writer.put(ready->narrow);
	} else if (const auto *attributed = std::get_if<Attributed>(&reply)) {
		put(writer, attributed->attribution);
		writer.put(attributed->path.has_value());
		if (attributed->path) put(writer, *attributed->path);
		writer.put(attributed->details.has_value());
		if (attributed->details) put(writer, *attributed->details);
	} else if (const auto *error = std::get_if<Error>(&reply)) {
		writer.put_text(error->what);
		writer.put_text(error->why);
		writer.put_text(error->next);
		writer.put(error->blame);
	} else if (const auto *presence = std::get_if<Presence>(&reply)) {
		writer.put(presence->there);
	}
	return writer.take();
}

std::optional<Reply> unpack(std::string_view bytes) {
	Reader reader(bytes);
	Reply reply;
	switch (reader.get<uint8_t>()) {
	case 0: {
		Ready ready;
		ready.tables = reader.get<uint64_t>();
		ready.rules = reader.get<uint64_t>();
		ready.generation = reader.get<uint32_t>();
		ready.narrow = reader.get<uint8_t>() != 0;
		reply = ready;
		break;
	}
	case 1: {
		Attributed attributed;
		get(reader, attributed.attribution);
		if (reader.get<uint8_t>() != 0) get(reader, attributed.path.emplace());
		if (reader.get<uint8_t>() != 0) get(reader, attributed.details.emplace());
		reply = std::move(attributed);
		break;
	}
	case 2: {
		Error error;
		error.what = reader.get_text();
		error.why = reader.get_text();
		error.next = reader.get_text();
		error.blame = reader.get<Blame>();
		reply = std::move(error);
		break;
	}
	case 3:
		reply = Presence{reader.get<uint8_t>() != 0};
		break;
	default:
		return {};
	}
	if (!reader.finished()) return {};
	return reply;
}

bool send_message(int socket, std::string_view message) {
	const uint64_t length = message.size();
	std::string first(reinterpret_cast<const char *>(&length), sizeof(length));
	first += message.substr(0, kPacket - sizeof(length));
	if (!send_packet(socket, first)) return false;
	message.remove_prefix(first.size() - sizeof(length));
	while (!message.empty()) {
		const std::string_view packet = message.substr(0, kPacket);
		if (!send_packet(socket, packet)) return false;
		message.remove_prefix(packet.size());
	}
	return true;
}

bool try_send_message(int socket, std::string_view message) {
	if (message.size() > kPacket - sizeof(uint64_t)) return false;
	const uint64_t length = message.size();
	std::string packet(reinterpret_cast<const char *>(&length), sizeof(length));
	packet += message;
	ssize_t sent = 0;
	do {
		sent = send(socket, packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	return sent == static_cast<ssize_t>(packet.size());
}

MessageReader::Got MessageReader::add(std::string_view packet) {
	if (!length_) {
		uint64_t announced = 0;
		if (packet.size() < sizeof(announced)) return Got::kEnd;
		memcpy(&announced, packet.data(), sizeof(announced));
		if (announced > kMessageMax) return Got::kEnd;
		length_ = announced;
		message_.clear();
		packet.remove_prefix(sizeof(announced));
	}
	message_ += packet;
	if (message_.size() > *length_) return Got::kEnd;
	if (message_.size() < *length_) return Got::kNothing;
	length_.reset();
	return Got::kMessage;
}

MessageReader::Got MessageReader::receive(int socket) {
	std::array<char, kPacket> packet; // not set to anything: that would cost more than all the rest
	for (;;) {
		const ssize_t size = recv(socket, packet.data(), packet.size(), MSG_DONTWAIT);
		if (size < 0 && errno == EINTR) continue;
		if (size < 0 && errno == EAGAIN) return Got::kNothing;
		if (size <= 0) return Got::kEnd;
		const Got got = add({packet.data(), static_cast<size_t>(size)});
		if (got != Got::kNothing) return got;
	}
}

std::optional<std::string> receive_message(int socket, int timeout_ms) {
	MessageReader reader;
	for (;;) {
		const auto got = reader.receive(socket);
		if (got == MessageReader::Got::kMessage) return reader.take();
		if (got == MessageReader::Got::kEnd) return {};
		pollfd waiting{.fd = socket, .events = POLLIN, .revents = 0};
		const int ready = poll(&waiting, 1, timeout_ms);
		if (ready == 0 || (ready < 0 && errno != EINTR)) return {};
	}
}

} // namespace nft_drops
