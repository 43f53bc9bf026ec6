// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `encode<T>`: any reflected document as canonical JSON, the bytes that Go's tools write for it, so that equal documents
/// have equal digests.

#include "write_fields.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lading {

namespace detail {

template <class T>
inline constexpr bool encodable = reflected<T>;
template <class T>
inline constexpr bool encodable<std::vector<T>> = reflected<T>;

template <class T>
constexpr bool check_encodable() {
    static_assert(encodable<T>, "[lading] encode: a document must be reflected: LADING_REFLECT(type, fields...)");
    if constexpr (encodable<T>) {
        static_assert(has_json_form<T>::value, "[lading] encode: a field of this type has no JSON form; it is a bool, std::int64_t, std::string, digest, "
                                               "string_map, key_set, command_line or embedded_data, a reflected document, or a vector or an optional of one");
        return has_json_form<T>::value;
    }
    return false;
}

template <class T>
result<std::string> encode_document(T const& document, std::optional<json_view> edited) {
    json_writer out(json_style(0, true, false, true));
    document_writer writer(out);
    if (!writer.write(document, edited)) return from(writer.wrong());
    return out.take();
}

} // namespace detail

/// Writes a document, or a list of them: one line without white space, the fields in the order of the OCI image specification (of a document
/// of yours, of its `document_rules` and its reflection), the keys of maps sorted by their bytes. Fields that are not
/// required and empty are left out, never null; `<`, `>`, `&`, U+2028 and U+2029 are escaped, and controls as Go 1.22
/// escapes them. Texts are not looked into: a time is written as it is.
///
/// `decode<T>` of the result is the document, but that an optional list that is there and empty is absent. Reflection is
/// in `document/reflect/`. Errors: `invalid_argument` (a text that is no UTF-8, a descriptor without a size, an index with
/// `odd_entries`, a set with a key twice), with the path of the member in the context. Linear. Thread-safe.
template <class T>
result<std::string> encode(T const& document) {
    if constexpr (detail::check_encodable<T>()) return detail::encode_document(document, std::nullopt);
    else return std::string();
}

/// Writes a document that has been decoded from `edited` and changed: the members of `edited` that are no fields of the
/// document are kept, behind the fields of their object, in their order. The elements of lists are known again by their
/// digests, or by all that they say. `edited` must have been parsed without `json_limits::repeated_keys`. Errors and
/// complexity are those of `encode(document)`; replacing all of a list takes quadratic time in its length.
template <class T>
result<std::string> encode(T const& document, json_view edited) {
    if constexpr (detail::check_encodable<T>()) return detail::encode_document(document, edited);
    else return std::string();
}

} // namespace lading
