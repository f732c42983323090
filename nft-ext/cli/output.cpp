// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/output.h"

#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace nft_drops::cli {

bool write_out(std::string &text) {
	for (size_t done = 0; done < text.size();) {
		const ssize_t n = write(STDOUT_FILENO, text.data() + done, text.size() - done);
		if (n >= 0) {
			done += static_cast<size_t>(n);
		} else if (errno == EAGAIN) { // a non-blocking pipe of somebody else's making
			pollfd room{STDOUT_FILENO, POLLOUT, 0};
			poll(&room, 1, -1);
		} else if (errno != EINTR) {
			return false;
		}
	}
	text.clear();
	return true;
}

} // namespace nft_drops::cli
