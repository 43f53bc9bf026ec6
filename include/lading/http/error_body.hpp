// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a registry says in the body of an error (doc/protocol.md#errors).

#include "../detail/text.hpp"
#include "../json/document.hpp"
#include "../json/writer.hpp"
#include "../limits.hpp"
#include "plain_words.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lading {

/// The sentence that goes with a code of the protocol; empty for others.
constexpr std::string_view default_message(std::string_view code) noexcept {
    constexpr std::pair<std::string_view, std::string_view> table[] = {
        {"UNKNOWN", "unknown error"},
        {"UNSUPPORTED", "The operation is unsupported."},
        {"UNAUTHORIZED", "authentication required"},
        {"DENIED", "requested access to the resource is denied"},
        {"UNAVAILABLE", "service unavailable"},
        {"DIGEST_INVALID", "provided digest did not match uploaded content"},
        {"SIZE_INVALID", "provided length did not match content length"},
        {"NAME_INVALID", "invalid repository name"},
        {"TAG_INVALID", "manifest tag did not match URI"},
        {"NAME_UNKNOWN", "repository name not known to registry"},
        {"MANIFEST_UNKNOWN", "manifest unknown"},
        {"MANIFEST_INVALID", "manifest invalid"},
        {"MANIFEST_UNVERIFIED", "manifest failed signature verification"},
        {"MANIFEST_BLOB_UNKNOWN", "blob unknown to registry"},
        {"BLOB_UNKNOWN", "blob unknown to registry"},
        {"BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"},
        {"BLOB_UPLOAD_INVALID", "blob upload invalid"},
        {"TOOMANYREQUESTS", "too many requests"},
        {"RANGE_INVALID", "invalid content range"},
        {"PAGINATION_NUMBER_INVALID", "invalid number of results requested"},
    };
    for (auto const& [c, m] : table)
        if (c == code) return m;
    return {};
}

/// What an error body says, and how it was put: `unreadable`, `empty`, or what its first element is. `by_details` when
/// it is the older form, which has one message and no code.
struct error_body {
    std::vector<registry_error> errors;
    refusal_form form = refusal_form::unreadable;
    bool by_details = false;
    std::string words; ///< of a body in a form that is not the protocol's; empty where `errors` has something
};

namespace detail {

/// The member of that name if it is a string.
inline std::string_view text_member(json_view object, std::string_view key) {
    auto const v = object.is_object() ? object.find(key) : std::nullopt;
    return v ? v->as_string().value_or("") : "";
}

/// The words of a JSON body by the names that gateways, token services (RFC 6749, 5.2) and problem details (RFC 9457)
/// have for them.
inline std::string json_words(json_view root, std::size_t most) {
    if (auto const text = root.as_string()) return one_line(*text, most, false);
    auto const inner = root.is_object() ? root.find("error") : std::nullopt; // {"error":{"code":..,"message":..}}
    auto const of = inner && inner->is_object() ? *inner : root;
    auto const first = [&](auto const&... keys) {
        std::string_view found;
        ((found = found.empty() ? text_member(of, keys) : found), ...);
        return one_line(found, most, false);
    };
    auto const words = first("error_description", "message", "detail", "msg", "reason", "description", "errorMessage");
    return code_and_words(first("title", "error", "code"), words, most);
}

} // namespace detail

/// Reads `{"errors":[{code,message,detail}]}` or the older `{"details":"..."}`, whatever the Content-Type, and else the
/// first 200 characters that other forms have for people. Never fails: what cannot be read is `unreadable`. At most 16
/// errors and `limits::error_text` bytes, printable.
template <json_policy J>
error_body parse_error_body(std::string_view body, limits const& l) {
    error_body out;
    std::size_t room = l.error_text;
    auto keep = [&](std::string_view text) {
        auto const kept = std::min(text.size(), room);
        room -= kept;
        return detail::printable(text.substr(0, kept), kept);
    };
    auto const text = detail::text_member;
    auto const most = std::min<std::size_t>(room, 200);
    auto const parsed = json_document::parse<J>(body, l.json);
    if (!parsed) return out.words = plain_words(body, most), out;
    auto const root = parsed.assume_value().root();
    out.words = detail::json_words(root, most);
    if (!root.is_object()) return out;
    if (auto const old = text(root, "details"); !old.empty()) {
        out.errors.push_back({"", keep(old), ""});
        out.form = refusal_form::other;
        out.by_details = true;
        out.words = {};
        return out;
    }
    auto const errors = root.find("errors");
    if (errors && !errors->is_null() && !errors->is_array()) {
        if (auto const said = errors->as_string(); said && out.words.empty()) out.words = detail::one_line(*said, most, false);
        return out;
    }
    out.form = refusal_form::empty;
    if (!errors || errors->is_null()) return out;
    bool first = true;
    errors->each_element([&](json_view e) {
        auto const code = text(e, "code"), message = text(e, "message");
        auto const d = e.is_object() ? e.find("detail") : std::nullopt;
        bool const detailed = d && !d->is_null();
        if (std::exchange(first, false)) {
            // By the codes of Docker 1.10: one that it did not know, or that came later, was UNKNOWN to it.
            bool const later = code == "TOOMANYREQUESTS" || code == "RANGE_INVALID" || code == "PAGINATION_NUMBER_INVALID";
            auto const usual = default_message(later || default_message(code).empty() ? "UNKNOWN" : code);
            bool const own_words = !message.empty() && message != usual;
            bool const known = code == "UNAUTHORIZED" || code == "NAME_UNKNOWN" || code == "MANIFEST_UNKNOWN";
            out.form = !detailed && !own_words ? refusal_form::bare_code : known ? refusal_form::unknown
                                                                                 : refusal_form::other;
        }
        if (auto const said = e.as_string(); said && out.words.empty()) out.words = detail::one_line(*said, most, false);
        if (out.errors.size() == 16 || room == 0 || !e.is_object()) return;
        registry_error one;
        one.code = keep(code);
        one.message = keep(message);
        if (detailed) {
            json_writer w;
            w.value(*d);
            one.detail = keep(w.str());
        }
        out.errors.push_back(std::move(one));
    });
    if (!out.errors.empty()) out.words = {};
    return out;
}

} // namespace lading
