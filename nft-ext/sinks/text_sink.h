// SPDX-License-Identifier: GPL-2.0-only
// A Sink that prints: one of the text formats to one descriptor. Where its reader does not keep up, or the limit of
// `--limit` is reached, drops are coalesced and shown up to a second later.
#ifndef NFT_DROPS_NFT_EXT_SINKS_TEXT_SINK_H
#define NFT_DROPS_NFT_EXT_SINKS_TEXT_SINK_H

#include "nft-ext/drop/sink.h"
#include "nft-ext/sinks/output.h"
#include "nft-ext/sinks/pace.h"
#include "nft-ext/sinks/renderer.h"
#include "nft-ext/sinks/repeat_coalescer.h"

#include <chrono>
#include <memory>
#include <optional>
#include <unistd.h>
#include <vector>

namespace nft_drops::cli {

class TextSink final : public Sink {
public:
	struct Options {
		Format format = Format::kBlock;
		std::optional<uint64_t> limit; // drops printed a second
		int fd = STDOUT_FILENO;        // stays the caller's
		bool coloured = false;
		WordStyle words{};
	};
	explicit TextSink(Options options);

	void take(const Drop &drop) override;
	[[nodiscard]] bool behind() const override { return output_.behind(); }
	void not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
	                 std::string_view why) override;
	void flush() override;
	[[nodiscard]] bool pending() const override;
	[[nodiscard]] bool writable() const override { return !output_.empty(); }
	void finish() override;
	uint64_t give_up() override;
	[[nodiscard]] int descriptor() const override { return output_.descriptor(); }
	void hung_up() override { output_.hung_up(); }
	[[nodiscard]] bool closed() const override { return output_.closed(); }
	[[nodiscard]] std::optional<Error> failed() const override;

private:
	// What lies in the output's backlog: drops up to a position (Output::appended()).
	struct Mark {
		uint64_t position;
		uint64_t drops;
	};
	void show_coalesced();
	void mark(uint64_t drops);
	void forget_marks();

	std::unique_ptr<Renderer> renderer_;
	Output output_;
	Pace pace_;
	RepeatCoalescer coalescer_;
	std::vector<Mark> marks_; // from forgotten_ on
	size_t forgotten_ = 0;
	bool finishing_ = false; // finish() was called
	bool finished_ = false;  // everything is rendered
};

} // namespace nft_drops::cli

#endif
