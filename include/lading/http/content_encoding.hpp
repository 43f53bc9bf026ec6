// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a body was encoded with, as `Content-Encoding` says (RFC 9110, 8.4).

#include "../detail/text.hpp"
#include "message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace lading {

enum class content_coding : std::uint8_t {
    identity, ///< the bytes are the body
    gzip,     ///< once
    other     ///< anything else, or several of them
};

/// `none`, `utf-8` and `aws-chunked`, which stores answer as they were told when they were given the bytes, are codings of
/// nothing: identity.
inline content_coding content_coding_of(header_map const& headers) {
    auto out = content_coding::identity;
    for (auto rest : headers.all("Content-Encoding"))
        while (!rest.empty()) {
            auto const end = std::min(rest.find(','), rest.size());
            auto const name = detail::trim(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
            bool nothing = name.empty();
            for (auto const* of : {"identity", "none", "utf-8", "utf8", "aws-chunked"}) nothing = nothing || iequal(name, of);
            if (nothing) continue;
            bool const first_gzip = out == content_coding::identity && (iequal(name, "gzip") || iequal(name, "x-gzip"));
            out = first_gzip ? content_coding::gzip : content_coding::other;
        }
    return out;
}

/// The error of a body that is encoded and not read.
inline error encoded_body(header_map const& headers, std::string why) {
    return error(errc::http_content_encoding)
        .with_context(std::move(why))
        .with_values("identity", detail::printable(headers.find("Content-Encoding").value_or(""), 80));
}

} // namespace lading
