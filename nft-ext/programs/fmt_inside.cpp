// SPDX-License-Identifier: GPL-2.0-only
// Compiles libfmt's code into the program. The shared library of libfmt would load that of C++, too, and resolving the
// symbols of both takes longer than everything else before main().
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {
template dragonbox::decimal_fp<float> dragonbox::to_decimal(float);
template dragonbox::decimal_fp<double> dragonbox::to_decimal(double);
template thousands_sep_result<char> thousands_sep_impl(locale_ref);
template char decimal_point_impl(locale_ref);
template void buffer<char>::append(const char *, const char *);
} // namespace detail
FMT_END_NAMESPACE
