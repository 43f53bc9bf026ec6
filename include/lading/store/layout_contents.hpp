// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `layout_contents`: what the index of a layout leads to, in the order in which an archive has it.

#include "../descriptor.hpp"
#include "../document/listed_contents.hpp"
#include "../limits.hpp"
#include "../platform_choice.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// The bytes of a document, verified; nothing for one that is not there.
using read_document = std::function<result<std::optional<std::string>>(descriptor const&)>;

class layout_contents {
  public:
    struct content {
        descriptor what;
        bool may_be_absent;
    };
    layout_contents(read_document read, limits const& bounds) : read_(std::move(read)), bounds_(bounds) {}

    /// Adds what an entry of the index leads to: the document, its config and layers, or its manifests with theirs; each digest
    /// once. Manifests of an index may be absent, those of other platforms. Errors: `manifest_unknown`, `walk_limit`,
    /// `manifest_limit`, those of `contents_of` and of reading.
    result<void> add(descriptor const& what, std::size_t depth = 0) {
        if (depth > bounds_.nesting) return error(errc::walk_limit).with_values("at most " + std::to_string(bounds_.nesting) + " indexes deep (limits::nesting)", "more");
        if (seen_.contains(what.digest)) return success();
        LADING_TRY(auto const text, read_(what));
        if (!text && depth == 0) return error(errc::manifest_unknown).with_context(what.digest.str() + " is listed, and not there");
        if (!text) return success();
        LADING_TRY_V(put(what, false));
        LADING_TRY(auto const listed, contents_of(*text, what.media_type, bounds_));
        if (listed.config) {
            LADING_TRY_V(put(*listed.config, false));
        }
        for (auto const& blob : listed.layers) {
            LADING_TRY_V(put(blob, is_external(blob)));
        }
        for (auto const& child : listed.entries) {
            LADING_TRY_V(is_known_blob_type(child.media_type) ? put(child, true) : add(child, depth + 1));
        }
        return success();
    }
    std::vector<content> const& all() const noexcept { return all_; }

    /// The image that is meant by an entry: itself; of an index the only one that is there, else the one that the platform chooses.
    /// Errors: `platform_not_found`, those of reading.
    result<descriptor> image_of(descriptor what, platform_choice const& which) const {
        for (std::size_t depth = 0; depth <= bounds_.nesting; ++depth) {
            LADING_TRY(auto const text, read_(what));
            if (!text) return error(errc::manifest_unknown).with_context(what.digest.str() + " is not there");
            LADING_TRY(auto const listed, contents_of(*text, what.media_type, bounds_));
            if (listed.entries.empty()) return what;
            std::vector<descriptor> there;
            for (auto const& child : listed.entries) {
                if (!is_choosable(child)) continue;
                LADING_TRY(auto const found, read_(child));
                if (found) there.push_back(child);
            }
            if (there.size() == 1) {
                what = there[0];
                continue;
            }
            LADING_TRY(what, which.choose(listed.entries));
        }
        return error(errc::walk_limit).with_values("at most " + std::to_string(bounds_.nesting) + " indexes deep (limits::nesting)", "more");
    }

  private:
    static constexpr std::size_t most = 100'000;

    result<void> put(descriptor const& what, bool may_be_absent) {
        if (all_.size() == most) return error(errc::manifest_limit).with_values("at most " + std::to_string(most) + " blobs in an archive", "more");
        if (seen_.insert(what.digest).second) all_.push_back({what, may_be_absent});
        return success();
    }

    read_document read_;
    limits const& bounds_;
    std::set<digest> seen_;
    std::vector<content> all_;
};

} // namespace lading::detail
