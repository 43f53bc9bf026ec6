// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `simdjson_dom`: the JSON policy over simdjson's documents (3.0 or newer). Opt in; needs its library at link time. Not
/// its on-demand interface, which leaves unread what nobody asks for.

#include "../json_text.hpp"

#include <simdjson.h>

#include <charconv>
#include <cstdint>
#include <cstring>

namespace lading {

namespace detail {

/// The value of an element whose type has been looked at.
template <class T>
T value_of(simdjson::dom::element e) {
    T out{};
    return e.get(out) ? T{} : out;
}

/// Reports a document; as deep as the parser went, which has a bound.
template <class Sink>
errc report_simdjson(simdjson::dom::element e, Sink& sink) {
    using simdjson::dom::element_type;
    errc code = errc::ok;
    switch (e.type()) {
    case element_type::ARRAY: {
        auto const elements = value_of<simdjson::dom::array>(e);
        if (code = sink.begin_array(); code != errc::ok) return code;
        for (auto const element : elements)
            if (code = report_simdjson(element, sink); code != errc::ok) return code;
        return sink.end_array();
    }
    case element_type::OBJECT: {
        auto const members = value_of<simdjson::dom::object>(e);
        if (code = sink.begin_object(); code != errc::ok) return code;
        for (auto const member : members) {
            if (code = sink.on_key(member.key); code != errc::ok) return code;
            if (code = report_simdjson(member.value, sink); code != errc::ok) return code;
        }
        return sink.end_object();
    }
    case element_type::STRING: return sink.on_string(value_of<std::string_view>(e));
    case element_type::BOOL: return sink.on_bool(value_of<bool>(e));
    case element_type::INT64: return sink.on_int(value_of<std::int64_t>(e));
    case element_type::UINT64: return sink.on_uint(value_of<std::uint64_t>(e));
    case element_type::DOUBLE: {
        char text[40];
        auto end = std::to_chars(text, text + 32, value_of<double>(e)).ptr;
        if (std::string_view(text, end).find_first_of(".e") == std::string_view::npos) {
            std::memcpy(end, ".0", 2); // else it reads as an integer
            end += 2;
        }
        return sink.on_number({text, static_cast<std::size_t>(end - text)});
    }
    case element_type::NULL_VALUE: break;
    }
    return sink.on_null();
}

} // namespace detail

/// Models the JSON policy. Linear; makes a document first (a multiple of the text in memory); refuses nesting beyond 1024
/// with `json_depth`; thread-safe. Codes: `json_syntax`, `json_utf8`, `json_number`, `json_depth`, `json_limit` (out of
/// memory or over 4 GiB), and what the sink answers; without an offset.
struct simdjson_dom {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        return detail::read_checked(text, [&sink](std::string_view good) { return read_good(good, sink); });
    }

  private:
    template <class Sink>
    static json_status read_good(std::string_view text, Sink& sink) {
        simdjson::dom::parser parser;
        simdjson::dom::element root;
        if (auto const e = parser.parse(text.data(), text.size(), true).get(root)) return {code_of(e), 0};
        return {detail::report_simdjson(root, sink), 0};
    }
    /// An integer of more than 64 bits, which has a code of its own in newer versions.
    template <class Code>
    static bool is_big_integer(Code e) {
        if constexpr (requires { Code::BIGINT_ERROR; })
            return e == Code::BIGINT_ERROR;
        else
            return false;
    }
    static errc code_of(simdjson::error_code e) {
        if (is_big_integer(e)) return errc::json_number;
        switch (e) {
        case simdjson::CAPACITY:
        case simdjson::MEMALLOC: return errc::json_limit;
        case simdjson::DEPTH_ERROR: return errc::json_depth;
        case simdjson::NUMBER_ERROR: return errc::json_number;
        case simdjson::UTF8_ERROR: return errc::json_utf8;
        default: return errc::json_syntax;
        }
    }
};

} // namespace lading
