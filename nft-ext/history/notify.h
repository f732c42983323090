// SPDX-License-Identifier: GPL-2.0-only
// Tells systemd how a service does: sd_notify(3), by libsystemd where it is installed, else not at all.
#ifndef NFT_DROPS_NFT_EXT_HISTORY_NOTIFY_H
#define NFT_DROPS_NFT_EXT_HISTORY_NOTIFY_H

namespace nft_drops {

// "READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=..."
void notify_systemd(const char *state);

} // namespace nft_drops

#endif
