// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `strict_json`: the built-in JSON reader, the default of the JSON policy.
///
/// Why our own: a digest covers all bytes while many parsers silently drop some (a NUL, a BOM, one of two equal keys);
/// documents must be readable in constant expressions; and dropping in one header must not need a linked library.
/// Grammar: RFC 8259, exactly. One pass, no recursion, no allocation but for strings with escapes and for nesting.

#include "json_text.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace lading {

namespace detail {

template <class Sink>
class strict_json_reader {
  public:
    constexpr strict_json_reader(std::string_view text, Sink& sink) : text_(text), sink_(sink) {}

    constexpr json_status read() {
        errc e = document();
        return {e, at_};
    }

  private:
    enum class expect : std::uint8_t { value, first_element, first_key, key, after_value };

    constexpr errc document() {
        expect next = expect::value;
        for (;;) {
            skip_space();
            if (next == expect::after_value && nesting_.empty())
                return at_ == text_.size() ? errc::ok : errc::json_syntax;
            if (at_ == text_.size()) return errc::json_syntax;
            char const c = text_[at_];
            errc e = errc::ok;
            switch (next) {
            case expect::after_value:
                if (c == ',') {
                    ++at_;
                    next = nesting_.back() ? expect::key : expect::value;
                    continue;
                }
                if (c != (nesting_.back() ? '}' : ']')) return errc::json_syntax;
                e = close();
                break;
            case expect::first_element:
                if (c == ']') {
                    e = close();
                    next = expect::after_value;
                    break;
                }
                [[fallthrough]];
            case expect::value:
                if (c == '{' || c == '[') {
                    bool const object = c == '{';
                    if (e = object ? sink_.begin_object() : sink_.begin_array(); e != errc::ok) return e;
                    ++at_;
                    nesting_.push_back(object);
                    next = object ? expect::first_key : expect::first_element;
                    continue;
                }
                e = scalar(c);
                next = expect::after_value;
                break;
            case expect::first_key:
                if (c == '}') {
                    e = close();
                    next = expect::after_value;
                    break;
                }
                [[fallthrough]];
            case expect::key:
                e = key(c);
                next = expect::value;
                break;
            }
            if (e != errc::ok) return e;
        }
    }

    constexpr errc close() {
        bool const object = nesting_.back();
        if (errc const e = object ? sink_.end_object() : sink_.end_array(); e != errc::ok) return e;
        nesting_.pop_back();
        ++at_;
        return errc::ok;
    }
    constexpr errc key(char c) {
        if (c != '"') return errc::json_syntax;
        std::string_view name;
        if (errc const e = string(name); e != errc::ok) return e;
        if (errc const e = sink_.on_key(name); e != errc::ok) return e;
        skip_space();
        if (at_ == text_.size() || text_[at_] != ':') return errc::json_syntax;
        ++at_;
        return errc::ok;
    }
    constexpr errc scalar(char c) {
        switch (c) {
        case '"': {
            std::string_view value;
            if (errc const e = string(value); e != errc::ok) return e;
            return sink_.on_string(value);
        }
        case 't': return word("true") ? sink_.on_bool(true) : errc::json_syntax;
        case 'f': return word("false") ? sink_.on_bool(false) : errc::json_syntax;
        case 'n': return word("null") ? sink_.on_null() : errc::json_syntax;
        default: return c == '-' || is_digit(c) ? number() : errc::json_syntax;
        }
    }
    constexpr bool word(std::string_view w) {
        if (!text_.substr(at_).starts_with(w)) return false;
        at_ += w.size();
        return true;
    }

    constexpr errc number() {
        std::size_t const begin = at_;
        at_ += text_[at_] == '-';
        if (!is_digit(peek())) return errc::json_number;
        std::size_t const digits = at_;
        while (is_digit(peek())) ++at_;
        if (text_[digits] == '0' && at_ - digits > 1) return errc::json_number;
        if (peek() == '.') {
            ++at_;
            if (!is_digit(peek())) return errc::json_number;
            while (is_digit(peek())) ++at_;
        }
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            if (!is_digit(peek())) return errc::json_number;
            while (is_digit(peek())) ++at_;
        }
        return report_number(sink_, text_.substr(begin, at_ - begin));
    }

    /// Reads a string; `out` is a view into the text when there are no escapes, else into the scratch.
    constexpr errc string(std::string_view& out) {
        std::size_t run = ++at_;
        bool escaped = false;
        scratch_.clear();
        for (;;) {
            if (at_ == text_.size()) return errc::json_syntax;
            auto const c = static_cast<unsigned char>(text_[at_]);
            if (c == '"') break;
            if (c < 0x20) return errc::json_syntax;
            if (c == '\\') {
                escaped = true;
                keep(run);
                if (errc const e = escape(); e != errc::ok) return e;
                run = at_;
            } else if (c < 0x80) {
                ++at_;
            } else if (std::size_t const n = utf8_length(); n != 0) {
                at_ += n;
            } else {
                return errc::json_utf8;
            }
        }
        if (escaped) {
            keep(run);
            out = {scratch_.data(), scratch_.size()};
        } else {
            out = text_.substr(run, at_ - run);
        }
        ++at_;
        return errc::ok;
    }
    constexpr void keep(std::size_t from) {
        scratch_.insert(scratch_.end(), text_.begin() + static_cast<std::ptrdiff_t>(from),
                        text_.begin() + static_cast<std::ptrdiff_t>(at_));
    }

    constexpr errc escape() {
        ++at_;
        if (at_ == text_.size()) return errc::json_syntax;
        char const c = text_[at_++];
        constexpr std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
        if (auto const i = from.find(c); i != from.npos) {
            scratch_.push_back(to[i]);
            return errc::ok;
        }
        std::uint32_t code = 0;
        if (c != 'u' || !hex4(code)) return errc::json_syntax;
        if (code >= 0xdc00 && code <= 0xdfff) return errc::json_utf8;
        if (code >= 0xd800 && code <= 0xdbff) {
            std::uint32_t low = 0;
            if (!text_.substr(at_).starts_with("\\u")) return errc::json_utf8;
            at_ += 2;
            if (!hex4(low)) return errc::json_syntax;
            if (low < 0xdc00 || low > 0xdfff) return errc::json_utf8;
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        put_utf8(code);
        return errc::ok;
    }
    constexpr bool hex4(std::uint32_t& out) {
        if (text_.size() - at_ < 4) return false;
        for (int i = 0; i < 4; ++i, ++at_) {
            char const c = text_[at_];
            std::uint32_t digit = 0;
            if (is_digit(c)) digit = static_cast<std::uint32_t>(c - '0');
            else if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
            else if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
            else return false;
            out = out << 4 | digit;
        }
        return true;
    }
    constexpr void put_utf8(std::uint32_t c) {
        auto put = [&](std::uint32_t b) { scratch_.push_back(static_cast<char>(b)); };
        if (c < 0x80) return put(c);
        if (c < 0x800) {
            put(0xc0 | c >> 6);
        } else {
            if (c < 0x10000) {
                put(0xe0 | c >> 12);
            } else {
                put(0xf0 | c >> 18);
                put(0x80 | (c >> 12 & 0x3f));
            }
            put(0x80 | (c >> 6 & 0x3f));
        }
        put(0x80 | (c & 0x3f));
    }

    /// The length of the well-formed UTF-8 sequence at the cursor (RFC 3629), or 0.
    constexpr std::size_t utf8_length() const {
        auto byte = [&](std::size_t i) {
            return at_ + i < text_.size() ? static_cast<unsigned char>(text_[at_ + i]) : 0u;
        };
        auto tail = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
        unsigned const a = byte(0), b = byte(1);
        if (a >= 0xc2 && a <= 0xdf) return tail(1) ? 2 : 0;
        if (a >= 0xe0 && a <= 0xef) {
            if ((a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f)) return 0;
            return tail(1) && tail(2) ? 3 : 0;
        }
        if (a >= 0xf0 && a <= 0xf4) {
            if ((a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f)) return 0;
            return tail(1) && tail(2) && tail(3) ? 4 : 0;
        }
        return 0;
    }

    constexpr void skip_space() {
        while (at_ < text_.size()) {
            char const c = text_[at_];
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
            ++at_;
        }
    }
    constexpr char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    static constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

    std::string_view text_;
    Sink& sink_;
    std::size_t at_ = 0;
    std::vector<char> nesting_; ///< 1 for an object, 0 for an array; as deep as the sink allows
    std::vector<char> scratch_; ///< not a string: clang cannot use libstdc++ 12's in constant expressions
};

} // namespace detail

/// Models the JSON policy. Linear; thread-safe (no shared state).
/// Codes: `json_syntax`, `json_utf8`, `json_number`, and whatever the sink answers.
struct strict_json {
    template <class Sink>
    static constexpr json_status read(std::string_view text, Sink& sink) {
        return detail::strict_json_reader<Sink>(text, sink).read();
    }
};

} // namespace lading
