/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the user asks of the probe. In the editions without settings (objects.h) the build knows the value, and in the
 * others jit/compile makes a constant of it.
 */
#ifndef NFT_DROPS_BPF_SETTINGS_H
#define NFT_DROPS_BPF_SETTINGS_H

#include "shared/site.h"

#ifdef ND_PLAIN
static const struct nd_settings nd_the_settings = {};
#else
extern const struct nd_settings nd_the_settings;
#endif

#endif
