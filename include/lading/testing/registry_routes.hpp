// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The answers of the embedded registry that need no state but its content (doc/protocol.md#requests).

#include "../service/answer.hpp"
#include "blob_answer.hpp"
#include "http_exchange.hpp"
#include "registry_options.hpp"
#include "registry_store.hpp"
#include "token_service.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing::detail {

using service::route;
using service::route_kind;

/// Nothing that could end a header line or a quoted string when the path is repeated in an answer.
inline bool is_plain(std::string_view path) {
    return std::all_of(path.begin(), path.end(), [](char c) {
        return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>';
    });
}

inline canned unknown_name() {
    return registry_error(404, "NAME_UNKNOWN", "repository name not known to registry");
}

/// `known` is the request's `If-None-Match`.
inline canned manifest_answer(registry_store const& store, route const& r, std::string_view known) {
    auto const* const repository = store.find(r.name);
    if (!repository) return unknown_name();
    auto const tag = repository->tags.find(r.item);
    auto const& digest = tag == repository->tags.end() ? r.item : tag->second;
    auto const found = repository->manifests.find(digest);
    if (found == repository->manifests.end())
        return registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown");
    if (known.starts_with("W/")) known.remove_prefix(2);
    auto out = known == '"' + digest + '"' || known == digest ? canned(304) : canned(200, found->second.bytes, found->second.media_type);
    return out.with_header("Docker-Content-Digest", digest).with_header("ETag", '"' + digest + '"');
}

inline canned blob_answer(registry_store const& store, route const& r, exchange const& q, blob_faults const& faults, std::string const& elsewhere) {
    if (!elsewhere.empty())
        return canned(307).with_header("Location", elsewhere + "/v2/" + r.name + "/blobs/" + r.item);
    if (auto const* const bytes = store.blob(r.item, r.name)) return blob_answer(*bytes, r.item, q, faults);
    if (!store.find(r.name)) return unknown_name();
    return registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry", r.item);
}

/// In lexical order; `n` and `last` as in the query, and at most `tag_page` entries.
inline canned tags_answer(registry_store const& store, route const& r, std::string_view query,
                          registry_options const& o) {
    if (o.refuse_tags) return registry_error(403, "DENIED", "requested access to the resource is denied");
    auto const* const repository = store.find(r.name);
    if (!repository) return unknown_name();
    std::vector<std::string> tags;
    tags.reserve(repository->tags.size());
    for (auto const& [tag, digest] : repository->tags) tags.push_back(tag);
    auto page = service::tags_answer(r.name, std::move(tags), query, o.tag_page);
    canned out(page.head.status, std::move(page.body));
    for (auto const& [name, value] : page.head.headers) out.with_header(std::string(name), std::string(value));
    return out;
}

} // namespace lading::testing::detail
