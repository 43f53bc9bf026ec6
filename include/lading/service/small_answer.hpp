// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `small_answer`: an answer of a registry that is known as a whole.

#include "../detail/text.hpp"
#include "../http/message.hpp"
#include "../json/writer.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::service {

namespace detail {
using namespace lading::detail;
}

/// A body that is known as a whole, with its head.
struct small_answer {
    response head;
    std::string body;
};

/// Adds a field to a head; for chains.
inline small_answer&& with(small_answer&& a, std::string_view name, std::string_view value) { return a.head.headers.add(name, value), std::move(a); }

/// An answer with this body.
inline small_answer text_answer(int status, std::string_view type, std::string body) {
    small_answer out{response(status), std::move(body)};
    if (!type.empty()) out.head.headers.add("Content-Type", type);
    return out;
}

/// One entry of an error envelope (doc/protocol.md#errors).
struct said_error {
    std::string_view code, message;
    std::string detail = {}; ///< as JSON; may be empty
};
/// Text as JSON.
inline std::string json_text_of(std::string_view text) { return json_writer().string(text).take(); }

/// A refusal with the error envelope of registries.
inline small_answer refusal_of(int status, std::vector<said_error> const& all) {
    json_writer w;
    w.begin_object().key("errors").begin_array();
    for (auto const& e : all) {
        w.begin_object().key("code").string(e.code).key("message").string(e.message);
        if (!e.detail.empty()) w.key("detail").number(e.detail);
        w.end_object();
    }
    return text_answer(status, "application/json", w.end_array().end_object().take() + '\n');
}
/// The same with one entry. `detail` is a text, and may be empty.
inline small_answer refusal(int status, std::string_view code, std::string_view message, std::string_view detail = {}) {
    return refusal_of(status, {{code, message, detail.empty() ? std::string() : json_text_of(detail)}});
}

} // namespace lading::service
