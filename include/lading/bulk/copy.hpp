// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `copy`: an image, an index of images or an artifact from any source to any store; `plan_copy`: what that would do.

#include "../store/content_store.hpp"
#include "copy_followers.hpp"
#include "copy_options.hpp"
#include "copy_run.hpp"

#include <string_view>
#include <utility>

namespace lading {

/// Copies what `name` leads to at `from` to `to`, where it is named `to_name` when all of it is there. Both are as in
/// `content_source`: a tag, a digest, or empty. A digest as `to_name` is a promise: what is copied must have it.
///
/// Every content is transferred once, what the destination has is not, and nothing is changed: bytes and digests stay. First all
/// documents are read, then the blobs come, `copy_options::lanes` at once, each verified by the source before it is committed; then
/// the documents are written, and the name at the very end. The first failure ends it and cancels the others; what has come by then
/// stays, as far as the destination can resume, and the next copy goes on from there. What follows an image (`copy_options::with_referrers`,
/// `with_digest_tags`) comes behind it; a failure there is in the summary and not the copy's.
///
/// What a registry says beside contents does not come: when a tag was set, how often an image was pulled, labels of its own, signatures that are kept
/// elsewhere. No blob takes the place of another one, however alike they are.
///
/// Errors: those of the two stores and of `copy_plan`; `external_layer`; `tag_exists`; `would_change_digest` for referrers to a store that has no place
/// for them; `digest_mismatch` of a promise that does not hold; `cancelled`
/// soon after `stop` was requested. Requests: each document and blob once; where the destination knows the name, and the source can tell
/// what it leads to now (`registry_repository`: one HEAD), nothing more if that is the same image.
///
/// A registry is taken to have all of an image whose manifest it has, since the contents come first; this is not asked where
/// `copy_options::external` says that layers are to be there that a copy without it has left elsewhere. Of an index that it has nothing
/// follows, for a sparse copy may have left it there: the index is read, each of its images asked for (one HEAD), and those that are absent are copied.
///
/// Threads: `from` and `to` are used by several at once, as the concepts allow; both must outlive the call. The observer may be called
/// by any of them.
template <class From, class To>
result<copy_summary> copy(From& from, std::string_view name, To& to, std::string_view to_name, copy_options o = {}, stop_token stop = {}) {
    static_assert(check_content_source<From>::ok && check_content_store<To>::ok);
    detail::copy_from_store<From> source(from);
    detail::copy_to_store<To> target(to, detail::mount_between(from, to));
    detail::will_write(to);
    return detail::copy_whole(source, target, name, to_name, std::move(o), std::move(stop));
}

/// What `copy` would do, but for what follows the image. Documents are read for it, nothing is written. Errors and requests: those of `copy` but for blobs.
template <class From, class To>
result<copy_forecast> plan_copy(From& from, std::string_view name, To& to, std::string_view to_name, copy_options o = {}, stop_token stop = {}) {
    static_assert(check_content_source<From>::ok && check_content_store<To>::ok);
    detail::copy_from_store<From> source(from);
    detail::copy_to_store<To> target(to, detail::mount_between(from, to));
    return detail::copy_run(source, target, name, to_name, std::move(o), std::move(stop)).forecast();
}

} // namespace lading
