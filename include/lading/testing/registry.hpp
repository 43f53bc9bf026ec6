// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::registry`: a container registry inside a test: real HTTP on a loopback port, real documents, a
/// journal.

#include "../inspection.hpp"
#include "certificates.hpp"
#include "http_server.hpp"
#include "image_maker.hpp"
#include "registry_options.hpp"
#include "registry_repositories.hpp"
#include "registry_routes.hpp"
#include "registry_store.hpp"
#include "token_service.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing {

/// A registry (doc/protocol.md#challenges), which is read-only unless told, at a free port of 127.0.0.1. It serves from construction to
/// destruction in a thread of its own; destruction is prompt, whatever clients are doing. Every member may be
/// called from any thread at any time. Not copied, not moved.
class registry : private http_handler {
  public:
    explicit registry(registry_options o = {}) : options_(std::move(o)), server_(*this) {
        if (options_.tls) {
            certificate_authority const authority;
            auto const leaf = authority.issue({"localhost"}, {"127.0.0.1"});
            ca_pem_ = authority.cert_pem();
            server_.use_tls(leaf.cert_pem, leaf.key_pem);
        }
        server_.start();
    }
    registry(registry const&) = delete;
    registry& operator=(registry const&) = delete;

    /// 0 when the machine gave no port; then nothing is served.
    std::uint16_t port() const noexcept { return server_.port(); }
    /// "127.0.0.1:PORT": what a reference begins with.
    std::string host() const { return "127.0.0.1:" + std::to_string(port()); }
    /// "http://127.0.0.1:PORT", or https.
    std::string url() const { return (options_.tls ? "https://" : "http://") + host(); }
    /// With TLS, the certificate to trust, in PEM; else empty.
    std::string const& ca_pem() const noexcept { return ca_pem_; }

    /// Stores a blob for all repositories; its digest.
    std::string put_blob(std::string bytes) {
        std::lock_guard const lock(mutex_);
        return store_.put_blob(std::move(bytes));
    }
    /// Stores a manifest and lets the tag, if any, name it. The digest is that of the bytes unless it is
    /// given: that of the payload of a signed schema1, or a wrong one on purpose. Returns the digest.
    std::string put_manifest(std::string_view name, std::string_view tag, std::string bytes,
                             std::string media_type, std::string digest = {}) {
        std::lock_guard const lock(mutex_);
        return store_.put_manifest(name, tag, std::move(bytes), std::move(media_type), std::move(digest));
    }
    /// Stores a complete image: documents, configs, layers. One description gives the same image in every
    /// kind. Returns the digest of what the tag names.
    std::string add_image(std::string_view name, std::string_view tag, image_kind_to_serve kind,
                          image_description d = {}) {
        std::lock_guard const lock(mutex_);
        return image_maker(store_, name, std::move(d)).put(tag, kind);
    }
    /// The same by the kind that an inspection reports, in its OCI form where there is one. `unknown` is a
    /// document of a type that nobody knows.
    std::string add_image(std::string_view name, std::string_view tag, image_kind kind,
                          image_description d = {}) {
        switch (kind) {
        case image_kind::image: return add_image(name, tag, image_kind_to_serve::oci_image, std::move(d));
        case image_kind::index: return add_image(name, tag, image_kind_to_serve::oci_index, std::move(d));
        case image_kind::schema1: return add_image(name, tag, image_kind_to_serve::schema1, std::move(d));
        case image_kind::artifact: return add_artifact(name, tag, "application/vnd.example.artifact.v1");
        case image_kind::v1:
        case image_kind::unknown: break;
        }
        std::string const type = "application/vnd.example.document.v7+json";
        return put_manifest(name, tag, R"({"schemaVersion":7,"mediaType":")" + type + R"("})", type);
    }
    /// Stores an OCI artifact of one small file; its digest.
    std::string add_artifact(std::string_view name, std::string_view tag, std::string_view artifact_type,
                             std::string_view config_media_type = media_types::oci_empty) {
        std::lock_guard const lock(mutex_);
        return image_maker::put_artifact(store_, name, tag, artifact_type, config_media_type);
    }

    /// From now on requests of this method (any, when empty) for exactly this target, or for this path with
    /// any query, are answered so, whoever asks. Replaces an earlier one for the same.
    void answer(std::string method, std::string target, canned c) {
        std::lock_guard const lock(mutex_);
        overrides_.insert_or_assign({std::move(method), std::move(target)}, std::move(c));
    }
    /// Forgets all that `answer` was told.
    void clear_answers() {
        std::lock_guard const lock(mutex_);
        overrides_.clear();
    }
    /// Blobs are answered with 307 to the same path behind this URL, "http://127.0.0.1:1234"; empty: no more.
    void redirect_blobs(std::string base_url) {
        std::lock_guard const lock(mutex_);
        blobs_at_ = std::move(base_url);
    }
    /// How blobs are served from now on.
    void set_blob_faults(blob_faults f) {
        std::lock_guard const lock(mutex_);
        options_.faults = f;
    }
    /// The bytes of a blob, if a repository has it.
    std::optional<std::string> blob(std::string_view name, std::string_view digest) const {
        std::lock_guard const lock(mutex_);
        auto const* const found = store_.blob(digest, name);
        return found ? std::optional(*found) : std::nullopt;
    }
    /// What a tag leads to; empty when there is no such tag.
    std::string tagged(std::string_view name, std::string_view tag) const {
        std::lock_guard const lock(mutex_);
        auto const* const r = store_.find(name);
        if (!r) return {};
        auto const at = r->tags.find(tag);
        return at == r->tags.end() ? std::string() : at->second;
    }
    /// Upload sessions that are open.
    std::size_t open_uploads() const { return uploads_.open(); }
    /// As after a restart: no session is known.
    void forget_uploads() { uploads_.forget(); }
    /// No token issued so far is good any more.
    void revoke_tokens() {
        std::lock_guard const lock(mutex_);
        tokens_.revoke();
    }

    /// Every well-formed request so far, in the order of the answers.
    std::vector<exchange> journal() const {
        std::lock_guard const lock(mutex_);
        return journal_;
    }
    void clear_journal() {
        std::lock_guard const lock(mutex_);
        journal_.clear();
    }
    /// How many TCP connections were accepted so far.
    std::size_t connections() const noexcept { return server_.connections(); }

  private:
    canned handle(exchange q) override {
        std::lock_guard const lock(mutex_);
        auto const* const amended = override_of(q);
        auto out = amended && (amended->whole || amended->raw) ? canned() : usual(q);
        if (auto* const c = override_of(q)) {
            out = c->over(std::move(out));
            if (c->times && --c->times == 0)
                std::erase_if(overrides_, [&](auto& o) { return &o.second == c; });
        }
        if (!out.raw) q.status = out.status.value_or(200);
        journal_.push_back(std::move(q));
        return out;
    }
    canned* override_of(exchange const& q) {
        auto const path = q.target.substr(0, q.target.find('?'));
        for (auto const& target : {q.target, path})
            for (auto const& method : {q.method, std::string()})
                if (auto const found = overrides_.find({method, target}); found != overrides_.end())
                    return &found->second;
        return nullptr;
    }

    /// What a registry answers when nobody interferes.
    canned usual(exchange const& q) {
        auto const question = std::min(q.target.find('?'), q.target.size());
        auto const path = detail::percent_decode(std::string_view(q.target).substr(0, question), false);
        if (!path || !detail::is_plain(*path)) return canned(400);
        if (*path == "/token" && options_.protection == access::bearer) return tokens_.answer(q, options_);
        auto const r = detail::route::of(*path);
        if (auto const& own = options_.odd.sessions_at; r.kind == detail::route_kind::none && !path->starts_with("/v2/") && (own.empty() || !path->starts_with(own))) return canned(404);
        bool const is_no_page = r.kind == detail::route_kind::referrers && options_.like == service::personality::registry_2_8; // for anybody
        auto out = is_no_page ? canned() : authorized(q, r);
        if (!out.whole) out = content(q, r, std::string_view(q.target).substr(question));
        if (options_.v2_header) out.with_header("Docker-Distribution-Api-Version", "registry/2.0");
        return out;
    }
    canned content(exchange const& q, detail::route const& r, std::string_view query) {
        if (!query.empty()) query.remove_prefix(1);
        bool const reads = (q.method == "GET" || q.method == "HEAD") && r.kind != detail::route_kind::uploads && r.kind != detail::route_kind::upload;
        bool const is_spec = options_.like == service::personality::spec && (r.kind == detail::route_kind::referrers || r.kind == detail::route_kind::manifest);
        if ((options_.writes && (!reads || r.kind == detail::route_kind::catalog)) || is_spec)
            return detail::service_answer(q, url(), store_, options_.service_options(), uploads_);
        if (!options_.odd.sessions_at.empty() && q.target.starts_with(options_.odd.sessions_at)) return detail::service_answer(q, url(), store_, options_.service_options(), uploads_);
        if (r.kind == detail::route_kind::none) return canned(404);
        if (!reads)
            return registry_error(405, "UNSUPPORTED", "The operation is unsupported.")
                .with_header("Allow", "GET, HEAD");
        switch (r.kind) {
        case detail::route_kind::manifest: return detail::manifest_answer(store_, r, q.headers.find("If-None-Match").value_or(""));
        case detail::route_kind::blob: return detail::blob_answer(store_, r, q, options_.faults, blobs_at_);
        case detail::route_kind::tags: return detail::tags_answer(store_, r, query, options_);
        case detail::route_kind::uploads:
        case detail::route_kind::upload:
        case detail::route_kind::referrers: return canned(404, "404 page not found\n", "text/plain; charset=utf-8");
        case detail::route_kind::catalog: return canned(404);
        case detail::route_kind::base:
        case detail::route_kind::none: break;
        }
        return canned(200, "{}", "application/json");
    }
    std::size_t most_body(exchange const&) override { return options_.writes ? options_.most_body : detail::max_request_body; }
    bool takes_chunks() override { return options_.writes; }
    /// What a request must be allowed, an action each, and how a challenge says it.
    static std::pair<std::vector<std::string>, std::string> rights(exchange const& q, detail::route const& r) {
        if (r.kind == detail::route_kind::catalog) return {{"registry:catalog:*"}, "registry:catalog:*"};
        if (r.name.empty()) return {};
        auto const on = "repository:" + r.name + ':';
        if (q.method == "GET" || q.method == "HEAD") return {{on + "pull"}, on + "pull"};
        if (q.method == "DELETE") return {{on + "delete"}, on + "delete"};
        std::pair<std::vector<std::string>, std::string> out{{on + "pull", on + "push"}, on + "pull,push"};
        auto const from = detail::form_fields(std::string_view(q.target).substr(std::min(q.target.find('?'), q.target.size() - 1) + 1)).find("from");
        if (r.kind == detail::route_kind::uploads && from) out.first.push_back("repository:" + *from + ":pull"), out.second += ' ' + out.first.back();
        return out;
    }
    static std::pair<std::vector<std::string>, std::string> pull_right(detail::route const& r) {
        if (r.name.empty()) return {};
        return {{"repository:" + r.name + ":pull"}, "repository:" + r.name + ":pull"};
    }
    /// The refusal, or nothing whole.
    canned authorized(exchange const& q, detail::route const& r) const {
        std::string challenge;
        if (options_.protection == access::basic) {
            if (detail::has_account(q, options_)) return {};
            challenge = "Basic realm=\"" + options_.service + '"';
        } else if (options_.protection == access::bearer) {
            auto const [needed, scope] = options_.writes ? rights(q, r) : pull_right(r);
            auto const token = detail::credentials_of(q, "bearer");
            auto verdict = token ? tokens_.check(*token, "") : token_verdict::unknown;
            for (auto const& one : needed)
                if (verdict == token_verdict::good) verdict = tokens_.check(*token, one);
            if (verdict == token_verdict::good) return {};
            challenge = "Bearer realm=\"" + url() + "/token\",service=\"" + options_.service + '"';
            if (!scope.empty()) challenge += ",scope=\"" + scope + '"';
            if (verdict == token_verdict::out_of_scope)
                challenge += ",error=\"insufficient_scope\"";
            else if (token)
                challenge += ",error=\"invalid_token\"";
        } else {
            return {};
        }
        return registry_error(401, "UNAUTHORIZED", "authentication required")
            .with_header("WWW-Authenticate", std::move(challenge));
    }

    registry_options options_;
    mutable std::mutex mutex_;
    registry_store store_;
    token_service tokens_;
    mutable service::upload_sessions uploads_;
    std::map<std::pair<std::string, std::string>, canned> overrides_; ///< by method and target
    std::string blobs_at_;
    std::vector<exchange> journal_;
    std::string ca_pem_;
    http_server server_; // last: its thread ends before what it serves
};

} // namespace lading::testing
