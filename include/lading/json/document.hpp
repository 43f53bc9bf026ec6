// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `json_document`: a JSON text as one flat list of values, and the event sink that builds it.
///
/// The sink is the one place that enforces depth, duplicate keys, node count and sizes, for every JSON backend
/// (doc/threats.md#j01). Where `json_limits::repeated_keys` lets a name come twice, both members are kept, and a
/// reader who looks for it finds neither: no choice between them is made in silence. A tree of nodes is not built: no
/// recursion, one vector, one string. Usable in constant expressions.

#include "../detail/algorithm.hpp"
#include "../detail/dependent.hpp"
#include "../limits.hpp"
#include "../policy/json.hpp"
#include "../result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// `repeated` is of no value: it is what looking up a name gives that an object has twice.
enum class json_kind : std::uint8_t { null,
                                      boolean,
                                      integer,
                                      unsigned_integer,
                                      number,
                                      string,
                                      array,
                                      object,
                                      repeated };

namespace detail {
/// One value or key. `next` is the index behind the whole subtree; `text` is a range of the document's text.
struct json_token {
    json_kind kind = json_kind::null;
    std::uint32_t next = 0;   ///< while it is open, of a container: the one around it
    std::uint32_t text = 0;
    std::uint32_t length = 0; ///< of the text; for arrays and objects the number of elements
    std::int64_t integer = 0; ///< also booleans, and the bits of unsigned integers; while it is open, of an object: `names`
};
} // namespace detail

class json_document;

/// A value inside a `json_document`, which must outlive it. Cheap to copy.
class json_view {
  public:
    constexpr json_kind kind() const noexcept;
    constexpr bool is_null() const noexcept { return kind() == json_kind::null; }
    constexpr bool is_string() const noexcept { return kind() == json_kind::string; }
    constexpr bool is_object() const noexcept { return kind() == json_kind::object; }
    constexpr bool is_array() const noexcept { return kind() == json_kind::array; }
    /// Of what `find` gives: the name is there more than once, and none of the values is given.
    constexpr bool is_repeated() const noexcept { return kind() == json_kind::repeated; }

    constexpr std::optional<bool> as_bool() const noexcept;
    /// An integer in the range of `std::int64_t`, written without fraction or exponent.
    constexpr std::optional<std::int64_t> as_int() const noexcept;
    constexpr std::optional<std::uint64_t> as_uint() const noexcept;
    constexpr std::optional<std::string_view> as_string() const noexcept;
    /// The text of a `number`, or empty.
    constexpr std::string_view number_text() const noexcept;

    /// Elements of an array or members of an object; 0 for everything else.
    constexpr std::size_t size() const noexcept;

    /// The member of an object by its exact name; of a name that is there twice a view that has no value. O(members).
    constexpr std::optional<json_view> find(std::string_view name) const noexcept;

    /// Calls `f(name, value)` for each member of an object, in document order.
    template <class F>
    constexpr void each_member(F&& f) const;
    /// Calls `f(value)` for each element of an array, in document order.
    template <class F>
    constexpr void each_element(F&& f) const;

  private:
    friend class json_document;
    constexpr json_view(json_document const& d, std::uint32_t i) noexcept : document_(&d), index_(i) {}
    constexpr detail::json_token const& token() const noexcept;
    constexpr std::string_view text() const noexcept;

    json_document const* document_;
    std::uint32_t index_;
};

/// A parsed JSON text.
class json_document {
  public:
    /// Parses with the backend `J` under `limits`. Errors: `json_*` with the byte offset in the context.
    template <json_policy J>
    static detail::dependent<result<json_document>, J> parse(std::string_view text, json_limits const& limits = {}) {
        json_document out;
        json_status const s = out.assign<J>(text, limits);
        if (!s) return error(s.code).with_context("at byte " + std::to_string(s.offset));
        return out;
    }

    /// The same without `result`, for constant expressions. The document is usable only when the status is ok.
    template <json_policy J>
    constexpr json_status assign(std::string_view text, json_limits const& limits = {});

    /// The top-level value. Precondition: parsed successfully.
    constexpr json_view root() const noexcept { return json_view(*this, 0); }

    constexpr json_document() = default;

  private:
    friend class json_view;
    friend class json_document_sink;
    std::vector<detail::json_token> tokens_;
    std::vector<char> text_; // not a string: libstdc++ 12's is not usable by clang in constant expressions
};

/// The sink that fills a `json_document`; a keyed member is two tokens, the name then the value. What is known of an
/// open container is in its own token.
class json_document_sink {
  public:
    constexpr json_document_sink(json_document& out, json_limits const& limits) : out_(out), limits_(limits) {}

    constexpr errc on_null() { return value(json_kind::null); }
    constexpr errc on_bool(bool b) { return value(json_kind::boolean, {}, b); }
    constexpr errc on_int(std::int64_t i) { return value(json_kind::integer, {}, i); }
    constexpr errc on_uint(std::uint64_t u) {
        if (u <= static_cast<std::uint64_t>(INT64_MAX)) return on_int(static_cast<std::int64_t>(u));
        return value(json_kind::unsigned_integer, {}, static_cast<std::int64_t>(u));
    }
    constexpr errc on_number(std::string_view t) { return value(json_kind::number, t); }
    constexpr errc on_string(std::string_view t) { return value(json_kind::string, t); }
    constexpr errc on_key(std::string_view name) {
        auto& object = out_.tokens_[open_];
        if (++object.length > limits_.keys_per_object) return errc::json_limit;
        object.integer = with_name(object.integer, name);
        return add(json_kind::string, name, 0);
    }
    constexpr errc begin_object() { return open(json_kind::object); }
    constexpr errc begin_array() { return open(json_kind::array); }
    constexpr errc end_array() { return close(); }
    constexpr errc end_object() {
        if (out_.tokens_[open_].integer < 0 && mark_repeated() && !limits_.repeated_keys) return errc::json_duplicate_key;
        out_.tokens_[open_].integer = 0;
        return close();
    }

  private:
    /// `names`: a bit for each name of an object by its hash, and the sign when two have the same. Without the sign there
    /// are no two equal names, and nothing is compared.
    static constexpr std::int64_t with_name(std::int64_t names, std::string_view name) noexcept {
        std::uint32_t hash = static_cast<std::uint32_t>(name.size());
        if (!name.empty()) {
            auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(name[i]); };
            hash = (hash * 31 + byte(0)) * 31 + byte(name.size() / 2) * 7u + byte(name.size() - 1);
        }
        auto const bit = std::int64_t(1) << (hash * 0x9e3779b1u >> 16) % 63;
        return names & bit ? names | INT64_MIN : names | bit;
    }

    constexpr errc add(json_kind k, std::string_view text, std::int64_t integer) {
        auto const at = out_.tokens_.size();
        if (at >= limits_.nodes || text.size() > limits_.bytes - out_.text_.size()) return errc::json_limit; // U+FFFD is long
        out_.tokens_.push_back({k, static_cast<std::uint32_t>(at + 1), static_cast<std::uint32_t>(out_.text_.size()),
                                static_cast<std::uint32_t>(text.size()), integer});
        out_.text_.insert(out_.text_.end(), text.begin(), text.end());
        return errc::ok;
    }
    constexpr errc value(json_kind k, std::string_view text = {}, std::int64_t integer = 0) {
        count_element();
        return add(k, text, integer);
    }
    constexpr errc open(json_kind k) {
        if (depth_ >= limits_.depth) return errc::json_depth;
        count_element();
        if (errc const e = add(k, {}, 0); e != errc::ok) return e;
        ++depth_;
        out_.tokens_.back().next = std::exchange(open_, static_cast<std::uint32_t>(out_.tokens_.size() - 1));
        return errc::ok;
    }
    constexpr errc close() {
        auto& container = out_.tokens_[open_];
        open_ = std::exchange(container.next, static_cast<std::uint32_t>(out_.tokens_.size()));
        --depth_;
        return errc::ok;
    }
    constexpr void count_element() {
        if (depth_ != 0 && out_.tokens_[open_].kind == json_kind::array) ++out_.tokens_[open_].length;
    }

    /// Marks equal names in the object that is about to be closed; false when there are none. Sorted, so that no choice of
    /// names makes it slow.
    constexpr bool mark_repeated() {
        struct named {
            std::string_view name;
            std::size_t at;
        };
        std::vector<named> names;
        names.reserve(out_.tokens_[open_].length);
        for (std::size_t i = open_ + std::size_t(1); i < out_.tokens_.size(); i = out_.tokens_[i + 1].next) {
            auto const& t = out_.tokens_[i];
            names.push_back({std::string_view(out_.text_.data() + t.text, t.length), i});
        }
        std::sort(names.begin(), names.end(), [](named const& a, named const& b) { return a.name < b.name; });
        bool found = false;
        for (std::size_t i = 1; i < names.size(); ++i)
            if (names[i].name == names[i - 1].name)
                found = true, out_.tokens_[names[i].at].kind = out_.tokens_[names[i - 1].at].kind = json_kind::repeated;
        return found;
    }

    json_document& out_;
    json_limits limits_;
    std::uint32_t open_ = 0; ///< the innermost open container, if there is one
    std::size_t depth_ = 0;
};

template <json_policy J>
constexpr json_status json_document::assign(std::string_view text, json_limits const& limits) {
    tokens_.clear();
    text_.clear();
    if (text.size() > limits.bytes || text.size() > UINT32_MAX) return {errc::json_limit, limits.bytes};
    // Enough for most texts: a string is not longer than its JSON, a manifest has a value or key for 25 bytes.
    text_.reserve(text.size());
    tokens_.reserve(std::min(text.size() / 16 + 16, limits.nodes));
    json_document_sink sink(*this, limits);
    return J::read(text, sink);
}

constexpr detail::json_token const& json_view::token() const noexcept { return document_->tokens_[index_]; }
constexpr std::string_view json_view::text() const noexcept {
    return {document_->text_.data() + token().text, token().length};
}
constexpr json_kind json_view::kind() const noexcept { return token().kind; }
constexpr std::optional<bool> json_view::as_bool() const noexcept {
    if (kind() != json_kind::boolean) return std::nullopt;
    return token().integer != 0;
}
constexpr std::optional<std::int64_t> json_view::as_int() const noexcept {
    if (kind() != json_kind::integer) return std::nullopt;
    return token().integer;
}
constexpr std::optional<std::uint64_t> json_view::as_uint() const noexcept {
    if (kind() == json_kind::unsigned_integer || (kind() == json_kind::integer && token().integer >= 0))
        return static_cast<std::uint64_t>(token().integer);
    return std::nullopt;
}
constexpr std::optional<std::string_view> json_view::as_string() const noexcept {
    if (kind() != json_kind::string) return std::nullopt;
    return text();
}
constexpr std::string_view json_view::number_text() const noexcept {
    return kind() == json_kind::number ? text() : std::string_view();
}
constexpr std::size_t json_view::size() const noexcept { return is_array() || is_object() ? token().length : 0; }
template <class F>
constexpr void json_view::each_member(F&& f) const {
    if (!is_object()) return;
    for (std::uint32_t i = index_ + 1; i < token().next;) {
        json_view const name(*document_, i), value(*document_, i + 1);
        f(name.text(), value);
        i = value.token().next;
    }
}
template <class F>
constexpr void json_view::each_element(F&& f) const {
    if (!is_array()) return;
    for (std::uint32_t i = index_ + 1; i < token().next;) {
        json_view const value(*document_, i);
        f(value);
        i = value.token().next;
    }
}
constexpr std::optional<json_view> json_view::find(std::string_view name) const noexcept {
    if (!is_object()) return std::nullopt;
    auto const* const tokens = document_->tokens_.data();
    for (std::uint32_t i = index_ + 1, end = tokens[index_].next; i < end; i = tokens[i + 1].next)
        if (tokens[i].length == name.size() && json_view(*document_, i).text() == name)
            return json_view(*document_, tokens[i].kind == json_kind::repeated ? i : i + 1);
    return std::nullopt;
}

} // namespace lading
