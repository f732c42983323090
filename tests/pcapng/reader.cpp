// SPDX-License-Identifier: GPL-2.0-only
#include "tests/pcapng/reader.h"

#include <cstring>
#include <functional>
#include <stdexcept>

namespace nft_drops::pcapng_test {
namespace {

[[noreturn]] void bad(const std::string &why) {
	throw std::runtime_error(why);
}

void require(bool is_so, const char *why) {
	if (!is_so) bad(why);
}

// A view that knows its end.
class Part {
public:
	explicit Part(std::string_view bytes) : bytes_(bytes) {}
	template <typename T> T get() {
		T value;
		std::memcpy(&value, take(sizeof value).data(), sizeof value);
		return value;
	}
	std::string_view take(size_t size) {
		require(size <= bytes_.size(), "a length points beyond its block");
		const auto taken = bytes_.substr(0, size);
		bytes_.remove_prefix(size);
		return taken;
	}
	std::string_view take_padded(size_t size) {
		const auto taken = take(size);
		for (const char c : take((4 - size % 4) % 4))
			require(c == 0, "padding that is not zero");
		return taken;
	}
	uint64_t time() {
		const uint64_t high = get<uint32_t>();
		return high << 32 | get<uint32_t>();
	}
	[[nodiscard]] bool empty() const { return bytes_.empty(); }

private:
	std::string_view bytes_;
};

void require_utf8(std::string_view text) {
	for (size_t i = 0; i < text.size();) {
		const auto lead = static_cast<uint8_t>(text[i]);
		const size_t more = lead < 0x80       ? 0
		                    : lead >> 5 == 6  ? 1
		                    : lead >> 4 == 14 ? 2
		                    : lead >> 3 == 30 ? 3
		                                      : 9;
		require(more < 9 && i + more < text.size(), "text that is not UTF-8");
		for (size_t k = 1; k <= more; k++)
			require((static_cast<uint8_t>(text[i + k]) & 0xc0) == 0x80, "text that is not UTF-8");
		i += more + 1;
	}
}

std::string text_of(std::string_view value) {
	require_utf8(value);
	require(value.find('\0') == std::string_view::npos, "a NUL in a text");
	return std::string(value);
}

template <typename T> T number_of(std::string_view value) {
	require(value.size() == sizeof(T), "an option of the wrong size");
	return Part(value).get<T>();
}

using OnOption = std::function<void(uint16_t code, std::string_view value)>;

// Options go up to opt_endofopt, which may only be missing where there are none.
void read_options(Part &part, const OnOption &handle) {
	if (part.empty()) return;
	for (;;) {
		const auto code = part.get<uint16_t>();
		const auto size = part.get<uint16_t>();
		if (code == 0) {
			require(size == 0 && part.empty(), "opt_endofopt is not the end");
			return;
		}
		handle(code, part.take_padded(size));
	}
}

void read_section(Part part, Capture &capture) {
	capture.sections++;
	capture.first_interface = capture.interfaces.size();
	require(part.get<uint32_t>() == 0x1a2b3c4d, "another byte order");
	require(part.get<uint16_t>() == 1 && part.get<uint16_t>() == 0, "another version");
	require(part.get<uint64_t>() == UINT64_MAX, "a section length");
	read_options(part, [&](uint16_t code, std::string_view value) {
		if (code == 3) capture.system = text_of(value);
		if (code == 4) capture.application = text_of(value);
	});
}

void read_interface(Part part, Capture &capture) {
	ReadInterface &interface = capture.interfaces.emplace_back();
	interface.link_type = part.get<uint16_t>();
	require(part.get<uint16_t>() == 0, "reserved bits");
	interface.snaplen = part.get<uint32_t>();
	read_options(part, [&](uint16_t code, std::string_view value) {
		if (code == 2) interface.name = text_of(value);
		if (code == 3) interface.description = text_of(value);
		if (code == 9) interface.resolution = number_of<uint8_t>(value);
	});
}

void read_packet(Part part, Capture &capture) {
	ReadPacket &packet = capture.packets.emplace_back();
	packet.interface = part.get<uint32_t>() + static_cast<uint32_t>(capture.first_interface);
	require(packet.interface < capture.interfaces.size(), "a packet of no interface");
	packet.time = part.time();
	const auto captured = part.get<uint32_t>();
	packet.original_length = part.get<uint32_t>();
	require(captured <= packet.original_length, "more bytes than the packet had");
	require(captured <= capture.interfaces[packet.interface].snaplen, "more bytes than the snap length");
	packet.bytes = part.take_padded(captured);
	read_options(part, [&](uint16_t code, std::string_view value) {
		if (code == 1) packet.comment = text_of(value);
		if (code == 2) packet.flags = number_of<uint32_t>(value);
	});
}

void read_statistics(Part part, Capture &capture) {
	ReadStatistics &statistics = capture.statistics.emplace_back();
	statistics.interface = part.get<uint32_t>() + static_cast<uint32_t>(capture.first_interface);
	require(statistics.interface < capture.interfaces.size(), "statistics of no interface");
	part.time();
	const auto time = [](std::string_view value) { return Part(value).time(); };
	read_options(part, [&](uint16_t code, std::string_view value) {
		if (code == 1) statistics.comment = text_of(value);
		if (code == 2) statistics.begin = time(value);
		if (code == 3) statistics.end = time(value);
		if (code == 5) statistics.dropped = number_of<uint64_t>(value);
		if (code == 7) statistics.os_dropped = number_of<uint64_t>(value);
		if (code == 8) statistics.delivered = number_of<uint64_t>(value);
	});
}

void read_blocks(std::string_view file, Capture &capture) {
	for (bool first = true; !file.empty(); first = false) {
		uint32_t type = 0, size = 0;
		if (file.size() >= 8) {
			std::memcpy(&type, file.data(), 4);
			std::memcpy(&size, file.data() + 4, 4);
			require(size >= 12 && size % 4 == 0, "an impossible block length");
		}
		if (file.size() < 8 || file.size() < size) {
			capture.left_over = file.size();
			return;
		}
		uint32_t again = 0;
		std::memcpy(&again, file.data() + size - 4, 4);
		require(again == size, "the two lengths of a block differ");
		require(!first || type == 0x0a0d0d0a, "the first block is no section header");
		const Part body(file.substr(8, size - 12));
		switch (type) {
		case 0x0a0d0d0a:
			read_section(body, capture);
			break;
		case 1:
			read_interface(body, capture);
			break;
		case 5:
			read_statistics(body, capture);
			break;
		case 6:
			read_packet(body, capture);
			break;
		default:
			bad("an unknown block");
		}
		file.remove_prefix(size);
	}
}

} // namespace

Capture read_capture(std::string_view file) {
	Capture capture;
	try {
		read_blocks(file, capture);
	} catch (const std::runtime_error &error) {
		capture.error = error.what();
	}
	return capture;
}

} // namespace nft_drops::pcapng_test
