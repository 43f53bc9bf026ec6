// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The cache layer: answers requests for documents by digest without an exchange, where the cache policy has them
/// (doc/protocol.md#cache). Innermost, next to the operation, which checks a cached document as it checks any other.
///
/// Requests: none for a document that is there. For a manifest by tag that is known the same one as without a cache, with
/// `If-None-Match`; a 304 is answered with the document. Only an `ETag` that is the digest of the bytes is used, so a 304
/// can mean no other bytes.

#include "../policy/cache.hpp"
#include "../policy/hash.hpp"
#include "../protocol/step.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace lading {

namespace detail {

/// Passes a body on, and keeps a copy of a 200 that is no longer than `limit` bytes.
class copying_body final : public body_sink {
  public:
    copying_body(body_sink& to, std::size_t limit) : to_(to), limit_(limit) {}

    result<sink_action> begin(response const& head, std::optional<std::uint64_t> content_length) override {
        copy_.emplace();
        if (head.status != 200 || content_length.value_or(0) > limit_) copy_.reset();
        return to_.begin(head, content_length);
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        if (copy_ && piece.size() > limit_ - copy_->size()) copy_.reset();
        if (copy_) copy_->append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return to_.write(piece);
    }

    body_sink& to() const noexcept { return to_; }
    std::optional<std::string> const& copy() const noexcept { return copy_; }

  private:
    body_sink& to_;
    std::size_t limit_;
    std::optional<std::string> copy_;
};

} // namespace detail

/// `P` names the policies `cache` and `hash`.
template <class Op, class P>
class cache_middleware : immovable {
  public:
    using value_type = typename Op::value_type;

    /// The cache of the client must outlive the operation. What is longer than a manifest or a config may be is not kept.
    template <class Context, class... Args>
    explicit cache_middleware(Context& context, Args&&... args)
        : cache_(context.cache), limit_(std::max(context.options.bounds.manifest_bytes, context.options.bounds.config_bytes)),
          inner_(std::forward<Args>(args)...) {}

    step<value_type> start() { return take(inner_.start()); }
    step<value_type> on_delay() { return take(inner_.on_delay()); }
    step<value_type> on_response(result<response> answer, auth_note const& shown = {}) {
        if (!body_ || !answer) return take(detail::respond(inner_, std::move(answer), shown));
        auto& head = answer.assume_value();
        if (head.status == 304 && known_) {
            head.status = 200;
            return take(serve(std::move(head), body_->to()));
        }
        if (body_->copy()) keep(head, *body_->copy());
        return take(detail::respond(inner_, std::move(answer), shown));
    }

  private:
    /// Answers the operation from the cache as long as that has what it asks for.
    step<value_type> take(step<value_type> s) {
        for (;;) {
            body_.reset();
            auto* const x = std::get_if<need_exchange>(&s);
            if (!x || (!x->routing.content && !x->routing.by_tag) || !in_use()) return s;
            wanted_ = x->routing.content;
            url_ = x->query.url;
            auto const which = wanted_ ? wanted_ : tagged();
            known_ = which ? find(*which) : std::nullopt;
            if (wanted_ && known_) {
                s = serve(response(200), *x->sink);
                continue;
            }
            if (known_) x->query.headers.add("If-None-Match", '"' + which->str() + '"');
            return need_exchange(std::move(x->query), body_.emplace(*x->sink, limit_), std::move(x->routing));
        }
    }

    /// Gives the operation the known document as the body of an answer.
    step<value_type> serve(response head, body_sink& to) {
        auto const bytes = std::move(*std::exchange(known_, std::nullopt));
        auto verdict = to.begin(head, bytes.size());
        if (verdict && verdict.assume_value() == sink_action::proceed) verdict = to.write(std::as_bytes(std::span(bytes)));
        if (!verdict) return inner_.on_response(std::move(verdict).assume_error());
        return inner_.on_response(std::move(head));
    }

    /// False for a cache that says it is none.
    bool in_use() const {
        if constexpr (requires { cache_.in_use(); }) return cache_.in_use();
        else return true;
    }
    std::optional<digest> tagged() {
        if constexpr (detail::cache_knows_tags<typename P::cache>) return cache_.tagged(url_);
        return std::nullopt;
    }
    /// What the cache has under this digest, if it still is what the digest names.
    std::optional<std::string> find(digest const& d) {
        auto bytes = cache_.find(d);
        if (!bytes) return std::nullopt;
        auto const got = digest_of<typename P::hash>(*bytes, d.algorithm());
        if (got && got.assume_value() == d) return bytes;
        cache_.drop(d);
        return std::nullopt;
    }
    /// Stores what has come. A signed schema1 manifest is not named by all of its bytes: it is not kept.
    void keep(response const& head, std::string const& bytes) {
        auto const got = digest_of<typename P::hash>(bytes, wanted_ ? wanted_->algorithm() : digest_algorithm::sha256);
        if (!got || (wanted_ && got.assume_value() != *wanted_)) return;
        auto const& d = got.assume_value();
        if constexpr (detail::cache_knows_tags<typename P::cache>)
            if (!wanted_ && head.headers.find("ETag") == '"' + d.str() + '"') cache_.tag(url_, d);
        cache_.store(d, bytes);
    }

    typename P::cache& cache_;
    std::size_t limit_; ///< in bytes
    Op inner_;
    std::optional<detail::copying_body> body_; ///< of the exchange under way, if its answer may be kept
    std::optional<digest> wanted_;             ///< by it; nothing for a tag
    std::string url_;
    std::optional<std::string> known_;         ///< what the cache had for it
};

/// Without a cache an operation is itself.
template <class Op, class P>
    requires std::same_as<typename P::cache, no_cache>
class cache_middleware<Op, P> : public Op {
  public:
    template <class Context, class... Args>
    explicit cache_middleware(Context&, Args&&... args) : Op(std::forward<Args>(args)...) {}
};

} // namespace lading
