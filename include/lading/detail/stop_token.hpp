// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading::stop_token`: `std::stop_token`, or, where the standard library has none yet (libc++ before 20), a token that
/// never stops, so that nothing else has to ask.

#include "../config.hpp"

#include <version>

#if defined(__cpp_lib_jthread)
#include <stop_token>

namespace lading {
using std::stop_callback;
using std::stop_source;
using std::stop_token;
} // namespace lading
#else
#include <utility>

namespace lading {

struct stop_token {
    static constexpr bool stop_requested() noexcept { return false; }
    static constexpr bool stop_possible() noexcept { return false; }
};
struct stop_source {
    static constexpr stop_token get_token() noexcept { return {}; }
    static constexpr bool request_stop() noexcept { return false; }
};
template <class F>
struct stop_callback {
    stop_callback(stop_token const&, F&&) noexcept {}
    stop_callback(stop_callback const&) = delete;
    stop_callback& operator=(stop_callback const&) = delete;
};
template <class F>
stop_callback(stop_token, F) -> stop_callback<F>;

} // namespace lading
#endif
