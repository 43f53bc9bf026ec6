// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `decode<T>`: fills any reflected document from a JSON value. Types and ranges are enforced here, for every JSON
/// backend and every document; unknown members are ignored; `null` counts as absent (hostile.md D17, J06, J07, L09).

#include "../image/config.hpp"
#include "../json/document.hpp"
#include "../limits.hpp"
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

    constexpr explicit decode_state(lading::limits const& l, errc e) : limits(l), wrong(e) {}
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
    return errc::ok;
}

inline errc decode_value(json_view v, string_map& out, decode_state& s) {
    if (!v.is_object()) return s.wrong;
    errc first = errc::ok;
    v.each_member([&](std::string_view name, json_view value) {
        auto const t = value.as_string();
        if (t) out.emplace(name, *t);
        else if (first == errc::ok && !value.is_null()) first = s.wrong, s.under(name);
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
        first = decode_value(element, value, s);
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

template <reflected T>
errc decode_value(json_view v, T& out, decode_state& s) {
    errc const wrong = std::is_same_v<T, descriptor> ? errc::descriptor_invalid : s.wrong;
    if (!v.is_object()) return wrong;
    errc first = errc::ok;
    for_each_field(out, [&](std::string_view name, bool required, auto& member) {
        if (first != errc::ok) return;
        auto const value = v.find(name);
        if (value && !value->is_null()) {
            first = decode_value(*value, member, s);
            if (first == s.wrong) first = wrong;
        } else if (required) {
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
/// their own: `descriptor_invalid`, `digest_unsupported`. More entries than `limits.descriptors` is `manifest_limit`.
/// The context of the error is the path of the field. Linear in the size of the value times the fields of `T`.
template <reflected T>
result<T> decode(json_view v, errc wrong = errc::manifest_schema, limits const& l = {}) {
    T out = detail::decode_access::make<T>();
    detail::decode_state s(l, wrong);
    if (errc const e = detail::decode_value(v, out, s); e != errc::ok)
        return error(e)
            .with_context("at " + (s.path.empty() ? std::string("the top level") : s.path))
            .with_values({}, s.found);
    return out;
}

} // namespace lading
