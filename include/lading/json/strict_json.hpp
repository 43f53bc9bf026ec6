// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `strict_json`: the built-in JSON reader, the default of the JSON policy.
///
/// Why our own: a digest covers all bytes while many parsers silently drop some (a NUL, a BOM, one of two equal keys);
/// documents must be readable in constant expressions; and dropping in one header must not need a linked library.
/// Grammar: RFC 8259, exactly; within strings a byte that is no UTF-8 and the escape of half a character are U+FFFD. One
/// pass, no recursion, no allocation but for strings with escapes and for nesting.

#include "../detail/utf8.hpp"
#include "json_scan.hpp"
#include "json_text.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace lading {

namespace detail {

/// Of each open container, outermost first, whether it is an object. The innermost 64 need no memory.
class json_nesting {
  public:
    constexpr bool empty() const noexcept { return depth_ == 0; }
    constexpr bool in_object() const noexcept { return (word_ & 1) != 0; }
    constexpr void push(bool object) {
        if (depth_ != 0 && depth_ % 64 == 0) full_.push_back(word_);
        word_ = word_ << 1 | std::uint64_t(object);
        ++depth_;
    }
    constexpr void pop() {
        word_ >>= 1;
        if (--depth_ == 0 || depth_ % 64 != 0) return;
        word_ = full_.back();
        full_.pop_back();
    }

  private:
    std::uint64_t word_ = 0;
    std::size_t depth_ = 0;
    std::vector<std::uint64_t> full_;
};

/// `Exact`: a string that is not valid text ends the reading.
template <class Sink, bool Exact = false>
class strict_json_reader {
  public:
    constexpr strict_json_reader(std::string_view text, Sink& sink) : text_(text), sink_(sink) {}

    constexpr json_status read() {
        errc e = document();
        return {e, at_};
    }

  private:
    constexpr errc document() {
        for (;;) {
            char const c = next();
            if (bool const object = c == '{'; object || c == '[') {
                if (errc const e = object ? sink_.begin_object() : sink_.begin_array(); e != errc::ok) return e;
                ++at_;
                nesting_.push(object);
                if (char const first = next(); first != (object ? '}' : ']')) {
                    if (errc const e = object ? key(first) : errc::ok; e != errc::ok) return e;
                    continue;
                }
            } else if (errc const e = scalar(c); e != errc::ok) {
                return e;
            }
            if (!nesting_.empty())
                if (errc const e = after_value(); e != errc::ok) return e;
            if (nesting_.empty()) return next(), at_ == text_.size() ? errc::ok : errc::json_syntax;
        }
    }

    /// The ends of the containers that end here, then the comma and the key of the next value if there is one.
    constexpr errc after_value() {
        do {
            char const c = next();
            bool const object = nesting_.in_object();
            if (c == ',') {
                ++at_;
                return object ? key(next()) : errc::ok;
            }
            if (c != (object ? '}' : ']')) return errc::json_syntax;
            if (errc const e = close(); e != errc::ok) return e;
        } while (!nesting_.empty());
        return errc::ok;
    }
    constexpr errc close() {
        if (errc const e = nesting_.in_object() ? sink_.end_object() : sink_.end_array(); e != errc::ok) return e;
        nesting_.pop();
        ++at_;
        return errc::ok;
    }
    constexpr errc key(char c) {
        if (c != '"') return errc::json_syntax;
        std::string_view name;
        if (errc const e = string(name); e != errc::ok) return e;
        if (errc const e = sink_.on_key(name); e != errc::ok) return e;
        if (next() != ':') return errc::json_syntax;
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
        if (!rest().starts_with(w)) return false;
        at_ += w.size();
        return true;
    }

    constexpr errc number() {
        std::size_t const begin = at_;
        bool const negative = text_[at_] == '-';
        at_ += negative;
        if (!is_digit(peek())) return errc::json_number;
        std::size_t const digits = at_;
        std::uint64_t value = 0; // of use up to 18 digits
        for (; is_digit(peek()); ++at_) value = value * 10 + static_cast<std::uint64_t>(text_[at_] - '0');
        if (text_[digits] == '0' && at_ - digits > 1) return errc::json_number;
        if (char const c = peek(); !negative && at_ - digits <= 18 && c != '.' && c != 'e' && c != 'E')
            return sink_.on_int(static_cast<std::int64_t>(value));
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
        return report_number(sink_, since(begin));
    }

    /// Reads a string; `out` is a view into the text when there are no escapes, else into the scratch.
    constexpr errc string(std::string_view& out) {
        std::size_t const begin = ++at_;
        at_ += json_plain_run(rest());
        if (peek() != '"') return string_with_more(begin, out);
        out = since(begin);
        ++at_;
        return errc::ok;
    }
    /// The same for a string whose first byte that is not plain is at the cursor, and is not its end.
    [[gnu::noinline]] constexpr errc string_with_more(std::size_t begin, std::string_view& out) {
        std::size_t run = begin;
        bool escaped = false;
        scratch_.clear();
        scratch_.reserve(256);
        for (;; at_ += json_plain_run(rest())) {
            if (at_ == text_.size()) return errc::json_syntax;
            auto const c = static_cast<unsigned char>(text_[at_]);
            if (c == '"') break;
            if (c < 0x20) return errc::json_syntax;
            if (c == '\\') {
                escaped = true;
                keep(run);
                if (errc const e = escape(); e != errc::ok) return e;
                run = at_;
            } else if (std::size_t const n = utf8_length(rest()); n != 0) {
                at_ += n;
            } else if (Exact || ++repairs_ > json_repairs) {
                return errc::json_utf8;
            } else {
                escaped = true;
                keep(run);
                put_utf8(0xfffd);
                run = ++at_;
            }
        }
        keep(run);
        out = escaped ? std::string_view(scratch_.data(), scratch_.size()) : since(begin);
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
        char plain = c;
        switch (c) {
        case 'b': plain = '\b'; break;
        case 'f': plain = '\f'; break;
        case 'n': plain = '\n'; break;
        case 'r': plain = '\r'; break;
        case 't': plain = '\t'; break;
        case '"':
        case '\\':
        case '/': break;
        case 'u': return unicode_escape();
        default: return errc::json_syntax;
        }
        scratch_.push_back(plain);
        return errc::ok;
    }
    constexpr errc unicode_escape() {
        std::uint32_t code = 0;
        if (!hex4(code)) return errc::json_syntax;
        if (code >= 0xd800 && code <= 0xdfff) {
            std::uint32_t low = 0;
            auto const after = at_;
            bool const first = code <= 0xdbff && rest().starts_with("\\u");
            if (first) {
                at_ += 2;
                if (!hex4(low)) return errc::json_syntax;
            }
            if (first && low >= 0xdc00 && low <= 0xdfff) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            } else {
                if (Exact) return errc::json_utf8;
                code = 0xfffd; // and what follows is read for itself
                at_ = after;
            }
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
        encode_utf8(c, [this](char byte) { scratch_.push_back(byte); });
    }

    /// The byte at the cursor after white space, or NUL at the end.
    constexpr char next() {
        char c = peek();
        while (c <= ' ') {
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return c;
            ++at_; // the only one, as a rule, or a line end before the indentation
            c = peek();
            if (c > ' ') return c;
            at_ += json_space_run(rest());
            c = peek();
        }
        return c;
    }
    // Not substr(), which checks its position.
    constexpr std::string_view rest() const { return {text_.data() + at_, text_.size() - at_}; }
    constexpr std::string_view since(std::size_t begin) const { return {text_.data() + begin, at_ - begin}; }
    constexpr char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    static constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

    std::string_view text_;
    Sink& sink_;
    std::size_t at_ = 0;
    std::size_t repairs_ = 0; ///< bytes that were no UTF-8
    json_nesting nesting_;
    std::vector<char> scratch_; ///< not a string: clang cannot use libstdc++ 12's in constant expressions
};

} // namespace detail

/// Models the JSON policy. Linear; thread-safe (no shared state).
/// Codes: `json_syntax`, `json_utf8` (more than 65,536 bytes are no UTF-8), `json_number`, and whatever the sink answers.
struct strict_json {
    template <class Sink>
    static constexpr json_status read(std::string_view text, Sink& sink) {
        return detail::strict_json_reader<Sink>(text, sink).read();
    }
};

/// The same for the program's own text: invalid UTF-8 is `json_utf8`.
struct exact_json {
    template <class Sink>
    static constexpr json_status read(std::string_view text, Sink& sink) {
        return detail::strict_json_reader<Sink, true>(text, sink).read();
    }
};

} // namespace lading
