// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `repositories`: what a registry keeps, as `answer` sees it.

#include "../descriptor.hpp"
#include "../detail/stop_token.hpp"
#include "../http/message.hpp"
#include "../result.hpp"
#include "../store/blob_sink.hpp"
#include "manifest_facts.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::service {

/// A manifest, and what is known of it.
struct kept_document {
    descriptor what;
    std::string bytes;
};

/// Bytes that were sent and are no blob yet. What is not kept is gone when it is destroyed.
class staged_blob {
  public:
    virtual ~staged_blob() = default;
    virtual std::uint64_t size() const = 0;
    virtual result<void> write(std::span<std::byte const> piece) = 0;
    /// Nobody writes until the next request: what is open may be closed.
    virtual void pause() noexcept {}
    /// The digest of all that was written.
    virtual result<digest> hashed(digest_algorithm a) = 0;
    /// Makes it a blob of its repository, which is on disk when this returns. `d` is what `hashed` said; with `other`, it is found by that
    /// digest too. Nothing is called afterwards.
    virtual result<void> keep(digest const& d, std::optional<digest> const& other) = 0;
};

/// Names are those of repositories, as in a path: they have been checked. Every call may fail with what the storage says. Threads: any call by several
/// at once, unless the model says otherwise; of one `staged_blob` one at a time.
class repositories {
  public:
    virtual ~repositories() = default;

    /// Whether there is such a repository.
    virtual result<bool> exists(std::string_view name) = 0;
    /// All of them, sorted.
    virtual result<std::vector<std::string>> names(stop_token const&) { return not_offered(); }
    virtual result<std::vector<std::string>> tags(std::string_view name, stop_token const& stop) = 0;
    /// By tag or digest. Error: `manifest_unknown`.
    virtual result<kept_document> document(std::string_view name, std::string_view item, stop_token const& stop) = 0;
    /// As of a store, of unknown size. Error: `blob_unknown`.
    virtual result<void> read(std::string_view name, digest const& d, blob_sink& out, stop_token const& stop) = 0;
    /// What refers to this digest.
    virtual result<std::vector<descriptor>> referrers(std::string_view, digest const&, stop_token const&) { return not_offered(); }

    /// Whether the repository has this content, blob or manifest.
    virtual result<bool> has(std::string_view name, digest const& d, stop_token const& stop) = 0;
    /// Makes the repository, if need be.
    virtual result<std::unique_ptr<staged_blob>> stage(std::string_view) { return not_offered(); }
    /// Keeps the body of a request as a blob, without a session. False: the bytes have another digest, and are not kept.
    virtual result<bool> keep(std::string_view, descriptor const&, request const&) { return not_offered(); }
    /// Makes the blob of another repository one of this one. False: there is none.
    virtual result<bool> mount(std::string_view, std::string_view, digest const&, stop_token const&) { return not_offered(); }
    /// Keeps a manifest whose contents are there, and then gives it the tags. `what` has its annotations.
    virtual result<void> put_document(std::string_view, descriptor const&, std::string_view, manifest_facts const&, std::vector<std::string> const&) { return not_offered(); }
    /// False: there was none. Tags that lead to a document go with it.
    virtual result<bool> remove_tag(std::string_view, std::string_view) { return not_offered(); }
    virtual result<bool> remove_document(std::string_view, digest const&) { return not_offered(); }
    virtual result<bool> remove_blob(std::string_view, digest const&) { return not_offered(); }

  protected:
    static error not_offered() { return error(errc::unsupported_by_registry); }
};

namespace detail {

using namespace lading::detail;

/// Passes the body of a request on, piece by piece. Errors: those of the source, and of `each`.
template <class Each>
result<void> each_piece(request const& q, Each&& each) {
    if (!q.source) return q.body.empty() ? result<void>(success()) : each(std::as_bytes(std::span(q.body)));
    LADING_TRY_V(q.source->begin());
    auto const piece = std::make_unique<std::array<std::byte, (64u << 10)>>();
    for (;;) {
        LADING_TRY(auto const n, q.source->read(*piece));
        if (n == 0) return success();
        LADING_TRY_V(each(std::span(*piece).first(n)));
    }
}
/// How many bytes it has, if the request says so.
inline std::optional<std::uint64_t> body_size(request const& q) { return q.source ? q.source->size() : std::optional<std::uint64_t>(q.body.size()); }

/// Whether an error says that there is no such thing, rather than what is wrong with it.
inline bool is_not_there(error const& e) {
    return e == errc::manifest_unknown || e == errc::blob_unknown || e == errc::digest_invalid || e == errc::digest_unsupported || e == errc::name_unknown;
}

} // namespace detail

} // namespace lading::service
