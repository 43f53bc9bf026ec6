// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `result<T>`: a value or an `error`, on Boost.Outcome's `basic_result` with our own no-value policy.
///
/// Only `basic_result.hpp` and `try.hpp` are included: `boost/outcome.hpp` costs five times as much.

#include "error.hpp"

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/try.hpp>

#include <cstdlib>
#include <exception>

namespace lading {

#if LADING_HAS_EXCEPTIONS
/// Thrown by `result::value()` on a failure; carries the whole error.
class bad_result : public std::exception {
  public:
    explicit bad_result(lading::error e) : error_(std::move(e)), text_(error_.message()) {}
    char const* what() const noexcept override { return text_.c_str(); }
    lading::error const& failure() const noexcept { return error_; }

  private:
    lading::error error_;
    std::string text_;
};
#endif

/// What `value()` does on a failure and `error()` on a value: the first throws `bad_result`, the second is a
/// programming mistake and throws one with `invalid_argument`; without exceptions both abort.
struct no_value_policy : BOOST_OUTCOME_V2_NAMESPACE::policy::base {
    template <class Impl>
    static constexpr void wide_value_check(Impl&& self) {
        if (!base::_has_value(self)) refuse(base::_error(self));
    }
    template <class Impl>
    static constexpr void wide_error_check(Impl&& self) {
        if (!base::_has_error(self)) refuse(error(errc::invalid_argument));
    }
    template <class Impl>
    static constexpr void wide_exception_check(Impl&&) {}

  private:
    [[noreturn]] static void refuse([[maybe_unused]] error const& e) {
#if LADING_HAS_EXCEPTIONS
        throw bad_result(e);
#else
        std::abort();
#endif
    }
};

/// A `T`, or the `error` that says why not and what may be tried next.
template <class T>
using result = BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, error, no_value_policy>;

/// The success of a `result<void>`.
inline auto success() { return BOOST_OUTCOME_V2_NAMESPACE::success(); }

} // namespace lading

/// `LADING_TRY(auto x, expression)`: unwraps a `result` or returns its error. Not inside a `switch`.
#define LADING_TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
/// The same for a value that is not needed.
#define LADING_TRY_V(...) BOOST_OUTCOME_TRYV(__VA_ARGS__)
