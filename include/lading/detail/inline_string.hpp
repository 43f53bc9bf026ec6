// SPDX-License-Identifier: BSL-1.0
#pragma once

/// A string of bounded length held in place, so that words such as `reference` and `digest` are literal types:
/// usable as `constexpr` objects and made without allocation. `std::string` cannot be the member of a constexpr object.

#include "algorithm.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lading::detail {

template <std::size_t Capacity>
class inline_string {
  public:
    static constexpr std::size_t capacity = Capacity;

    constexpr inline_string() noexcept = default;
    /// Precondition: `text.size() <= Capacity` (callers have checked the limit and named it in their error).
    constexpr explicit inline_string(std::string_view text) noexcept { append(text); }

    constexpr inline_string& append(std::string_view text) noexcept {
        auto const n = std::min(text.size(), Capacity - size_);
        std::copy(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(n), data_ + size_);
        size_ = static_cast<std::uint16_t>(size_ + n);
        return *this;
    }
    constexpr inline_string& append(char c) noexcept {
        if (size_ < Capacity) data_[size_++] = c;
        return *this;
    }
    constexpr std::string_view view() const noexcept { return {data_, size_}; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr std::size_t size() const noexcept { return size_; }

    friend constexpr bool operator==(inline_string const& a, inline_string const& b) noexcept {
        return a.view() == b.view();
    }
    friend constexpr auto operator<=>(inline_string const& a, inline_string const& b) noexcept {
        return a.view() <=> b.view();
    }

  private:
    char data_[Capacity]{};
    std::uint16_t size_ = 0;
};

/// A string literal as a template argument.
template <std::size_t N>
struct fixed_string {
    char data[N]{};
    consteval fixed_string(char const (&text)[N]) { std::copy_n(text, N, data); }
    constexpr std::string_view view() const noexcept { return {data, N - 1}; }
};

} // namespace lading::detail
