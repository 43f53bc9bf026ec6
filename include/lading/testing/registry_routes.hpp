// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The answers of the embedded registry that need no state but its content (doc/protocol.md#requests).

#include "blob_answer.hpp"
#include "http_exchange.hpp"
#include "registry_options.hpp"
#include "registry_store.hpp"
#include "token_service.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace lading::testing::detail {

enum class route_kind : unsigned char { none,
                                        base,
                                        manifest,
                                        blob,
                                        tags };

/// What a path asks for.
struct route {
    route_kind kind = route_kind::none;
    std::string name; ///< of the repository
    std::string item; ///< tag or digest

    /// `path` is decoded. Linear.
    static route of(std::string_view path) {
        route out;
        if (path == "/v2" || path == "/v2/") return out.kind = route_kind::base, out;
        if (!path.starts_with("/v2/")) return out;
        path.remove_prefix(4);
        constexpr std::string_view list = "/tags/list";
        if (path.ends_with(list) && path.size() > list.size())
            return out.set(route_kind::tags, path.substr(0, path.size() - list.size()), {});
        auto const last = path.rfind('/');
        if (last == path.npos || last + 1 == path.size()) return out;
        auto const front = path.substr(0, last);
        for (auto const& [word, kind] :
             {std::pair(std::string_view("/manifests"), route_kind::manifest), {"/blobs", route_kind::blob}})
            if (front.ends_with(word) && front.size() > word.size())
                return out.set(kind, front.substr(0, front.size() - word.size()), path.substr(last + 1));
        return out;
    }

  private:
    route& set(route_kind k, std::string_view n, std::string_view i) {
        kind = k;
        name = n;
        item = i;
        return *this;
    }
};

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
    if (auto const* const bytes = store.blob(r.item)) return blob_answer(*bytes, r.item, q, faults);
    if (!store.find(r.name)) return unknown_name();
    return registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry", r.item);
}

/// In lexical order; `n` and `last` as in the query, and at most `tag_page` entries.
inline canned tags_answer(registry_store const& store, route const& r, std::string_view query,
                          registry_options const& o) {
    if (o.refuse_tags) return registry_error(403, "DENIED", "requested access to the resource is denied");
    auto const* const repository = store.find(r.name);
    if (!repository) return unknown_name();
    form_fields const form(query);
    auto count = repository->tags.size();
    bool const limited = form.find("n").has_value();
    if (limited) {
        auto const n = parse_size(form.get("n"));
        if (!n)
            return registry_error(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested");
        count = *n;
    }
    if (o.tag_page) count = std::min(count, o.tag_page);

    auto const last = form.get("last");
    auto at = last.empty() ? repository->tags.begin() : repository->tags.upper_bound(last);
    json_writer w;
    w.begin_object().key("name").string(r.name).key("tags").begin_array();
    std::string_view end;
    for (; at != repository->tags.end() && count > 0; ++at, --count) w.string(end = at->first);
    canned out(200, w.end_array().end_object().take(), "application/json");
    if (at == repository->tags.end() || end.empty()) return out;
    auto const n = limited ? form.get("n") : std::to_string(o.tag_page);
    return out.with_header("Link", "</v2/" + r.name + "/tags/list?last=" + std::string(end) + "&n=" + n +
                                       ">; rel=\"next\"");
}

} // namespace lading::testing::detail
