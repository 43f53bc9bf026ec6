// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `validate_fields<T>`: whether `decode<T>` would take a JSON value, in constant expressions. The rules are those of
/// `decode.hpp`, of the types alone: most documents are no literal types. Both give the same code and path for every
/// text (tests/unit/document/validate_fields_test.cpp).

#include "../detail/inline_string.hpp"
#include "../json/document.hpp"
#include "../limits.hpp"
#include "config.hpp"
#include "reflect/descriptor.hpp"
#include "reflect/fields.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lading::detail {

/// What is wrong, and where: "layers[3].digest", cut after 120 bytes.
struct field_validation {
    errc code = errc::ok;
    inline_string<120> path;

    constexpr void under(std::string_view name) {
        inline_string<120> longer(name);
        if (!path.empty() && path.view().front() != '[') longer.append(".");
        path = longer.append(path.view());
    }
    constexpr void under(std::size_t index) {
        char digits[24];
        std::size_t at = sizeof digits;
        digits[--at] = ']';
        do digits[--at] = static_cast<char>('0' + index % 10);
        while ((index /= 10) != 0);
        digits[--at] = '[';
        under(std::string_view(digits + at, sizeof digits - at));
    }
};

template <class T>
struct element_of;
template <class T>
struct element_of<std::optional<T>> : std::type_identity<T> {};
template <class T>
struct element_of<std::vector<T>> : std::type_identity<T> {};

/// The rules of `decode_value(json_view, T&, decode_state&)`.
template <class T>
class field_judge {
  public:
    constexpr field_judge(limits const& l, errc wrong, field_validation& out) : limits_(l), wrong_(wrong), out_(out) {}

    constexpr errc operator()(json_view v) const {
        if constexpr (std::is_same_v<T, bool>) return good(v.as_bool().has_value());
        else if constexpr (std::is_same_v<T, std::int64_t>) return good(v.as_int().has_value());
        else if constexpr (std::is_same_v<T, std::string>) return good(v.is_string());
        else if constexpr (std::is_same_v<T, digest>) return digest_text(v);
        else if constexpr (std::is_same_v<T, command_line>) return v.is_string() ? errc::ok : as<std::vector<std::string>>(v);
        else if constexpr (std::is_same_v<T, key_set>) return good(v.is_object());
        else if constexpr (std::is_same_v<T, string_map>) return map(v);
        else if constexpr (reflected<T>) return object(v);
        else if constexpr (std::is_same_v<T, std::optional<typename element_of<T>::type>>) return as<typename element_of<T>::type>(v);
        else return array(v);
    }

  private:
    template <class U>
    constexpr errc as(json_view v) const {
        return field_judge<U>(limits_, wrong_, out_)(v);
    }
    constexpr errc good(bool b) const { return b ? errc::ok : wrong_; }
    static constexpr errc digest_text(json_view v) {
        auto const t = v.as_string();
        auto d = decode_access::make<digest>();
        errc const e = t ? d.assign(*t) : errc::descriptor_invalid;
        return e == errc::ok || e == errc::digest_unsupported ? e : errc::descriptor_invalid;
    }
    constexpr errc map(json_view v) const {
        errc first = good(v.is_object());
        v.each_member([&](std::string_view name, json_view value) {
            if (first == errc::ok && !value.is_string() && !value.is_null()) first = wrong_, out_.under(name);
        });
        return first;
    }
    constexpr errc array(json_view v) const {
        using element = typename element_of<T>::type;
        if (!v.is_array()) return wrong_;
        if (reflected<element> && v.size() > limits_.descriptors) return errc::manifest_limit;
        errc first = errc::ok;
        std::size_t index = 0;
        v.each_element([&](json_view e) {
            if (first == errc::ok && (first = as<element>(e)) != errc::ok) out_.under(index);
            ++index;
        });
        return first;
    }
    constexpr errc object(json_view v) const {
        errc const wrong = std::is_same_v<T, descriptor> ? errc::descriptor_invalid : wrong_;
        if (!v.is_object()) return wrong;
        errc first = errc::ok;
        for_each_field_type<T>([&]<class M>(std::string_view name, bool required, std::type_identity<M>) {
            if (first != errc::ok) return;
            auto const value = v.find(name);
            if (value && !value->is_null()) {
                first = as<M>(*value);
                if (first == wrong_) first = wrong;
            } else if (required) {
                first = wrong;
            }
            if (first != errc::ok) out_.under(name);
        });
        if constexpr (std::is_same_v<T, descriptor>)
            if (first == errc::ok && *v.find("size")->as_int() < 0) first = errc::descriptor_invalid, out_.under("size");
        return first;
    }

    limits const& limits_;
    errc wrong_;
    field_validation& out_;
};

template <reflected T>
constexpr field_validation validate_fields(json_view v, errc wrong, limits const& l) {
    field_validation out;
    out.code = field_judge<T>(l, wrong, out)(v);
    return out;
}

} // namespace lading::detail
