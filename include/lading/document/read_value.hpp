// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `read_value`: the rules by which JSON becomes the fields of a document. `decode` fills a document by them when the
/// program runs, `validate_fields` applies them to a document's types when it is compiled: then the place for the value
/// is null.

#include "../detail/base64.hpp"
#include "../fault.hpp"
#include "../json/writer.hpp"
#include "../limits.hpp"
#include "../warning.hpp"
#include "config.hpp"
#include "odd_entry.hpp"
#include "reflect/descriptor.hpp"
#include "reflect/fields.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lading::detail {

/// Where reading is, and the first thing that went wrong.
struct decode_state {
    constexpr decode_state(lading::limits const& l, errc e, std::vector<warning>* o = nullptr) : limits(l), wrong(e), odd(o) {}

    lading::limits const& limits;
    errc wrong;               ///< what a missing field or a wrong type is called for this kind of document
    std::vector<warning>* odd; ///< where remarks go; without, everything odd is an error
    fault where;              ///< its path is made while a failure unwinds
    inline_string<80> found;  ///< the offending text, printable
};

/// The error of a reading that failed.
inline error decode_error(errc code, decode_state s) {
    s.where.code = code;
    return from(s.where, std::string(s.found.view()));
}

template <class From, class To>
constexpr errc take_value(std::optional<From> const& value, To* out, decode_state const& s) {
    if (!value) return s.wrong;
    if (out) *out = *value;
    return errc::ok;
}
constexpr errc read_value(json_view v, bool* out, decode_state& s) { return take_value(v.as_bool(), out, s); }
constexpr errc read_value(json_view v, std::int64_t* out, decode_state& s) { return take_value(v.as_int(), out, s); }
constexpr errc read_value(json_view v, std::string* out, decode_state& s) { return take_value(v.as_string(), out, s); }

constexpr errc read_value(json_view v, digest* out, decode_state& s) {
    auto const t = v.as_string();
    if (!t) return errc::descriptor_invalid;
    auto nobodys = decode_access::make<digest>();
    auto const wrong = (out ? *out : nobodys).assign(*t);
    if (!wrong) return errc::ok;
    for (char const c : t->substr(0, s.found.capacity)) s.found.append(is_print(c) ? c : '?');
    return wrong.code == errc::digest_unsupported ? wrong.code : errc::descriptor_invalid;
}

/// What is no base64 says nothing: the bytes are to be fetched, as if there were no `data`.
inline void read_base64(std::string_view text, embedded_data& out) {
    if (auto bytes = base64_decode(text)) out.bytes = std::move(*bytes);
}
constexpr errc read_value(json_view v, embedded_data* out, decode_state&) {
    if (auto const t = v.as_string(); t && out) read_base64(*t, *out);
    return errc::ok;
}

constexpr errc read_value(json_view v, command_line* out, decode_state& s);
constexpr errc read_value(json_view v, key_set* out, decode_state& s);
constexpr errc read_value(json_view v, string_map* out, decode_state& s);
template <class T>
constexpr errc read_value(json_view v, std::optional<T>* out, decode_state& s);
template <class T>
constexpr errc read_value(json_view v, std::vector<T>* out, decode_state& s);
template <reflected T>
constexpr errc read_value(json_view v, T* out, decode_state& s);

constexpr errc read_value(json_view v, command_line* out, decode_state& s) {
    auto const one = v.as_string();
    if (!one) return read_value(v, out ? &out->words : nullptr, s);
    if (out) out->words.emplace_back(*one);
    return errc::ok;
}

constexpr errc read_value(json_view v, key_set* out, decode_state& s) {
    if (!v.is_object()) return s.wrong;
    if (!out) return errc::ok;
    v.each_member([&](std::string_view name, json_view) { out->keys.emplace_back(name); });
    std::sort(out->keys.begin(), out->keys.end());
    out->keys.erase(std::unique(out->keys.begin(), out->keys.end()), out->keys.end());
    return errc::ok;
}

constexpr errc read_value(json_view v, string_map* out, decode_state& s) {
    if (!v.is_object()) return s.wrong;
    errc first = errc::ok;
    v.each_member([&](std::string_view name, json_view value) {
        if (first != errc::ok || value.is_null()) return;
        auto const t = value.as_string();
        if (!t) first = s.wrong;
        else if (out && !out->emplace(name, *t).second) first = errc::json_duplicate_key;
        if (first != errc::ok) s.where.under(name);
    });
    return first;
}

template <class T>
constexpr errc read_value(json_view v, std::optional<T>* out, decode_state& s) {
    return read_value(v, out ? &out->emplace(decode_access::make<T>()) : nullptr, s);
}

/// True for what `null` in a list may stand for: a value of which nothing need be said.
template <class T>
constexpr bool may_be_null() {
    if constexpr (reflected<T>) return document_rules<T>::required.empty();
    else return std::is_same_v<T, std::string>;
}

template <class T>
constexpr errc read_value(json_view v, std::vector<T>* out, decode_state& s) {
    if (!v.is_array()) return s.wrong;
    if constexpr (reflected<T>)
        if (v.size() > s.limits.descriptors) return errc::manifest_limit;
    errc first = errc::ok;
    std::size_t index = 0;
    if (out) out->reserve(v.size());
    v.each_element([&](json_view element) {
        if (first != errc::ok) return;
        T* const value = out ? &out->emplace_back(decode_access::make<T>()) : nullptr;
        if (!(may_be_null<T>() && s.odd && element.is_null())) first = read_value(element, value, s);
        if (first != errc::ok) s.where.under(index);
        ++index;
    });
    return first;
}

/// The entries of an index. One that is no descriptor is put aside, and keeps nobody from the others.
inline errc read_entries(json_view v, std::vector<descriptor>& out, std::vector<odd_entry>& aside, decode_state& s) {
    if (!v.is_array()) return s.wrong;
    if (v.size() > s.limits.descriptors) return errc::manifest_limit;
    out.reserve(std::min<std::size_t>(v.size(), 256)); // they may all be odd
    std::size_t position = 0, odd = 0;
    std::string first;
    v.each_element([&](json_view element) {
        decode_state own(s.limits, s.wrong, s.odd);
        auto value = decode_access::make<descriptor>();
        errc const e = read_value(element, &value, own);
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
constexpr bool take_for_empty(std::string_view, T const*, decode_state&) {
    return false;
}
template <class T>
constexpr bool take_for_empty(std::string_view name, std::vector<T> const*, decode_state& s) {
    if (!s.odd) return false;
    auto const code = name == "layers" ? warning_code::missing_layers : name == "manifests" ? warning_code::missing_manifests
                                                                                            : warning_code::missing_list;
    s.odd->emplace_back(code, "the document has no list " + std::string(name) + "; it is taken for empty");
    return true;
}

template <class T, class Member>
constexpr errc read_member(json_view v, T* out, Member* member, decode_state& s) {
    if constexpr (std::is_same_v<Member, std::vector<descriptor>> && requires { out->odd_entries; })
        if (out && s.odd) return read_entries(v, *member, out->odd_entries, s);
    return read_value(v, member, s);
}

/// A size is an integer that is not negative; nothing else of a document is.
constexpr errc check_size(std::int64_t size, decode_state& s) {
    if (size >= 0) return errc::ok;
    if (!std::is_constant_evaluated()) s.found = decltype(s.found)(std::to_string(size));
    s.where.under("size");
    return errc::descriptor_invalid;
}

template <reflected T>
constexpr errc read_value(json_view v, T* out, decode_state& s) {
    errc const wrong = std::is_same_v<T, descriptor> ? errc::descriptor_invalid : s.wrong;
    if (!v.is_object()) return wrong;
    errc first = errc::ok;
    for_each_accessor<T>([&]<class Accessor>(std::string_view name, bool required, Accessor const& access) {
        using member_type = std::remove_reference_t<decltype(access(*out))>;
        if (first != errc::ok) return;
        member_type* const member = out ? &access(*out) : nullptr;
        auto const value = v.find(name);
        if (value && value->is_repeated()) {
            first = errc::json_duplicate_key;
        } else if (value && !value->is_null()) {
            first = read_member(*value, out, member, s);
            if (first == s.wrong) first = wrong;
        } else if (required && !(s.odd && std::is_same_v<T, platform>) && !take_for_empty(name, member, s)) {
            first = wrong;
            s.found = decltype(s.found)(value ? "null" : "nothing");
        }
        if (first != errc::ok) s.where.under(name);
    });
    if constexpr (std::is_same_v<T, descriptor>)
        if (first == errc::ok) return check_size(out ? out->size : *v.find("size")->as_int(), s);
    return first;
}

} // namespace lading::detail
