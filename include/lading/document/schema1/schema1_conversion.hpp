// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `convert_schema1` and `convert_v1`: the image config and the history that a schema1 document carries in its
/// entries, or that a v1 registry serves (doc/protocol.md#schema1-conversion).

#include "../../detail/algorithm.hpp"
#include "../../inspection.hpp"
#include "../write_config.hpp"
#include "schema1_chain.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// What a schema1 document says of its image.
struct converted_schema1 {
    std::string
        config_json;    ///< compact, sorted at the top level, `<`, `>` and `&` escaped; no trailing newline
    image_config image; ///< the same, decoded
    std::vector<history_entry> history; ///< base first, without adjacent duplicates
    std::vector<layer> layers;          ///< every entry of `fsLayers`, base first, with its own history entry
    std::vector<warning> warnings;
};

/// True when a `docker_version` is older than 1.8.3 by this comparison: parts between dots are
/// compared as numbers, a part that is missing or not all digits is 0. Linear; never fails.
constexpr bool docker_version_before_1_8_3(std::string_view version) noexcept {
    for (unsigned const wanted : {1u, 8u, 3u}) {
        auto const part = version.substr(0, version.find('.'));
        version.remove_prefix(std::min(part.size() + 1, version.size()));
        unsigned value = 0;
        for (char c : part) {
            if (!detail::is_digit(c)) {
                value = 0;
                break;
            }
            value = std::min(value * 10 + static_cast<unsigned>(c - '0'), 1'000'000u);
        }
        if (value != wanted) return value < wanted;
    }
    return false;
}

namespace detail {

inline history_entry history_of(v1_image const& v1, schema1_rules rules) {
    history_entry out;
    out.created =
        v1.created.empty() && rules == schema1_rules::docker_1_10 ? std::string(zero_timestamp) : v1.created;
    out.author = v1.author;
    out.created_by = v1.created_by;
    out.comment = v1.comment;
    out.empty_layer = v1.throwaway;
    return out;
}

inline void write_converted_history(json_writer& w, std::vector<history_entry> const& history) {
    w.begin_array();
    for (auto const& h : history) write_value(w, h);
    w.end_array();
}

inline void write_converted_rootfs(json_writer& w, v1_image const& v1) {
    w.begin_object().key("type").string(v1.os == "windows" ? "layers+base" : "layers").end_object();
}

/// Only the fields that versions before 1.8.3 knew, except the removed ones.
template <json_policy J>
detail::dependent<result<std::string>, J> known_fields(json_view root, v1_image const& v1,
                                                       std::vector<history_entry> const& history, limits const& l) {
    LADING_TRY(auto const config, read_v1_config<J>(root, "config", l));
    LADING_TRY(auto const container, read_v1_config<J>(root, "container_config", l));
    std::string container_id;
    if (errc const e = read_v1_text(root, "container", container_id); e != errc::ok) return error(e);

    json_writer w(json_style(0, true));
    w.begin_object();
    write_unless_empty(w, "architecture", v1.architecture);
    write_unless_empty(w, "author", v1.author);
    write_unless_empty(w, "comment", v1.comment);
    if (config) write_value(w.key("config"), *config);
    write_unless_empty(w, "container", container_id);
    write_value(w.key("container_config"), container ? *container : container_config());
    w.key("created").string(v1.created.empty() ? zero_timestamp : std::string_view(v1.created));
    write_unless_empty(w, "docker_version", v1.docker_version);
    write_converted_history(w.key("history"), history);
    write_unless_empty(w, "os", v1.os);
    write_converted_rootfs(w.key("rootfs"), v1);
    w.end_object();
    return w.take();
}

/// All fields as they are but the removed ones, with `architecture` where it was found elsewhere.
inline std::string raw_fields(json_view root, v1_image const& v1, std::vector<history_entry> const& history,
                              std::string_view architecture) {
    constexpr std::string_view replaced[] = {"id", "parent", "Size", "parent_id",
                                             "layer_id", "throwaway", "rootfs", "history"};
    json_members members;
    root.each_member([&](std::string_view name, json_view value) {
        bool const ours = std::find(std::begin(replaced), std::end(replaced), name) != std::end(replaced);
        if (!ours && (name != "architecture" || architecture.empty())) members.emplace_back(name, value);
    });
    for (std::string_view own : {"architecture", "history", "rootfs"}) // written below, whatever the view
        if (own != "architecture" || !architecture.empty()) members.emplace_back(own, root);
    sort_by_name(members);

    json_writer w(json_style(0, true));
    w.begin_object();
    for (auto const& [name, value] : members) {
        w.key(name);
        if (name == "history")
            write_converted_history(w, history);
        else if (name == "rootfs")
            write_converted_rootfs(w, v1);
        else if (name == "architecture" && !architecture.empty())
            w.string(architecture);
        else
            w.value(value);
    }
    w.end_object();
    return w.take();
}

/// Fills the config of `out`, whose history is there, from the entry it is made of
/// (doc/protocol.md#schema1-conversion).
template <json_policy J>
detail::dependent<result<void>, J> convert_config(converted_schema1& out, std::string_view text, v1_image const& v1,
                                                  std::string_view architecture, limits const& l, schema1_rules rules) {
    LADING_TRY(auto const entry, json_document::parse<J>(text, l.json));
    if (rules == schema1_rules::docker_1_10 && docker_version_before_1_8_3(v1.docker_version)) {
        LADING_TRY(out.config_json, known_fields<J>(entry.root(), v1, out.history, l));
    } else {
        bool const modern = rules == schema1_rules::modern;
        if (modern && !v1.architecture.empty() && !architecture.empty() && v1.architecture != architecture)
            out.warnings.emplace_back(warning_code::schema1_architecture_differs, "the manifest is for the architecture " + printable(architecture, 80) +
                                                                                      ", its newest entry for " + printable(v1.architecture, 80));
        out.config_json =
            raw_fields(entry.root(), v1, out.history, modern && v1.architecture.empty() ? architecture : "");
    }

    // The limits are those of a document, the converted text may be larger than the entry by its history.
    json_limits own = l.json;
    own.bytes += out.config_json.size();
    own.nodes += 16 * (out.history.size() + 16);
    LADING_TRY(auto const converted, json_document::parse<J>(out.config_json, own));
    LADING_TRY(out.image, decode<image_config>(converted.root(), errc::config_schema, l));
    return success();
}

} // namespace detail

/// Converts a schema1 document. `chain` is what `check_schema1` returned for it under the same `rules`.
///
/// `modern` keeps every key of the newest entry, leaves a missing `created` missing, and takes the manifest's
/// `architecture` where the entry has none, with a warning where the two differ. `original` is the conversion
/// of Docker 1.10: before 1.8.3 only known fields stay, and a missing `created` of a history entry is the
/// year 1. Both remove `id`, `parent`, `Size`, `parent_id`, `layer_id` and `throwaway`, and set `rootfs`
/// (without diff ids, which need the layers' bytes) and `history`. Escapes inside strings are written in one
/// form, whatever the document's was. Errors, final: `config_schema` (the path of the member in the context).
/// Linear in the size. Thread-safe.
template <json_policy J>
detail::dependent<result<converted_schema1>, J> convert_schema1(schema1 const& document, schema1_chain const& chain,
                                                                limits const& l = {}, schema1_rules rules = schema1_rules::modern) {
    converted_schema1 out;
    for (std::size_t i = chain.kept.size(); i-- > 0;)
        out.history.push_back(detail::history_of(chain.entries[chain.kept[i]], rules));
    for (std::size_t i = chain.entries.size(); i-- > 0;) {
        out.layers.emplace_back(descriptor(std::string(media_types::docker_layer),
                                           document.fs_layers[i].blob_sum, descriptor::unknown_size));
        out.layers.back().history = detail::history_of(chain.entries[i], rules);
    }

    LADING_TRY_V(detail::convert_config<J>(out, document.history[chain.config_entry].v1_compatibility,
                                           chain.entries[chain.config_entry], document.architecture, l, rules));
    return out;
}

/// Converts the image JSON of a v1 registry, which is what a schema1 entry holds: the same config, with one
/// history item, no layers and the empty `rootfs` (doc/protocol.md#v1). Its `id` must be the one asked for.
/// Errors, final: `v1_malformed` (no JSON within `l.json`, a member of the wrong type, another id),
/// `config_schema`. Linear in the size. Thread-safe.
template <json_policy J>
detail::dependent<result<converted_schema1>, J> convert_v1(std::string_view text, std::string_view id, limits const& l = {},
                                                           schema1_rules rules = schema1_rules::modern) {
    bool throwaway_fits = true;
    auto const v1 = detail::parse_v1<J>(text, l, throwaway_fits);
    if (!v1) return error(errc::v1_malformed).with_context("the image JSON: " + v1.error().detail().context);
    if (!throwaway_fits) return error(errc::v1_malformed).with_context("the image JSON: throwaway is not a boolean");
    if (v1.assume_value().id != id)
        return error(errc::v1_malformed)
            .with_context("the image JSON is of another image")
            .with_values(std::string(id), detail::printable(v1.assume_value().id, 80));
    converted_schema1 out;
    out.history.push_back(detail::history_of(v1.assume_value(), rules));
    LADING_TRY_V(detail::convert_config<J>(out, text, v1.assume_value(), "", l, rules));
    return out;
}

} // namespace lading
