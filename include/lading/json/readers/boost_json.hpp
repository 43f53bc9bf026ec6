// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `boost_json`: the JSON policy over the parser of Boost.JSON (1.81 or newer). Opt in; needs its library at link time
/// (Boost::json), or `<boost/json/src.hpp>` in one unit of the program.

#include "../json_text.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <cstdint>
#include <string>

namespace lading {

namespace detail {

template <class Sink>
class boost_json_handler {
  public:
    // The sink has the bounds.
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    using code_type = boost::json::error_code;
    using text_type = boost::json::string_view;

    explicit boost_json_handler(Sink& sink) : sink_(sink) {}

    bool on_document_begin(code_type&) { return true; }
    bool on_document_end(code_type&) { return true; }
    bool on_object_begin(code_type& ec) { return keep(sink_.begin_object(), ec); }
    bool on_object_end(std::size_t, code_type& ec) { return keep(sink_.end_object(), ec); }
    bool on_array_begin(code_type& ec) { return keep(sink_.begin_array(), ec); }
    bool on_array_end(std::size_t, code_type& ec) { return keep(sink_.end_array(), ec); }
    // Texts with escapes come in parts.
    bool on_key_part(text_type part, std::size_t, code_type&) { return add(part); }
    bool on_key(text_type last, std::size_t, code_type& ec) { return keep(sink_.on_key(whole(last)), ec); }
    bool on_string_part(text_type part, std::size_t, code_type&) { return add(part); }
    bool on_string(text_type last, std::size_t, code_type& ec) { return keep(sink_.on_string(whole(last)), ec); }
    bool on_number_part(text_type part, code_type&) { return add(part); }
    bool on_int64(std::int64_t, text_type last, code_type& ec) { return on_digits(last, ec); }
    bool on_uint64(std::uint64_t, text_type last, code_type& ec) { return on_digits(last, ec); }
    bool on_double(double, text_type last, code_type& ec) { return on_digits(last, ec); }
    bool on_bool(bool b, code_type& ec) { return keep(sink_.on_bool(b), ec); }
    bool on_null(code_type& ec) { return keep(sink_.on_null(), ec); }
    bool on_comment_part(text_type, code_type& ec) { return keep(errc::json_syntax, ec); }
    bool on_comment(text_type, code_type& ec) { return keep(errc::json_syntax, ec); }

    errc code = errc::ok;

  private:
    bool add(text_type part) {
        if (used_) parts_.clear();
        used_ = false;
        parts_.append(part.data(), part.size());
        return true;
    }
    std::string_view whole(text_type last) {
        if (used_) return {last.data(), last.size()};
        used_ = true;
        parts_.append(last.data(), last.size());
        return parts_;
    }
    bool on_digits(text_type last, code_type& ec) { return keep(report_number(sink_, whole(last)), ec); }
    bool keep(errc e, code_type& ec) {
        code = e;
        if (e != errc::ok) ec = boost::json::make_error_code(boost::json::error::extra_data);
        return e == errc::ok;
    }

    Sink& sink_;
    std::string parts_;
    bool used_ = true; ///< the parts have been reported
};

} // namespace detail

/// Models the JSON policy. Linear; refuses nesting beyond 1024 with `json_depth`; thread-safe. Codes: `json_syntax`,
/// `json_utf8`, `json_number`, `json_depth`, and what the sink answers.
struct boost_json {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        return detail::read_checked(text, [&sink](std::string_view good) { return read_good(good, sink); });
    }

  private:
    template <class Sink>
    static json_status read_good(std::string_view text, Sink& sink) {
        boost::json::parse_options options;
        options.max_depth = 1024;
        boost::json::basic_parser<detail::boost_json_handler<Sink>> parser(options, sink);
        boost::json::error_code ec;
        auto const n = parser.write_some(false, text.data(), text.size(), ec);
        if (!ec && n == text.size()) return {errc::ok, n};
        if (auto const code = parser.handler().code; code != errc::ok) return {code, n};
        return {ec ? code_of(ec) : errc::json_syntax, n};
    }
    static errc code_of(boost::json::error_code const& ec) {
        using boost::json::error;
        if (ec == error::too_deep) return errc::json_depth;
        if (ec == error::exponent_overflow) return errc::json_number;
        if (ec == error::illegal_leading_surrogate || ec == error::illegal_trailing_surrogate) return errc::json_utf8;
        return errc::json_syntax;
    }
};

} // namespace lading
