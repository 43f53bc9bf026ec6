// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `pack`: the manifest of an artifact, from the descriptors of its files (OCI image-spec 1.1, "Guidelines for Artifact Usage").

#include "../detail/chrono.hpp"
#include "../detail/timestamp.hpp"
#include "../media_type.hpp"
#include "made_document.hpp"
#include "reflect/oci.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// The form that an artifact's manifest has.
enum class pack_form : std::uint8_t { oci_1_1, ///< it says what it is by its `artifactType`
                                      oci_1_0  ///< by the type of its config: for registries that know nothing newer
};

/// How an artifact is packed. Every setter returns the object.
struct pack_options {
    pack_options() = default;

    /// What kind of artifact it is. It may be left out where a config says that.
    pack_options& with_artifact_type(std::string type) { return artifact_type = std::move(type), *this; }
    /// Its config, which is in the repository before the manifest is; without one it has the empty config.
    pack_options& with_config(descriptor d) { return config = std::move(d), *this; }
    /// It is about this document: a signature, a list of parts.
    pack_options& with_subject(descriptor d) { return subject = std::move(d), *this; }
    pack_options& with_annotation(std::string key, std::string value) { return annotations.insert_or_assign(std::move(key), std::move(value)), *this; }
    pack_options& with_form(pack_form f) { return form = f, *this; }
    /// Off: the empty config comes without its two bytes, for registries that refuse what they do not know.
    pack_options& with_inline_data(bool on) { return inline_data = on, *this; }
    /// The time of `org.opencontainers.image.created`, in seconds since 1970, where that annotation is not given; else it is now.
    pack_options& with_time(std::int64_t seconds) { return time = seconds, *this; }
    /// No time, unless it is given as an annotation: the same files give the same digest.
    pack_options& with_reproducibility(bool yes = true) { return reproducible = yes, *this; }

    std::string artifact_type;
    std::optional<descriptor> config, subject;
    string_map annotations;
    pack_form form = pack_form::oci_1_1;
    bool inline_data = true, reproducible = false;
    std::optional<std::int64_t> time;
};

namespace detail {

inline constexpr std::string_view created_annotation = "org.opencontainers.image.created";
inline constexpr std::string_view unknown_config = "application/vnd.unknown.config.v1+json";

/// Is it a type and a subtype as RFC 6838, section 4.2 has them, without parameters?
constexpr bool is_plain_media_type(std::string_view text) noexcept {
    auto const slash = text.find('/');
    if (slash == text.npos) return false;
    for (auto const name : {text.substr(0, slash), text.substr(slash + 1)}) {
        if (name.empty() || name.size() > 127 || !is_alnum(name.front())) return false;
        for (char const c : name)
            if (!is_alnum(c) && std::string_view("!#$&-^_.+").find(c) == std::string_view::npos) return false;
    }
    return true;
}
inline result<void> check_packed_type(std::string_view type, char const* of) {
    if (is_plain_media_type(type)) return success();
    return error(errc::media_type_invalid).with_context(of).with_values("type/subtype", printable(type, 160));
}
inline error cannot_pack(std::string why) { return error(errc::invalid_argument).with_context(std::move(why)); }

/// The blob "{}".
inline descriptor empty_object(std::string_view type) { return {std::string(type), constant_digest_of("{}"), 2}; }

/// Adds the time, and refuses one that is none.
inline result<void> date(pack_options& o) {
    if (auto const given = o.annotations.find(created_annotation); given != o.annotations.end())
        return normalise_timestamp(given->second) ? result<void>(success())
                                                  : error(errc::invalid_argument).with_context(std::string(created_annotation)).with_values("an RFC 3339 timestamp", printable(given->second, 64));
    if (o.reproducible && !o.time) return success();
    auto const now = [] { return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count(); };
    o.annotations.emplace(created_annotation, timestamp_of(o.time ? *o.time : static_cast<std::int64_t>(now())));
    return success();
}

} // namespace detail

/// The manifest of an artifact that consists of `layers`; without any it has the empty one, since every manifest has a layer.
///
/// Errors: `invalid_argument` (neither a type nor a config that is one; a subject or a second type in the form 1.0; a time that is none; what
/// `encode` refuses), `media_type_invalid`. No requests: what it lists has to be in the repository before it is put there.
inline result<made_document> pack(std::vector<descriptor> layers, pack_options o = {}) {
    bool const newer = o.form == pack_form::oci_1_1;
    auto const empty = [&] {
        auto out = detail::empty_object(media_types::oci_empty);
        if (o.inline_data) out.data.bytes = "{}";
        return out;
    };
    for (auto const& l : layers) {
        LADING_TRY_V(detail::check_packed_type(l.media_type, "a file of the artifact"));
    }
    if (o.config) {
        LADING_TRY_V(detail::check_packed_type(o.config->media_type, "the config"));
    }
    if (!o.artifact_type.empty()) {
        LADING_TRY_V(detail::check_packed_type(o.artifact_type, "the artifact type"));
    }
    if (!newer && o.subject) return detail::cannot_pack("a manifest of the form 1.0 has no subject");
    if (!newer && o.config && !o.artifact_type.empty() && o.artifact_type != o.config->media_type)
        return detail::cannot_pack("in the form 1.0 the type of the config is that of the artifact");
    if (newer && o.artifact_type.empty() && (!o.config || o.config->media_type == media_types::oci_empty))
        return detail::cannot_pack("an artifact without a config of its own needs a type");
    LADING_TRY_V(detail::date(o));

    if (newer && layers.empty()) layers.push_back(empty());
    auto const type = [&] { return o.artifact_type.empty() ? detail::unknown_config : std::string_view(o.artifact_type); };
    auto config = o.config ? std::move(*o.config) : newer ? empty()
                                                          : detail::empty_object(type());
    oci_image out(std::move(config), std::move(layers));
    if (newer) out.artifact_type = std::move(o.artifact_type);
    if (o.subject) out.subject.emplace(o.subject->media_type, o.subject->digest, o.subject->size);
    out.annotations = std::move(o.annotations);
    return detail::make_document(out);
}

} // namespace lading
