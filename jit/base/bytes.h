// SPDX-License-Identifier: GPL-2.0-only
// Values as bytes and back, for files that only this very program reads again.
#ifndef NFT_DROPS_JIT_BASE_BYTES_H
#define NFT_DROPS_JIT_BASE_BYTES_H

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace nft_drops::jit {

template <typename T>
concept Plain = std::is_trivially_copyable_v<T>;

class ByteWriter {
public:
	template <Plain T> void put(const T &value) {
		const auto *bytes = reinterpret_cast<const char *>(&value);
		bytes_.append(bytes, sizeof(T));
	}
	template <Plain T> void put(const std::vector<T> &values) {
		put(uint64_t{values.size()});
		bytes_.append(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
	}
	void put(const std::string &text) {
		put(uint64_t{text.size()});
		bytes_ += text;
	}
	void put(const std::vector<std::string> &texts) {
		put(uint64_t{texts.size()});
		for (const std::string &text : texts)
			put(text);
	}
	[[nodiscard]] const std::string &bytes() const { return bytes_; }

private:
	std::string bytes_;
};

// Beyond the end everything reads as nothing, and ok() says so.
class ByteReader {
public:
	explicit ByteReader(std::span<const char> bytes) : rest_(bytes) {}

	template <Plain T> void get(T &value) {
		if (auto bytes = take(sizeof(T)); !bytes.empty()) memcpy(&value, bytes.data(), sizeof(T));
	}
	template <Plain T> void get(std::vector<T> &values) {
		const uint64_t n = count(sizeof(T));
		values.resize(n);
		const auto bytes = take(n * sizeof(T));
		if (!bytes.empty()) memcpy(values.data(), bytes.data(), bytes.size());
	}
	void get(std::string &text) {
		const auto bytes = take(count(1));
		text.assign(bytes.begin(), bytes.end());
	}
	void get(std::vector<std::string> &texts) {
		texts.resize(count(sizeof(uint64_t)));
		for (std::string &text : texts)
			get(text);
	}
	// A number of things that take at least `least` bytes each.
	uint64_t count(size_t least) {
		uint64_t n = 0;
		get(n);
		if (n <= rest_.size() / least) return n;
		ok_ = false;
		return 0;
	}
	[[nodiscard]] bool ok() const { return ok_; }
	[[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }

private:
	std::span<const char> take(size_t n) {
		if (n > rest_.size()) {
			ok_ = false;
			return {};
		}
		const auto bytes = rest_.first(n);
		rest_ = rest_.subspan(n);
		return bytes;
	}
	std::span<const char> rest_;
	bool ok_ = true;
};

} // namespace nft_drops::jit

#endif
