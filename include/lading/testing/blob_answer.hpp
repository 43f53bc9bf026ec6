// SPDX-License-Identifier: BSL-1.0
#pragma once

/// How the embedded registry answers for a blob: with ranges, as registries in use do, and with the faults that a test asks for.

#include "blob_faults.hpp"
#include "http_exchange.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing::detail {

/// First and last position.
using byte_range = std::pair<std::size_t, std::size_t>;

/// What a `Range` asks of so many bytes: nothing when it cannot be read, no ranges when there are no such bytes.
inline std::optional<std::vector<byte_range>> ranges_asked_for(std::string_view text, std::size_t size) {
    if (!text.starts_with("bytes=")) return std::nullopt;
    text.remove_prefix(6);
    std::vector<byte_range> out;
    for (bool more = true; more;) {
        auto const comma = text.find(',');
        more = comma != text.npos;
        auto const one = trim(text.substr(0, comma));
        if (more) text.remove_prefix(comma + 1);
        auto const dash = one.find('-');
        if (dash == one.npos) return std::nullopt;
        auto const from = one.substr(0, dash), to = one.substr(dash + 1);
        auto const first = parse_size(from), last = parse_size(to);
        if (from.empty()) { // so many from the end
            if (!last) return std::nullopt;
            if (*last > 0 && size > 0) out.emplace_back(size - std::min(*last, size), size - 1);
        } else {
            if (!first || (!last && !to.empty()) || (last && *last < *first)) return std::nullopt;
            if (*first < size) out.emplace_back(*first, std::min(last.value_or(size), size - 1));
        }
    }
    return out;
}

inline std::string range_text(byte_range r, std::size_t size) {
    return "bytes " + std::to_string(r.first) + '-' + std::to_string(r.second) + '/' + std::to_string(size);
}

/// An error that keeps the length of the blob as its own, has fewer bytes, and ends the connection: as docker-registry does.
inline canned short_error(int status, std::string text, std::size_t size) {
    return canned(status, std::move(text), "text/plain; charset=utf-8").with_header("Content-Length", std::to_string(size)).with_cut();
}

/// The bytes of several ranges, in one body.
inline canned several_ranges(std::string const& bytes, std::vector<byte_range> const& ranges) {
    std::string body;
    for (auto const& r : ranges)
        body += "\r\n--THIS_IS_A_BOUNDARY\r\nContent-Range: " + range_text(r, bytes.size()) +
                "\r\nContent-Type: application/octet-stream\r\n\r\n" + bytes.substr(r.first, r.second - r.first + 1);
    return canned(206, body + "\r\n--THIS_IS_A_BOUNDARY--\r\n", "multipart/byteranges; boundary=THIS_IS_A_BOUNDARY");
}

/// The rest of a blob, answered as the test wants it.
inline canned one_range(std::string const& bytes, byte_range r, range_manners how) {
    auto const size = bytes.size();
    auto part = bytes.substr(r.first, r.second - r.first + 1);
    canned out(206);
    switch (how) {
    case range_manners::as_asked:
    case range_manners::ignored: break;
    case range_manners::refused: return short_error(416, "", size).with_header("Content-Range", "bytes */" + std::to_string(size));
    case range_manners::not_met: return short_error(412, "", size);
    case range_manners::missing: return registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry");
    case range_manners::unsaid: return out.with_body(std::move(part));
    case range_manners::shifted:
        if (r.first > 0) --r.first, --r.second;
        else ++r.first, ++r.second;
        break;
    case range_manners::halved:
        part.resize((part.size() + 1) / 2);
        r.second = r.first + part.size() - 1;
        break;
    case range_manners::of_another:
        for (auto& c : part) c = static_cast<char>(c ^ 1);
        break;
    }
    return out.with_body(std::move(part)).with_header("Content-Range", range_text(r, size));
}

/// GET or HEAD of a blob, by its digest.
inline canned blob_answer(std::string const& bytes, std::string const& digest, exchange const& q, blob_faults const& faults) {
    auto const size = bytes.size();
    auto const etag = '"' + digest + '"';
    auto const asks = [&](char const* name) { return q.headers.find(name).value_or(""); };
    auto const whole = [&] { return canned(200, bytes); };
    auto answer = [&]() -> canned {
        if (auto const only = asks("If-Match"); !only.empty() && only != etag) return short_error(412, "", size);
        if (auto const known = asks("If-None-Match"); known == etag || known == "W/" + etag) return canned(304);
        auto const range = asks("Range");
        auto const same = asks("If-Range");
        if (range.empty() || faults.ranges == range_manners::ignored || (!same.empty() && same != etag)) return whole();
        auto const wanted = ranges_asked_for(range, size);
        if (!wanted) return short_error(416, "invalid range\n", size);
        if (wanted->empty())
            return short_error(416, "invalid range: failed to overlap\n", size).with_header("Content-Range", "bytes */" + std::to_string(size));
        if (wanted->size() > 1) return several_ranges(bytes, *wanted);
        return one_range(bytes, wanted->front(), faults.ranges);
    }();
    auto const status = answer.status.value_or(200);
    if (!answer.headers.find("Content-Type") && status != 304) answer.with_header("Content-Type", "application/octet-stream");
    if (status < 400)
        answer.with_header("Accept-Ranges", "bytes")
            .with_header("Cache-Control", "max-age=31536000")
            .with_header("Docker-Content-Digest", digest)
            .with_header("Etag", etag);
    if (status >= 300 || q.method == "HEAD") return answer;
    answer.with_pieces(faults.piece, faults.pause);
    if (faults.cut_after > 0 && answer.body->size() > faults.cut_after) {
        answer.with_header("Content-Length", std::to_string(answer.body->size())).with_cut();
        answer.body->resize(faults.cut_after);
    }
    return answer;
}

} // namespace lading::testing::detail
