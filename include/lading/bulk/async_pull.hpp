// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `async_pull`: `pull` on an event loop.

#include "../driver/asio.hpp"
#include "in_flight.hpp"
#include "pull.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace lading {

namespace detail {

/// What became of one document or blob: something, or an error.
template <class T>
class one_outcome {
  public:
    one_outcome(error e) : value_(std::move(e)) {}
    template <class U>
    one_outcome(result<U>&& r) : value_(error(errc::cancelled)) {
        if (!r) value_ = std::move(r).assume_error();
        else if constexpr (std::is_constructible_v<T, U>) value_ = T(std::move(r).assume_value());
    }
    one_outcome(T t) : value_(std::move(t)) {}
    explicit operator bool() const noexcept { return value_.has_value(); }
    result<T> take() { return std::move(value_); }

  private:
    result<T> value_;
};

/// The bytes of a document, and whether they came from the destination.
struct got_document {
    explicit got_document(manifest_bytes m) : bytes(std::move(m.bytes)) {}
    got_document(std::string b, bool e) : bytes(std::move(b)), existing(e) {}
    std::string bytes;
    bool existing = false;
};
/// A blob is there; false when it did not come from the source, and has been told of.
struct had_blob {
    explicit had_blob(descriptor const&) {}
    explicit had_blob(bool f) : fetched(f) {}
    bool fetched = true;
};

template <class Client>
class pull_body {
  public:
    pull_body(Client& registry, reference const& ref, std::unique_ptr<copy_to> to, std::string_view name, copy_options o)
        : state_(std::make_unique<state>(registry, ref, std::move(to), name, std::move(o))) {}

    /// The start.
    template <class Self>
    void operator()(Self& self) {
        auto& s = *state_;
        if (!std::exchange(s.begun, true)) { // the handler never runs inside the initiating call
            auto const executor = s.registry.transport().get_executor();
            return asio::post(executor, std::move(self));
        }
        if (s.copy.options().referrers || s.copy.options().digest_tags)
            return finish(self, error(errc::invalid_argument).with_context("async_pull does not copy what follows an image (with_referrers, with_digest_tags): pull and copy do"));
        if (auto known = s.copy.look_for_name({})) {
            if (s.copy.is_by_digest()) return s.copy.begin(std::move(*known)), next_level(self);
            if (s.copy.may_be_current()) {
                s.known = std::move(known);
                return s.registry.async_resolve(s.ref, std::move(self));
            }
        }
        s.registry.async_raw_manifest(s.ref, std::move(self));
    }
    /// What the name leads to now.
    template <class Self>
    void operator()(Self& self, result<descriptor> now) {
        auto& s = *state_;
        if (!now) return finish(self, std::move(now).assume_error());
        if (now.assume_value().digest == s.known->digest) return s.copy.begin(std::move(*s.known)), next_level(self);
        if (was_cancelled(self)) return finish(self, error(errc::cancelled));
        s.registry.async_raw_manifest(s.ref, std::move(self));
    }
    /// The document that it leads to.
    template <class Self>
    void operator()(Self& self, result<manifest_bytes> top) {
        auto& s = *state_;
        if (!top) return finish(self, std::move(top).assume_error());
        name_by_bytes(top.assume_value());
        s.copy.begin(top.assume_value().self);
        s.top.emplace(std::move(top).assume_value());
        next_level(self);
    }
    /// A level of documents, or all blobs, are there.
    template <class Self>
    void operator()(Self& self, each_summary over) {
        auto& s = *state_;
        if (s.failure) return finish(self, std::move(*s.failure));
        if (over.cancelled) return finish(self, error(errc::cancelled));
        if (s.walking) return next_level(self);
        finish(self, s.copy.finish({}));
    }

  private:
    struct transfer {
        transfer(copy_plan::blob const& b, std::unique_ptr<blob_sink> o, copy_state& s)
            : out(std::move(o)), sink(b.what, *out, s.progress(), stop_token(), std::chrono::milliseconds(0)) {} // the operation waits, not the thread
        std::unique_ptr<blob_sink> out;
        watched_sink sink;
    };
    struct state {
        state(Client& c, reference const& r, std::unique_ptr<copy_to> t, std::string_view name, copy_options o)
            : registry(c), ref(r), to(std::move(t)), copy(*to, name_in_repository(r), name, std::move(o)) {}
        in_flight_bounds bounds() const { return in_flight_bounds(copy.options().lanes, false); }

        Client& registry;
        reference ref;
        std::unique_ptr<copy_to> to;
        copy_state copy;
        std::optional<descriptor> known;
        std::optional<manifest_bytes> top;
        std::vector<descriptor> level;
        std::vector<copy_plan::blob const*> blobs; ///< neighbours in the plan
        std::vector<std::unique_ptr<transfer>> transfers; ///< of those under way, in the places of their blobs
        std::optional<error> failure;
        bool begun = false, walking = true;
    };

    template <class Self>
    void next_level(Self& self) {
        auto* const s = state_.get();
        s->level = s->copy.plan().take_documents();
        if (was_cancelled(self)) return finish(self, error(errc::cancelled));
        if (s->level.empty()) return all_blobs(self);
        for_each_in_flight<one_outcome<got_document>>(
            s->registry.transport().get_executor(), s->level, s->bounds(),
            [s](descriptor const& what, auto done) { read(*s, what, std::move(done)); },
            [s](std::size_t, descriptor const& what, one_outcome<got_document> got) { return took(*s, what, got.take()); },
            std::move(self));
    }
    template <class Done>
    static void read(state& s, descriptor const& what, Done done) {
        bool existing = false;
        auto at_hand = s.copy.document_at_hand(what, existing, {});
        if (!at_hand) return std::move(done)(std::move(at_hand).assume_error());
        if (at_hand.assume_value()) return std::move(done)(got_document(std::move(*at_hand.assume_value()), existing));
        if (s.top && s.top->self.digest == what.digest) return std::move(done)(got_document(std::exchange(s.top, std::nullopt)->bytes, false));
        s.registry.async_raw_manifest(s.ref.with_digest(what.digest), std::move(done));
    }
    static bool took(state& s, descriptor const& what, result<got_document> got) {
        bool const existing = got && got.assume_value().existing;
        auto bytes = got ? of_size(std::move(got.assume_value().bytes), what) : result<std::string>(std::move(got).assume_error());
        return keep(s, s.copy.add_document(what, std::move(bytes), existing));
    }

    template <class Self>
    void all_blobs(Self& self) {
        auto* const s = state_.get();
        s->walking = false;
        if (auto ready = s->copy.walked({}); !ready) return finish(self, std::move(ready).assume_error());
        for (auto const& b : s->copy.plan().blobs()) s->blobs.push_back(&b);
        if (s->blobs.empty()) return finish(self, s->copy.finish({}));
        s->transfers.resize(s->blobs.size());
        for_each_in_flight<one_outcome<had_blob>>(
            s->registry.transport().get_executor(), s->blobs, s->bounds(),
            [s](copy_plan::blob const* b, auto done) { fetch(*s, *b, std::move(done)); },
            [s](std::size_t i, copy_plan::blob const* b, one_outcome<had_blob> got) {
                auto had = got.take();
                bool const fetched = !had || had.assume_value().fetched;
                auto const* const t = s->transfers[i].get();
                auto const kept = !fetched || keep(*s, s->copy.fetched(*b, had ? result<void>(success()) : result<void>(std::move(had).assume_error()),
                                                                       t ? t->sink.bytes() : 0, t ? t->sink.resumed() : 0));
                s->transfers[i].reset();
                return kept;
            },
            std::move(self));
    }
    template <class Done>
    static void fetch(state& s, copy_plan::blob const& b, Done done) {
        auto over = s.copy.without_source(b, {});
        if (!over) return std::move(done)(std::move(over).assume_error());
        if (over.assume_value()) return std::move(done)(had_blob(false));
        auto out = s.copy.writer(b.what);
        if (!out) return std::move(done)(std::move(out).assume_error());
        s.copy.progress().tell(b.what, transfer_state::started, 0);
        auto& mine = s.transfers[static_cast<std::size_t>(&b - s.blobs.front())];
        mine = std::make_unique<transfer>(b, std::move(out).assume_value(), s.copy);
        s.registry.async_blob(s.ref.repository(), b.what, mine->sink,
                              blob_options().with_wait(s.copy.options().wait).with_remarks([&s](warning w) { s.copy.remark(std::move(w)); }), std::move(done));
    }
    /// The first failure is that of the whole; the others are told to stop.
    static bool keep(state& s, result<void> outcome) {
        if (!outcome && !s.failure && !(outcome.assume_error() == errc::cancelled)) s.failure = std::move(outcome).assume_error();
        return !s.failure;
    }
    template <class Self>
    void finish(Self& self, result<copy_summary> outcome) {
        state_.reset(); // before the handler: nothing is told after it
        self.complete(std::move(outcome));
    }

    std::unique_ptr<state> state_;
};

} // namespace detail

/// `pull` with any completion token; signature `void(result<copy_summary>)`. `Client` is asynchronous: `async_client` or a `basic_client`.
/// `copy_options::lanes` blobs are in flight at once. The store is used on the threads of the client's executor: writing and hashing
/// happen there. Client and store must outlive the operation. Cancelling through the handler's slot ends it with `cancelled`; what has come
/// by then stays, as in `copy`. Errors: those of `pull`; `invalid_argument`, before anything is asked, for `with_referrers` and `with_digest_tags`:
/// what follows an image is copied by `pull` and `copy` alone, on a thread of their own where a loop must not wait.
template <class Client, class Store, class CompletionToken>
auto async_pull(Client& registry, reference const& ref, Store& to, std::string_view name, copy_options o, CompletionToken&& token) {
    static_assert(check_content_store<Store>::ok);
    return async_run_body<copy_summary>(
        registry.transport(), std::forward<CompletionToken>(token),
        detail::pull_body<Client>(registry, ref, std::make_unique<detail::copy_to_store<Store>>(to), name, std::move(o)));
}
template <class Client, class Store, class CompletionToken>
auto async_pull(Client& registry, reference const& ref, Store& to, copy_options o, CompletionToken&& token) {
    return async_pull(registry, ref, to, ref.effective_tag(), std::move(o), std::forward<CompletionToken>(token));
}

namespace detail {
template <class Store>
    requires std::is_object_v<Store>
struct async_pulls<Store> {
    template <class... Args>
    static auto pull(Args&&... args) {
        return lading::async_pull(std::forward<Args>(args)...);
    }
};
} // namespace detail

} // namespace lading
