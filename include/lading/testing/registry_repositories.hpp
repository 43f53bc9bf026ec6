// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The content of the embedded registry as `service::answer` wants it, and its answers as the embedded server sends them.

#include "../hash/openssl_hash.hpp"
#include "../policy/hash.hpp"
#include "../service/answer.hpp"
#include "http_exchange.hpp"
#include "registry_store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing::detail {

/// Of a `registry_store` that must outlive it. Threads: as that, one at a time.
class registry_repositories final : public service::repositories {
  public:
    explicit registry_repositories(registry_store& s) : store_(s) {}

    result<bool> exists(std::string_view name) override { return store_.find(name) != nullptr; }
    result<std::vector<std::string>> names(stop_token const&) override { return store_.names(); }
    result<std::vector<std::string>> tags(std::string_view name, stop_token const&) override {
        std::vector<std::string> out;
        if (auto const* const r = store_.find(name))
            for (auto const& [tag, d] : r->tags) out.push_back(tag);
        return out;
    }
    result<service::kept_document> document(std::string_view name, std::string_view item, stop_token const&) override {
        auto const* const r = store_.find(name);
        if (!r) return error(errc::manifest_unknown);
        auto const tag = r->tags.find(item);
        auto const found = r->manifests.find(tag == r->tags.end() ? item : std::string_view(tag->second));
        if (found == r->manifests.end()) return error(errc::manifest_unknown);
        LADING_TRY(auto d, digest::parse(found->first));
        descriptor what(found->second.media_type, d, static_cast<std::int64_t>(found->second.bytes.size()));
        return service::kept_document{std::move(what), found->second.bytes};
    }
    result<void> read(std::string_view name, digest const& d, blob_sink& out, stop_token const&) override {
        auto const* const bytes = store_.blob(d.str(), name);
        if (!bytes) return error(errc::blob_unknown);
        LADING_TRY(auto const had, out.resume(static_cast<std::int64_t>(bytes->size()), [](auto const&) { return true; }));
        if (had == 0) {
            LADING_TRY_V(out.begin());
        }
        LADING_TRY_V(out.write(std::as_bytes(std::span(*bytes)).subspan(std::min<std::size_t>(had, bytes->size()))));
        return out.commit();
    }
    result<std::vector<descriptor>> referrers(std::string_view name, digest const& d, stop_token const&) override {
        std::vector<descriptor> out;
        auto const* const r = store_.find(name);
        if (!r) return out;
        for (auto const& [text, m] : r->manifests) {
            auto const facts = service::manifest_facts::of(m.bytes);
            auto const own = digest::parse(text);
            if (facts && own && facts.assume_value().subject == d) out.push_back(facts.assume_value().described(m.media_type, own.assume_value(), m.bytes.size()));
        }
        return out;
    }
    result<bool> has(std::string_view name, digest const& d, stop_token const&) override {
        auto const* const r = store_.find(name);
        return store_.blob(d.str(), name) || (r && r->manifests.contains(d.str()));
    }
    result<std::unique_ptr<service::staged_blob>> stage(std::string_view name) override {
        store_.add_repository(name);
        return std::unique_ptr<service::staged_blob>(std::make_unique<staged>(store_, name));
    }
    result<bool> mount(std::string_view name, std::string_view from, digest const& d, stop_token const&) override {
        if (!store_.blob(d.str(), from)) return false;
        store_.link_blob(d.str(), name);
        return true;
    }
    result<void> put_document(std::string_view name, descriptor const& what, std::string_view bytes, service::manifest_facts const&, std::vector<std::string> const& tags) override {
        store_.put_manifest(name, {}, std::string(bytes), what.media_type, what.digest.str());
        for (auto const& tag : tags) store_.put_manifest(name, tag, std::string(bytes), what.media_type, what.digest.str());
        return success();
    }
    result<bool> remove_tag(std::string_view name, std::string_view tag) override { return store_.remove_tag(name, tag); }
    result<bool> remove_document(std::string_view name, digest const& d) override { return store_.remove_manifest(name, d.str()); }
    result<bool> remove_blob(std::string_view name, digest const& d) override { return store_.remove_blob(d.str(), name); }

  private:
    class staged final : public service::staged_blob {
      public:
        staged(registry_store& s, std::string_view name) : store_(s), name_(name) {}
        std::uint64_t size() const override { return bytes_.size(); }
        result<void> write(std::span<std::byte const> piece) override {
            bytes_.append(reinterpret_cast<char const*>(piece.data()), piece.size());
            return success();
        }
        result<digest> hashed(digest_algorithm a) override { return digest_of<openssl_hash>(bytes_, a); }
        result<void> keep(digest const& d, std::optional<digest> const& other) override {
            if (other) store_.put_blob_in(name_, bytes_, other->str());
            store_.put_blob_in(name_, std::move(bytes_), d.str());
            return success();
        }

      private:
        registry_store& store_;
        std::string name_, bytes_;
    };

    registry_store& store_;
};

/// Takes an answer for the embedded server.
class canned_body final : public body_sink {
  public:
    result<sink_action> begin(response const& head, std::optional<std::uint64_t> length) override {
        out_ = canned(head.status);
        for (auto const& [name, value] : head.headers)
            if (!lading::iequal(name, "Docker-Distribution-Api-Version")) out_.with_header(name, value);
        length_ = length.value_or(0);
        return sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        bytes_.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return sink_action::proceed;
    }
    /// What was announced and does not come ends the connection.
    canned take(bool head_only) {
        bool const lacks = !head_only && bytes_.size() < length_;
        if (lacks) out_.with_cut();
        return out_.with_body(std::move(bytes_));
    }

  private:
    canned out_;
    std::string bytes_;
    std::uint64_t length_ = 0;
};

/// `base` is "http://host:port".
inline canned service_answer(exchange const& q, std::string const& base, registry_store& store, service::options const& how, service::upload_sessions& sessions) {
    request asked(q.method, base + q.target);
    asked.headers = q.headers;
    view_source body(q.body);
    stream_source unsized([&](std::span<std::byte> into) { return body.read(into); });
    asked.source = q.headers.find("Transfer-Encoding") ? static_cast<body_source*>(&unsized) : &body;
    registry_repositories in(store);
    canned_body out;
    auto const done = service::answer(asked, in, out, how, &sessions);
    if (!done) return registry_error(500, "UNKNOWN", done.error().message());
    return out.take(q.method == "HEAD");
}

} // namespace lading::testing::detail
