// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `layout_contents`: what the index of a layout leads to, in the order in which an archive has it.

#include "../descriptor.hpp"
#include "../document/decode.hpp"
#include "../document/reflect/oci.hpp"
#include "../document/shape.hpp"
#include "../json/document.hpp"
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

/// What a manifest or an index lists.
struct listed_contents {
    std::optional<descriptor> config;
    std::vector<descriptor> blobs;     ///< layers, in their order
    std::vector<descriptor> manifests; ///< of an index
};

/// Reads what a document lists; what is no JSON object lists nothing. Errors: `descriptor_invalid`.
template <json_policy J>
result<listed_contents> contents_of(std::string_view text, limits const& bounds) {
    listed_contents out;
    auto const parsed = json_document::parse<J>(text, bounds.json);
    if (!parsed || !parsed.assume_value().root().is_object()) return out;
    auto const root = parsed.assume_value().root();
    std::optional<error> wrong;
    auto const take = [&](json_view element, auto&& to) {
        auto d = decode<descriptor>(element, errc::descriptor_invalid, bounds);
        if (d) to(std::move(d).assume_value());
        else if (!wrong) wrong = std::move(d).assume_error();
    };
    auto const take_all = [&](std::string_view key, std::vector<descriptor>& to) {
        if (auto const list = root.find(key); list && list->is_array())
            list->each_element([&](json_view e) { take(e, [&](descriptor d) { to.push_back(std::move(d)); }); });
    };
    if (auto const config = root.find("config"); config && config->is_object()) take(*config, [&](descriptor d) { out.config = std::move(d); });
    take_all("layers", out.blobs);
    take_all("blobs", out.blobs);
    take_all("manifests", out.manifests);
    if (auto const layers = root.find("fsLayers"); layers && layers->is_array()) // schema1
        layers->each_element([&](json_view e) {
            auto const sum = e.is_object() ? e.find("blobSum") : std::nullopt;
            if (auto d = digest::parse(sum ? sum->as_string().value_or("") : "")) out.blobs.emplace_back("", std::move(d).assume_value(), descriptor::unknown_size);
        });
    if (wrong) return std::move(*wrong);
    return out;
}

/// Whether a blob is only to be had from elsewhere, so that it may be absent here.
inline bool is_external(descriptor const& d) {
    return !d.urls.empty() || d.media_type == media_types::docker_layer_foreign || d.media_type.find(".nondistributable.") != d.media_type.npos;
}

/// `J` models the JSON policy.
template <json_policy J>
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
        if (depth > bounds_.nesting) return error(errc::walk_limit).with_values("at most " + std::to_string(bounds_.nesting) + " indexes deep", "more");
        if (seen_.contains(what.digest)) return success();
        LADING_TRY(auto const text, read_(what));
        if (!text && depth == 0) return error(errc::manifest_unknown).with_context(what.digest.str() + " is listed, and not there");
        if (!text) return success();
        LADING_TRY_V(put(what, false));
        LADING_TRY(auto const listed, contents_of<J>(*text, bounds_));
        if (listed.config) {
            LADING_TRY_V(put(*listed.config, false));
        }
        for (auto const& blob : listed.blobs) {
            LADING_TRY_V(put(blob, is_external(blob)));
        }
        for (auto const& child : listed.manifests) {
            LADING_TRY_V(is_document(child) ? add(child, depth + 1) : put(child, true));
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
            LADING_TRY(auto const listed, contents_of<J>(*text, bounds_));
            if (listed.manifests.empty()) return what;
            std::vector<descriptor> there;
            for (auto const& child : listed.manifests) {
                if (!is_choosable(child)) continue;
                LADING_TRY(auto const found, read_(child));
                if (found) there.push_back(child);
            }
            if (there.size() == 1) {
                what = there[0];
                continue;
            }
            LADING_TRY(what, which.choose(listed.manifests));
        }
        return error(errc::walk_limit).with_values("at most " + std::to_string(bounds_.nesting) + " indexes deep", "more");
    }

  private:
    static constexpr std::size_t most = 100'000;

    static bool is_document(descriptor const& d) {
        return d.media_type.empty() || is_known_manifest_type(d.media_type) || d.media_type == "application/vnd.oci.artifact.manifest.v1+json";
    }
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
