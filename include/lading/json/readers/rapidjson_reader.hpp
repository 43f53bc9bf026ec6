// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `rapidjson_reader`: the JSON policy over RapidJSON's reader (1.1; not its documents). Opt in; header-only.

#include "../json_text.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <cstdint>
#include <string_view>

namespace lading {

namespace detail {

template <class Sink>
class rapidjson_handler {
  public:
    explicit rapidjson_handler(Sink& sink) : sink_(sink) {}

    bool Null() { return keep(sink_.on_null()); }
    bool Bool(bool b) { return keep(sink_.on_bool(b)); }
    // Numbers come as text; the other forms are part of RapidJSON's interface.
    bool Int(int i) { return keep(sink_.on_int(i)); }
    bool Uint(unsigned u) { return keep(sink_.on_int(u)); }
    bool Int64(std::int64_t i) { return keep(sink_.on_int(i)); }
    bool Uint64(std::uint64_t u) { return keep(sink_.on_uint(u)); }
    bool Double(double) { return keep(errc::json_number); }
    bool RawNumber(char const* text, rapidjson::SizeType size, bool) {
        return keep(report_number(sink_, std::string_view(text, size)));
    }
    bool String(char const* text, rapidjson::SizeType size, bool) {
        return keep(is_utf8({text, size}) ? sink_.on_string({text, size}) : errc::json_utf8);
    }
    bool Key(char const* text, rapidjson::SizeType size, bool) {
        return keep(is_utf8({text, size}) ? sink_.on_key({text, size}) : errc::json_utf8);
    }
    bool StartObject() { return keep(sink_.begin_object()); }
    bool EndObject(rapidjson::SizeType) { return keep(sink_.end_object()); }
    bool StartArray() { return keep(sink_.begin_array()); }
    bool EndArray(rapidjson::SizeType) { return keep(sink_.end_array()); }

    errc code = errc::ok;

  private:
    /// The escape of a low surrogate alone passes the reader's own check; its encoding begins as no character does.
    static bool is_utf8(std::string_view text) {
        for (auto at = text.find('\xed'); at != text.npos; at = text.find('\xed', at + 1))
            if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) > 0x9f) return false;
        return true;
    }
    bool keep(errc e) {
        code = e;
        return e == errc::ok;
    }
    Sink& sink_;
};

} // namespace detail

/// Models the JSON policy. Linear, iterative; thread-safe. Codes: `json_syntax`, `json_utf8`, `json_number`, and what the
/// sink answers.
struct rapidjson_reader {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        return detail::read_checked(text, [&sink](std::string_view good) { return read_good(good, sink); });
    }

  private:
    template <class Sink>
    static json_status read_good(std::string_view text, Sink& sink) {
        constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag |
                                   rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag;
        detail::rapidjson_handler<Sink> handler(sink);
        rapidjson::MemoryStream stream(text.data(), text.size());
        rapidjson::Reader reader;
        auto const ended = reader.Parse<flags>(stream, handler);
        if (!ended.IsError()) return {errc::ok, text.size()};
        return {handler.code != errc::ok ? handler.code : code_of(ended.Code()), ended.Offset()};
    }
    static errc code_of(rapidjson::ParseErrorCode c) {
        switch (c) {
        case rapidjson::kParseErrorNumberTooBig:
        case rapidjson::kParseErrorNumberMissFraction:
        case rapidjson::kParseErrorNumberMissExponent: return errc::json_number;
        case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
        case rapidjson::kParseErrorStringInvalidEncoding: return errc::json_utf8;
        default: return errc::json_syntax;
        }
    }
};

} // namespace lading
