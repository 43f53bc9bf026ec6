// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What toml++ must not be given. Ours, because the releases that distributions ship (3.3 and before) end the program on
/// a few malformed inputs, or read on where assertions are off, and follow a dotted key of any length into the stack.

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace lading::detail {

/// The first place of a TOML text that the parser cannot be trusted to refuse; only malformed texts, and keys of more
/// than 32 parts, have one.
class toml_guard {
  public:
    explicit toml_guard(std::string_view text) : text_(text) {}

    /// Offset in bytes, or npos. Linear, no recursion.
    std::size_t find() {
        if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
        while (at_ < text_.size()) {
            char const c = text_[at_];
            if (c == '#') at_ = std::min(text_.find('\n', at_), text_.size());
            else if (c == '"' || c == '\'') {
                constexpr std::string_view before = " \t\r\n=[,{.\xbf"; // the last one is of a byte order mark
                if (at_ > 0 && before.find(text_[at_ - 1]) == before.npos) return at_; // inside of a word
                skip_string(c);
            }
            else if (c == '[' && last_ == '\n') {
                if (!header()) return at_;
            } else {
                if (static_cast<unsigned char>(c) >= 0x80) return at_; // only texts and comments have such bytes
                if (c == '[' || c == '{') ++depth_;
                if ((c == ']' || c == '}') && depth_ > 0) --depth_;
                if (lacks_value(c) || bad_time(c) || too_long(c)) return at_;
                if (c != ' ' && c != '\t' && c != '\r' && (c != '\n' || depth_ == 0)) last_ = c;
                ++at_;
            }
        }
        return text_.npos;
    }

  private:
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }
    char peek(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }

    void skip_string(char quote) {
        bool const longer = peek(at_ + 1) == quote && peek(at_ + 2) == quote;
        auto const close = text_.substr(at_, longer ? 3 : 1);
        for (at_ += close.size(); at_ < text_.size() && text_.substr(at_, close.size()) != close; ++at_) {
            if (quote == '"' && text_[at_] == '\\') ++at_;
            if (!longer && peek(at_) == '\n') break;
        }
        at_ += close.size();
        for (int more = 0; longer && more < 2 && peek(at_) == quote; ++more) ++at_; // quotes that are the last of the text
        last_ = quote;
    }
    /// `[` or `[[`, then the start of a key.
    bool header() {
        auto const skip = [&] {
            while (peek(at_) == ' ' || peek(at_) == '\t') ++at_;
        };
        ++at_, skip();
        if (peek(at_) == '[') ++at_, skip();
        char const c = peek(at_);
        last_ = 'k', dots_ = 0, depth_ = 0;
        return at_ >= text_.size() || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               c == '-' || c == '"' || c == '\'';
    }
    bool lacks_value(char c) const {
        return (c == '}' && (last_ == '[' || last_ == ',')) || (c == ',' && last_ == '[');
    }
    /// A `T` or a blank behind a date, and what follows is no time.
    bool bad_time(char c) const {
        if ((c != 't' && c != 'T' && c != ' ') || at_ == 0 || !is_digit(text_[at_ - 1])) return false;
        bool const date = at_ >= 10 && text_[at_ - 3] == '-' && text_[at_ - 6] == '-';
        bool const time = is_digit(peek(at_ + 1)) && is_digit(peek(at_ + 2)) && peek(at_ + 3) == ':';
        if (c == ' ') return date && is_digit(peek(at_ + 1)) && !time;
        return date ? !time : !is_digit(peek(at_ + 1));
    }
    bool too_long(char c) {
        if (c == '\n' || c == ',') dots_ = 0;
        return c == '.' && ++dots_ > 32;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::size_t dots_ = 0;
    char last_ = '\n'; // what was met last, blanks apart
};

} // namespace lading::detail
