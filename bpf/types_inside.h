/* SPDX-License-Identifier: GPL-2.0-only */
/* The types of a file of maps, as made from this very file with debug information (see CMakeLists.txt). */
#ifdef ND_BTF
const unsigned char nd_btf[] SEC(".BTF") = {
#pragma clang diagnostic ignored "-Wc23-extensions"
#embed ND_BTF
};
#endif
