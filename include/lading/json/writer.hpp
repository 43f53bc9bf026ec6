// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `json_writer`: deterministic JSON text (doc/protocol.md#output).

#include "../detail/algorithm.hpp"
#include "../detail/visible_text.hpp"
#include "document.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lading {

/// How JSON is laid out.
struct json_style {
    json_style() = default;
    json_style(int i, bool h, bool v = false, bool s = false) : indent(i), html_escape(h), escape_hidden(v), short_escapes(s) {}
    int indent = 0;           ///< spaces a level; 0 for one compact line
    bool html_escape = false; ///< `<`, `>` and `&` as \u003c, \u003e and \u0026
    /// Controls beyond ASCII, and what changes the order or the width of text on a terminal, as \u escapes: equal JSON.
    bool escape_hidden = false;
    bool short_escapes = false; ///< backspace and form feed as `\b` and `\f`, not as \u0008 and \u000c
};

enum class key_order : bool { as_written,
                              sorted };

namespace detail {
using json_members = std::vector<std::pair<std::string_view, json_view>>;

inline void sort_by_name(json_members& members) {
    std::sort(members.begin(), members.end(), [](auto const& a, auto const& b) { return a.first < b.first; });
}
} // namespace detail

/// Writes one value. The calls must form a value (a key before each member); they are the program's, not a peer's.
class json_writer {
  public:
    explicit json_writer(json_style s = {}) : style_(s) {}

    json_writer& begin_object() { return open('{'); }
    json_writer& end_object() { return close('}'); }
    json_writer& begin_array() { return open('['); }
    json_writer& end_array() { return close(']'); }
    json_writer& key(std::string_view name) {
        next();
        quote(name);
        out_ += style_.indent ? ": " : ":";
        after_key_ = true;
        return *this;
    }
    json_writer& string(std::string_view text) { return next(), quote(text), *this; }
    json_writer& integer(std::int64_t i) { return raw(std::to_string(i)); }
    json_writer& unsigned_integer(std::uint64_t u) { return raw(std::to_string(u)); }
    json_writer& boolean(bool b) { return raw(b ? "true" : "false"); }
    json_writer& null() { return raw("null"); }
    /// The text of a JSON number.
    json_writer& number(std::string_view text) { return raw(text); }

    /// A value of a document again.
    json_writer& value(json_view v, key_order order = key_order::as_written) {
        switch (v.kind()) {
        case json_kind::null: return null();
        case json_kind::boolean: return boolean(*v.as_bool());
        case json_kind::integer: return integer(*v.as_int());
        case json_kind::unsigned_integer: return unsigned_integer(*v.as_uint());
        case json_kind::number: return number(v.number_text());
        case json_kind::string: return string(*v.as_string());
        case json_kind::array:
            begin_array();
            v.each_element([&](json_view e) { value(e, order); });
            return end_array();
        case json_kind::repeated: return null(); // what `find` gave, and no member
        case json_kind::object: break;
        }
        detail::json_members members;
        v.each_member([&](std::string_view n, json_view m) { members.emplace_back(n, m); });
        if (order == key_order::sorted) detail::sort_by_name(members);
        begin_object();
        for (auto const& [n, m] : members) key(n).value(m, order);
        return end_object();
    }

    /// False once a byte that is no UTF-8 has become U+FFFD.
    bool is_exact() const noexcept { return exact_; }
    std::string const& str() const noexcept { return out_; }
    std::string take() noexcept { return std::exchange(out_, {}); }

  private:
    json_writer& open(char c) {
        next();
        out_ += c;
        empty_.push_back(true);
        return *this;
    }
    json_writer& close(char c) {
        bool const empty = empty_.back();
        empty_.pop_back();
        if (!empty) line();
        out_ += c;
        return *this;
    }
    json_writer& raw(std::string_view text) { return next(), out_ += text, *this; }
    /// What stands before a value or a key.
    void next() {
        if (std::exchange(after_key_, false) || empty_.empty()) return;
        if (!empty_.back()) out_ += ',';
        empty_.back() = false;
        line();
    }
    void line() {
        if (!style_.indent) return;
        out_ += '\n';
        out_.append(empty_.size() * static_cast<std::size_t>(style_.indent), ' ');
    }
    void quote(std::string_view text) {
        out_ += '"';
        while (!text.empty()) {
            auto const n = character(text);
            text.remove_prefix(n);
        }
        out_ += '"';
    }
    void escape(unsigned c) {
        out_ += "\\u";
        for (int shift = 12; shift >= 0; shift -= 4) out_ += "0123456789abcdef"[c >> shift & 15];
    }
    /// Writes the first character of the text; its length in bytes.
    std::size_t character(std::string_view text) {
        auto const c = static_cast<unsigned char>(text.front());
        switch (c) {
        case '"': return out_ += "\\\"", 1;
        case '\\': return out_ += "\\\\", 1;
        case '\n': return out_ += "\\n", 1;
        case '\r': return out_ += "\\r", 1;
        case '\t': return out_ += "\\t", 1;
        case '\b':
            if (style_.short_escapes) return out_ += "\\b", 1;
            break;
        case '\f':
            if (style_.short_escapes) return out_ += "\\f", 1;
            break;
        default: break;
        }
        if (c < 0x20 || (style_.html_escape && (c == '<' || c == '>' || c == '&'))) return escape(c), 1;
        if (c < 0x7f || (c == 0x7f && !style_.escape_hidden)) return out_ += static_cast<char>(c), 1;
        auto const [code, n] = detail::first_character(text);
        if (n == 0) return exact_ = false, out_ += "\xef\xbf\xbd", 1; // a caller's bad byte; text that was parsed has none
        if (code == 0x2028 || code == 0x2029 || (style_.escape_hidden && !detail::is_visible(code))) {
            if (code >= 0x10000) escape(0xd7c0 + (code >> 10)), escape(0xdc00 + (code & 0x3ff));
            else escape(code);
            return n;
        }
        return out_ += text.substr(0, n), n;
    }
    std::string out_;
    std::vector<bool> empty_; ///< of each open array and object
    json_style style_;
    bool after_key_ = false;
    bool exact_ = true;
};

} // namespace lading
