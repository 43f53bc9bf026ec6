// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `to_json`: the whole record as JSON.

#include "../detail/timestamp.hpp"
#include "../document/write_config.hpp"
#include "../inspection.hpp"

#include <string>
#include <vector>

namespace lading {

namespace detail {

inline void write_string_list(json_writer& w, std::string_view key, std::vector<std::string> const& list) {
    if (!list.empty()) write_value(w.key(key), list);
}

inline void write_platform(json_writer& w, platform const& p) {
    w.begin_object().key("os").string(p.os).key("architecture").string(p.architecture);
    write_unless_empty(w, "variant", p.variant);
    write_unless_empty(w, "osVersion", p.os_version);
    write_string_list(w, "osFeatures", p.os_features);
    write_string_list(w, "features", p.features);
    w.end_object();
}

/// The members of a descriptor, for an object that has others too.
inline void write_descriptor_members(json_writer& w, descriptor const& d) {
    w.key("digest").string(d.digest.str());
    w.key("mediaType").string(d.media_type);
    if (d.size != descriptor::unknown_size) w.key("size").integer(d.size);
    write_unless_empty(w, "artifactType", d.artifact_type);
    if (d.platform) write_platform(w.key("platform"), *d.platform);
    if (!d.annotations.empty()) write_value(w.key("annotations"), d.annotations);
    write_string_list(w, "urls", d.urls);
}
inline void write_descriptor(json_writer& w, descriptor const& d) {
    w.begin_object();
    write_descriptor_members(w, d);
    w.end_object();
}
inline void write_descriptors(json_writer& w, std::vector<descriptor> const& list) {
    w.begin_array();
    for (auto const& d : list) write_descriptor(w, d);
    w.end_array();
}

/// The config's platform in the words of an index; absent when the config names none.
inline std::optional<platform> platform_of(inspection const& i) {
    if (!i.image || (i.image->os.empty() && i.image->architecture.empty()))
        return i.chosen ? i.chosen->platform : std::nullopt;
    platform out(i.image->os, i.image->architecture, i.image->variant);
    out.os_version = i.image->os_version;
    out.os_features = i.image->os_features;
    return out;
}

inline void write_image(json_writer& w, image_config const& image) {
    auto const created = normalise_timestamp(image.created);
    write_unless_empty(w, "created", created ? created.assume_value() : image.created);
    write_unless_empty(w, "author", image.author);
    write_unless_empty(w, "comment", image.comment);
    write_unless_empty(w, "dockerVersion", image.docker_version);
    container_config const none;
    auto const& run = image.config ? *image.config : none;
    write_unless_empty(w, "user", run.user);
    write_unless_empty(w, "workingDir", run.working_dir);
    if (run.entrypoint) write_value(w.key("entrypoint"), run.entrypoint);
    if (run.cmd) write_value(w.key("cmd"), run.cmd);
    if (run.exposed_ports) write_value(w.key("exposedPorts"), run.exposed_ports->keys);
    if (run.volumes) write_value(w.key("volumes"), run.volumes->keys);
    write_unless_empty(w, "stopSignal", run.stop_signal);
    write_value(w.key("labels"), run.labels);
    write_value(w.key("env"), run.env);
}

} // namespace detail

/// The record as one JSON object, indented by 4 spaces unless the style says otherwise (`json_style()`: one line), what a
/// terminal would obey as escapes, one newline at the end.
///
/// Always there: `name`, `digest`, `mediaType`, `size` (of the top-level document in bytes), `kind`,
/// `platforms`, `layers` (base first), `history` (base first, empty layers included), `totalSize` (of the
/// layers in bytes; null when one is unknown), `annotations`, `tags` (`state`, `values`), `warnings` (`code`, `text`),
/// `source`. There when known: `tag`, `requestedDigest`, `platform`, `platformWanted`, `chosen`,
/// `attestations`, `oddEntries` (entries of an index that are not descriptors: `position`, `why`, `text`), `config`, `subject`, `artifactType`, `embeddedTag`, and for an image what its config says;
/// its `labels` and `env` are null when absent, which is not the same as empty. Never fails. Linear.
/// Thread-safe.
inline std::string to_json(inspection const& i, json_style style = json_style(4, false)) {
    style.escape_hidden = true;
    json_writer w(style);
    w.begin_object();
    w.key("name").string(i.name());
    detail::write_unless_empty(w, "tag", i.requested.effective_tag());
    if (i.requested.has_digest()) w.key("requestedDigest").string(i.requested.digest()->str());
    w.key("digest").string(i.resolved.digest.str());
    w.key("mediaType").string(i.resolved.media_type);
    w.key("size").integer(i.resolved.size);
    w.key("kind").string(name_of(i.kind));
    detail::write_unless_empty(w, "artifactType", i.artifact_type);
    detail::write_unless_empty(w, "embeddedTag", i.embedded_tag);
    if (auto const p = detail::platform_of(i)) detail::write_platform(w.key("platform"), *p);
    detail::write_unless_empty(w, "platformWanted", i.platform_wanted);
    if (i.chosen) detail::write_descriptor(w.key("chosen"), *i.chosen);
    detail::write_descriptors(w.key("platforms"), i.platforms);
    if (!i.attestations.empty()) detail::write_descriptors(w.key("attestations"), i.attestations);
    if (!i.odd_entries.empty()) {
        w.key("oddEntries").begin_array();
        for (auto const& e : i.odd_entries)
            w.begin_object().key("position").integer(static_cast<std::int64_t>(e.position)).key("why").string(e.why).key("text").string(e.text).end_object();
        w.end_array();
    }
    if (i.config) detail::write_descriptor(w.key("config"), *i.config);
    if (i.image) detail::write_image(w, *i.image);

    w.key("layers").begin_array();
    for (auto const& l : i.layers) {
        w.begin_object();
        detail::write_descriptor_members(w, l.blob);
        if (l.history) detail::write_value(w.key("history"), *l.history);
        w.end_object();
    }
    w.end_array().key("history").begin_array();
    for (auto const& h : i.history) detail::write_value(w, h);
    w.end_array().key("totalSize");
    if (i.total_size == descriptor::unknown_size)
        w.null();
    else
        w.integer(i.total_size);
    detail::write_value(w.key("annotations"), i.annotations);
    if (i.subject) detail::write_descriptor(w.key("subject"), *i.subject);

    w.key("tags").begin_object().key("state").string(name_of(i.tags.state));
    detail::write_value(w.key("values"), i.tags.values);
    detail::write_unless_empty(w, "why", i.tags.why);
    w.end_object();
    w.key("warnings").begin_array();
    for (auto const& odd : i.warnings)
        w.begin_object().key("code").string(name_of(odd.code)).key("text").string(odd.text).end_object();
    w.end_array();
    w.key("source").string(i.source);
    w.end_object();
    return w.take() + '\n';
}

} // namespace lading
