// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/renderer.h"

#include "nft-ext/sinks/block.h"
#include "nft-ext/sinks/json.h"
#include "nft-ext/sinks/line.h"

namespace nft_drops {

std::unique_ptr<Renderer> make_renderer(Format format, bool for_terminal) {
	switch (format) {
	case Format::kLine:
		return std::make_unique<LineRenderer>();
	case Format::kJson:
		return std::make_unique<JsonRenderer>();
	case Format::kBlock:
		break;
	}
	return std::make_unique<BlockRenderer>(for_terminal);
}

} // namespace nft_drops
