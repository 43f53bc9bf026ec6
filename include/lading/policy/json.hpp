// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The JSON policy: an event source.
///
/// Requirements:
///  1. `J::read(std::string_view text, Sink& sink)` is a static member template; it returns `json_status`.
/// Semantics: reports the events of exactly one JSON value in document order and accepts nothing but white space
/// around it. Refuses BOM, NUL, comments, trailing commas, leading zeros. In strings and names each byte that is no UTF-8,
/// and each escape of half a character, is reported as U+FFFD: what is reported is always UTF-8. Stops at the first event that answers other than `errc::ok` and returns that code. Integers that fit `std::int64_t` or
/// `std::uint64_t` and are written without fraction and exponent are `on_int` / `on_uint` (the latter only above the
/// range of the former); every other number, and "-0", is `on_number` with its text. The views passed to the sink
/// live only during the call. Duplicate keys, depth and sizes are the sink's business, so a reader need not check
/// them, but must not recurse without bound.
/// A model over a library that converts numbers may report "-0" as the integer 0, a fraction by another text of the same
/// double, and refuse with `json_number` what neither 64 bits nor a double hold. One that recurses refuses nesting
/// beyond its bound with `json_depth`. One over a library that reads no strings but UTF-8 may refuse others with
/// `json_utf8` or `json_syntax`, in part or all: the four that ship repair bytes and refuse the escapes.
/// Models: `strict_json` (the default); in json/readers/ `boost_json`, `nlohmann_json`, `rapidjson_reader`, `simdjson_dom`.
/// Kit: `testing::check_json` (testing/).
///
/// The sink given by the library has these members, all returning `errc`:
///     on_null() on_bool(bool) on_int(std::int64_t) on_uint(std::uint64_t) on_number(std::string_view)
///     on_string(std::string_view) on_key(std::string_view) begin_object() end_object() begin_array() end_array()

#include "../error.hpp"

#include <concepts>
#include <cstddef>

namespace lading {

/// How reading ended: `errc::ok`, or a code and the byte offset where it was noticed.
struct json_status {
    errc code = errc::ok;
    std::size_t offset = 0;
    constexpr explicit operator bool() const noexcept { return code == errc::ok; }
};

namespace detail {
/// A sink that takes everything; the archetype in the concept.
struct json_sink_archetype {
    constexpr errc on_null() { return errc::ok; }
    constexpr errc on_bool(bool) { return errc::ok; }
    constexpr errc on_int(std::int64_t) { return errc::ok; }
    constexpr errc on_uint(std::uint64_t) { return errc::ok; }
    constexpr errc on_number(std::string_view) { return errc::ok; }
    constexpr errc on_string(std::string_view) { return errc::ok; }
    constexpr errc on_key(std::string_view) { return errc::ok; }
    constexpr errc begin_object() { return errc::ok; }
    constexpr errc end_object() { return errc::ok; }
    constexpr errc begin_array() { return errc::ok; }
    constexpr errc end_array() { return errc::ok; }
};
} // namespace detail

template <class J>
concept json_policy = requires(std::string_view text, detail::json_sink_archetype& sink) {
    { J::read(text, sink) } -> std::same_as<json_status>;
};

/// Explains at compile time why `J` is no JSON policy.
template <class J>
struct check_json {
    static_assert(json_policy<J>, "[lading] json policy: J needs a static `template <class Sink> lading::json_status "
                                  "read(std::string_view text, Sink& sink)`");
    static constexpr bool ok = true;
};

} // namespace lading
