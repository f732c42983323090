// SPDX-License-Identifier: GPL-2.0-only
// JSON text straight into a buffer: a dropped packet has 30 members, and a document tree of them costs ten times the
// instructions of the text (nlohmann::ordered_json: 40,000 for one packet).
#ifndef NFT_DROPS_NFT_EXT_TEXT_JSON_WRITER_H
#define NFT_DROPS_NFT_EXT_TEXT_JSON_WRITER_H

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace nft_drops {

// The caller nests open and close rightly; commas, quotes and escapes are done here. What comes out is ASCII: other
// characters become \uXXXX, a byte that is not UTF-8 becomes the four characters \xNN (written "\\xNN").
class JsonWriter {
public:
	explicit JsonWriter(std::string &out) : out_(out) {}

	// A member: `name` is plain ASCII. To be followed by one value, or by an open and its close.
	void key(std::string_view name);
	void open_object() { open('{'); }
	void close_object() { close('}'); }
	void open_array() { open('['); }
	void close_array() { close(']'); }

	void string(std::string_view text);
	void number(uint64_t value);
	void integer(int64_t value);
	void boolean(bool value);
	void null();

	// Members that have one value.
	void member(std::string_view name, std::string_view text) {
		key(name);
		string(text);
	}
	void member(std::string_view name, std::unsigned_integral auto value) {
		key(name);
		number(value);
	}
	void member_null(std::string_view name) {
		key(name);
		null();
	}
	void member_boolean(std::string_view name, bool value) {
		key(name);
		boolean(value);
	}
	// null instead of an empty text or of 0.
	void member_or_null(std::string_view name, std::string_view text) {
		key(name);
		if (text.empty())
			null();
		else
			string(text);
	}
	void member_or_null(std::string_view name, std::unsigned_integral auto value) {
		key(name);
		if (value == 0)
			null();
		else
			number(value);
	}

private:
	void open(char bracket);
	void close(char bracket);
	void separate();

	std::string &out_;
	bool separated_ = true; // nothing stands before the next value or member that asks for a comma
};

} // namespace nft_drops

#endif
