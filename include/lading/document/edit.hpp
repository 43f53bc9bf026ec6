// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Documents that are made of others: an index of given entries, an index with entries more or fewer, annotations changed. What a document
/// says beside that is kept, also what this library knows nothing of; its digest is another one, unless nothing changed.

#include "../json/strict_json.hpp"
#include "../limits.hpp"
#include "decode.hpp"
#include "made_document.hpp"
#include "pack.hpp"
#include "parse_and_verify.hpp"
#include "reflect/manifest_list.hpp"
#include "reflect/oci.hpp"
#include "reflect/schema2.hpp"
#include "shape.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// What an index says of itself.
struct index_options {
    index_options() = default;

    /// The index is an artifact of this type.
    index_options& with_artifact_type(std::string type) { return artifact_type = std::move(type), *this; }
    index_options& with_subject(descriptor d) { return subject = std::move(d), *this; }
    index_options& with_annotation(std::string key, std::string value) { return annotations.insert_or_assign(std::move(key), std::move(value)), *this; }
    /// A manifest list of Docker's in place of an OCI index. It has no room for the others.
    index_options& with_docker_list(bool yes = true) { return docker_list = yes, *this; }

    std::string artifact_type;
    std::optional<descriptor> subject;
    string_map annotations;
    bool docker_list = false;
};

/// Annotations that are set and removed.
struct annotation_edit {
    annotation_edit() = default;

    annotation_edit& with(std::string key, std::string value) { return changes.emplace_back(std::move(key), std::move(value)), *this; }
    annotation_edit& without(std::string key) { return changes.emplace_back(std::move(key), std::nullopt), *this; }
    /// Those of the descriptor that names this content (an entry of an index, a layer, the config), not those of the document.
    annotation_edit& of(lading::digest d) { return content = std::move(d), *this; }

    std::vector<std::pair<std::string, std::optional<std::string>>> changes; ///< in their order
    std::optional<lading::digest> content;
};

namespace detail {

/// Lists an entry; one of the same digest is replaced in its place.
inline void put_entry(std::vector<descriptor>& entries, descriptor d) {
    auto const at = std::find_if(entries.begin(), entries.end(), [&](descriptor const& e) { return e.digest == d.digest; });
    if (at == entries.end()) entries.push_back(std::move(d));
    else *at = std::move(d);
}

inline error no_entry(lading::digest const& d, std::vector<descriptor> const& there) {
    std::vector<std::string> listed;
    for (std::size_t i = 0; i < there.size() && i < 20; ++i)
        listed.push_back(there[i].digest.str() + (there[i].platform ? ' ' + there[i].platform->str() : std::string()));
    if (there.size() > 20) listed.push_back("and " + std::to_string(there.size() - 20) + " more");
    return error(errc::manifest_unknown).with_context("the document does not list " + d.str()).with_available(std::move(listed));
}

/// Decodes a document, lets `f(document) -> result<void>` change it, and writes it where it is another one then.
template <class Document, class F>
result<made_document> edit_as(std::string_view bytes, json_view root, std::string_view type, limits const& bounds, F const& f) {
    LADING_TRY(auto document, decode<Document>(root, errc::manifest_schema, bounds));
    auto const before = document;
    LADING_TRY_V(f(document));
    auto const digest = constant_digest_of(bytes);
    made_document out(std::string(bytes), descriptor(std::string(type), digest, static_cast<std::int64_t>(bytes.size())));
    out.before = digest;
    if (equal(before, document)) return out;
    LADING_TRY(out.bytes, encode(document, root));
    out.self.digest = constant_digest_of(out.bytes);
    out.self.size = static_cast<std::int64_t>(out.bytes.size());
    if constexpr (requires { document.artifact_type; }) out.self.artifact_type = document.artifact_type;
    return out;
}

template <class F>
result<made_document> edit_document(std::string_view bytes, std::string_view announced, limits const& bounds, F const& f) {
    LADING_TRY(auto const parsed, json_document::parse<strict_json>(bytes, bounds.json));
    LADING_TRY(auto const shape, decide_shape(parsed.root()));
    auto const type = shape.says_type ? shape.media_type : in_family_of(announced, shape.media_type);
    if (!announced.empty()) {
        LADING_TRY_V(check_announced(announced, type, "the descriptor of the document"));
    }
    if (type == media_types::oci_index) return edit_as<oci_index>(bytes, parsed.root(), type, bounds, f);
    if (type == media_types::oci_manifest) return edit_as<oci_image>(bytes, parsed.root(), type, bounds, f);
    if (type == media_types::docker_list) return edit_as<manifest_list>(bytes, parsed.root(), type, bounds, f);
    if (type == media_types::docker_manifest) return edit_as<schema2>(bytes, parsed.root(), type, bounds, f);
    return error(errc::media_type_mismatch).with_context("documents of this type are not edited").with_values("an index or a manifest", printable(type, 160));
}

/// The same for what must be an index.
template <class F>
result<made_document> edit_index(std::string_view bytes, std::string_view announced, limits const& bounds, F const& f) {
    return edit_document(bytes, announced, bounds, [&](auto& document) -> result<void> {
        if constexpr (requires { document.manifests; }) return f(document.manifests);
        else return error(errc::media_type_mismatch).with_values("an index", document.media_type.empty() ? "a manifest" : document.media_type);
    });
}

inline result<void> change(string_map& annotations, annotation_edit const& edit) {
    for (auto const& [key, value] : edit.changes) {
        if (key.empty()) return error(errc::invalid_argument).with_context("an annotation needs a name");
        if (value) annotations.insert_or_assign(key, *value);
        else annotations.erase(key);
    }
    return success();
}

} // namespace detail

/// An index of these entries, in their order; of entries with one digest the last counts. Errors: `invalid_argument` (an entry without a size;
/// what Docker's list has no room for), `media_type_invalid`.
inline result<made_document> make_index(std::vector<descriptor> const& entries, index_options o = {}) {
    std::vector<descriptor> listed;
    for (auto const& e : entries) detail::put_entry(listed, e);
    if (!o.artifact_type.empty()) {
        LADING_TRY_V(detail::check_packed_type(o.artifact_type, "the artifact type"));
    }
    if (o.docker_list) {
        if (!o.artifact_type.empty() || o.subject || !o.annotations.empty())
            return error(errc::invalid_argument).with_context("a manifest list of Docker's has no annotations, no subject and no artifact type");
        manifest_list out;
        out.media_type = media_types::docker_list;
        out.manifests = std::move(listed);
        return detail::make_document(out);
    }
    oci_index out;
    out.media_type = media_types::oci_index;
    out.artifact_type = std::move(o.artifact_type);
    out.manifests = std::move(listed);
    if (o.subject) out.subject.emplace(o.subject->media_type, o.subject->digest, o.subject->size);
    out.annotations = std::move(o.annotations);
    return detail::make_document(out);
}

/// The index with these entries, in their order, behind its own; one of a digest that it lists takes that entry's place. `announced`, here and
/// below, is the media type by the document's descriptor, empty where nobody has said one. Errors, here and below: `media_type_mismatch`, those
/// of `json_document::parse`, `decide_shape`, `decode` and `encode`.
inline result<made_document> add_entries(std::string_view bytes, std::string_view announced, std::vector<descriptor> const& entries, limits const& bounds = {}) {
    return detail::edit_index(bytes, announced, bounds, [&](std::vector<descriptor>& listed) -> result<void> {
        for (auto const& e : entries) detail::put_entry(listed, e);
        return success();
    });
}

/// The index without the entries of these digests. Error: `manifest_unknown` for one that is not there, with those that are.
inline result<made_document> remove_entries(std::string_view bytes, std::string_view announced, std::vector<digest> const& which, limits const& bounds = {}) {
    return detail::edit_index(bytes, announced, bounds, [&](std::vector<descriptor>& listed) -> result<void> {
        for (auto const& d : which)
            if (std::none_of(listed.begin(), listed.end(), [&](descriptor const& e) { return e.digest == d; })) return detail::no_entry(d, listed);
        std::erase_if(listed, [&](descriptor const& e) { return std::find(which.begin(), which.end(), e.digest) != which.end(); });
        return success();
    });
}

/// The document with other annotations. Errors: `invalid_argument` for Docker's documents, which have none, but those of the descriptors in
/// them; `manifest_unknown` where `annotation_edit::of` names what the document does not list.
inline result<made_document> annotate(std::string_view bytes, std::string_view announced, annotation_edit const& edit, limits const& bounds = {}) {
    return detail::edit_document(bytes, announced, bounds, [&](auto& document) -> result<void> {
        if (edit.content) {
            std::vector<descriptor*> all;
            if constexpr (requires { document.manifests; }) {
                for (auto& e : document.manifests) all.push_back(&e);
            } else {
                all.push_back(&document.config);
                for (auto& l : document.layers) all.push_back(&l);
            }
            std::vector<descriptor> others;
            bool found = false;
            for (auto* d : all) {
                if (d->digest != *edit.content) {
                    others.push_back(*d);
                    continue;
                }
                found = true;
                LADING_TRY_V(detail::change(d->annotations, edit));
            }
            return found ? result<void>(success()) : result<void>(detail::no_entry(*edit.content, others));
        }
        if constexpr (requires { document.annotations; }) return detail::change(document.annotations, edit);
        else return error(errc::invalid_argument).with_context("documents of Docker's have no annotations; convert it, or annotate an OCI index of it");
    });
}

} // namespace lading
