// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `tag_page`: reads the JSON of one page of a tag list as its bytes come.
///
/// Why not the JSON policy: a policy reads a whole text, and a page may have 100,000 names, or beside them an object with
/// an entry for every image of the repository. Here nothing is held but the string under way, and only where it is
/// wanted: a name in `tags`, a key of the top level. Grammar: RFC 8259, and what is not kept is checked all the same; only text that is
/// no UTF-8 is passed over, as the readers of documents do.

#include "../detail/algorithm.hpp"
#include "../detail/utf8.hpp"
#include "../error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading::detail {

/// One page, `{"tags":[..]}` with any other members. Not synchronised.
class tag_page {
  public:
    explicit tag_page(std::size_t depth) : most_depth_(depth) {}

    /// Takes the next bytes. `entry(std::optional<std::string_view>)` is called with each element of the list: its text, of
    /// a long one the beginning, or nothing when it is no string or no UTF-8; false ends the reading. Errors: `json_syntax`,
    /// `json_number`, `json_depth`, `json_duplicate_key` (`tags` twice), `tags_invalid` (`tags` is no list).
    template <class Entry>
    errc read(std::string_view piece, Entry&& entry) {
        while (!piece.empty() && !ended_) {
            if (auto const run = plain_run(piece); run != 0) { // most of a page
                if (part_ == part::string && kept_) text_ += piece.substr(0, longest - std::min(longest, text_.size())).substr(0, run);
                piece.remove_prefix(run);
                at_ += run;
                continue;
            }
            if (errc const e = take(piece.front(), entry); e != errc::ok) return e;
            piece.remove_prefix(1);
            ++at_;
        }
        return errc::ok;
    }
    /// The page is over: `json_syntax` if something is missing, unless `entry` has ended it; `tags_invalid` for no object.
    errc finish() const noexcept {
        if (ended_) return errc::ok;
        return want_ != want::nothing ? errc::json_syntax : is_object_ ? errc::ok
                                                                       : errc::tags_invalid;
    }
    /// Bytes that were read, white space included.
    std::uint64_t at() const noexcept { return at_; }

  private:
    enum class part : std::uint8_t { none,
                                     string,
                                     escape,
                                     hex,
                                     low_escape,
                                     low_u,
                                     number,
                                     word };
    enum class want : std::uint8_t { value,
                                     value_or_end,
                                     key,
                                     key_or_end,
                                     colon,
                                     comma_or_end,
                                     nothing };
    enum class digits : std::uint8_t { minus,
                                       zero,
                                       whole,
                                       dot,
                                       fraction,
                                       e,
                                       sign,
                                       exponent };

    static constexpr bool is_plain(char c) noexcept {
        return static_cast<unsigned char>(c - 0x20) < 0x60 && c != '"' && c != '\\';
    }
    /// How many bytes at the front change nothing: plain ones inside a string, spaces outside.
    std::size_t plain_run(std::string_view piece) const noexcept {
        std::size_t n = 0;
        if (part_ == part::string && tail_ == 0)
            while (n < piece.size() && is_plain(piece[n])) ++n;
        else if (part_ == part::none)
            while (n < piece.size() && piece[n] == ' ') ++n;
        return n;
    }

    template <class Entry>
    errc take(char c, Entry& entry) {
        switch (part_) {
        case part::string: return string(c, entry);
        case part::escape: return escape(c);
        case part::hex: return hex(c);
        case part::low_escape:
            if (c == '\\') return part_ = part::low_u, errc::ok;
            half_a_pair();
            return string(c, entry);
        case part::low_u:
            if (c == 'u') return part_ = part::hex, errc::ok;
            half_a_pair();
            return escape(c);
        case part::word:
            if (c != word_.front()) return errc::json_syntax;
            word_.remove_prefix(1);
            if (word_.empty()) value_over();
            return errc::ok;
        case part::number:
            if (number(c)) return errc::ok;
            if (digits_ != digits::zero && digits_ != digits::whole && digits_ != digits::fraction && digits_ != digits::exponent)
                return errc::json_number;
            if (is_digit(c)) return errc::json_number; // behind a leading zero
            value_over();
            break;
        case part::none: break;
        }
        return between(c, entry);
    }

    /// A byte that is in no string, number or word.
    template <class Entry>
    errc between(char c, Entry& entry) {
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') return errc::ok;
        switch (want_) {
        case want::key_or_end:
            if (c == '}') return close();
            [[fallthrough]];
        case want::key:
            if (c != '"') return errc::json_syntax;
            is_key_ = true;
            begin_string(open_.size() == 1);
            return errc::ok;
        case want::colon: return c == ':' ? (want_ = want::value, errc::ok) : errc::json_syntax;
        case want::value_or_end:
            if (c == ']') return close();
            [[fallthrough]];
        case want::value: return value(c, entry);
        case want::comma_or_end:
            if (c == ',') return want_ = open_.back() == '{' ? want::key : want::value, errc::ok;
            return c == (open_.back() == '{' ? '}' : ']') ? close() : errc::json_syntax;
        case want::nothing: break;
        }
        return errc::json_syntax;
    }

    template <class Entry>
    errc value(char c, Entry& entry) {
        bool const known = c == '"' || c == '{' || c == '[' || c == 't' || c == 'f' || c == 'n' || c == '-' || is_digit(c);
        if (!known) return errc::json_syntax;
        bool const is_list = open_.size() == 1 && at_tags_;
        bool const is_entry = open_.size() == 2 && in_tags_;
        if (is_list && c != '[' && c != 'n') return errc::tags_invalid;
        if (open_.empty() && c != '{') is_object_ = false;
        at_tags_ = false;
        if (is_entry && c != '"' && !entry(std::optional<std::string_view>())) return ended_ = true, errc::ok;
        switch (c) {
        case '"': is_key_ = false, begin_string(is_entry); break;
        case '{':
        case '[':
            if (open_.size() >= most_depth_) return errc::json_depth;
            in_tags_ = in_tags_ || is_list;
            open_.push_back(c);
            want_ = c == '{' ? want::key_or_end : want::value_or_end;
            break;
        case 't': begin_word("rue"); break;
        case 'f': begin_word("alse"); break;
        case 'n': begin_word("ull"); break;
        default:
            part_ = part::number;
            digits_ = c == '-' ? digits::minus : c == '0' ? digits::zero
                                                          : digits::whole;
        }
        return errc::ok;
    }
    void begin_word(std::string_view rest) {
        part_ = part::word;
        word_ = rest;
    }
    void value_over() {
        part_ = part::none;
        want_ = open_.empty() ? want::nothing : want::comma_or_end;
    }
    errc close() {
        open_.pop_back();
        if (open_.size() == 1) in_tags_ = false;
        return value_over(), errc::ok;
    }

    // ---- strings ----------------------------------------------------------------------------------------------

    void begin_string(bool kept) {
        part_ = part::string;
        kept_ = kept;
        text_.clear();
        is_text_ = true;
    }
    void half_a_pair() {
        high_ = 0;
        is_text_ = false;
        part_ = part::string;
    }
    void keep(char c) {
        if (kept_ && text_.size() < longest) text_ += c;
    }
    template <class Entry>
    errc string(char c, Entry& entry) {
        auto const byte = static_cast<unsigned char>(c);
        if (tail_ != 0) { // of a character of several bytes, RFC 3629
            if (byte >= least_ && byte <= most_) {
                least_ = 0x80, most_ = 0xbf;
                --tail_;
                keep(c);
                return errc::ok;
            }
            tail_ = 0;
            is_text_ = false;
        }
        if (byte >= 0x80) {
            if (byte < 0xc2 || byte > 0xf4) return is_text_ = false, errc::ok;
            tail_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2
                                                  : 3;
            least_ = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90
                                                        : 0x80;
            most_ = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f
                                                       : 0xbf;
        } else if (c == '"') {
            return string_over(entry);
        } else if (c == '\\') {
            part_ = part::escape;
            return errc::ok;
        } else if (byte < 0x20) {
            return errc::json_syntax;
        }
        keep(c);
        return errc::ok;
    }
    template <class Entry>
    errc string_over(Entry& entry) {
        if (!is_key_) {
            value_over();
            if (kept_ && !entry(is_text_ ? std::optional<std::string_view>(text_) : std::nullopt)) ended_ = true;
            return errc::ok;
        }
        part_ = part::none;
        want_ = want::colon;
        if (!kept_ || !is_text_ || text_ != "tags") return errc::ok;
        at_tags_ = true;
        return std::exchange(had_tags_, true) ? errc::json_duplicate_key : errc::ok;
    }
    errc escape(char c) {
        part_ = part::string;
        switch (c) {
        case 'b': return keep('\b'), errc::ok;
        case 'f': return keep('\f'), errc::ok;
        case 'n': return keep('\n'), errc::ok;
        case 'r': return keep('\r'), errc::ok;
        case 't': return keep('\t'), errc::ok;
        case '"':
        case '\\':
        case '/': return keep(c), errc::ok;
        case 'u': return part_ = part::hex, errc::ok;
        default: return errc::json_syntax;
        }
    }
    errc hex(char c) {
        std::uint32_t digit = 0;
        if (is_digit(c)) digit = static_cast<std::uint32_t>(c - '0');
        else if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
        else return errc::json_syntax;
        code_ = code_ << 4 | digit;
        if (++hex_digits_ < 4) return errc::ok;
        auto const unit = std::exchange(code_, 0u);
        hex_digits_ = 0;
        bool const low = unit >= 0xdc00 && unit <= 0xdfff;
        part_ = part::string;
        if (low != (high_ != 0)) { // half of a pair
            high_ = 0;
            is_text_ = false;
            if (low) return errc::ok;
        }
        if (unit >= 0xd800 && unit <= 0xdbff) return high_ = unit, part_ = part::low_escape, errc::ok;
        encode_utf8(low ? 0x10000 + ((std::exchange(high_, 0u) - 0xd800) << 10) + (unit - 0xdc00) : unit, [this](char b) { keep(b); });
        return errc::ok;
    }

    // ---- numbers ----------------------------------------------------------------------------------------------

    static constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
    /// True when the number goes on with `c`.
    bool number(char c) {
        auto const go = [&](bool yes, digits next) { return yes && (digits_ = next, true); };
        bool const e = c == 'e' || c == 'E';
        switch (digits_) {
        case digits::minus: return go(is_digit(c), c == '0' ? digits::zero : digits::whole);
        case digits::whole:
            if (is_digit(c)) return true;
            [[fallthrough]];
        case digits::zero: return go(c == '.', digits::dot) || go(e, digits::e);
        case digits::dot: return go(is_digit(c), digits::fraction);
        case digits::fraction: return is_digit(c) || go(e, digits::e);
        case digits::e:
            if (c == '+' || c == '-') return go(true, digits::sign);
            [[fallthrough]];
        case digits::sign:
        case digits::exponent: break;
        }
        return go(is_digit(c), digits::exponent);
    }

    static constexpr std::size_t longest = 256; ///< kept of a string: more than a tag, a digest or a key that matters has

    std::size_t most_depth_;
    std::string open_; ///< the open containers, outermost first, each by its bracket
    std::string text_; ///< of the string under way
    std::string_view word_; ///< what must follow
    std::uint64_t at_ = 0;
    std::uint32_t code_ = 0, high_ = 0; ///< of an escape; the first half of a pair
    unsigned hex_digits_ = 0, tail_ = 0;
    unsigned char least_ = 0, most_ = 0; ///< what the next byte of a character may be
    part part_ = part::none;
    want want_ = want::value;
    digits digits_ = digits::whole;
    bool is_key_ = false, kept_ = false, is_text_ = true; // of the string under way; the last: it is UTF-8 so far
    bool at_tags_ = false, in_tags_ = false, had_tags_ = false;
    bool is_object_ = true, ended_ = false;
};

} // namespace lading::detail
