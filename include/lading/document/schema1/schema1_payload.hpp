// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `schema1_payload`: the bytes of a schema1 body that its digest names and that are decoded
/// (doc/protocol.md#schema1-payload).
///
/// Signatures are not verified: their keys are mostly throw-away ones, so only the digest of the payload
/// protects it. What the envelope may not do is to show other content than it names, so everything outside
/// the payload must be the `signatures` member alone.

#include "../../detail/base64.hpp"
#include "../../json/document.hpp"
#include "../../limits.hpp"
#include "../../result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lading {

namespace detail {

inline constexpr std::size_t max_schema1_signatures = 16;
inline constexpr std::size_t max_schema1_tail = 64; ///< bytes; real tails have one to three

/// What a signature says of the payload: its first bytes are those of the body, then comes the tail.
struct signed_format {
    std::int64_t length = 0;
    std::string tail;
    friend bool operator==(signed_format const&, signed_format const&) = default;
};

inline error envelope_error(std::string rule) {
    return error(errc::schema1_format).with_context(std::move(rule));
}

/// White space, one closing brace, white space.
inline bool closes_object(std::string_view text) noexcept {
    constexpr std::string_view space = " \t\r\n";
    auto const brace = text.find_first_not_of(space);
    return brace != text.npos && text[brace] == '}' && text.find_first_not_of(space, brace + 1) == text.npos;
}

template <json_policy J>
result<signed_format> read_signed_format(json_view signature, limits const& l) {
    auto const protected_header = signature.find("protected");
    auto const encoded = protected_header ? protected_header->as_string() : std::nullopt;
    if (!encoded) return envelope_error("a signature is an object with a string `protected`");
    auto const text = base64url_decode(*encoded);
    if (!text) return envelope_error("`protected` is base64url without padding");
    auto const parsed = json_document::parse<J>(*text, l.json);
    if (!parsed) return envelope_error("`protected` is JSON: " + std::string(name_of(parsed.error().kind())));
    auto const root = parsed.assume_value().root();

    signed_format out;
    auto const length = root.find("formatLength");
    if (!length || !length->as_int()) return envelope_error("`formatLength` is an integer");
    out.length = *length->as_int();
    auto const tail = root.find("formatTail");
    auto const tail_text = tail ? tail->as_string() : std::nullopt;
    if (!tail_text) return envelope_error("`formatTail` is a string");
    if (tail_text->size() > 2 * max_schema1_tail)
        return error(errc::schema1_format)
            .with_context("`formatTail` is short")
            .with_values("at most " + std::to_string(2 * max_schema1_tail) + " characters",
                         std::to_string(tail_text->size()));
    auto tail_bytes = base64url_decode(*tail_text);
    if (!tail_bytes) return envelope_error("`formatTail` is base64url without padding");
    if (!closes_object(*tail_bytes)) return envelope_error("`formatTail` is a closing brace and white space");
    out.tail = std::move(*tail_bytes);
    return out;
}

} // namespace detail

/// The payload of a schema1 body: for a signed one (it has the key `signatures`) the first `formatLength`
/// bytes and `formatTail`; for an unsigned one the whole body. The digest of a schema1 document is the hash
/// of this.
///
/// `body` is the document exactly as received, leading white space included. All of `signatures` (1 to 16)
/// agree on an integer `formatLength` inside the body and on a `formatTail` of one closing brace and white
/// space; the payload is a JSON object; and the body behind it is the member `signatures` and nothing else.
/// `header` is not looked at, and no signature is verified: only the digest protects the payload. Errors, all
/// final: `schema1_format` with the rule that is broken in the context; the `json_*` errors of the body, but
/// a key that is there twice is `schema1_format`. Linear in the size. Thread-safe.
template <json_policy J>
result<std::string> schema1_payload(std::string_view body, limits const& l = {}) {
    using detail::envelope_error;
    auto parsed = json_document::parse<J>(body, l.json);
    if (!parsed && parsed.error() == errc::json_duplicate_key)
        return envelope_error("no key is there twice: " + parsed.error().detail().context);
    LADING_TRY(auto const document, std::move(parsed));
    if (!document.root().is_object()) return envelope_error("the body is an object");
    auto const list = document.root().find("signatures");
    if (!list) return std::string(body);
    if (!list->is_array() || list->size() == 0 || list->size() > detail::max_schema1_signatures)
        return error(errc::schema1_format)
            .with_context("`signatures` is an array")
            .with_values("1 to " + std::to_string(detail::max_schema1_signatures) + " signatures",
                         list->is_array() ? std::to_string(list->size()) : "no array");

    std::vector<json_view> signatures;
    list->each_element([&](json_view s) { signatures.push_back(s); });
    LADING_TRY(auto const format, detail::read_signed_format<J>(signatures.front(), l));
    for (auto const& s : signatures) {
        LADING_TRY(auto const other, detail::read_signed_format<J>(s, l));
        if (other != format) return envelope_error("all signatures agree on `formatLength` and `formatTail`");
    }
    if (format.length <= 0 || static_cast<std::uint64_t>(format.length) > body.size())
        return error(errc::schema1_format)
            .with_context("`formatLength` is inside the body")
            .with_values("1 to " + std::to_string(body.size()), std::to_string(format.length));

    auto const length = static_cast<std::size_t>(format.length);
    if (body[length - 1] == ',') return envelope_error("the byte before `formatLength` is no comma");
    std::string payload(body.substr(0, length));
    payload += format.tail;
    auto const inside = json_document::parse<J>(payload, l.json);
    if (!inside || !inside.assume_value().root().is_object() ||
        inside.assume_value().root().find("signatures"))
        return envelope_error("the payload is an object without `signatures`");

    // Read as an object of its own, the rest shows whether it holds another member.
    auto const rest = body.substr(length);
    if (!rest.starts_with(',')) return envelope_error("a comma follows the payload");
    auto const outside = json_document::parse<J>("{" + std::string(rest.substr(1)), l.json);
    if (!outside || outside.assume_value().root().size() != 1 ||
        !outside.assume_value().root().find("signatures"))
        return envelope_error("nothing but `signatures` follows the payload");
    return payload;
}

} // namespace lading
