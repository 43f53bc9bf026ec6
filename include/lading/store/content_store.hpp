// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The store concepts: where images are kept, be it a registry, a folder, an archive or memory.
///
/// A store holds two things: contents, each found by its descriptor, and names, each of which leads to one content. A
/// *document* is a content that is read whole and looked into (an index, a manifest), a *blob* any other; both are only
/// bytes with a size and a digest.
///
/// Requirements of a `content_source`:
///  1. `s.resolve(name, stop)` gives the `descriptor` of the document with that name. `name` is a tag, or "sha256:...";
///     the empty name means the only image there is. Errors: `manifest_unknown` with the names that are there,
///     `tag_ambiguous`. The size of a descriptor may be -1 where it is not known before the document is read.
///  2. `s.document(what, stop)` gives the exact bytes of a document, verified.
///  3. `s.read(what, out, stop)` passes one blob to a `blob_sink`, which is committed when size and digest hold, and only
///     then. Errors: `blob_unknown`, `size_mismatch`, `digest_mismatch`, those of the sink.
///  4. `s.names(stop)` lists the names.
/// and may have
///     `s.referrers(what, stop)`: a vector of what refers to a document, as its subject, with artifact types. Without, nothing does.
/// and of a `content_store`, which can be written to, also:
///  5. `s.has(what, stop)`: is this content there, whole?
///  6. `s.writer(what)` gives a sink that keeps one blob. What is committed to it is there; the store does not verify it
///     again. A sink that can go on with what an earlier run left does (`blob_sink::resume`).
///  7. `s.put_document(what, bytes)` keeps a document. What it lists must be there before.
///  8. `s.tag(name, what)` gives a document a name; the name leads nowhere else afterwards. With the empty name the document
///     is listed without one. Last of all, so that a name never leads to something incomplete.
///  9. `s.complete()`: all has been written. What is made as a whole (an archive) becomes visible now; without it, never.
///
/// Where 8 or 9 takes long it should also take a `stop_token`, as the last argument, and end with `cancelled` soon after that was requested. Of a
/// store that has a `gc()`, `has` also keeps what is there from being collected for a while.
///
/// A store that does not keep everything may say so before the first blob comes: `s.accepts_config(descriptor) const`, a `result<void>`, is asked for the
/// config of each image.
///
/// One whose `read` begins a sink once, at most seldom again, and passes all that follows in order, may say so by
/// `static constexpr bool reads_once = true`: what it verifies is not hashed once more while it is sent elsewhere. When it begins again for all
/// that, the sending does, too.
///
/// What a store finds odd and gives for all that it may tell by `s.take_warnings()`, a vector of `warning`: what was found since it was
/// asked last.
///
/// Threads: 2, 3, 5 and the sinks of 6 may be used by several threads at once; the others one at a time.
///
/// Models: `memory_store`, `oci_layout`, `oci_archive`, `docker_archive`, `image_folder`, `registry_repository`.
/// `check_content_source<S>` and `check_content_store<S>` say at compile time what is missing.

#include "../descriptor.hpp"
#include "../detail/stop_token.hpp"
#include "../result.hpp"
#include "blob_sink.hpp"

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lading {

namespace detail {
template <class S>
concept resolves_names = requires(S& s, std::string_view name, stop_token stop) {
    { s.resolve(name, stop) } -> std::same_as<result<descriptor>>;
};
template <class S>
concept gives_documents = requires(S& s, descriptor const& what, stop_token stop) {
    { s.document(what, stop) } -> std::same_as<result<std::string>>;
};
template <class S>
concept reads_blobs = requires(S& s, descriptor const& what, blob_sink& out, stop_token stop) {
    { s.read(what, out, stop) } -> std::same_as<result<void>>;
};
template <class S>
concept lists_names = requires(S& s, stop_token stop) {
    { s.names(stop) } -> std::same_as<result<std::vector<std::string>>>;
};
template <class S>
concept lists_referrers = requires(S& s, descriptor const& what, stop_token stop) {
    { s.referrers(what, stop) } -> std::same_as<result<std::vector<descriptor>>>;
};
template <class S>
concept knows_what_it_has = requires(S& s, descriptor const& what, stop_token stop) {
    { s.has(what, stop) } -> std::same_as<result<bool>>;
};
template <class S>
concept gives_writers = requires(S& s, descriptor const& what) {
    { s.writer(what) } -> std::same_as<result<std::unique_ptr<blob_sink>>>;
};
template <class S>
concept keeps_documents = requires(S& s, descriptor const& what, std::string_view bytes) {
    { s.put_document(what, bytes) } -> std::same_as<result<void>>;
};
template <class S>
concept keeps_names = requires(S& s, std::string_view name, descriptor const& what) {
    { s.tag(name, what) } -> std::same_as<result<void>>;
};
template <class S>
concept can_be_completed = requires(S& s) {
    { s.complete() } -> std::same_as<result<void>>;
};
} // namespace detail

namespace detail {
/// Tells a store that is asked for leave that it is going to be written to.
template <class S>
void will_write(S& to) {
    if constexpr (requires { to.will_write(); }) to.will_write();
}
} // namespace detail

/// Images can be read from it.
template <class S>
concept content_source = detail::resolves_names<S> && detail::gives_documents<S> && detail::reads_blobs<S> && detail::lists_names<S>;

/// Images can be written to it, too.
template <class S>
concept content_store = content_source<S> && detail::knows_what_it_has<S> && detail::gives_writers<S> &&
                        detail::keeps_documents<S> && detail::keeps_names<S> && detail::can_be_completed<S>;

/// Explains at compile time why `S` is no source.
template <class S>
struct check_content_source {
    static_assert(detail::resolves_names<S>,
                  "[lading] content source: S needs `lading::result<lading::descriptor> resolve(std::string_view name, lading::stop_token)`");
    static_assert(detail::gives_documents<S>,
                  "[lading] content source: S needs `lading::result<std::string> document(lading::descriptor const&, lading::stop_token)`");
    static_assert(detail::reads_blobs<S>,
                  "[lading] content source: S needs `lading::result<void> read(lading::descriptor const&, lading::blob_sink&, lading::stop_token)`");
    static_assert(detail::lists_names<S>,
                  "[lading] content source: S needs `lading::result<std::vector<std::string>> names(lading::stop_token)`");
    static constexpr bool ok = true;
};

/// Explains at compile time why `S` is no store.
template <class S>
struct check_content_store : check_content_source<S> {
    static_assert(detail::knows_what_it_has<S>,
                  "[lading] content store: S needs `lading::result<bool> has(lading::descriptor const&, lading::stop_token)`");
    static_assert(detail::gives_writers<S>,
                  "[lading] content store: S needs `lading::result<std::unique_ptr<lading::blob_sink>> writer(lading::descriptor const&)`");
    static_assert(detail::keeps_documents<S>,
                  "[lading] content store: S needs `lading::result<void> put_document(lading::descriptor const&, std::string_view bytes)`");
    static_assert(detail::keeps_names<S>,
                  "[lading] content store: S needs `lading::result<void> tag(std::string_view name, lading::descriptor const&)`");
    static_assert(detail::can_be_completed<S>, "[lading] content store: S needs `lading::result<void> complete()`");
};

} // namespace lading
