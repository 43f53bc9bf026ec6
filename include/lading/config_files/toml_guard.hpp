// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What toml++ must not be given. Ours, because the releases that distributions ship (3.3 and before) end the program on
/// malformed inputs, or read on where assertions are off, and follow a dotted key of any length into the stack. So
/// the order of the tokens is checked first; what they mean is left to the parser.

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace lading::detail {

/// The first place of a TOML text that the parser cannot be trusted with. Only malformed texts have one, keys of more
/// than 32 parts, values nested deeper than 64, and a text whose line is continued (`\`) on one that begins outside of ASCII.
class toml_guard {
  public:
    explicit toml_guard(std::string_view text) : text_(text) {}

    /// Offset in bytes, or npos. Linear, no recursion.
    std::size_t find() {
        if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
        while (at_ < text_.size())
            if (!take()) return at_;
        return line_end() ? text_.npos : at_;
    }

  private:
    /// What was met last, blanks and comments apart.
    enum class met { line,
                     header,
                     assign,
                     comma,
                     array,
                     table,
                     dot,
                     word };

    bool take() {
        switch (char const c = text_[at_]) {
        case ' ':
        case '\t': return ++at_, true;
        case '\r': return peek(at_ + 1) == '\n' && (++at_, true);
        case '\n': return line_end() && (++at_, true);
        case '#': return at_ = std::min(text_.find('\n', at_), text_.size()), true;
        case '"':
        case '\'': return may_begin() && string(c);
        case '[': return in_key_ ? header() : open(met::array);
        case '{': return !in_key_ && open(met::table);
        case ']': return in_header_ ? close_header() : within(met::array) && !in_key_ && close(last_ == met::comma);
        case '}': return within(met::table) && close(false);
        case ',': return !in_key_ && depth_ > 0 && last_ == met::word && next(met::comma, within(met::table));
        case '=': return in_key_ && !in_header_ && last_ == met::word && next(met::assign, false);
        case '.': return in_key_ && last_ == met::word && ++dots_ < 32 && next(met::dot, true);
        default: return may_begin() && word();
        }
    }

    char peek(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }
    bool is_word(char c) const {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
               (!in_key_ && (c == '+' || c == '.' || c == ':'));
    }
    bool within(met container) const { return depth_ > 0 && open_[depth_ - 1] == container; }
    bool next(met what, bool key) {
        last_ = what, in_key_ = key;
        if (what != met::dot && what != met::word) dots_ = 0;
        return ++at_, true;
    }

    /// A key or a value may begin here.
    bool may_begin() const {
        if (in_key_) return last_ != met::word && last_ != met::assign && last_ != met::array;
        return last_ == met::assign || last_ == met::comma || last_ == met::array;
    }
    bool line_end() {
        if (within(met::array)) return true;
        if (depth_ > 0 || in_header_ || (last_ != met::line && (in_key_ || last_ != met::word))) return false;
        last_ = met::line, in_key_ = true, dots_ = 0;
        return true;
    }
    bool header() {
        if (last_ != met::line || in_header_) return false;
        in_header_ = true, doubled_ = peek(at_ + 1) == '[';
        at_ += doubled_;
        return next(met::header, true);
    }
    bool close_header() {
        if (last_ != met::word || (doubled_ && peek(at_ + 1) != ']')) return false;
        in_header_ = false;
        at_ += doubled_;
        return next(met::word, false);
    }
    bool open(met container) {
        if (!may_begin() || depth_ == open_.size()) return false;
        open_[depth_++] = container;
        return next(container, container == met::table);
    }
    bool close(bool may_follow) {
        bool const empty = last_ == open_[depth_ - 1];
        if (!empty && !may_follow && (in_key_ || last_ != met::word)) return false;
        --depth_;
        return next(met::word, false);
    }
    /// Past the text that begins here; not past a `\` and white space before a character outside of ASCII.
    bool string(char quote) {
        bool const longer = peek(at_ + 1) == quote && peek(at_ + 2) == quote;
        auto const end = text_.substr(at_, longer ? 3 : 1);
        for (at_ += end.size(); at_ < text_.size() && text_.substr(at_, end.size()) != end; ++at_) {
            if (!longer && peek(at_) == '\n') return false;
            if (quote != '"' || peek(at_) != '\\') continue;
            auto const after = std::min(text_.find_first_not_of(" \t\r\n", at_ + 1), text_.size());
            if (static_cast<unsigned char>(peek(after)) >= 0x80) return false;
            ++at_;
        }
        if (at_ >= text_.size()) return at_ = text_.size(), false;
        at_ += end.size() - 1;
        for (int more = 0; longer && more < 2 && peek(at_ + 1) == quote; ++more) ++at_; // quotes that are the last of the text
        return next(met::word, in_key_);
    }
    /// Past a bare key, a number, a date with or without its time, or a word.
    bool word() {
        auto const begin = at_;
        while (is_word(peek(at_))) ++at_;
        if (at_ == begin) return false;
        if (!in_key_ && is_date(begin) && peek(at_) == ' ' && is_digit(peek(at_ + 1))) {
            if (!is_hour(at_ + 1)) return false;
            for (++at_; is_word(peek(at_));) ++at_;
        }
        for (auto at = begin + 1; !in_key_ && at < at_; ++at)
            if ((text_[at] == 't' || text_[at] == 'T') && is_digit(text_[at - 1]) && !is_hour(at + 1)) return at_ = at, false;
        --at_;
        return next(met::word, in_key_);
    }
    /// The word from `begin` to here: `1979-05-27`.
    bool is_date(std::size_t begin) const {
        auto const date = text_.substr(begin, at_ - begin);
        for (std::size_t i = 0; i < date.size(); ++i)
            if (i == 4 || i == 7 ? date[i] != '-' : !is_digit(date[i])) return false;
        return date.size() == 10;
    }
    bool is_hour(std::size_t at) const { return is_digit(peek(at)) && is_digit(peek(at + 1)) && peek(at + 2) == ':'; }

    std::string_view text_;
    std::size_t at_ = 0, depth_ = 0, dots_ = 0;
    std::array<met, 64> open_{}; ///< the arrays and tables that are open
    met last_ = met::line;
    bool in_key_ = true, in_header_ = false, doubled_ = false;
};

} // namespace lading::detail
