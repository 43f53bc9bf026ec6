// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `check_schema1`: the checks of a schema1 document behind its digest, and the removal of adjacent duplicates
/// (doc/protocol.md#schema1-chain).

#include "../../detail/algorithm.hpp"
#include "../../detail/text.hpp"
#include "../../detail/timestamp.hpp"
#include "../decode.hpp"
#include "../reflect/config.hpp"
#include "../schema1.hpp"
#include "schema1_rules.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lading {

/// What one `v1Compatibility` says. Strings are empty when absent or null.
struct v1_image {
    std::string id; ///< 64 lower-case hex digits; a name only, never a path
    std::string parent;
    std::string created; ///< RFC 3339 in the form of `normalise_timestamp`
    std::string author;
    std::string comment;
    std::string created_by; ///< the words of `container_config.Cmd`, with single spaces between
    std::string architecture;
    std::string os;
    std::string docker_version;
    bool throwaway = false; ///< the layer is empty
};

/// The entries of a schema1 document whose chain holds. All indices are those of the document, newest first.
struct schema1_chain {
    std::vector<v1_image> entries; ///< one for each layer of the document
    std::vector<std::size_t> kept; ///< the entries that adjacent duplicates leave, newest first
    std::size_t config_entry = 0;  ///< the entry that the image config is made of
};

namespace detail {

/// A string member; empty when absent or null.
inline errc read_v1_text(json_view root, std::string_view key, std::string& out) {
    auto const v = root.find(key);
    if (!v || v->is_null()) return errc::ok;
    auto const text = v->as_string();
    if (!text) return errc::manifest_schema;
    out = *text;
    return errc::ok;
}

/// An object member; absent when absent or null.
template <json_policy J, reflected Config = container_config> // dependent, so that only units that decode compile it
result<std::optional<Config>> read_v1_config(json_view root, std::string_view key, limits const& l) {
    std::optional<Config> out;
    auto const v = root.find(key);
    if (!v || v->is_null()) return out;
    auto decoded = decode<Config>(*v, errc::manifest_schema, l);
    if (!decoded)
        return error(errc::manifest_schema)
            .with_context(std::string(key) + " " + decoded.error().detail().context);
    out = std::move(decoded).assume_value();
    return out;
}

/// One `v1Compatibility`. The type of `throwaway` is left to the caller in `throwaway_fits`.
template <json_policy J>
detail::dependent<result<v1_image>, J> parse_v1(std::string_view text, limits const& l, bool& throwaway_fits) {
    auto const parsed = json_document::parse<J>(text, l.json);
    if (!parsed)
        return error(errc::manifest_schema)
            .with_context(std::string(name_of(parsed.error().kind())) + " " +
                          parsed.error().detail().context);
    auto const root = parsed.assume_value().root();
    if (!root.is_object()) return error(errc::manifest_schema).with_context("not an object");

    v1_image out;
    std::string container; // not needed, but its type is checked
    for (auto const& [key, member] :
         {std::pair{"id", &out.id}, std::pair{"parent", &out.parent}, std::pair{"created", &out.created},
          std::pair{"author", &out.author}, std::pair{"comment", &out.comment},
          std::pair{"architecture", &out.architecture}, std::pair{"os", &out.os},
          std::pair{"docker_version", &out.docker_version}, std::pair{"container", &container}})
        if (read_v1_text(root, key, *member) != errc::ok)
            return error(errc::manifest_schema).with_context(std::string(key) + " is not a string");
    if (auto const size = root.find("Size"); size && !size->is_null() && !size->as_int())
        return error(errc::manifest_schema).with_context("Size is not an integer");
    if (auto const created = root.find("created"); created && !created->is_null()) {
        auto normal = normalise_timestamp(out.created);
        if (!normal) return error(errc::manifest_schema).with_context("created is not an RFC 3339 timestamp");
        out.created = std::move(normal).assume_value();
    }
    LADING_TRY_V(read_v1_config<J>(root, "config", l));
    LADING_TRY(auto const made_by, read_v1_config<J>(root, "container_config", l));
    if (made_by && made_by->cmd)
        for (auto const& word : made_by->cmd->words) {
            if (&word != &made_by->cmd->words.front()) out.created_by += ' ';
            out.created_by += word;
        }
    if (auto const t = root.find("throwaway"); t && !t->is_null()) {
        throwaway_fits = t->as_bool().has_value();
        out.throwaway = t->as_bool().value_or(false);
    }
    return out;
}

inline std::string entry_name(std::size_t i) { return "history[" + std::to_string(i) + "].v1Compatibility"; }

inline error chain_error(std::size_t i, std::string_view what) {
    return error(errc::schema1_chain).with_context(entry_name(i) + ": " + std::string(what));
}

/// The first entry whose id is there before, but not in the entry above it.
inline std::optional<std::size_t> repeated_id(std::vector<v1_image> const& entries) {
    std::vector<std::size_t> runs;
    for (std::size_t i = 0; i < entries.size(); ++i)
        if (i == 0 || entries[i].id != entries[i - 1].id) runs.push_back(i);
    std::sort(runs.begin(), runs.end(), [&](std::size_t a, std::size_t b) {
        auto const order = entries[a].id.compare(entries[b].id);
        return order != 0 ? order < 0 : a < b;
    });
    std::optional<std::size_t> first;
    for (std::size_t r = 1; r < runs.size(); ++r)
        if (entries[runs[r]].id == entries[runs[r - 1]].id)
            first = std::min(first.value_or(runs[r]), runs[r]);
    return first;
}

} // namespace detail

/// Checks a schema1 document (in the order of doc/protocol.md#schema1-chain; the digest is its fetcher's) and
/// finds the entries that adjacent duplicates leave: of two the older stays. The document is not
/// changed.
///
/// `modern` takes the config from the newest entry and holds a dropped entry to the parent of the one that
/// stays; `original` takes the newest entry that is left and does not look at dropped parents. The oldest
/// entry has no parent, unless the image is for Windows. Errors, all final, with the entry in the context:
/// `manifest_schema` (version, counts, a member of the wrong type, an entry that is not JSON within
/// `l.json`), `schema1_chain` (ids and parents). O(size + n log n). Thread-safe.
template <json_policy J>
detail::dependent<result<schema1_chain>, J> check_schema1(schema1 const& document, limits const& l = {},
                                                          schema1_rules rules = schema1_rules::modern) {
    if (document.schema_version != 1)
        return error(errc::manifest_schema)
            .with_context("schemaVersion")
            .with_values("1", std::to_string(document.schema_version));
    auto const n = document.history.size();
    if (document.fs_layers.size() != n)
        return error(errc::manifest_schema)
            .with_context("fsLayers and history are of equal length")
            .with_values(std::to_string(n) + " layers", std::to_string(document.fs_layers.size()));
    if (n == 0) return error(errc::manifest_schema).with_context("fsLayers is not empty");

    schema1_chain out;
    out.entries.reserve(n);
    std::optional<std::size_t> bad_throwaway;
    for (std::size_t i = 0; i < n; ++i) {
        bool throwaway_fits = true;
        auto entry = detail::parse_v1<J>(document.history[i].v1_compatibility, l, throwaway_fits);
        if (!entry)
            return error(errc::manifest_schema)
                .with_context(detail::entry_name(i) + ": " + entry.error().detail().context);
        out.entries.push_back(std::move(entry).assume_value());
        if (!detail::is_hex64(out.entries.back().id))
            return detail::chain_error(i, "id is not 64 lower-case hex digits");
        if (!throwaway_fits && !bad_throwaway) bad_throwaway = i;
    }

    auto const& entries = out.entries;
    if (!entries.back().parent.empty() && entries.front().os != "windows")
        return detail::chain_error(n - 1, "the oldest entry has a parent");
    if (auto const i = detail::repeated_id(entries)) return detail::chain_error(*i, "the id is there before");

    out.kept.push_back(n - 1);
    for (std::size_t i = n - 1; i-- > 0;) {
        auto const& below = entries[i + 1];
        bool const duplicate = entries[i].id == below.id;
        if (!duplicate) out.kept.push_back(i);
        if (duplicate && rules == schema1_rules::docker_1_10) continue;
        auto const& wanted = duplicate ? below.parent : below.id;
        if (entries[i].parent != wanted)
            return detail::chain_error(i, "the parent is not the entry below")
                .with_values(wanted.empty() ? "no parent" : detail::printable(wanted, 80),
                             entries[i].parent.empty() ? "no parent"
                                                       : detail::printable(entries[i].parent, 80));
    }
    std::reverse(out.kept.begin(), out.kept.end());
    if (bad_throwaway)
        return error(errc::manifest_schema)
            .with_context(detail::entry_name(*bad_throwaway) + ": throwaway is not a boolean");
    out.config_entry = rules == schema1_rules::docker_1_10 ? out.kept.front() : 0;
    return out;
}

} // namespace lading
