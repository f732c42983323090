// SPDX-License-Identifier: GPL-2.0-only
// The terminal is as it was, whatever ends the process but SIGKILL: fatal signals (a crash, abort(), SIGHUP, SIGQUIT)
// put it back before they end the process.
//
// The restoring is safe in a signal handler and does not wait: it writes to the terminal opened anew without blocking.
#ifndef NFT_DROPS_NFT_EXT_VIEW_TERMINAL_GUARD_H
#define NFT_DROPS_NFT_EXT_VIEW_TERMINAL_GUARD_H

#include <string>

namespace nft_drops {

// One object at a time.
class TerminalGuard {
public:
	// `terminal` is a terminal, in the state that is to come back. `leave`: the bytes that leave the alternate
	// screen and show the cursor.
	TerminalGuard(int terminal, const std::string &leave);
	TerminalGuard(const TerminalGuard &) = delete;
	TerminalGuard &operator=(const TerminalGuard &) = delete;
	// The signals do what they did before. The terminal stays as it is: whoever changed it puts it back.
	~TerminalGuard();

	// In a signal handler, or anywhere. Nothing without an object.
	static void restore();
	// For a handler of a signal that asks the process to end: where the process is stuck (a terminal that takes no
	// output), SIGALRM ends it after two seconds.
	static void end_soon();
};

} // namespace nft_drops

#endif
