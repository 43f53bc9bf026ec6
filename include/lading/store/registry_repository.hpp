// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `registry_repository`: a repository of a registry as a source of images.

#include "../detail/mutex.hpp"
#include "../hash/constexpr_sha2.hpp"
#include "../media_type.hpp"
#include "../reference.hpp"
#include "content_store.hpp"

#include <optional>
#include <string>
#include <string_view>
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
} // namespace detail

/// Models `content_source` over the blocking calls of a client: `client`, or any `basic_client`. The client must outlive it.
///
/// Names are tags and digests; the empty name is "latest". Requests: `resolve` one GET of the document, which `document` then has;
/// `current` one HEAD; `document` and `read` one GET each; `names` those of the tag list. Errors: those of the calls;
/// `size_mismatch`. Signed schema1 has here the digest of its bytes. Threads: any call by several at once.
template <class Client>
class registry_repository {
  public:
    registry_repository(Client& c, repository name) : client_(c), name_(std::move(name)) {}

    repository const& name() const noexcept { return name_; }

    result<descriptor> resolve(std::string_view name, stop_token stop = {}) {
        LADING_TRY(auto const ref, named(name));
        LADING_TRY(auto got, client_.raw_manifest(ref, std::move(stop)));
        // A registry names signed schema1 by the digest of what is signed; what keeps bytes, by that of the bytes.
        if (got.self.media_type == media_types::docker_schema1_signed)
            got.self.digest = constant_digest_of(got.bytes, got.self.digest.algorithm());
        std::lock_guard const lock(mutex_);
        known_.emplace(got.self, std::move(got.bytes));
        return std::move(got.self);
    }
    /// What the name leads to now, without its document: for who knows the document, perhaps.
    result<std::optional<descriptor>> current(std::string_view name, stop_token stop = {}) {
        LADING_TRY(auto const ref, named(name));
        LADING_TRY(auto found, client_.resolve(ref, std::move(stop)));
        return std::optional<descriptor>(std::move(found));
    }
    result<std::string> document(descriptor const& what, stop_token stop = {}) {
        {
            std::lock_guard const lock(mutex_);
            if (known_ && known_->first.digest == what.digest) return detail::of_size(known_->second, what);
        }
        LADING_TRY(auto const ref, named(what.digest.str()));
        LADING_TRY(auto got, client_.raw_manifest(ref, std::move(stop)));
        return detail::of_size(std::move(got.bytes), what);
    }
    result<void> read(descriptor const& what, blob_sink& out, stop_token stop = {}) {
        LADING_TRY_V(client_.blob(name_, what, out, std::move(stop)));
        return success();
    }
    result<std::vector<std::string>> names(stop_token stop = {}) {
        LADING_TRY(auto listed, client_.tags(name_, std::move(stop)));
        if (listed.failure) return std::move(*listed.failure);
        return std::move(listed.values);
    }

  private:
    result<reference> named(std::string_view name) const {
        if (name.empty()) return reference::parse(name_.str());
        return reference::parse(name_.str() + (name.find(':') == name.npos ? ':' : '@') + std::string(name));
    }

    Client& client_;
    repository name_;
    std::mutex mutex_;
    std::optional<std::pair<descriptor, std::string>> known_; ///< the document that was resolved last
};

} // namespace lading
