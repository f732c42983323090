// SPDX-License-Identifier: GPL-2.0-only
// `top` on a terminal: keys and frames between TopSource, TopView and Screen.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_TOP_SCREEN_H
#define NFT_DROPS_NFT_EXT_COMMANDS_TOP_SCREEN_H

#include "jit/base/result.h"
#include "nft-ext/commands/top_source.h"
#include "nft-ext/loop/loop.h"
#include "nft-ext/loop/signals.h"
#include "nft-ext/packet/host_names.h"
#include "nft-ext/view/screen.h"
#include "nft-ext/view/top_view.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace nft_drops::cli {

class TopScreen {
public:
	// `netns`: a descriptor of the network namespace whose interfaces a MATCH means.
	TopScreen(Loop &loop, Signals &signals, TopSource &source, int netns)
	    : loop_(loop), signals_(signals), source_(source), netns_(netns) {}
	TopScreen(const TopScreen &) = delete;
	TopScreen &operator=(const TopScreen &) = delete;

	// Until the user or a signal ends it. The terminal is as before then, also where it fails.
	Result<void> run(bool colour);
	// A message for the screen's last line.
	void tell(const std::string &text) {
		view_.say(text, true);
		changed_ = true;
	}

private:
	Result<void> loop();
	void on_key(uint32_t key);
	void filter();
	void show();
	void draw();

	Loop &loop_;
	Signals &signals_;
	TopSource &source_;
	int netns_;
	TopView view_;
	std::unique_ptr<Screen> screen_;
	std::optional<HostNames> names_;   // from when they are first wanted
	std::unique_ptr<TopModel> frozen_; // while paused: the model as it was
	TopSight frozen_sight_;
	int64_t frozen_at_ = 0;
	std::deque<uint32_t> keys_; // not handled yet: the loop also runs while the source takes sums
	bool changed_ = true;       // the terminal does not show what it should
	bool done_ = false;
};

} // namespace nft_drops::cli

#endif
