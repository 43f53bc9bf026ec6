// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `manifest_facts`: what a registry wants to know of a manifest that it is sent.

#include "../descriptor.hpp"
#include "../digest.hpp"
#include "../json/document.hpp"
#include "../json/strict_json.hpp"
#include "../limits.hpp"
#include "../media_type.hpp"
#include "../result.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::service {

/// A value.
struct manifest_facts {
    struct content {
        std::string digest, type;
        bool has_urls = false;
        bool is_foreign() const noexcept { return type.find(".foreign.") != type.npos || type.find(".nondistributable.") != type.npos; }
    };
    std::string type;              ///< as the document says it; empty where it does not
    bool has_layers = false, has_manifests = false, is_schema1 = false;
    std::vector<content> contents; ///< that it lists: config, layers, manifests
    std::optional<digest> subject;
    std::string artifact_type;     ///< its own, else the type of its config
    string_map annotations;

    /// Errors: those of reading JSON; `manifest_schema` (no object), `digest_invalid` (of the subject).
    static result<manifest_facts> of(std::string_view bytes) {
        auto bounds = limits().json;
        bounds.bytes = std::max(bounds.bytes, bytes.size());
        LADING_TRY(auto const parsed, json_document::parse<strict_json>(bytes, bounds));
        auto const root = parsed.root();
        if (!root.is_object()) return error(errc::manifest_schema).with_context("no JSON object");
        manifest_facts out;
        out.type = text(root, "mediaType");
        out.has_layers = root.find("layers").has_value();
        out.has_manifests = root.find("manifests").has_value();
        out.is_schema1 = root.find("fsLayers").has_value();
        out.list(root, "config");
        for (auto const* key : {"layers", "manifests", "blobs"}) out.list(root, key);
        if (auto const all = root.find("fsLayers"); all && all->is_array())
            all->each_element([&](json_view one) {
                if (one.is_object()) out.contents.push_back({text(one, "blobSum"), {}, false});
            });
        out.artifact_type = text(root, "artifactType");
        if (auto const config = root.find("config"); out.artifact_type.empty() && config && config->is_object()) out.artifact_type = text(*config, "mediaType");
        if (auto const all = root.find("annotations"); all && all->is_object())
            all->each_member([&](std::string_view name, json_view value) {
                if (auto const said = value.as_string()) out.annotations.emplace(name, *said);
            });
        if (auto const to = root.find("subject"); to && to->is_object()) {
            LADING_TRY(auto d, digest::parse(text(*to, "digest")));
            out.subject = std::move(d);
        }
        return out;
    }

    /// How a list of referrers tells of it.
    descriptor described(std::string media_type, digest const& d, std::size_t size) const {
        descriptor out(std::move(media_type), d, static_cast<std::int64_t>(size));
        out.artifact_type = artifact_type;
        out.annotations = annotations;
        return out;
    }

  private:
    static std::string text(json_view object, std::string_view key) {
        auto const found = object.find(key);
        return std::string(found ? found->as_string().value_or("") : "");
    }
    void one(json_view v) {
        if (!v.is_object()) return;
        auto const urls = v.find("urls");
        contents.push_back({text(v, "digest"), text(v, "mediaType"), urls && urls->is_array() && urls->size() > 0});
    }
    void list(json_view root, std::string_view key) {
        auto const found = root.find(key);
        if (!found) return;
        if (found->is_array()) found->each_element([&](json_view v) { one(v); });
        else one(*found);
    }
};

} // namespace lading::service
