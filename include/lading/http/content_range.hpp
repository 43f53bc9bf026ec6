// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `content_range`: which bytes of a whole an answer has (RFC 9110, 14.4).

#include "message.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lading {

/// Positions and sizes in bytes, each below 2^63.
struct content_range {
    std::uint64_t first = 0;
    std::uint64_t last = 0; ///< inclusive
    std::optional<std::uint64_t> total; ///< of the whole, if it is known
    bool satisfied = true; ///< false for `bytes */120`, the answer to a range that the whole does not have; then only `total` counts

    friend bool operator==(content_range const&, content_range const&) = default;
};

namespace detail {
/// Takes digits from the front; nothing for none, and for a number of 2^63 or more.
inline std::optional<std::uint64_t> take_position(std::string_view& text) {
    std::int64_t out = 0;
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (bad != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return static_cast<std::uint64_t>(out);
}
} // namespace detail

/// Reads `bytes 5-9/120`, `bytes 5-9/*` and `bytes */120`, in exactly these forms; the unit in any case. Nothing for other
/// text, for a last position below the first, and for one that the total does not have.
inline std::optional<content_range> parse_content_range(std::string_view text) {
    constexpr std::string_view unit = "bytes ";
    if (!iequal(text.substr(0, unit.size()), unit)) return std::nullopt;
    text.remove_prefix(unit.size());
    auto const take = [&](char c) { return text.starts_with(c) && (text.remove_prefix(1), true); };
    content_range out;
    if (take('*')) {
        out.satisfied = false;
    } else {
        auto const first = detail::take_position(text);
        if (!first || !take('-')) return std::nullopt;
        auto const last = detail::take_position(text);
        if (!last || *last < *first) return std::nullopt;
        out.first = *first;
        out.last = *last;
    }
    if (!take('/')) return std::nullopt;
    if (!out.satisfied || text != "*") {
        out.total = detail::take_position(text);
        if (!out.total || !text.empty()) return std::nullopt;
        if (out.satisfied && out.last >= *out.total) return std::nullopt;
    }
    return out;
}

/// That of an answer; nothing when it has none, several, or one that cannot be read.
inline std::optional<content_range> content_range_of(header_map const& headers) {
    auto const all = headers.all("Content-Range");
    return all.size() == 1 ? parse_content_range(all.front()) : std::nullopt;
}

} // namespace lading
