// SPDX-License-Identifier: GPL-2.0-only
// From events to Sinks: has each drop completed, counts it, and hands it to every Sink. Nothing here waits.
#ifndef NFT_DROPS_NFT_EXT_DROP_DISPLAY_H
#define NFT_DROPS_NFT_EXT_DROP_DISPLAY_H

#include "bpf/shared/event.h"
#include "nft-ext/drop/drop_completer.h"
#include "nft-ext/drop/sink.h"
#include "nft-ext/drop/totals.h"
#include "nft-ext/loop/loop.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace nft_drops::cli {

class Display {
public:
	struct Options {
		bool name_netns = false;         // several namespaces are watched
		bool show_path = true;           // false: the jumps are known for the Details' sake only
		std::optional<uint64_t> count{}; // takes so many drops and no more
		// Of a drop with ND_FLAG_ASK_CHAIN: whether it is wanted; nothing: that cannot be told.
		std::function<std::optional<bool>(const Drop &)> wants{};
	};
	Display(Loop &loop, Attributor &attributor, KernelNames &names, const Options &options);
	Display(const Display &) = delete;
	Display &operator=(const Display &) = delete;
	~Display();

	void add(std::unique_ptr<Sink> sink);

	// Before each batch of events.
	void begin();
	// False where it takes no more events now.
	bool take(const nd_event &event, const nd_path *path);
	// After each batch: hands on what is waiting.
	void flush();
	void lost(uint64_t drops);
	// Tells all Sinks that drops in this time were not seen.
	void not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
	                 std::string_view why);

	// Drops whose rule's text is not known yet.
	[[nodiscard]] size_t held() const { return completer_.held(); }
	void give_up_held() { completer_.give_up(); }
	// No drop will follow.
	void finish();
	// A Sink has something that its reader did not take yet.
	[[nodiscard]] bool pending() const;
	// Nothing is waited for any more. Returns how many drops the reader of a Sink did not get.
	uint64_t give_up();

	[[nodiscard]] const Totals &totals() const { return totals_; }
	// As many as were asked for.
	[[nodiscard]] bool full() const { return options_.count && totals_.all() >= *options_.count; }
	// There is nobody to go on for: the reader of a Sink is gone, or a Sink failed.
	[[nodiscard]] bool closed() const;
	[[nodiscard]] std::optional<Error> failed() const;

private:
	void complete(Drop &drop);
	void watch_sinks();
	void flush_soon();

	Loop &loop_;
	Options options_;
	std::vector<std::unique_ptr<Sink>> sinks_;
	Totals totals_;
	DropCompleter completer_;
	Loop::Timer timer_ = 0;
	Loop::Timer soon_ = 0;
	bool in_batch_ = false; // between begin() and flush()
	bool ended_ = false;    // closed(), as it was after the latest batch: asking costs too much for each drop
};

} // namespace nft_drops::cli

#endif
