// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/history/notify.h"

#include <cstdlib>
#include <dlfcn.h>

namespace nft_drops {

void notify_systemd(const char *state) {
	using Notify = int (*)(int unset_environment, const char *state);
	// Not linked: other commands would wait for it, and a machine without systemd has none.
	static const Notify notify = []() -> Notify {
		if (!std::getenv("NOTIFY_SOCKET")) return nullptr;
		void *library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
		return library ? reinterpret_cast<Notify>(dlsym(library, "sd_notify")) : nullptr;
	}();
	if (notify) notify(0, state);
}

} // namespace nft_drops
