// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `service::answer`: what a registry answers, over any store.
///
///     lading::oci_layout store = ...;
///     auto const head = lading::service::answer(request, store, body); // heads and bodies as of any registry
///
/// `store_transport` puts it behind a client; `testing::registry` and the program `lading serve` behind sockets.

#include "../reference.hpp"
#include "asked.hpp"
#include "blob_answers.hpp"
#include "list_answers.hpp"
#include "manifest_answers.hpp"
#include "store_repositories.hpp"
#include "upload_answers.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace lading::service {

namespace detail {

/// Refusals that do not depend on what is asked for.
inline std::optional<small_answer> refused_at_once(asked const& a, std::string_view path) {
    auto const& odd = a.how.odd;
    bool const v2 = path.starts_with("/v2/");
    bool const is_plain = std::none_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (!is_plain) return text_answer(400, "text/plain; charset=utf-8", "400 Bad Request\n"); // it might become a line of a head
    if (a.like_2_8() && (path.find("//") != path.npos || (path.ends_with("/tags/list/")))) {
        std::string clean;
        for (char const c : path)
            if (c != '/' || clean.empty() || clean.back() != '/') clean += c;
        bool const at_end = clean.ends_with("/tags/list/");
        if (at_end) clean.pop_back();
        auto moved = at_end && a.q.method == "GET" ? text_answer(301, "text/html; charset=utf-8", "<a href=\"" + clean + "\">Moved Permanently</a>.\n\n") : text_answer(301, {}, {});
        return with(std::move(moved), "Location", clean);
    }
    if (a.where.kind == route_kind::blob && a.where.item == "uploads" && a.q.method == "POST") return with(text_answer(301, {}, {}), "Location", std::string(path) + '/');
    if (a.where.kind == route_kind::none) return a.like_2_8() || !v2 ? no_page() : refusal(404, "UNSUPPORTED", "there is nothing of this name");
    if (!a.name().empty()) {
        if (a.like_2_8() && a.name().size() > 255) return refusal(500, "UNKNOWN", "unknown error");
        if (a.name().size() > 255 || check_path(a.name(), 0)) return a.like_2_8() ? no_page() : refusal(400, "NAME_INVALID", "invalid repository name", a.name());
    }
    bool const to_session = a.where.kind == route_kind::uploads || a.where.kind == route_kind::upload;
    if (a.how.writing == writes::refused && (!a.reads() || to_session)) {
        auto out = a.like_2_8() ? text_answer(405, "text/plain; charset=utf-8", "Method not allowed\n") : not_done();
        return with(std::move(out), "Allow", "GET, HEAD");
    }
    auto const size = body_size(a.q);
    if (odd.wants_length && !a.reads() && !size) return text_answer(411, "text/plain", "length required\n");
    if (odd.most_body && size.value_or(0) > odd.most_body) return too_large();
    return std::nullopt;
}

} // namespace detail

/// Answers a request as a registry does: all of the distribution spec 1.1, or what docker-registry 2.8 does of it, as `how` says. `sessions`: where uploads in
/// several requests are kept; without, a blob comes whole, in one. A blob that is given whole is verified before its last bytes are passed on; a part of one is
/// not verified. No credentials are looked at.
///
/// What is not there is an answer (404), and so is a request that is wrong. Errors: what else the storage says (a digest that does not hold, a file that cannot be
/// read), `timeout` (`request::deadline`), `cancelled`, those of the body of the request and of the answer; a server that has begun to answer cuts the connection.
/// A request may be answered before its body was read. Threads: as of `in`.
inline result<response> answer(request const& q, repositories& in, body_sink& out, options const& how = {}, upload_sessions* sessions = nullptr) {
    if (q.deadline && *q.deadline <= std::chrono::steady_clock::now()) return error(errc::timeout);
    LADING_TRY(auto at, url::parse(q.url));
    auto const decoded = detail::percent_decode(at.path(), false);
    auto const path = decoded.value_or("");
    auto where = route::of(path);
    if (auto const& own = how.odd.sessions_at; !own.empty() && path.starts_with(own))
        if (auto const slash = path.rfind('/'); slash > own.size()) where = {route_kind::upload, path.substr(own.size(), slash - own.size()), path.substr(slash + 1)};
    detail::form_fields query(at.query());
    detail::asked const a{q, in, how, sessions, out, std::move(where), std::move(query), std::move(at)};
    if (auto refused = detail::refused_at_once(a, path)) return a.give(std::move(*refused));
    switch (a.where.kind) {
    case route_kind::manifest: return detail::answer_manifest(a);
    case route_kind::blob: return detail::answer_blob(a);
    case route_kind::uploads:
    case route_kind::upload: return detail::answer_upload(a);
    case route_kind::tags: return detail::answer_tags(a);
    case route_kind::catalog: return detail::answer_catalog(a);
    case route_kind::referrers: return detail::answer_referrers(a);
    case route_kind::base:
    case route_kind::none: break;
    }
    return a.give(text_answer(200, "application/json", "{}"));
}

/// The same of a registry whose repositories are all this store. With `writes::taken`, of a store that can be written to, uploads, whole and in one request,
/// and manifests by PUT, which are not looked into; `complete()` is left to its owner. `page` is the most tags of one answer, 0: any number. Threads:
/// as the store's `resolve`, `names` and `read`.
template <content_source S>
result<response> answer(request const& q, S& store, body_sink& out, std::size_t page = 0, writes w = writes::refused) {
    store_repositories<S> in(store);
    auto how = options().with_page(page).with_writes(content_store<S> ? w : writes::refused);
    how.checks_manifests = false;
    return answer(q, in, out, how);
}

} // namespace lading::service
