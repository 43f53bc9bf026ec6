// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `nlohmann_json`: the JSON policy over the event interface of nlohmann's library (3.9 or newer). Opt in; header-only.

#include "../json_text.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace lading {

// [json]
namespace detail {

/// nlohmann's handler of events, handing on to ours; the first refusal is kept.
template <class Sink>
class nlohmann_handler {
  public:
    explicit nlohmann_handler(Sink& sink) : sink_(sink) {}

    bool null() { return keep(sink_.on_null()); }
    bool boolean(bool b) { return keep(sink_.on_bool(b)); }
    bool number_integer(std::int64_t i) { return keep(sink_.on_int(i)); }
    bool number_unsigned(std::uint64_t u) {
        return keep(u <= static_cast<std::uint64_t>(INT64_MAX) ? sink_.on_int(static_cast<std::int64_t>(u)) : sink_.on_uint(u));
    }
    bool number_float(double, std::string const& text) {
        return keep(text.size() > 1024 ? errc::json_number : sink_.on_number(text));
    }
    bool string(std::string& text) { return keep(sink_.on_string(text)); }
    bool binary(nlohmann::json::binary_t&) { return keep(errc::json_syntax); }
    bool start_object(std::size_t) { return keep(sink_.begin_object()); }
    bool key(std::string& name) { return keep(sink_.on_key(name)); }
    bool end_object() { return keep(sink_.end_object()); }
    bool start_array(std::size_t) { return keep(sink_.begin_array()); }
    bool end_array() { return keep(sink_.end_array()); }
    bool parse_error(std::size_t position, std::string const&, nlohmann::json::exception const& e) {
        constexpr int out_of_range = 406; // a number beyond the range of a double
        status = {e.id == out_of_range ? errc::json_number : errc::json_syntax, position > 0 ? position - 1 : 0};
        return false;
    }

    json_status status;

  private:
    bool keep(errc e) {
        status.code = e;
        return e == errc::ok;
    }
    Sink& sink_;
};

} // namespace detail

/// Models the JSON policy. Linear, iterative; thread-safe. Codes: `json_syntax` (bad UTF-8 too), `json_number`, and what
/// the sink answers, then without an offset.
struct nlohmann_json {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        return detail::read_checked(text, [&sink](std::string_view good) { return read_good(good, sink); });
    }

  private:
    template <class Sink>
    static json_status read_good(std::string_view text, Sink& sink) {
        detail::nlohmann_handler<Sink> handler(sink);
        bool const ok = nlohmann::json::sax_parse(text.begin(), text.end(), &handler);
        if (!ok && handler.status) handler.status.code = errc::json_syntax;
        return handler.status;
    }
};
// [json]

} // namespace lading
