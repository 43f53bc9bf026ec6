// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `sorted_json`: a JSON value in the one form that RFC 8785 (JCS) gives it, for those who compare or sign values, not bytes.

#include "../detail/utf8.hpp"
#include "../result.hpp"
#include "document.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

namespace detail {

/// Before another name, by the UTF-16 units of both.
inline bool is_before_in_utf16(std::string_view a, std::string_view b) {
    while (!a.empty() && !b.empty()) {
        auto const x = first_character(a), y = first_character(b);
        if (x.code != y.code) { // what has two units begins with one below those of U+E000 and on
            auto const unit = [](std::uint32_t c) { return c < 0x10000 ? c : 0xd7c0 + (c >> 10); };
            return unit(x.code) != unit(y.code) ? unit(x.code) < unit(y.code) : x.code < y.code;
        }
        a.remove_prefix(std::max<std::size_t>(x.size, 1));
        b.remove_prefix(std::max<std::size_t>(y.size, 1));
    }
    return a.size() < b.size();
}

class sorted_json_writer {
  public:
    result<std::string> write(json_view v) {
        LADING_TRY_V(value(v));
        return std::move(out_);
    }

  private:
    result<void> value(json_view v) {
        switch (v.kind()) {
        case json_kind::null: return out_ += "null", success();
        case json_kind::boolean: return out_ += *v.as_bool() ? "true" : "false", success();
        case json_kind::integer: return integer(*v.as_int() < 0, *v.as_int() < 0 ? 0 - static_cast<std::uint64_t>(*v.as_int()) : static_cast<std::uint64_t>(*v.as_int()));
        case json_kind::unsigned_integer: return integer(false, *v.as_uint());
        case json_kind::string: return quote(*v.as_string()), success();
        case json_kind::array: return array(v);
        case json_kind::object: return object(v);
        case json_kind::number:
        case json_kind::repeated: break;
        }
        return error(errc::invalid_argument).with_context("a number that is no integer, or a key twice, has no form here");
    }
    result<void> integer(bool negative, std::uint64_t value) {
        if (value > std::uint64_t{1} << 53) return error(errc::invalid_argument).with_context("an integer beyond 2^53 is no number in JavaScript");
        out_.append(negative ? "-" : "").append(std::to_string(value));
        return success();
    }
    result<void> array(json_view v) {
        std::vector<json_view> all;
        v.each_element([&](json_view e) { all.push_back(e); });
        out_ += '[';
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (i != 0) out_ += ',';
            LADING_TRY_V(value(all[i]));
        }
        return out_ += ']', success();
    }
    result<void> object(json_view v) {
        std::vector<std::pair<std::string_view, json_view>> all;
        v.each_member([&](std::string_view name, json_view m) { all.emplace_back(name, m); });
        std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return is_before_in_utf16(a.first, b.first); });
        out_ += '{';
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (i != 0) out_ += ',';
            if (i != 0 && all[i].first == all[i - 1].first) return error(errc::invalid_argument).with_context("an object has a key twice");
            quote(all[i].first);
            out_ += ':';
            LADING_TRY_V(value(all[i].second));
        }
        return out_ += '}', success();
    }
    void quote(std::string_view text) {
        out_ += '"';
        for (char const c : text) {
            auto const at = std::string_view("\"\\\b\f\n\r\t").find(c);
            if (at != std::string_view::npos) (out_ += '\\') += "\"\\bfnrt"[at];
            else if (static_cast<unsigned char>(c) < 0x20) out_.append("\\u00").append(1, c < 0x10 ? '0' : '1').append(1, "0123456789abcdef"[c & 15]);
            else out_ += c;
        }
        out_ += '"';
    }

    std::string out_;
};

} // namespace detail

/// The value with the members of every object sorted, and no text escaped that need not be. Errors: `invalid_argument` for a number that is no
/// integer, or beyond 2^53, and for an object that has a key twice. n log n. Thread-safe.
inline result<std::string> sorted_json(json_view v) { return detail::sorted_json_writer().write(v); }

} // namespace lading
