// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Where an upload goes on, as the registry says it (`Location`, `Range`, `OCI-Chunk-Min-Length`): pure functions of headers.

#include "../digest.hpp"
#include "message.hpp"
#include "url.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// The place of an upload session.
struct upload_location {
    std::string url;                ///< path and query as the registry wrote them
    bool rewritten = false;         ///< it named another scheme or port of the same host; the session's own are kept
    bool elsewhere = false;         ///< on another host, which the caller allows: no credentials go there
    bool other_repository = false;  ///< below another repository's path
    std::optional<origin> from, to; ///< of one elsewhere: who named it, and where it is
};

namespace detail {
inline error bad_upload_location(std::string why) { return error(errc::upload_protocol).with_context("Location: " + std::move(why)); }

/// Splits at the first character; the second part is empty without it.
inline std::pair<std::string_view, std::string_view> cut_at(std::string_view text, char at) {
    auto const n = std::min(text.find(at), text.size());
    return {text.substr(0, n), text.substr(std::min(n + 1, text.size()))};
}
} // namespace detail

/// Reads the `Location` of an answer to `asked`, an upload of the repository with this path. Another scheme or port of the same host is
/// a proxy that knows itself by another name: the origin of `asked` is kept, so that nothing goes where it would not have gone anyway.
/// Another host is refused unless it is in `hosts` ("uploads.example.com", with its port if that is not the scheme's own), and then has
/// to be https. Errors: `upload_protocol` if it cannot be the place of an upload, `upload_location_cross_origin`,
/// `upload_location_downgrade`.
inline result<upload_location> locate_upload(header_map const& headers, std::string_view asked, std::string_view repository,
                                             std::vector<std::string> const& hosts = {}) {
    constexpr std::size_t most = 8u << 10;
    auto const all = headers.all("Location");
    if (all.empty()) return detail::bad_upload_location("there is none");
    for (auto const& other : all)
        if (other != all.front()) return detail::bad_upload_location("there are two");
    std::string_view const text = all.front();
    if (text.empty()) return detail::bad_upload_location("it is empty");
    if (text.size() > most) return detail::bad_upload_location("longer than " + std::to_string(most) + " bytes");
    if (names_user(text)) return detail::bad_upload_location("it names a user");
    LADING_TRY(auto const here, url::parse(asked));
    auto const found = here.resolve(text);
    if (!found) return detail::bad_upload_location(found.assume_error().detail().context);
    auto const& there = found.assume_value();
    if ((there.path() + '/').find("/manifests/") != std::string::npos)
        return detail::bad_upload_location("it is that of a manifest"); // what is put there would be one

    upload_location out;
    out.url = there.str();
    out.other_repository = there.path().starts_with("/v2/") && !there.path().starts_with("/v2/" + std::string(repository) + '/');
    if (there.origin() == here.origin()) return out;
    if (there.host() == here.host()) {
        out.rewritten = true;
        out.url = here.origin().base() + there.target();
        return out;
    }
    bool allowed = false;
    for (auto const& host : hosts) allowed = allowed || iequal(host, there.authority());
    if (!allowed) return error(errc::upload_location_cross_origin).with_values(here.origin().str(), there.origin().str());
    if (there.scheme() != "https") return error(errc::upload_location_downgrade).with_values("https", there.origin().str());
    out.elsewhere = true;
    out.from = here.origin();
    out.to = there.origin();
    return out;
}

/// The place where an upload of this digest is closed: one `digest` parameter, the last, its colon encoded. What else the query has
/// stays as it is and where it is: it may be signed.
inline std::string closing_url(std::string_view location, digest const& d) {
    auto const [place, query] = detail::cut_at(location, '?');
    std::string out(place);
    char separator = '?';
    for (std::string_view rest = query; !rest.empty();) {
        auto const [one, more] = detail::cut_at(rest, '&');
        if (detail::cut_at(one, '=').first != "digest") out.append(1, std::exchange(separator, '&')).append(one);
        rest = more;
    }
    return out.append(1, separator).append("digest=").append(percent_encode(d.str()));
}

/// The place where an upload goes on: without the `digest` that a registry may have put there, else as it is.
inline std::string open_url(std::string_view location) {
    auto const [place, query] = detail::cut_at(location, '?');
    if (("&" + std::string(query)).find("&digest=") == std::string::npos) return std::string(location);
    std::string out(place);
    char separator = '?';
    for (std::string_view rest = query; !rest.empty();) {
        auto const [one, more] = detail::cut_at(rest, '&');
        if (detail::cut_at(one, '=').first != "digest") out.append(1, std::exchange(separator, '&')).append(one);
        rest = more;
    }
    return out;
}

/// The last byte that the registry says it has (`Range: 0-<last>`), which is 0 for none and for one. Nothing for what cannot be read,
/// and registries write all kinds of things there: a hint, no more.
inline std::optional<std::uint64_t> upload_range_end(header_map const& headers) {
    auto const all = headers.all("Range");
    if (all.size() != 1) return std::nullopt;
    std::string_view text = all.front();
    if (!text.starts_with("0-")) return std::nullopt;
    text.remove_prefix(2);
    std::uint64_t out = 0;
    auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || text.size() > 18 || wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return out;
}

/// The least size of a chunk but the last, 0 for any. Nothing if it is not a number, or there are several.
inline std::optional<std::uint64_t> least_chunk(header_map const& headers) {
    auto const all = headers.all("OCI-Chunk-Min-Length");
    if (all.empty()) return 0;
    auto const& text = all.front();
    std::uint64_t out = 0;
    auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (all.size() > 1 || text.empty() || wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return out;
}

} // namespace lading
