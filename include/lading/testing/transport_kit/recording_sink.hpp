// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The sink of the transport kit.

#include "../../http/message.hpp"
#include "../../store/blob_sink.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lading::testing::detail {

/// Keeps what a sink was told; stops or fails where it is told to.
struct recording_sink final : body_sink {
    recording_sink() = default;
    result<sink_action> begin(response const& h, std::optional<std::uint64_t> n) override {
        ++begins;
        wrote_before_begin = wrote_before_begin || pieces > 0;
        head = h;
        length = n;
        if (fail_begin) return error(errc::sink_failed).with_context("kit");
        return stop_begin ? sink_action::stop : sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        std::string_view const text(reinterpret_cast<char const*>(piece.data()), piece.size());
        wrote_before_begin = wrote_before_begin || begins == 0;
        if (!expected.empty() && !differs_at && text != expected.substr(std::min(total, expected.size()), text.size())) differs_at = total;
        ++pieces;
        largest = std::max(largest, text.size());
        total += text.size();
        if (body.size() < (1u << 20)) body.append(text);
        after_stop += stopped ? 1 : 0;
        if (fail_after && total >= *fail_after) return error(errc::sink_failed).with_context("kit");
        stopped = stop_after && total >= *stop_after;
        return stopped ? sink_action::stop : sink_action::proceed;
    }

    int begins = 0;
    std::size_t pieces = 0, largest = 0, total = 0, after_stop = 0;
    response head;
    std::optional<std::uint64_t> length;
    std::string body;                      ///< the first MiB
    std::string_view expected;             ///< of a body that is not kept: what it must be, or empty
    std::optional<std::size_t> differs_at; ///< where a piece that is not as expected began
    bool wrote_before_begin = false, stopped = false;
    bool stop_begin = false, fail_begin = false;
    std::optional<std::size_t> stop_after, fail_after;
};

} // namespace lading::testing::detail
