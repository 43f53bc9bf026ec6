// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `create_index`, `add_to_index` and `remove_from_index`: an index of images that are in a store. What is made has a digest of its own; what it
/// was made of stays, under its name.

#include "../document/edit.hpp"
#include "../document/listed_contents.hpp"
#include "../platform.hpp"
#include "copy_plan.hpp"
#include "write_document.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

namespace detail {

/// What a config says that the image is for; nothing where it says too little.
inline std::optional<platform> platform_of_config(std::string_view bytes, limits const& bounds) {
    auto const parsed = json_document::parse<strict_json>(bytes, bounds.json);
    if (!parsed || !parsed.assume_value().root().is_object()) return std::nullopt;
    auto const root = parsed.assume_value().root();
    auto const word = [&](std::string_view key) {
        auto const member = root.find(key);
        return std::string(member ? member->as_string().value_or("") : "");
    };
    platform out(word("os"), word("architecture"), word("variant"));
    out.os_version = word("os.version");
    if (auto const features = root.find("os.features"))
        features->each_element([&](json_view v) {
            if (auto const text = v.as_string()) out.os_features.emplace_back(*text);
        });
    return out.is_complete() ? std::optional(std::move(out)) : std::nullopt;
}

template <class Store>
result<std::string> small_blob(Store& store, descriptor const& what, limits const& bounds, stop_token const& stop) {
    LADING_TRY(auto carried, known_bytes(what, false));
    if (carried) return std::move(*carried);
    memory_sink out(bounds.config_bytes);
    LADING_TRY_V(store.read(what, out, stop));
    return out.take();
}

} // namespace detail

/// What an index says of the document that `name` leads to in a store: its type, digest and size; of an image the platform that its config names,
/// of an artifact its type. With `flat` an index gives its entries, not itself. Errors: those of the store and of `contents_of`; `schema1_refused`,
/// `media_type_unknown` for a document that is not a manifest. Requests to a registry: the document, and of an image its config.
template <class Store>
result<std::vector<descriptor>> entries_of(Store& store, std::string_view name, bool flat = false, limits const& bounds = {}, stop_token stop = {}) {
    LADING_TRY(auto const what, store.resolve(name, stop));
    LADING_TRY(auto const bytes, store.document(what, stop));
    LADING_TRY(auto listed, contents_of(bytes, what.media_type, bounds));
    if (listed.is == listed_contents::kind::schema1) return error(errc::schema1_refused).with_context(what.digest.str());
    if (listed.is == listed_contents::kind::other) return error(errc::media_type_unknown).with_context(what.digest.str());
    if (flat && listed.is == listed_contents::kind::index) return std::move(listed.entries);
    std::vector<descriptor> out;
    auto& entry = out.emplace_back(listed.media_type.empty() ? what.media_type : listed.media_type, what.digest, static_cast<std::int64_t>(bytes.size()));
    auto json = bounds.json;
    json.repeated_keys = true;
    LADING_TRY(auto const parsed, json_document::parse<strict_json>(bytes, json));
    LADING_TRY(auto const shape, decide_shape(parsed.root()));
    entry.artifact_type = std::string(shape.artifact_type);
    if (!listed.config || (listed.config->media_type != media_types::oci_config && listed.config->media_type != media_types::docker_config)) return out;
    LADING_TRY(auto const config, detail::small_blob(store, *listed.config, bounds, stop));
    entry.platform = detail::platform_of_config(config, bounds);
    return out;
}

/// How an index is made of others' images.
struct index_edit_options {
    index_edit_options() = default;

    /// What is made is called so; without any it is found by its digest alone.
    index_edit_options& with_name(std::string name) { return names.push_back(std::move(name)), *this; }
    /// Of an index that is added its entries, not the index itself.
    index_edit_options& with_flattening(bool yes = true) { return flat = yes, *this; }
    index_edit_options& with_limits(limits l) { return bounds = std::move(l), *this; }

    std::vector<std::string> names;
    bool flat = false;
    limits bounds;
};

/// An index of the images that these names lead to in the store, in their order. Errors, here and below: those of `entries_of`, of making the
/// document, and of writing it.
template <class Store>
result<made_document> create_index(Store& store, std::vector<std::string> const& images, index_options index, index_edit_options const& o = {}, stop_token stop = {}) {
    static_assert(check_content_store<Store>::ok);
    detail::will_write(store);
    std::vector<descriptor> entries;
    for (auto const& name : images) {
        LADING_TRY(auto some, entries_of(store, name, o.flat, o.bounds, stop));
        std::move(some.begin(), some.end(), std::back_inserter(entries));
    }
    LADING_TRY(auto made, make_index(entries, std::move(index)));
    LADING_TRY_V(write_document(store, made, o.names));
    return made;
}

/// The index of this name with more images behind its own; one that it lists is listed anew in its place.
template <class Store>
result<made_document> add_to_index(Store& store, std::string_view name, std::vector<std::string> const& images, index_edit_options const& o = {}, stop_token stop = {}) {
    detail::will_write(store);
    std::vector<descriptor> entries;
    for (auto const& image : images) {
        LADING_TRY(auto some, entries_of(store, image, o.flat, o.bounds, stop));
        std::move(some.begin(), some.end(), std::back_inserter(entries));
    }
    return detail::edit_in(store, name, o.names, stop, [&](std::string const& bytes, std::string const& type) { return add_entries(bytes, type, entries, o.bounds); });
}

/// The index of this name without entries: those of these digests, and those for these platforms, a variant being looked at where one is given.
/// Errors also: `manifest_unknown` for a digest that it does not list, `platform_not_found`, with what it lists.
template <class Store>
result<made_document> remove_from_index(Store& store, std::string_view name, std::vector<digest> which, std::vector<platform> const& platforms,
                                        index_edit_options const& o = {}, stop_token stop = {}) {
    return detail::edit_in(store, name, o.names, stop, [&](std::string const& bytes, std::string const& type) -> result<made_document> {
        LADING_TRY(auto const listed, contents_of(bytes, type, o.bounds));
        if (listed.is != listed_contents::kind::index) return error(errc::media_type_mismatch).with_context("it is no index: nothing can be taken out of it");
        for (auto const& p : platforms) {
            auto const before = which.size();
            for (auto const& e : listed.entries)
                if (e.platform && e.platform->os == p.os && e.platform->architecture == p.architecture && (p.variant.empty() || e.platform->variant == p.variant)) which.push_back(e.digest);
            if (which.size() != before) continue;
            std::vector<std::string> there;
            for (auto const& e : listed.entries)
                if (e.platform) there.push_back(e.platform->str());
            return error(errc::platform_not_found).with_context(p.str()).with_available(std::move(there));
        }
        return remove_entries(bytes, type, which, o.bounds);
    });
}

} // namespace lading
