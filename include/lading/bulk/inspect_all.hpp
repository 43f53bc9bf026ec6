// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `inspect_all`: every image of an index, one after the other. `bulk/async_inspect_all.hpp` has them side by side.

#include "../detail/stop_token.hpp"
#include "../limits.hpp"
#include "../operation/inspect.hpp"

#include <utility>
#include <vector>

namespace lading {

namespace detail {

/// What is to be inspected of an index and of the indexes in it: level by level, so that an index is told of before its
/// entries. The indexes inside are together held to the bounds of one document, or a registry could keep it going for ever.
class index_walk {
  public:
    index_walk(inspect_options o, limits const& bounds) : options_(std::move(o.with_platform(platform_choice::none()))), bounds_(bounds) {}

    inspect_options const& of_top() const noexcept { return options_; }
    /// Of an entry; the tags are those of the repository, and asked for once.
    inspect_options of(descriptor const& entry) const {
        auto out = options_;
        return std::move(out.with_tags(false).with_expected(entry));
    }

    /// Takes the record of a document of the present level; `walk_limit` in place of an index that leads too far.
    template <class Result>
    Result took(Result record) {
        if (!record || record.assume_value().kind != image_kind::index) return record;
        auto const& index = record.assume_value();
        if (depth_ > 0) bytes_ += index.manifest_bytes.size();
        if (depth_ >= bounds_.nesting || bytes_ > bounds_.manifest_bytes ||
            index.platforms.size() > bounds_.descriptors - entries_)
            return error(errc::walk_limit)
                .with_context("the indexes in an index")
                .with_values("at most " + std::to_string(bounds_.nesting) + " deep, " + std::to_string(bounds_.descriptors) +
                                 " entries, " + std::to_string(bounds_.manifest_bytes) + " bytes",
                             "more");
        entries_ += index.platforms.size();
        next_.insert(next_.end(), index.platforms.begin(), index.platforms.end());
        return record;
    }
    /// The entries of the next level, none at the end.
    std::vector<descriptor> next_level() {
        ++depth_;
        return std::exchange(next_, {});
    }

  private:
    inspect_options options_;
    limits const& bounds_;
    std::vector<descriptor> next_;
    std::size_t depth_ = 0, entries_ = 0, bytes_ = 0;
};

} // namespace detail

/// Inspects `ref` and, where it is an index, every entry of it but attestations, and of the indexes in it. Tells of each
/// entry by `each(descriptor const& entry, result<inspection>)`, an index before its entries; each document must be what its
/// entry says (digest, size, type). The value is the record of `ref` itself: of an index, without an image.
///
/// `options.platform` has no meaning here. Requests: those of `inspect` for each. Errors: those of `inspect` for `ref`; a
/// failure of an entry is told of and stops no other. `walk_limit` for an entry that is an index when indexes lie deeper
/// than `limits::nesting`, or have together more entries than `limits::descriptors` or more bytes than
/// `limits::manifest_bytes`; `cancelled` when `stop` is requested. Memory: no record is kept but the first.
template <class Client, class Each>
auto inspect_all(Client& registry, reference const& ref, inspect_options options, Each each, stop_token stop = {}) {
    detail::index_walk walk(std::move(options), registry.options().bounds);
    auto top = walk.took(registry.inspect(ref, walk.of_top(), stop));
    if (!top) return top;
    for (auto level = walk.next_level(); !level.empty(); level = walk.next_level())
        for (auto const& entry : level) {
            auto record = walk.took(registry.inspect(ref.with_digest(entry.digest), walk.of(entry), stop));
            if (stop.stop_requested()) return top = error(errc::cancelled);
            each(entry, std::move(record));
        }
    return top;
}

} // namespace lading
