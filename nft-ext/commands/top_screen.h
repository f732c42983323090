// SPDX-License-Identifier: GPL-2.0-only
// `top` on a terminal: keys and frames between TopSource, TopView and Screen.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_TOP_SCREEN_H
#define NFT_DROPS_NFT_EXT_COMMANDS_TOP_SCREEN_H

#include "jit/base/result.h"
#include "nft-ext/commands/sampler.h"
#include "nft-ext/commands/top_source.h"
#include "nft-ext/drop/namespaces.h"
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
	// `netns`: the network namespace whose interfaces a MATCH means. `all`: true if drops of all namespaces are
	// shown, false if only drops of `netns` are.
	TopScreen(Loop &loop, Signals &signals, TopSource &source, const NetNamespace &netns, bool all)
	    : loop_(loop), signals_(signals), source_(source), netns_(netns), all_(all) {}
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
	void sample();
	void show_sample();
	void draw();

	Loop &loop_;
	Signals &signals_;
	TopSource &source_;
	const NetNamespace &netns_;
	bool all_;
	TopView view_;
	std::unique_ptr<Screen> screen_;
	std::optional<HostNames> names_;   // from when they are first wanted
	std::unique_ptr<Sampler> sampler_; // of the opened rule
	uint64_t sampled_ = 0;             // id of the rule that a sampler was started for; 0: none
	std::unique_ptr<TopModel> frozen_; // while paused: the model as it was
	TopSight frozen_sight_;
	int64_t frozen_at_ = 0;
	std::deque<uint32_t> keys_; // not handled yet: the loop also runs while the source takes sums
	bool changed_ = true;       // the terminal does not show what it should
	bool done_ = false;
};

} // namespace nft_drops::cli

#endif
