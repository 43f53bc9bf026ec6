// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `to_docker_1_10`: the output object of the first inspect program, byte for byte (doc/protocol.md#original).

#include "../detail/timestamp.hpp"
#include "../document/write_config.hpp"
#include "../inspection.hpp"

#include <string>

namespace lading {

/// The record as the JSON object of doc/protocol.md#original: one compact line, `<`, `>` and `&` escaped, one newline
/// at the end.
///
/// `Tag` is the tag that was used, "" for a reference by digest; `Digest` is "" for v1; `RepoTags` is null when
/// there are no tags and the list is not a complete one; a missing or malformed `Created` is the year 1;
/// `ContainerConfig` is always an object. For schema1 the bytes are the old ones only when the record was made under
/// `schema1_rules::docker_1_10`. Never fails. Linear. Thread-safe.
inline std::string to_docker_1_10(inspection const& i) {
    image_config const none;
    image_config const& image = i.image ? *i.image : none;
    auto const created = normalise_timestamp(image.created);

    json_writer w(json_style(0, true));
    w.begin_object();
    w.key("Tag").string(i.requested.has_digest() ? "" : i.requested.effective_tag());
    w.key("Digest").string(i.kind == image_kind::v1 ? "" : i.resolved.digest.str()); // v1 has no digests
    w.key("RepoTags");
    if (i.tags.values.empty() && i.tags.state != tags_state::complete)
        w.null();
    else
        detail::write_value(w, i.tags.values);
    w.key("Comment").string(image.comment);
    w.key("Created").string(created ? std::string_view(created.assume_value()) : zero_timestamp);
    detail::write_value(w.key("ContainerConfig"),
                        image.container_config ? *image.container_config : container_config());
    w.key("DockerVersion").string(image.docker_version);
    w.key("Author").string(image.author);
    w.key("Config");
    if (image.config)
        detail::write_value(w, *image.config);
    else
        w.null();
    w.key("Architecture").string(image.architecture);
    w.key("Os").string(image.os);
    w.end_object();
    return w.take() + '\n';
}

} // namespace lading
