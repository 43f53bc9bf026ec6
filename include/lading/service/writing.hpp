// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The writing side of `service::answer`: what a registry answers that keeps what it is sent in a store.

#include "../hash/constexpr_sha2.hpp"
#include "../http/body_source.hpp"
#include "../http/form_fields.hpp"
#include "../http/message.hpp"
#include "../limits.hpp"
#include "../policy/hash.hpp"
#include "../reference.hpp"
#include "../store/content_store.hpp"
#include "route.hpp"
#include "small_answer.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace lading::service {

namespace detail {

/// Passes the body of a request on, piece by piece. Errors: those of the source, and of `each`.
template <class Each>
result<void> each_piece(request const& q, Each&& each) {
    if (!q.source) return q.body.empty() ? result<void>(success()) : each(std::as_bytes(std::span(q.body)));
    LADING_TRY_V(q.source->begin());
    auto const piece = std::make_unique<std::array<std::byte, (64u << 10)>>();
    for (;;) {
        LADING_TRY(auto const n, q.source->read(*piece));
        if (n == 0) return success();
        LADING_TRY_V(each(std::span(*piece).first(n)));
    }
}

/// Keeps one blob, if its bytes have the digest. There is one session, which nothing is kept of: a blob comes whole, in one request.
template <class H, content_store S>
result<small_answer> keep_blob(request const& q, S& store, route const& r, std::string_view named) {
    auto const wanted = digest::parse(named);
    if (!wanted) return refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content", named.empty() ? "digest missing" : "digest parsing failed");
    auto const size = q.source ? q.source->size() : std::optional<std::uint64_t>(q.body.size());
    descriptor const what("application/octet-stream", wanted.assume_value(), size ? static_cast<std::int64_t>(*size) : descriptor::unknown_size);
    LADING_TRY(auto const out, store.writer(what));
    H hash(what.digest.algorithm());
    auto kept = out->begin();
    if (kept)
        kept = each_piece(q, [&](std::span<std::byte const> piece) {
            hash.update(piece);
            return out->write(piece);
        });
    if (!kept) return out->discard(), std::move(kept).assume_error();
    auto const actual = hash.finish();
    if (!actual || actual.assume_value() != what.digest) {
        out->discard();
        return refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content", actual ? actual.assume_value().str() : "");
    }
    LADING_TRY_V(out->commit());
    return with(with(text_answer(201, {}, {}), "Location", "/v2/" + r.name + "/blobs/" + what.digest.str()), "Docker-Content-Digest", what.digest.str());
}

template <class H, content_store S>
result<small_answer> keep_manifest(request const& q, S& store, route const& r) {
    auto const most = limits().manifest_bytes;
    std::string bytes;
    bool too_large = false;
    LADING_TRY_V(each_piece(q, [&](std::span<std::byte const> piece) {
        too_large = too_large || piece.size() > most - bytes.size();
        if (!too_large) bytes.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return result<void>(success());
    }));
    auto const named = digest::parse(r.item);
    if (too_large) return refusal(413, "MANIFEST_INVALID", "manifest invalid", "http: request body too large");
    if (!named && !is_tag(r.item)) return refusal(400, "TAG_INVALID", "manifest tag did not match URI", r.item);
    LADING_TRY(auto const d, lading::digest_of<H>(bytes, named ? named.assume_value().algorithm() : digest_algorithm::sha256));
    if (named && named.assume_value() != d) return refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content", d.str());
    auto const type = q.headers.find("Content-Type").value_or("");
    descriptor const what(std::string(lading::detail::trim(type.substr(0, type.find(';')))), d, static_cast<std::int64_t>(bytes.size()));
    LADING_TRY_V(store.put_document(what, bytes));
    if (!named) {
        LADING_TRY_V(store.tag(r.item, what));
    }
    return with(with(text_answer(201, {}, {}), "Location", "/v2/" + r.name + "/manifests/" + d.str()), "Docker-Content-Digest", d.str());
}

/// Answers POST, PUT, PATCH and DELETE.
template <class H, content_store S>
result<small_answer> write(request const& q, S& store, route const& r, std::string_view query) {
    form_fields const form(query);
    auto const session = [&] { return with(with(text_answer(202, {}, {}), "Location", "/v2/" + r.name + "/blobs/uploads/whole"), "Range", "0-0"); };
    if (r.kind == route_kind::uploads && q.method == "POST") {
        if (auto const d = digest::parse(form.get("mount")); d && form.find("from")) {
            LADING_TRY(auto const there, store.has(descriptor({}, d.assume_value(), descriptor::unknown_size), q.stop));
            if (there) return with(with(text_answer(201, {}, {}), "Location", "/v2/" + r.name + "/blobs/" + d.assume_value().str()), "Docker-Content-Digest", d.assume_value().str());
        }
        return session();
    }
    if (r.kind == route_kind::upload && q.method == "PUT") return keep_blob<H>(q, store, r, form.get("digest"));
    if (r.kind == route_kind::upload && q.method == "DELETE") return text_answer(204, {}, {});
    if (r.kind == route_kind::manifest && q.method == "PUT") return keep_manifest<H>(q, store, r);
    return with(refusal(405, "UNSUPPORTED", "The operation is unsupported."), "Allow", "GET, HEAD");
}

} // namespace detail

} // namespace lading::service
