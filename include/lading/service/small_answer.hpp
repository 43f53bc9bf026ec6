// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `small_answer`: an answer of a registry that is known as a whole.

#include "../detail/text.hpp"
#include "../http/message.hpp"
#include "../json/writer.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace lading::service {

/// Whether a registry keeps what it is sent.
enum class writes : unsigned char { refused,
                                    taken };

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
/// A refusal with the error envelope of registries (doc/protocol.md#errors). `detail` may be empty.
inline small_answer refusal(int status, std::string_view code, std::string_view message, std::string_view detail = {}) {
    json_writer w;
    w.begin_object().key("errors").begin_array().begin_object().key("code").string(code).key("message").string(message);
    if (detail.empty()) w.key("detail").null();
    else w.key("detail").string(detail);
    return text_answer(status, "application/json", w.end_object().end_array().end_object().take() + '\n');
}

} // namespace lading::service
