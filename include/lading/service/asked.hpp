// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `asked`: one request to a registry, with what answers it.

#include "../http/form_fields.hpp"
#include "../http/message.hpp"
#include "../http/url.hpp"
#include "../limits.hpp"
#include "../media_type.hpp"
#include "options.hpp"
#include "repositories.hpp"
#include "route.hpp"
#include "small_answer.hpp"
#include "upload_sessions.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lading::service::detail {

struct asked {
    request const& q;
    repositories& in;
    options const& how;
    upload_sessions* sessions; ///< null: an upload comes whole, in one request
    body_sink& out;
    route where;
    form_fields query;
    url at;

    bool reads() const { return q.method == "GET" || q.method == "HEAD"; }
    bool like_2_8() const noexcept { return how.is_2_8(); }
    std::string const& name() const noexcept { return where.name; }
    std::string_view header(std::string_view field) const { return q.headers.find(field).value_or(""); }

    /// A place as it is said in `Location`.
    std::string place(std::string const& path) const {
        if (!how.says_origin() && !how.odd.plain_places) return path;
        auto scheme = at.scheme();
        auto host = at.authority();
        if (like_2_8()) { // it believes what a proxy says, whoever says it
            if (auto const said = header("X-Forwarded-Proto"); !said.empty()) scheme = said;
            if (auto const said = header("X-Forwarded-Host"); !said.empty()) host = said;
        }
        return (how.odd.plain_places ? "http" : scheme) + "://" + host + path;
    }
    std::string blob_place(digest const& d) const { return place("/v2/" + where.name + "/blobs/" + d.str()); }

    response finished(response head) const {
        head.url = q.url;
        head.headers.set("Docker-Distribution-Api-Version", "registry/2.0");
        return head;
    }
    /// Answers. An announced length that is more than the body has makes a server close the connection.
    result<response> give(small_answer a, std::optional<std::uint64_t> announced = {}) const {
        auto head = finished(std::move(a.head));
        if (announced && a.body.size() > *announced) a.body.resize(static_cast<std::size_t>(*announced));
        bool const bodiless = head.status == 304 || head.status == 204;
        std::uint64_t const size = bodiless ? 0 : announced.value_or(a.body.size());
        if (!bodiless) head.headers.set("Content-Length", std::to_string(size));
        LADING_TRY(auto const verdict, out.begin(head, size));
        if (verdict == sink_action::proceed && q.method != "HEAD" && !a.body.empty() && !bodiless) {
            LADING_TRY_V(out.write(std::as_bytes(std::span(a.body))));
        }
        return head;
    }
};

/// As routers say that there is no such page.
inline small_answer no_page() { return text_answer(404, "text/plain; charset=utf-8", "404 page not found\n"); }
inline small_answer not_done() { return refusal(405, "UNSUPPORTED", "The operation is unsupported."); }
inline small_answer bad_digest(std::string_view why) { return refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content", why); }
inline small_answer no_blob(std::string_view item) { return refusal(404, "BLOB_UNKNOWN", "blob unknown to registry", item); }
inline small_answer no_manifest(asked const& a) {
    if (!a.reads()) return refusal(404, "MANIFEST_UNKNOWN", "manifest unknown");
    json_writer w;
    w.begin_object();
    if (digest::parse(a.where.item)) w.key("Name").string(a.name()).key("Revision").string(a.where.item);
    else w.key("Tag").string(a.where.item);
    return refusal_of(404, {{"MANIFEST_UNKNOWN", "manifest unknown", w.end_object().take()}});
}
inline small_answer no_repository(std::string_view name) {
    return refusal_of(404, {{"NAME_UNKNOWN", "repository name not known to registry", json_writer().begin_object().key("name").string(name).end_object().take()}});
}
inline small_answer too_large() { return text_answer(413, "text/html", "<html><head><title>413 Request Entity Too Large</title></head></html>\n"); }

/// Whether a header that lists entity tags names this one; `W/` and, where `bare`, missing quotes do not matter.
inline bool names_tag(std::string_view header, std::string_view etag, bool bare) {
    while (!header.empty()) {
        auto const comma = std::min(header.find(','), header.size());
        auto one = trim(header.substr(0, comma));
        header.remove_prefix(std::min(comma + 1, header.size()));
        if (one == "*") return true;
        if (one.starts_with("W/")) one.remove_prefix(2);
        if (one == etag || (bare && one == etag.substr(1, etag.size() - 2))) return true;
    }
    return false;
}
inline std::string etag_of(digest const& d) { return '"' + d.str() + '"'; }
inline response named(response head, std::string_view type, digest const& d) {
    if (!type.empty()) head.headers.add("Content-Type", media_type::parse(type) ? type : "application/octet-stream"); // whoever wrote the document wrote it
    head.headers.add("Docker-Content-Digest", d.str());
    head.headers.add("Etag", etag_of(d));
    return head;
}

} // namespace lading::service::detail
