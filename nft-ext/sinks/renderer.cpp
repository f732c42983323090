// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/renderer.h"

#include "nft-ext/sinks/block.h"
#include "nft-ext/sinks/json.h"
#include "nft-ext/sinks/line.h"

#include <utility>

namespace nft_drops {

std::unique_ptr<Renderer> make_renderer(Format format, RenderStyle style) {
	switch (format) {
	case Format::kLine:
		return std::make_unique<LineRenderer>(std::move(style));
	case Format::kJson:
		return std::make_unique<JsonRenderer>();
	case Format::kBlock:
		break;
	}
	return std::make_unique<BlockRenderer>(std::move(style));
}

} // namespace nft_drops
