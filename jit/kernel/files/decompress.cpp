// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/files/decompress.h"

#include <algorithm>
#include <cstring>
#include <lz4.h>
#include <lzma.h>
#include <memory>
#include <zlib.h>
#include <zstd.h>

namespace nft_drops::jit::offline {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr uint8_t kGzip[] = {0x1f, 0x8b, 0x08};
constexpr uint8_t kXz[] = {0xfd, '7', 'z', 'X', 'Z', 0x00};
constexpr uint8_t kZstd[] = {0x28, 0xb5, 0x2f, 0xfd};
constexpr uint8_t kLz4[] = {0x02, 0x21, 0x4c, 0x18};

bool begins_with(Bytes bytes, Bytes magic) {
	return bytes.size() >= magic.size() && std::ranges::equal(bytes.first(magic.size()), magic);
}

std::unexpected<Error> damaged(const char *kind) {
	return usage_error("", std::string("its ") + kind + " stream is damaged or cut", "fetch the file again");
}

// The unpacked bytes. The buffer grows with the stream.
class Output {
public:
	// Room for at least one more byte. Empty if the stream exceeds the bound.
	std::span<uint8_t> room() {
		constexpr size_t kFirst = 1024 * 1024;
		if (used_ == bytes_.size()) bytes_.resize(std::clamp(2 * bytes_.size(), kFirst, kMostBytes));
		return std::span(bytes_).subspan(used_);
	}
	void use(size_t n) { used_ += n; }
	std::vector<uint8_t> take() {
		bytes_.resize(std::min(
		        used_,
		        bytes_.size())); // used_ <= size(): std::min() shows the compiler that resize() does not grow
		return std::move(bytes_);
	}

private:
	std::vector<uint8_t> bytes_;
	size_t used_ = 0;
};

Result<std::vector<uint8_t>> unpack_gzip(Bytes in) {
	constexpr int kGzipFormat = 16 + MAX_WBITS;
	z_stream stream{};
	if (inflateInit2(&stream, kGzipFormat) != Z_OK) return damaged("gzip");
	const std::unique_ptr<z_stream, int (*)(z_stream *)> close(&stream, inflateEnd);
	stream.next_in = const_cast<Bytef *>(in.data());
	stream.avail_in = static_cast<uInt>(in.size()); // a file has kMostBytes at most
	Output out;
	for (;;) {
		const auto room = out.room();
		stream.next_out = room.data();
		stream.avail_out = static_cast<uInt>(room.size());
		const int result = inflate(&stream, Z_NO_FLUSH);
		out.use(room.size() - stream.avail_out);
		if (result == Z_STREAM_END) return out.take();
		if (result != Z_OK || room.empty()) return damaged("gzip");
	}
}

Result<std::vector<uint8_t>> unpack_xz(Bytes in) {
	constexpr uint64_t kMostMemory = uint64_t{512} << 20;
	lzma_stream stream = LZMA_STREAM_INIT;
	if (lzma_stream_decoder(&stream, kMostMemory, 0) != LZMA_OK) return damaged("xz");
	const std::unique_ptr<lzma_stream, void (*)(lzma_stream *)> close(&stream, lzma_end);
	stream.next_in = in.data();
	stream.avail_in = in.size();
	Output out;
	for (;;) {
		const auto room = out.room();
		stream.next_out = room.data();
		stream.avail_out = room.size();
		const lzma_ret result = lzma_code(&stream, LZMA_FINISH);
		out.use(room.size() - stream.avail_out);
		if (result == LZMA_STREAM_END) return out.take();
		if (result != LZMA_OK || room.empty()) return damaged("xz");
	}
}

Result<std::vector<uint8_t>> unpack_zstd(Bytes in) {
	const std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream *)> stream(ZSTD_createDStream(), ZSTD_freeDStream);
	constexpr int kMostWindow = 27; // zstd -22, which the kernel's build uses
	if (!stream || ZSTD_isError(ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, kMostWindow)))
		return damaged("zstd");
	ZSTD_inBuffer from{in.data(), in.size(), 0};
	Output out;
	for (;;) {
		const auto room = out.room();
		ZSTD_outBuffer to{room.data(), room.size(), 0};
		const size_t before = from.pos;
		const size_t result = ZSTD_decompressStream(stream.get(), &to, &from);
		out.use(to.pos);
		if (result == 0) return out.take();
		if (ZSTD_isError(result) || room.empty() || (to.pos == 0 && from.pos == before)) return damaged("zstd");
	}
}

// Blocks of 8 MiB, each behind its packed size. There is no end mark: the kernel's build appends the unpacked size.
Result<std::vector<uint8_t>> unpack_lz4(Bytes in) {
	constexpr size_t kBlock = size_t{8} << 20;
	std::vector<uint8_t> out;
	// All blocks share one buffer. With a buffer for each block, a file of a million tiny blocks would zero 8 MiB a
	// million times.
	std::vector<uint8_t> block(kBlock);
	in = in.subspan(sizeof(kLz4));
	for (uint32_t size = 0; in.size() > sizeof(size);) {
		memcpy(&size, in.data(), sizeof(size));
		in = in.subspan(sizeof(size));
		if (size == 0 || size > in.size() || out.size() > kMostBytes) return damaged("lz4");
		const int got = LZ4_decompress_safe(reinterpret_cast<const char *>(in.data()),
		                                    reinterpret_cast<char *>(block.data()), static_cast<int>(size),
		                                    static_cast<int>(kBlock));
		if (got < 0) return damaged("lz4");
		out.insert(out.end(), block.begin(), block.begin() + got);
		in = in.subspan(size);
	}
	return out;
}

} // namespace

bool is_packed(Bytes bytes) {
	return begins_with(bytes, kGzip) || begins_with(bytes, kXz) || begins_with(bytes, kZstd) ||
	       begins_with(bytes, kLz4);
}

Result<std::vector<uint8_t>> unpack(Bytes bytes) {
	if (begins_with(bytes, kGzip)) return unpack_gzip(bytes);
	if (begins_with(bytes, kXz)) return unpack_xz(bytes);
	if (begins_with(bytes, kZstd)) return unpack_zstd(bytes);
	if (begins_with(bytes, kLz4)) return unpack_lz4(bytes);
	return usage_error("", "packed in a way that is not known here", "gzip, xz, zstd and lz4 are");
}

} // namespace nft_drops::jit::offline
