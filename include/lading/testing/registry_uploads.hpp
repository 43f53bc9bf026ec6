// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The writing side of the embedded registry: upload sessions, manifests and removal, as docker-registry 2.8 has them.

#include "../digest.hpp"
#include "../http/form_fields.hpp"
#include "../http/url.hpp"
#include "../json/document.hpp"
#include "../json/strict_json.hpp"
#include "../media_type.hpp"
#include "http_exchange.hpp"
#include "registry_options.hpp"
#include "registry_routes.hpp"
#include "registry_store.hpp"
#include "token_service.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace lading::testing {

/// Not thread-safe. Sessions are in memory, and so is what they were sent.
class registry_uploads {
  public:
    static constexpr std::size_t most_manifest = 4u << 20; ///< bytes

    /// Answers what is not GET or HEAD of content; `base` is "http://host:port".
    canned answer(exchange const& q, detail::route const& r, std::string_view query, registry_store& store, registry_options const& o, std::string const& base) {
        auto const form = detail::form_fields(query);
        switch (r.kind) {
        case detail::route_kind::uploads: return begin(q, r, form, store, o, base);
        case detail::route_kind::upload: return session(q, r, form, store, o, base);
        case detail::route_kind::manifest: return q.method == "PUT" ? put_manifest(q, r, store, base) : q.method == "DELETE" ? remove_manifest(r, store, o)
                                                                                                                             : not_allowed();
        case detail::route_kind::blob: return q.method == "DELETE" ? remove_blob(r, store, o) : not_allowed();
        default: return not_allowed();
        }
    }
    /// Sessions that are open.
    std::size_t open() const noexcept { return sessions_.size(); }
    /// As after a restart with another secret: nobody's session is known.
    void forget() { sessions_.clear(); }

  private:
    static canned not_allowed() { return registry_error(405, "UNSUPPORTED", "The operation is unsupported."); }
    static canned unknown_session(bool was) {
        return was ? registry_error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry") : registry_error(404, "BLOB_UPLOAD_INVALID", "blob upload invalid");
    }
    static canned bad_digest(std::string_view why) { return registry_error(400, "DIGEST_INVALID", "provided digest did not match uploaded content", why); }

    struct upload {
        std::string name, bytes;
    };

    canned begin(exchange const& q, detail::route const& r, detail::form_fields const& form, registry_store& store, registry_options const& o, std::string const& base) {
        if (q.method != "POST") return not_allowed();
        auto const mounted = form.get("mount"), from = form.get("from");
        if (!mounted.empty() && !from.empty() && store.blob(mounted, from)) {
            store.link_blob(mounted, r.name);
            return kept(r.name, mounted, base);
        }
        auto const id = detail::random_text();
        sessions_[id].name = r.name;
        store.add_repository(r.name);
        return progress(202, id, sessions_[id], o, base);
    }
    canned session(exchange const& q, detail::route const& r, detail::form_fields const& form, registry_store& store, registry_options const& o, std::string const& base) {
        auto const at = sessions_.find(r.item);
        bool const known = at != sessions_.end() && at->second.name == r.name && form.get("_state") == state_of(at->first, at->second);
        if (!known) return unknown_session(finished_.contains(r.item));
        auto& u = at->second;
        if (q.method == "GET" || q.method == "HEAD") return progress(204, at->first, u, o, base);
        if (q.method == "DELETE") {
            finished_.insert(at->first);
            sessions_.erase(at);
            return canned(204);
        }
        if (q.method == "PATCH") {
            auto const type = q.headers.find("Content-Type").value_or("");
            if (!type.empty() && type != "application/octet-stream") return registry_error(500, "UNKNOWN", "unknown error");
            u.bytes += q.body;
            return progress(202, at->first, u, o, base);
        }
        if (q.method != "PUT") return not_allowed();
        auto const named = form.get("digest");
        if (named.empty()) return bad_digest("digest missing");
        auto const d = digest::parse(named);
        if (!d) return bad_digest("digest parsing failed");
        auto whole = u.bytes + q.body;
        if (sha256_digest(whole) != named) return bad_digest("Invalid digest");
        auto const name = u.name;
        finished_.insert(at->first);
        sessions_.erase(at);
        store.put_blob_in(name, std::move(whole));
        return kept(name, named, base);
    }

    static canned kept(std::string const& name, std::string const& d, std::string const& base) {
        return canned(201).with_header("Location", base + "/v2/" + name + "/blobs/" + d).with_header("Docker-Content-Digest", d);
    }
    /// What a place of a session holds: whose it is, and how far it has come.
    static std::string state_of(std::string const& id, upload const& u) {
        return detail::base64url_encode(u.name + ' ' + id + ' ' + std::to_string(u.bytes.size()));
    }
    static canned progress(int status, std::string const& id, upload const& u, registry_options const& o, std::string const& base) {
        auto const place = "/v2/" + u.name + "/blobs/uploads/" + id + "?_state=" + state_of(id, u);
        return canned(status)
            .with_header("Location", o.relative_uploads ? place : base + place)
            .with_header("Docker-Upload-UUID", id)
            .with_header("Range", "0-" + std::to_string(u.bytes.empty() ? 0 : u.bytes.size() - 1));
    }

    // ---- manifests

    canned put_manifest(exchange const& q, detail::route const& r, registry_store& store, std::string const& base) {
        auto const invalid = [](std::string_view why) { return registry_error(400, "MANIFEST_INVALID", "manifest invalid", why); };
        if (q.body.size() > most_manifest) return invalid("http: request body too large");
        auto const type = std::string(detail::trim(q.headers.find("Content-Type").value_or("").substr(0, q.headers.find("Content-Type").value_or("").find(';'))));
        auto const parsed = json_document::parse<strict_json>(q.body, json_limits());
        if (!parsed || !parsed.value().root().is_object()) return invalid("no JSON");
        auto const root = parsed.value().root();
        auto const inner = root.find("mediaType");
        bool const oci = type == media_types::oci_manifest || type == media_types::oci_index;
        bool const docker = type == media_types::docker_manifest || type == media_types::docker_list;
        if ((!oci && !docker) || (inner ? inner->as_string() != type : docker)) return invalid("its type");
        if (root.find("layers") && root.find("manifests")) return invalid("two kinds");
        auto const d = sha256_digest(q.body);
        if (auto const named = digest::parse(r.item); named && r.item != d) return bad_digest("Invalid digest");
        if (auto lacking = lacks(root, r.name, store); !lacking.empty()) return lacking_answer(lacking);
        store.put_manifest(r.name, digest::parse(r.item) ? "" : r.item, q.body, type);
        return canned(201).with_header("Location", base + "/v2/" + r.name + "/manifests/" + d).with_header("Docker-Content-Digest", d);
    }
    /// What a manifest lists and the repository has not, one for each descriptor.
    static std::vector<std::string> lacks(json_view root, std::string const& name, registry_store const& store) {
        std::vector<std::string> out;
        auto const* const here = store.find(name);
        auto const look = [&](json_view one) {
            auto const d = one.is_object() ? one.find("digest") : std::nullopt;
            if (!d || !d->as_string()) return;
            auto const text = std::string(*d->as_string());
            if (!store.blob(text, name) && !(here && here->manifests.contains(text))) out.push_back(text);
        };
        if (auto const config = root.find("config")) look(*config);
        for (auto const* key : {"layers", "manifests"})
            if (auto const all = root.find(key); all && all->is_array()) all->each_element(look);
        return out;
    }
    static canned lacking_answer(std::vector<std::string> const& lacking) {
        json_writer w;
        w.begin_object().key("errors").begin_array();
        for (auto const& d : lacking) {
            w.begin_object().key("code").string("MANIFEST_BLOB_UNKNOWN").key("message").string("blob unknown to registry");
            w.key("detail").string(d).end_object();
        }
        return canned(400, w.end_array().end_object().take(), "application/json");
    }

    static canned remove_manifest(detail::route const& r, registry_store& store, registry_options const& o) {
        if (!o.deletes) return not_allowed();
        if (!digest::parse(r.item)) return bad_digest("");
        return store.remove_manifest(r.name, r.item) ? canned(202) : registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown");
    }
    static canned remove_blob(detail::route const& r, registry_store& store, registry_options const& o) {
        if (!o.deletes) return not_allowed();
        return store.remove_blob(r.item, r.name) ? canned(202) : registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry", r.item);
    }

    std::map<std::string, upload, std::less<>> sessions_; ///< by their UUID
    std::set<std::string, std::less<>> finished_;
};

namespace detail {
/// Of the repositories, sorted: as many as `n` of the query says behind `last`.
inline canned catalog_answer(registry_store const& store, std::string_view query) {
    form_fields const form(query);
    auto const names = store.names();
    auto count = names.size();
    if (auto const n = form.find("n")) {
        if (auto const size = parse_size(*n)) count = *size;
        if (count > 1000) return registry_error(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested");
    }
    auto const last = form.get("last");
    auto at = last.empty() ? names.begin() : std::upper_bound(names.begin(), names.end(), last);
    json_writer w;
    w.begin_object().key("repositories").begin_array();
    std::string_view end;
    for (; at != names.end() && count > 0; ++at, --count) w.string(end = *at);
    canned out(200, w.end_array().end_object().take(), "application/json");
    if (at != names.end() && !end.empty()) out.with_header("Link", "</v2/_catalog?last=" + lading::percent_encode(end) + "&n=" + form.get("n") + ">; rel=\"next\"");
    return out;
}
} // namespace detail

} // namespace lading::testing
