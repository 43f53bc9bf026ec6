// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `referring_of`: what a manifest refers to, and how a list of referrers describes it; `referrers_tag`: where such a list is kept
/// by registries that do not make one (OCI distribution specification 1.1, "referrers tag schema").

#include "../descriptor.hpp"
#include "../digest.hpp"
#include "../json/document.hpp"
#include "../limits.hpp"
#include "../media_type.hpp"
#include "decode.hpp"
#include "referring.hpp"
#include "reflect/descriptor.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading {

namespace detail {
/// For algorithms of any kind: at most 32 and 64 characters, those that no tag can have as '-'.
inline std::string referrers_tag(std::string_view algorithm, std::string_view encoded) {
    auto out = std::string(algorithm.substr(0, 32)) + '-' + std::string(encoded.substr(0, 64));
    for (auto& c : out) {
        bool const fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (!fits) c = '-';
    }
    return out;
}
} // namespace detail

/// The tag of the index that lists the referrers of a subject: `sha256-<hex>`, of a longer digest its first 64 digits.
inline std::string referrers_tag(digest const& subject) { return detail::referrers_tag(name_of(subject.algorithm()), subject.hex()); }

/// Looks into a manifest, of whatever type. `self` is its type, digest and size. What cannot be read is not there. Linear. Thread-safe.
template <json_policy J>
referring referring_of(std::string_view bytes, descriptor const& self, limits const& bounds = {}) {
    referring out(descriptor(self.media_type, self.digest, static_cast<std::int64_t>(bytes.size())));
    auto json = bounds.json;
    json.repeated_keys = true;
    auto const parsed = json_document::parse<J>(bytes, json);
    if (!parsed || !parsed.assume_value().root().is_object()) return out;
    auto const root = parsed.assume_value().root();
    auto const text = [](std::optional<json_view> v) { return std::string(v ? v->as_string().value_or("") : ""); };
    if (auto const v = root.find("subject"); v && v->is_object())
        if (auto d = decode<descriptor>(*v, errc::manifest_schema, bounds)) out.subject = std::move(d).assume_value();
    out.entry.artifact_type = text(root.find("artifactType"));
    if (auto const config = root.find("config"); config && config->is_object() && out.entry.artifact_type.empty())
        out.entry.artifact_type = text(config->find("mediaType"));
    if (auto const v = root.find("annotations"); v && v->is_object())
        v->each_member([&](std::string_view name, json_view value) {
            if (auto const s = value.as_string()) out.entry.annotations.emplace(name, *s);
        });
    return out;
}

} // namespace lading
