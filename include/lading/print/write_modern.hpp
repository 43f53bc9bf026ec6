// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `to_modern`: the output object that today's inspect programs print (doc/protocol.md#modern).

#include "../detail/timestamp.hpp"
#include "../document/write_config.hpp"
#include "../inspection.hpp"

#include <string>

namespace lading {

/// The record as the JSON object of doc/protocol.md#modern: indented by 4 spaces, `<`, `>` and `&` escaped, and what
/// a terminal would obey (`json_style::escape_hidden`); one newline at the end.
///
/// `Tag` is only the tag inside a schema1 manifest; `Digest` is the top-level document's, "" for v1;
/// `RepoTags` is `[]` when the tags were not asked for or refused; `Created`, `Labels`, `Layers`, `LayersData`,
/// `Env` and `Annotations` are null when there are none. A layer of schema1 has neither type nor size: "" and
/// -1. Never fails. Linear. Thread-safe.
inline std::string to_modern(inspection const& i) {
    image_config const none;
    image_config const& image = i.image ? *i.image : none;
    auto const* run = image.config ? &*image.config : nullptr;
    auto const created = normalise_timestamp(image.created);

    json_writer w(json_style(4, true, true));
    w.begin_object();
    w.key("Name").string(i.name());
    if (i.kind == image_kind::schema1) detail::write_unless_empty(w, "Tag", i.embedded_tag);
    w.key("Digest").string(i.kind == image_kind::v1 ? "" : i.resolved.digest.str()); // nothing can be pulled by it
    detail::write_value(w.key("RepoTags"), i.tags.values);
    w.key("Created");
    if (created)
        w.string(created.assume_value());
    else
        w.null();
    w.key("DockerVersion").string(image.docker_version);
    w.key("Labels");
    if (run)
        detail::write_value(w, run->labels);
    else
        w.null();
    w.key("Architecture").string(image.architecture);
    w.key("Os").string(image.os);
    w.key("Layers");
    if (i.layers.empty() && !i.image) {
        w.null().key("LayersData").null();
    } else {
        w.begin_array();
        for (auto const& l : i.layers) w.string(l.blob.digest.str());
        w.end_array().key("LayersData").begin_array();
        for (auto const& l : i.layers) {
            bool const sized = l.blob.size != descriptor::unknown_size;
            w.begin_object().key("MIMEType").string(sized ? l.blob.media_type : "");
            w.key("Digest").string(l.blob.digest.str()).key("Size").integer(l.blob.size).key("Annotations");
            if (l.blob.annotations.empty())
                w.null();
            else
                detail::write_value(w, l.blob.annotations);
            w.end_object();
        }
        w.end_array();
    }
    w.key("Env");
    if (run)
        detail::write_value(w, run->env);
    else
        w.null();
    w.end_object();
    return w.take() + '\n';
}

} // namespace lading
