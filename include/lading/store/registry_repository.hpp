// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `registry_repository`: a repository of a registry as a store of images.

#include "../detail/mutex.hpp"
#include "../document/shape.hpp"
#include "../hash/constexpr_sha2.hpp"
#include "../http/body_source.hpp"
#include "../media_type.hpp"
#include "../operation/blob_options.hpp"
#include "../operation/manifest_push_options.hpp"
#include "../operation/push_options.hpp"
#include "../operation/referrers_options.hpp"
#include "../reference.hpp"
#include "content_store.hpp"
#include "relay.hpp"
#include "store_remarks.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace lading {

namespace detail {
/// The bytes, if they are as many as they should be.
inline result<std::string> of_size(std::string bytes, descriptor const& what) {
    if (what.size < 0 || static_cast<std::uint64_t>(what.size) == bytes.size()) return bytes;
    return error(errc::size_mismatch)
        .with_context(what.digest.str())
        .with_values(std::to_string(what.size) + " bytes", std::to_string(bytes.size()));
}

/// A registry names signed schema1 by the digest of what is signed; what keeps bytes, by that of the bytes.
template <class Manifest>
void name_by_bytes(Manifest& got) {
    if (got.self.media_type == media_types::docker_schema1_signed) got.self.digest = constant_digest_of(got.bytes, got.self.digest.algorithm());
}

/// Sends what is written to it, in a thread of its own, as it comes.
template <class Client>
class pushing_sink final : public blob_sink {
  public:
    pushing_sink(Client& c, repository name, descriptor what) : client_(c), name_(std::move(name)), what_(std::move(what)) {}
    pushing_sink(pushing_sink const&) = delete;
    pushing_sink& operator=(pushing_sink const&) = delete;
    ~pushing_sink() override { give_up(); }

    result<void> begin() override {
        give_up();
        auto made = std::make_unique<sending>();
        auto* const s = made.get();
        auto started = detail::start_thread(s->pipe, [this, s] {
            relay_source from(s->pipe, what_.size < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(what_.size)));
            s->outcome.emplace(client_.push_blob(name_, what_, from, push_options().with_question(false), s->stop.get_token()));
            s->pipe.end(*s->outcome ? std::optional<error>() : s->outcome->assume_error());
        });
        if (!started) return std::move(started).assume_error();
        made->thread = std::move(started).assume_value();
        sending_ = std::move(made);
        return success();
    }
    result<void> write(std::span<std::byte const> piece) override { return sending_->pipe.write(piece); }
    result<void> commit() override {
        sending_->pipe.finish();
        sending_->thread.join();
        auto const over = std::move(sending_);
        over->pipe.rethrow();
        if (!*over->outcome) return std::move(*over->outcome).assume_error();
        return success();
    }
    void discard() noexcept override { give_up(); }

  private:
    struct sending {
        relay pipe;
        stop_source stop;
        std::thread thread;
        std::optional<result<pushed_blob>> outcome;
    };
    void give_up() noexcept {
        if (!sending_) return;
        sending_->pipe.fail(error(errc::cancelled));
        sending_->stop.request_stop();
        sending_->thread.join();
        sending_.reset();
    }

    Client& client_;
    repository name_;
    descriptor what_;
    std::unique_ptr<sending> sending_;
};
} // namespace detail

/// Models `content_store` over the blocking calls of a client: `client`, or any `basic_client`. The client must outlive it.
///
/// Names are tags and digests; the empty name is "latest". Requests: `resolve` one GET of the document, which `document` then has;
/// `current` and `named` one HEAD; `document` and `read` one GET each; `names` those of the tag list; `has` one HEAD for a blob, and none for a
/// document, which is put again (a registry does not keep it twice); `take`, and the writers, those of `push_blob`. A document is put when
/// the next one comes, or under the name that it is given then, so that the last one takes one request.
///
/// Errors: those of the calls; `size_mismatch`. Signed schema1 has here the digest of its bytes. Threads: any call by several at once; documents are
/// put one at a time.
template <class Client>
class registry_repository : public detail::store_remarks {
  public:
    registry_repository(Client& c, repository name) : client_(c), name_(std::move(name)) {}

    repository const& name() const noexcept { return name_; }
    Client& client() const noexcept { return client_; }
    /// The same for another thread: what one is about to put is not the other's.
    registry_repository another() const { return registry_repository(client_, name_); }

    // ---- reading

    /// Its contents are elsewhere.
    static constexpr bool is_remote = true;
    /// A transfer goes on where it was cut; it begins again only where a registry has no ranges, or lied.
    static constexpr bool reads_once = true;

    result<descriptor> resolve(std::string_view name, stop_token stop = {}) {
        LADING_TRY(auto const ref, reference_to(name));
        LADING_TRY(auto got, client_.raw_manifest(ref, std::move(stop)));
        detail::name_by_bytes(got);
        std::lock_guard const lock(mutex_);
        known_.emplace(got.self, std::move(got.bytes));
        return std::move(got.self);
    }
    /// What the name leads to now, without its document: for who knows the document, perhaps.
    result<std::optional<descriptor>> current(std::string_view name, stop_token stop = {}) {
        LADING_TRY(auto const ref, reference_to(name));
        LADING_TRY(auto found, client_.resolve(ref, std::move(stop)));
        return std::optional<descriptor>(std::move(found));
    }
    /// What the name leads to, if anything, asked of the registry itself.
    result<std::optional<descriptor>> named(std::string_view name, stop_token stop = {}) {
        LADING_TRY(auto const ref, reference_to(name));
        return client_.find(ref, std::move(stop));
    }
    result<std::string> document(descriptor const& what, stop_token stop = {}) {
        {
            std::lock_guard const lock(mutex_);
            if (known_ && known_->first.digest == what.digest) return detail::of_size(known_->second, what);
        }
        LADING_TRY(auto const ref, reference_to(what.digest.str()));
        LADING_TRY(auto got, client_.raw_manifest(ref, std::move(stop)));
        return detail::of_size(std::move(got.bytes), what);
    }
    result<void> read(descriptor const& what, blob_sink& out, stop_token stop = {}) {
        auto how = blob_options().with_wait({}).with_remarks([this](warning w) { remark(std::move(w)); }); // a source does not wait for who has the sink's file
        LADING_TRY_V(client_.blob(name_, what, out, std::move(how), std::move(stop)));
        return success();
    }
    /// The same at the URLs that a descriptor lists: see `blob_options::with_urls`.
    result<void> read_external(descriptor const& what, blob_sink& out, stop_token stop = {}) {
        LADING_TRY_V(client_.blob(name_, what, out, blob_options().with_wait({}).with_urls(what.urls), std::move(stop)));
        return success();
    }
    result<std::vector<std::string>> names(stop_token stop = {}) {
        LADING_TRY(auto listed, client_.tags(name_, std::move(stop)));
        if (listed.failure) return std::move(*listed.failure);
        return std::move(listed.values);
    }

    /// What refers to a document. Errors: those of `client::referrers`; a list that is not complete is none.
    result<std::vector<descriptor>> referrers(descriptor const& what, stop_token stop = {})
        requires requires(Client& c, reference const& ref) { c.referrers(ref, referrers_options(), stop_token()); }
    {
        LADING_TRY(auto const ref, reference_to(what.digest.str()));
        LADING_TRY(auto listed, client_.referrers(ref, referrers_options(), std::move(stop)));
        if (listed.failure) return std::move(*listed.failure);
        return std::move(listed.values);
    }

    // ---- writing

    /// An image is whole where its manifest is, as far as it was copied there: its contents come first. An index may be there without its images.
    static constexpr bool names_are_complete = true;

    /// What is going to be read here is asked for with a token that allows writing, too: see `client::will_write_to`. No request.
    void will_write() {
        if constexpr (requires { client_.will_write_to(name_); }) client_.will_write_to(name_);
    }

    result<bool> has(descriptor const& what, stop_token stop = {}) {
        if (is_document(what)) return false;
        return client_.has_blob(name_, what, std::move(stop));
    }
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what) {
        return std::unique_ptr<blob_sink>(std::make_unique<detail::pushing_sink<Client>>(client_, name_, what));
    }
    /// A blob from a source that is read as it is sent, and not at all where the registry has the blob, or can take it from the repository
    /// `mount_from`.
    result<pushed_blob> take(descriptor const& what, body_source& from, std::string mount_from, stop_token stop = {}) {
        return client_.push_blob(name_, what, from, push_options().with_mount_from(std::move(mount_from)), std::move(stop));
    }
    /// The same, whatever the registry says that it has.
    result<pushed_blob> take_anew(descriptor const& what, body_source& from, stop_token stop = {}) {
        return client_.push_blob(name_, what, from, push_options().with_question(false), std::move(stop));
    }
    /// The path of a repository that blobs can be taken from: one of the same registry, for the same login.
    template <class Other>
    std::string mount_from(registry_repository<Other> const& from) const {
        bool const same = static_cast<void const*>(&from.client()) == static_cast<void const*>(&client_);
        return same && from.name().host() == name_.host() && from.name().path() != name_.path() ? std::string(from.name().path()) : std::string();
    }
    result<void> put_document(descriptor const& what, std::string_view bytes) {
        std::lock_guard const one_at_a_time(putting_);
        LADING_TRY_V(put_pending());
        std::lock_guard const lock(mutex_);
        pending_.emplace(what, std::string(bytes));
        return success();
    }
    result<void> tag(std::string_view name, descriptor const& what, stop_token stop = {}) {
        std::lock_guard const one_at_a_time(putting_);
        if (name.empty()) return put_pending(stop);
        std::optional<std::pair<descriptor, std::string>> last;
        {
            std::lock_guard const lock(mutex_);
            if (pending_ && pending_->first.digest == what.digest) last = std::exchange(pending_, std::nullopt);
        }
        LADING_TRY_V(put_pending(stop));
        if (!last) {
            LADING_TRY(auto bytes, document(what, stop));
            last.emplace(what, std::move(bytes));
        }
        auto outcome = put(name, *last, stop);
        if (!outcome) return keep_unless(std::move(outcome), std::move(*last));
        std::lock_guard const lock(mutex_);
        known_ = std::move(last); // it may get more names
        return success();
    }
    result<void> complete(stop_token stop = {}) {
        std::lock_guard const one_at_a_time(putting_);
        return put_pending(stop);
    }

    /// From now on the registry, where it makes no list of referrers itself, is told of those that are put by `write_referrers`: of all of a
    /// subject at once.
    void hold_referrers() {
        std::lock_guard const lock(mutex_);
        holds_ = true;
    }
    /// Puts them on the lists, and holds no more. What could not be put on its list is held for the next call. Errors: those of
    /// `client::change_referrers`; the other lists are written in spite of one, but for `cancelled`.
    result<void> write_referrers(stop_token stop = {})
        requires requires(Client& c, repository const& of, referrers_change change) { c.change_referrers(of, std::move(change), stop_token()); }
    {
        std::lock_guard const one_at_a_time(putting_);
        LADING_TRY_V(put_pending(stop));
        std::vector<referrers_change> held, left;
        {
            std::lock_guard const lock(mutex_);
            holds_ = false;
            held.swap(held_);
        }
        result<void> outcome = success();
        for (auto& change : held) {
            bool const stopped = !outcome && outcome.assume_error() == errc::cancelled;
            auto written = stopped ? outcome : without_value(client_.change_referrers(name_, change, stop));
            if (written) continue;
            left.push_back(std::move(change));
            if (outcome || written.assume_error() == errc::cancelled) outcome = std::move(written);
        }
        std::lock_guard const lock(mutex_);
        held_ = std::move(left);
        return outcome;
    }
    /// What is held is put on no list, now or later.
    void forget_referrers() {
        std::lock_guard const lock(mutex_);
        holds_ = false;
        held_.clear();
    }

  private:
    static bool is_document(descriptor const& what) { return is_known_manifest_type(what.media_type); }
    result<reference> reference_to(std::string_view name) const {
        if (name.empty()) return reference::parse(name_.str());
        return reference::parse(name_.str() + (name.find(':') == name.npos ? ':' : '@') + std::string(name));
    }
    result<void> put(std::string_view name, std::pair<descriptor, std::string> const& document, stop_token const& stop) {
        LADING_TRY(auto const ref, reference_to(name));
        bool holds = false;
        {
            std::lock_guard const lock(mutex_);
            holds = holds_;
        }
        LADING_TRY(auto const put, client_.push_manifest(ref, document.second, manifest_push_options().with_listing(!holds), stop));
        if (put.listing == referrers_listing::left && put.referrer && put.referrer->subject) hold(*put.referrer);
        return success();
    }
    void hold(referring const& one) {
        std::lock_guard const lock(mutex_);
        for (auto& change : held_)
            if (change.subject == one.subject->digest) return (void)change.with_added(one.entry);
        held_.push_back(referrers_change(one.subject->digest).with_added(one.entry));
    }
    /// By its digest.
    result<void> put_pending(stop_token const& stop = {}) {
        std::optional<std::pair<descriptor, std::string>> due;
        {
            std::lock_guard const lock(mutex_);
            due = std::exchange(pending_, std::nullopt);
        }
        if (!due) return success();
        auto outcome = put(due->first.digest.str(), *due, stop);
        return keep_unless(std::move(outcome), std::move(*due));
    }
    /// What could not be put is still to be put.
    result<void> keep_unless(result<void> outcome, std::pair<descriptor, std::string> document) {
        if (outcome) return outcome;
        std::lock_guard const lock(mutex_);
        pending_ = std::move(document);
        return outcome;
    }

    static result<void> without_value(result<referrers_listing> r) {
        if (!r) return std::move(r).assume_error();
        return success();
    }

    Client& client_;
    repository name_;
    std::mutex putting_; ///< held while a document is put, before `mutex_`
    std::mutex mutex_;   ///< of what is below, never held over a request
    std::optional<std::pair<descriptor, std::string>> known_;   ///< the document that was resolved or named last
    std::optional<std::pair<descriptor, std::string>> pending_; ///< the one that is to be put
    std::vector<referrers_change> held_;                        ///< referrers that the registry is to be told of
    bool holds_ = false;                                        ///< from now on
};

} // namespace lading
