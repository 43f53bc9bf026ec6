// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `decode<T>`: fills any reflected document from a JSON value. Types and ranges are enforced here, for every JSON
/// backend and every document; unknown members are ignored; `null` counts as absent. By default every doubt is an error;
/// a caller who takes remarks gets documents with an odd part too.

#include "../json/writer.hpp"
#include "../limits.hpp"
#include "../warning.hpp"
#include "config.hpp"
#include "odd_entry.hpp"
#include "reflect/descriptor.hpp"
#include "reflect/fields.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace lading {

namespace detail {

/// Where decoding is, and the first thing that went wrong.
struct decode_state {
    lading::limits const& limits;
    errc wrong;        ///< what a missing field or a wrong type is called for this kind of document
    std::string path;  ///< "layers[3].digest", built while a failure unwinds
    std::string found; ///< the offending text, bounded
    std::vector<warning>* odd = nullptr; ///< where remarks go; without, everything odd is an error

    constexpr explicit decode_state(lading::limits const& l, errc e, std::vector<warning>* o = nullptr)
        : limits(l), wrong(e), odd(o) {}
    void under(std::string_view name) {
        path.insert(0, path.empty() || path.front() == '[' ? "" : ".");
        path.insert(0, name);
    }
};

inline errc decode_value(json_view v, bool& out, decode_state& s) {
    auto const b = v.as_bool();
    if (!b) return s.wrong;
    out = *b;
    return errc::ok;
}

inline errc decode_value(json_view v, std::int64_t& out, decode_state& s) {
    auto const i = v.as_int();
    if (!i) return s.wrong;
    out = *i;
    return errc::ok;
}

inline errc decode_value(json_view v, std::string& out, decode_state& s) {
    auto const t = v.as_string();
    if (!t) return s.wrong;
    out = *t;
    return errc::ok;
}

inline errc decode_value(json_view v, digest& out, decode_state& s) {
    auto const t = v.as_string();
    if (!t) return errc::descriptor_invalid;
    errc const e = out.assign(*t);
    if (e == errc::ok) return e;
    for (char c : t->substr(0, 80)) s.found += c >= 0x20 && c < 0x7f ? c : '?';
    return e == errc::digest_unsupported ? e : errc::descriptor_invalid;
}

inline errc decode_value(json_view v, command_line& out, decode_state& s);
inline errc decode_value(json_view v, key_set& out, decode_state& s);
inline errc decode_value(json_view v, string_map& out, decode_state& s);
template <class T>
errc decode_value(json_view v, std::optional<T>& out, decode_state& s);
template <class T>
errc decode_value(json_view v, std::vector<T>& out, decode_state& s);
template <reflected T>
errc decode_value(json_view v, T& out, decode_state& s);

inline errc decode_value(json_view v, command_line& out, decode_state& s) {
    if (auto const one = v.as_string()) {
        out.words.emplace_back(*one);
        return errc::ok;
    }
    return decode_value(v, out.words, s);
}

inline errc decode_value(json_view v, key_set& out, decode_state& s) {
    if (!v.is_object()) return s.wrong;
    v.each_member([&](std::string_view name, json_view) { out.keys.emplace_back(name); });
    std::sort(out.keys.begin(), out.keys.end());
    out.keys.erase(std::unique(out.keys.begin(), out.keys.end()), out.keys.end());
    return errc::ok;
}

inline errc decode_value(json_view v, string_map& out, decode_state& s) {
    if (!v.is_object()) return s.wrong;
    errc first = errc::ok;
    v.each_member([&](std::string_view name, json_view value) {
        if (first != errc::ok || value.is_null()) return;
        auto const t = value.as_string();
        if (!t) first = s.wrong;
        else if (!out.emplace(name, *t).second) first = errc::json_duplicate_key;
        if (first != errc::ok) s.under(name);
    });
    return first;
}

template <class T>
errc decode_value(json_view v, std::optional<T>& out, decode_state& s) {
    T value = decode_access::make<T>();
    errc const e = decode_value(v, value, s);
    if (e == errc::ok) out = std::move(value);
    return e;
}

/// True for what `null` in a list may stand for: a value of which nothing need be said.
template <class T>
constexpr bool may_be_null() {
    if constexpr (reflected<T>) return document_rules<T>::required.empty();
    else return std::is_same_v<T, std::string>;
}

template <class T>
errc decode_value(json_view v, std::vector<T>& out, decode_state& s) {
    if (!v.is_array()) return s.wrong;
    if constexpr (reflected<T>)
        if (v.size() > s.limits.descriptors) return errc::manifest_limit;
    errc first = errc::ok;
    out.reserve(v.size());
    v.each_element([&](json_view element) {
        if (first != errc::ok) return;
        T value = decode_access::make<T>();
        if (!(may_be_null<T>() && s.odd && element.is_null())) first = decode_value(element, value, s);
        if (first != errc::ok) s.under("[" + std::to_string(out.size()) + "]");
        out.push_back(std::move(value));
    });
    return first;
}

/// A size is an integer that is not negative; nothing else of a document is.
inline errc check_fields(descriptor const& d, decode_state& s) {
    if (d.size >= 0) return errc::ok;
    s.found = std::to_string(d.size);
    s.under("size");
    return errc::descriptor_invalid;
}
template <class T>
errc check_fields(T const&, decode_state&) {
    return errc::ok;
}

/// The error of a decoding that failed.
inline error decode_error(errc code, decode_state const& s) {
    return error(code).with_context("at " + (s.path.empty() ? std::string("the top level") : s.path)).with_values({}, s.found);
}

/// The entries of an index. One that is no descriptor is put aside, and keeps nobody from the others.
inline errc decode_entries(json_view v, std::vector<descriptor>& out, std::vector<odd_entry>& aside, decode_state& s) {
    if (!v.is_array()) return s.wrong;
    if (v.size() > s.limits.descriptors) return errc::manifest_limit;
    out.reserve(std::min<std::size_t>(v.size(), 256)); // they may all be odd
    std::size_t position = 0, odd = 0;
    std::string first;
    v.each_element([&](json_view element) {
        decode_state own(s.limits, s.wrong, s.odd);
        auto value = decode_access::make<descriptor>();
        errc const e = decode_value(element, value, own);
        bool const whole = e == errc::ok && (!value.platform || value.platform->is_complete());
        if (e == errc::ok) {
            out.push_back(std::move(value));
        } else {
            json_writer w;
            aside.emplace_back(position, w.value(element).take(), decode_error(e, own).summary());
            auto& text = aside.back().text;
            if (text.size() > s.limits.odd_entry_bytes) text.resize(s.limits.odd_entry_bytes);
        }
        if (!whole && odd++ == 0)
            first = "entry " + std::to_string(position) + ": " + (e == errc::ok ? "its platform lacks os or architecture" : aside.back().why);
        ++position;
    });
    if (odd != 0)
        s.odd->emplace_back(warning_code::odd_entries, std::to_string(odd) + " of " + std::to_string(position) +
                                                           " entries of the index can never be chosen; " + first);
    return errc::ok;
}

/// Takes a required list that is not there for an empty one, if remarks are wanted.
template <class T>
bool take_for_empty(std::string_view, T const&, decode_state&) {
    return false;
}
template <class T>
bool take_for_empty(std::string_view name, std::vector<T> const&, decode_state& s) {
    if (!s.odd) return false;
    auto const code = name == "layers" ? warning_code::missing_layers : name == "manifests" ? warning_code::missing_manifests : warning_code::missing_list;
    s.odd->emplace_back(code, "the document has no list " + std::string(name) + "; it is taken for empty");
    return true;
}

template <class T, class Member>
errc decode_member(json_view v, T& out, Member& member, decode_state& s) {
    if constexpr (std::is_same_v<Member, std::vector<descriptor>> && requires { out.odd_entries; })
        if (s.odd) return decode_entries(v, member, out.odd_entries, s);
    return decode_value(v, member, s);
}

template <reflected T>
errc decode_value(json_view v, T& out, decode_state& s) {
    errc const wrong = std::is_same_v<T, descriptor> ? errc::descriptor_invalid : s.wrong;
    if (!v.is_object()) return wrong;
    errc first = errc::ok;
    for_each_field(out, [&](std::string_view name, bool required, auto& member) {
        if (first != errc::ok) return;
        auto const value = v.find(name);
        if (value && value->is_repeated()) {
            first = errc::json_duplicate_key;
        } else if (value && !value->is_null()) {
            first = decode_member(*value, out, member, s);
            if (first == s.wrong) first = wrong;
        } else if (required && !(s.odd && std::is_same_v<T, platform>) && !take_for_empty(name, member, s)) {
            first = wrong;
            s.found = value ? "null" : "nothing";
        }
        if (first != errc::ok) s.under(name);
    });
    return first == errc::ok ? check_fields(out, s) : first;
}

} // namespace detail

/// Fills a `T` from a JSON value.
///
/// `wrong` is the code for a missing field or a wrong type (`manifest_schema`, `config_schema`, ...); descriptors have
/// their own: `descriptor_invalid`, `digest_unsupported`. More entries than `limits.descriptors` is `manifest_limit`, a
/// field that is there twice `json_duplicate_key`. The context of the error is the path of the field. Linear in the size
/// of the value times the fields of `T`.
///
/// With a place for remarks, `odd`: a required list that is absent or null is empty (`missing_layers`,
/// `missing_manifests`, `missing_list`); an entry of an index that is no descriptor is in its `odd_entries`, and a
/// platform may lack its parts (`odd_entries`); null in a list is an empty text or an entry that says nothing.
template <reflected T>
result<T> decode(json_view v, errc wrong = errc::manifest_schema, limits const& l = {}, std::vector<warning>* odd = nullptr) {
    T out = detail::decode_access::make<T>();
    detail::decode_state s(l, wrong, odd);
    if (errc const e = detail::decode_value(v, out, s); e != errc::ok) return detail::decode_error(e, s);
    return out;
}

} // namespace lading
