// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The sink of the JSON kit: the events of a reader as a line of text.

#include "../../error.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lading::testing::detail {

/// Writes the events down: `{` `}` `[` `]`, `k"name"`, `s"text"`, `i1`, `u1`, `n1.5`, `t`, `f`, `z`. Numbers that are no
/// integers are written as the shortest text of their double. Answers `json_limit` to event number `refuse_at`.
class json_transcript {
  public:
    explicit json_transcript(std::size_t refuse_at = SIZE_MAX, std::size_t depth = SIZE_MAX)
        : refuse_at_(refuse_at), depth_limit_(depth) {}

    errc on_null() { return add("z"); }
    errc on_bool(bool b) { return add(b ? "t" : "f"); }
    errc on_int(std::int64_t i) { return add('i' + std::to_string(i)); }
    errc on_uint(std::uint64_t u) { return add('u' + std::to_string(u)); }
    errc on_number(std::string_view t) {
        double value = 0;
        leaves_a_choice = leaves_a_choice || t.find_first_of(".eE") == t.npos;
        auto const [end, bad] = std::from_chars(t.data(), t.data() + t.size(), value);
        if (bad == std::errc::result_out_of_range) {
            leaves_a_choice = true;
            return add("n" + std::string(t));
        }
        if (bad != std::errc() || end != t.data() + t.size()) return add("n?" + std::string(t));
        char out[40];
        return add('n' + std::string(out, std::to_chars(out, out + sizeof out, value).ptr));
    }
    errc on_string(std::string_view t) { return add("s\"" + std::string(t) + '"'); }
    errc on_key(std::string_view name) { return add("k\"" + std::string(name) + '"'); }
    errc begin_object() { return open("{"); }
    errc end_object() { return close("}"); }
    errc begin_array() { return open("["); }
    errc end_array() { return close("]"); }

    std::string text;
    std::size_t events = 0;
    bool leaves_a_choice = false; ///< a number came that a library which converts numbers may report otherwise, or refuse

  private:
    errc add(std::string_view event) {
        if (text.size() < (1u << 20)) text += event;
        return events++ == refuse_at_ ? errc::json_limit : errc::ok;
    }
    errc open(std::string_view event) {
        if (depth_++ >= depth_limit_) return errc::json_depth;
        return add(event);
    }
    errc close(std::string_view event) {
        --depth_;
        return add(event);
    }

    std::size_t refuse_at_;
    std::size_t depth_limit_;
    std::size_t depth_ = 0;
};

} // namespace lading::testing::detail
