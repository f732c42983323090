// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_LOOP_SIGNALS_H
#define NFT_DROPS_NFT_EXT_LOOP_SIGNALS_H

namespace nft_drops::cli {

// SIGINT and SIGTERM. At first they end the process at once, as they do by default: nothing that a command holds while
// it starts outlives the process. From report() on, the first one makes fd() readable, so that the command can end in
// order; the second one ends the process at once, wherever the process is stuck.
//
// A handler does that, not signalfd(2) with blocked signals: a process that waits for a lock, for a FIFO's other end or
// for a reader of standard output must see signals, too.
//
// One object at a time. SIGPIPE is ignored from the first one on. The destructor restores the default.
class Signals {
public:
	Signals();
	Signals(const Signals &) = delete;
	Signals &operator=(const Signals &) = delete;
	~Signals();

	void report();
	// What is left to do is not worth waiting for: the next signal ends the process.
	void end_at_once();
	// `hook` runs in the signal's handler, before what is described above: for a terminal that has to be put back.
	// `first`: the signal is reported; else it ends the process. Null: nothing runs. Must be async-signal-safe.
	static void call_first(void (*hook)(bool first));
	// For poll(2): readable from the first reported signal on.
	[[nodiscard]] int fd() const { return fd_; }

private:
	int fd_ = -1;
};

} // namespace nft_drops::cli

#endif
