// SPDX-License-Identifier: BSL-1.0
#pragma once

/// How the embedded registry answers for a blob: with ranges, as registries in use do, and with the faults that a test asks for.

#include "../service/byte_ranges.hpp"
#include "blob_faults.hpp"
#include "http_exchange.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing::detail {

using service::byte_range;
using service::byte_ranges;

/// An error that keeps the length of the blob as its own, has fewer bytes, and ends the connection: as docker-registry does.
inline canned short_error(int status, std::string text, std::size_t size) {
    return canned(status, std::move(text), "text/plain; charset=utf-8").with_header("Content-Length", std::to_string(size)).with_cut();
}

/// The bytes of several ranges, in one body.
inline canned several_ranges(std::string const& bytes, std::vector<byte_range> const& ranges) {
    std::string body;
    for (auto const& r : ranges)
        body += "\r\n--THIS_IS_A_BOUNDARY\r\nContent-Range: " + r.content_range(bytes.size()) +
                "\r\nContent-Type: application/octet-stream\r\n\r\n" + bytes.substr(r.from, r.size);
    return canned(206, body + "\r\n--THIS_IS_A_BOUNDARY--\r\n", "multipart/byteranges; boundary=THIS_IS_A_BOUNDARY");
}

/// The rest of a blob, answered as the test wants it.
inline canned one_range(std::string const& bytes, byte_range r, range_manners how) {
    auto const size = bytes.size();
    auto part = bytes.substr(r.from, r.size);
    canned out(206);
    switch (how) {
    case range_manners::as_asked:
    case range_manners::ignored: break;
    case range_manners::refused: return short_error(416, "", size).with_header("Content-Range", "bytes */" + std::to_string(size));
    case range_manners::not_met: return short_error(412, "", size);
    case range_manners::missing: return registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry");
    case range_manners::unsaid: return out.with_body(std::move(part));
    case range_manners::shifted:
        r.from = r.from > 0 ? r.from - 1 : 1;
        break;
    case range_manners::halved:
        part.resize((part.size() + 1) / 2);
        r.size = part.size();
        break;
    case range_manners::of_another:
        for (auto& c : part) c = static_cast<char>(c ^ 1);
        break;
    }
    return out.with_body(std::move(part)).with_header("Content-Range", r.content_range(size));
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
        auto const wanted = byte_ranges::of(range, size);
        switch (wanted.is) {
        case byte_ranges::verdict::whole: return whole();
        case byte_ranges::verdict::malformed: return short_error(416, "invalid range\n", size);
        case byte_ranges::verdict::beyond:
            return short_error(416, "invalid range: failed to overlap\n", size).with_header("Content-Range", "bytes */" + std::to_string(size));
        case byte_ranges::verdict::parts: break;
        }
        return wanted.all.size() > 1 ? several_ranges(bytes, wanted.all) : one_range(bytes, wanted.all.front(), faults.ranges);
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
