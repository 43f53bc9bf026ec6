// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `document_writer`: the fields of reflected documents as JSON. `encode` writes documents by it, the output formats the
/// parts of documents that they hold.

#include "../detail/base64.hpp"
#include "../fault.hpp"
#include "../json/writer.hpp"
#include "config.hpp"
#include "equal.hpp"
#include "read_value.hpp"
#include "reflect/written.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lading::detail {

template <template <class...> class Of, class T>
inline constexpr bool is_a = false;
template <template <class...> class Of, class... A>
inline constexpr bool is_a<Of, Of<A...>> = true;

/// Whether a type has a JSON form.
template <class T>
struct has_json_form : std::bool_constant<std::is_same_v<T, bool> || std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::string> ||
                                          std::is_same_v<T, digest> || std::is_same_v<T, embedded_data> || std::is_same_v<T, command_line> ||
                                          std::is_same_v<T, key_set> || std::is_same_v<T, string_map>> {};
template <class T>
struct has_json_form<std::optional<T>> : has_json_form<T> {};
template <class T>
struct has_json_form<std::vector<T>> : has_json_form<T> {};
template <>
struct has_json_form<std::vector<bool>> : std::false_type {};
template <reflected T>
struct has_json_form<T> : std::bool_constant<all_fields<T, has_json_form>()> {};

/// True of a value that says nothing: an optional one that is not there or is an empty list, zero, no text.
template <class T>
bool says_nothing(T const& value) {
    if constexpr (std::is_same_v<T, bool>) return !value;
    else if constexpr (std::is_same_v<T, std::int64_t>) return value == 0;
    else if constexpr (std::is_same_v<T, command_line>) return value.words.empty();
    else if constexpr (std::is_same_v<T, key_set>) return value.keys.empty();
    else if constexpr (std::is_same_v<T, embedded_data>) return value.bytes.empty();
    else if constexpr (requires { value.empty(); }) return value.empty();
    else return false;
}
template <class T>
bool says_nothing(std::optional<T> const& value) {
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::string>) return !value;
    else return !value || says_nothing(*value);
}

/// How documents are written unless a format says otherwise: in the order of their rules, without optional fields that
/// say nothing.
struct canonical_form {
    static constexpr bool strict = true; ///< what has no JSON is refused, not mended
    template <class T, class F>
    static void for_each(F&& f) {
        for_each_written<T>(f);
    }
};

/// Writes values of documents; what has no JSON is a fault, at its path. `Form` says which fields an object has.
template <class Form = canonical_form>
class document_writer {
  public:
    explicit document_writer(json_writer& out) : out_(out) {}

    /// `edited` is the value that this one was made of, if there is one: its unknown members are kept.
    template <class T>
    bool write(T const& value, std::optional<json_view> const& edited = nothing) {
        if constexpr (std::is_same_v<T, bool>) return out_.boolean(value), true;
        else if constexpr (std::is_same_v<T, std::int64_t>) return out_.integer(value), true;
        else if constexpr (std::is_same_v<T, std::string>) return text(value);
        else if constexpr (std::is_same_v<T, digest>) return text(value.str());
        else if constexpr (std::is_same_v<T, embedded_data>) return text(base64_encode(value.bytes));
        else if constexpr (std::is_same_v<T, command_line>) return write(value.words);
        else if constexpr (std::is_same_v<T, key_set>) return keys(value);
        else if constexpr (std::is_same_v<T, string_map>) return map(value);
        else if constexpr (reflected<T>) return object(value, edited);
        else if constexpr (is_a<std::optional, T>) return value ? write(*value, edited) : (out_.null(), true);
        else if constexpr (is_a<std::vector, T>) return list(value, edited);
        else return false; // `has_json_form` says so when the program is compiled
    }

    fault const& wrong() const noexcept { return wrong_; }

  private:
    static constexpr std::optional<json_view> nothing{}; // g++ 12 takes a temporary for uninitialised when it optimises
    bool refuse(std::string_view rule) { return wrong_ = fault(errc::invalid_argument, rule), false; }
    bool exact() { return !Form::strict || out_.is_exact() || refuse("is not UTF-8"); }
    bool text(std::string_view value) { return out_.string(value), exact(); }

    bool keys(key_set const& set) {
        out_.begin_object();
        auto sorted = set.keys;
        std::sort(sorted.begin(), sorted.end());
        for (std::size_t i = 0; i < sorted.size(); ++i) {
            if (Form::strict && i != 0 && sorted[i] == sorted[i - 1]) return refuse("has a key twice");
            out_.key(sorted[i]).begin_object().end_object();
            if (!exact()) return false;
        }
        return out_.end_object(), true;
    }
    bool map(string_map const& values) {
        out_.begin_object();
        for (auto const& [name, value] : values) {
            out_.key(name).string(value);
            if (!exact()) return wrong_.under(name), false;
        }
        return out_.end_object(), true;
    }

    template <class T>
    bool object(T const& value, std::optional<json_view> const& edited) {
        if constexpr (requires { value.odd_entries; })
            if (!value.odd_entries.empty()) return refuse("has entries that are no descriptors");
        if constexpr (std::is_same_v<T, descriptor>)
            if (value.size < 0) return refuse("is a descriptor without a size");
        [[maybe_unused]] static T const fresh = decode_access::make<T>();
        bool const kept = edited && edited->is_object(); // so are its unknown members
        bool good = true;
        out_.begin_object();
        Form::template for_each<T>([&](std::string_view name, bool always, auto const& access) {
            auto const& member = access(value);
            if (!good || (!always && says_nothing(member) && says_nothing(access(fresh)))) return;
            good = write(member, kept ? edited->find(name) : std::nullopt, name);
        });
        if (good && kept)
            edited->each_member([&](std::string_view name, json_view other) {
                if (!has_field<T>(name)) out_.key(name).value(other);
            });
        return out_.end_object(), good;
    }
    template <class T>
    bool write(T const& member, std::optional<json_view> const& edited, std::string_view name) {
        out_.key(name);
        if (write(member, edited)) return true;
        return wrong_.under(name), false;
    }

    template <class T>
    bool list(std::vector<T> const& values, std::optional<json_view> const& edited) {
        out_.begin_array();
        former<T> old(edited);
        for (std::size_t i = 0; i < values.size(); ++i)
            if (!write(values[i], old.of(values[i]))) return wrong_.under(i), false;
        return out_.end_array(), true;
    }

    /// The elements of a list that is edited. An element was there before if one says the same, of a descriptor if one has
    /// its digest.
    template <class T>
    class former {
      public:
        explicit former(std::optional<json_view> const& list) {
            if constexpr (reflected<T>)
                if (list) list->each_element([&](json_view e) { old_.push_back({e, false}); });
        }
        std::optional<json_view> of(T const& value) {
            for (std::size_t tries = 0; tries < old_.size(); ++tries, ++next_) {
                auto& candidate = old_[next_ % old_.size()];
                if (candidate.taken || !is_same(value, candidate.view)) continue;
                candidate.taken = true;
                ++next_;
                return candidate.view;
            }
            return std::nullopt;
        }

      private:
        struct element {
            json_view view;
            bool taken;
        };
        static bool is_same(T const& value, json_view old) {
            if constexpr (std::is_same_v<T, descriptor>) {
                auto const named = old.find("digest");
                return named && named->as_string() == value.digest.str();
            } else if constexpr (reflected<T>) {
                limits const bounds;
                decode_state s(bounds, errc::invalid_argument);
                T before = decode_access::make<T>();
                return read_value(old, &before, s) == errc::ok && same_value(before, value);
            } else {
                return false;
            }
        }

        std::vector<element> old_;
        std::size_t next_ = 0; ///< most elements stay in their order
    };

    json_writer& out_;
    fault wrong_;
};

} // namespace lading::detail
