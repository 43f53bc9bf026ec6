// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `copy_options`: what of an image is copied, and how; `copy_summary`: what came of it.

#include "../descriptor.hpp"
#include "../detail/chrono.hpp"
#include "../error.hpp"
#include "../limits.hpp"
#include "../platform.hpp"
#include "../result.hpp"
#include "../store/transfer_event.hpp"
#include "../warning.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// Contents that have `urls`, or a type that says that they are not to be handed on.
enum class external_layers : std::uint8_t {
    usual, ///< `leave` where a registry would hand them on, else `ask`
    ask,   ///< the source is asked as for any other; one that it does not have is `external_layer`
    fetch, ///< and then the URLs that the descriptor lists, over https and without credentials; by `copy` from a registry
    leave  ///< not copied: the destination lists what it does not have
};

/// Gives the bytes of an index without the entries of these digests: `cut_index`, of <lading/bulk/cut_index.hpp>.
using index_cutter = std::function<result<std::string>(std::string_view index, std::string_view media_type, std::vector<digest> const& without)>;

/// What is copied, and how. By default everything that a name leads to: of an index all of its images.
struct copy_options {
    copy_options() = default;

    /// Of an index only this image, or the nearest older variant that the platform can run; the index itself is not copied. With
    /// several, or with `with_sparse`, the index is copied too, and of its images those for these platforms.
    copy_options& with_platform(platform p) { return platforms.push_back(std::move(p)), *this; }
    /// The index is copied as it is although not all of its images are.
    copy_options& with_sparse(bool yes = true) { return sparse = yes, *this; }
    /// With platforms: in place of the index another one is written, with their entries alone; its digest is a new one, and what refers to the old one does
    /// not refer to it. `with_new_index(cut_index)`. An index with others in it is `would_change_digest`.
    copy_options& with_new_index(index_cutter f) { return cutter = std::move(f), *this; }
    /// At most so many blobs at once, each in a thread of its own; 0 means 1. Without it four, of which a registry is sent three.
    copy_options& with_lanes(std::size_t n) { return lanes = sending_lanes = n, *this; }
    /// Is told of every content, one call at a time.
    copy_options& with_observer(transfer_observer o) { return observer = std::move(o), *this; }
    copy_options& with_external(external_layers e) { return external = e, *this; }
    /// Copy schema1 documents too, as they are. Without it they are `schema1_refused`.
    copy_options& with_schema1(bool yes = true) { return schema1 = yes, *this; }
    /// Copy also what refers to each copied manifest, and what refers to that, `limits::referrer_depth` levels of it and `limits::copied_documents` in all: signatures, attestations, bills of
    /// materials. They come after the image and do not undo it: what fails is among `copy_summary::followers`. To a registry that does not list referrers
    /// itself they are listed by tag, beside those that are there.
    copy_options& with_referrers(bool yes = true) { return referrers = yes, *this; }
    /// Of those only the ones of this artifact type, or of several.
    copy_options& with_referrer_type(std::string type) { return referrer_types.push_back(std::move(type)), with_referrers(); }
    /// Copy also what has the digest of a copied manifest as its tag: `sha256-<hex>.sig`, `.att`, `.sbom` and the like. What `sha256-<hex>` itself lists is
    /// copied as referrers are, and added to what the destination lists. One list of the source's tags.
    copy_options& with_digest_tags(bool yes = true) { return digest_tags = yes, *this; }
    /// Both.
    copy_options& with_signatures() { return with_referrers().with_digest_tags(); }
    /// A name that leads elsewhere at the destination is not moved: `tag_exists`, before anything is copied; a digest's tag (`with_digest_tags`) neither, which
    /// is then among `copy_summary::followers`. Another client may be faster.
    copy_options& with_no_clobber(bool yes = true) { return no_clobber = yes, *this; }
    /// Of all names of a source (`copy_all_tags`) only those that this says true of.
    copy_options& with_names(std::function<bool(std::string_view)> wanted) { return names = std::move(wanted), *this; }
    /// Off: the destination is not completed, since more is to be copied into it; the caller does that (`content_store`, 9). So an archive gets
    /// several images.
    copy_options& with_completion(bool on) { return completion = on, *this; }
    /// So long another program that writes the same blob is waited for, which is then there; zero: `part_in_use` at once.
    copy_options& with_wait(std::chrono::milliseconds t) { return wait = t, *this; }
    /// The bounds: `nesting`, those that begin with `copied_`, and `json`.
    copy_options& with_limits(limits l) { return bounds = std::move(l), *this; }

    std::vector<platform> platforms;
    bool sparse = false;
    index_cutter cutter;
    bool schema1 = false;
    bool completion = true;
    bool referrers = false;
    bool digest_tags = false;
    bool no_clobber = false;
    std::vector<std::string> referrer_types;
    std::function<bool(std::string_view)> names;
    external_layers external = external_layers::usual;
    std::size_t lanes = 4;
    std::size_t sending_lanes = 3;
    std::chrono::milliseconds wait{600'000};
    transfer_observer observer;
    limits bounds;
};

/// How many contents, documents included, and their bytes. A size that nobody knows counts as 0.
struct copy_count {
    std::size_t contents = 0;
    std::uint64_t bytes = 0;

    void add(std::int64_t size) noexcept {
        ++contents;
        auto const n = size > 0 ? static_cast<std::uint64_t>(size) : 0;
        bytes = n > UINT64_MAX - bytes ? UINT64_MAX : bytes + n; // sizes are what a document says
    }
};

/// What went with an image, or should have gone.
struct copied_follower {
    copied_follower(descriptor w, digest s) : what(std::move(w)), subject(std::move(s)) {}
    descriptor what;               ///< of one with a tag that did not come: of the subject
    digest subject;                ///< that it refers to, or that its tag names
    std::string tag;               ///< of one that has one
    bool existed = false;          ///< it was at the destination
    std::optional<error> failure;  ///< why it is not there
};

/// What a copy has done.
struct copy_summary {
    copy_summary(descriptor n, descriptor t) : named(std::move(n)), top(std::move(t)) {}

    descriptor named;    ///< what the name led to at the source
    descriptor top;      ///< what it leads to at the destination: with one platform the image of the index, or the index that was made
    copy_count fetched;  ///< from the source
    copy_count existing; ///< were at the destination already
    copy_count mounted;  ///< the destination took from the repository of the source, unsent
    copy_count skipped;  ///< were not to be copied
    std::uint64_t resumed_bytes = 0; ///< of the bytes of `fetched` those that an earlier run had left
    std::vector<copied_follower> followers; ///< referrers, and what has a digest as its tag, where they were asked for
    std::vector<warning> warnings;

    /// Whether all that was asked for is there.
    bool complete() const noexcept {
        for (auto const& f : followers)
            if (f.failure) return false;
        return true;
    }
};

/// What came of one name of many.
struct copied_tag {
    explicit copied_tag(std::string n) : name(std::move(n)) {}
    std::string name;                     ///< printable
    std::optional<copy_summary> copied;
    std::optional<error> failure;         ///< `tag_exists`: it was left, as was asked for
};

/// What came of all names.
struct copied_tags {
    std::vector<copied_tag> tags; ///< in the source's order
    std::size_t digest_tags = 0;  ///< of which so many are made of digests: signatures and the like
};

/// What a copy would do with one content.
enum class copy_step : std::uint8_t {
    fetch,  ///< ask the source for it
    make,   ///< write it without asking: it is empty, or its document has it within
    mount,  ///< the destination takes it from the repository of the source
    keep,   ///< it is at the destination
    leave   ///< it is not to be copied
};

/// The name of a step as programs print it.
constexpr char const* name_of(copy_step s) noexcept {
    switch (s) {
    case copy_step::fetch: return "fetch";
    case copy_step::make: return "make";
    case copy_step::mount: return "mount";
    case copy_step::keep: return "keep";
    case copy_step::leave: break;
    }
    return "leave";
}

/// What a copy would do, in the order in which it would.
struct copy_forecast {
    struct entry {
        entry(descriptor w, copy_step s, bool d) : what(std::move(w)), step(s), document(d) {}
        descriptor what;
        copy_step step;
        bool document; ///< an index or a manifest; such have been read for the forecast if they are `fetch`
    };

    copy_forecast(descriptor n, descriptor t) : named(std::move(n)), top(std::move(t)) {}

    descriptor named, top; ///< as in `copy_summary`
    std::vector<entry> entries;
    copy_count to_fetch, existing, skipped;
    std::vector<warning> warnings;
};

} // namespace lading
