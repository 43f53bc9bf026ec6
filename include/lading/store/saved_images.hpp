// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `saved_image`, `saved_parts`: images that `docker save` wrote in its old form, without manifests: a config and layers, as
/// files of any name.

#include "../digest.hpp"
#include "../json/document.hpp"
#include "../json/writer.hpp"
#include "../limits.hpp"
#include "../media_type.hpp"
#include "../policy/hash.hpp"
#include "image_names.hpp"
#include "store_remarks.hpp"
#include "unpacked_part.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// The manifest that is made of an image which `docker save` wrote without any.
enum class made_manifest : std::uint8_t {
    docker, ///< schema 2, as other tools show it
    oci     ///< an OCI manifest: what it lists is as it is in the archive, uncompressed
};

} // namespace lading

namespace lading::detail {

/// The files of an image.
struct saved_image {
    std::string config;
    std::vector<std::string> layers;
    std::map<std::string, std::string, std::less<>> sources; ///< what a layer is elsewhere, as JSON, by what it is uncompressed
};

/// Reads `{"Config": file, "RepoTags": [...], "Layers": [files], "LayerSources": {diff_id: descriptor}}`; nothing where there are no such
/// files. The names are taken all the same.
inline std::optional<saved_image> read_saved_image(json_view element, image_name& name) {
    if (!element.is_object()) return std::nullopt;
    if (auto const tags = element.find("RepoTags"); tags && tags->is_array())
        tags->each_element([&](json_view t) {
            if (auto const text = t.as_string().value_or(""); !text.empty()) name.tags.emplace_back(text);
        });
    auto const config = element.find("Config"), layers = element.find("Layers");
    if (!config || !config->is_string()) return std::nullopt;
    saved_image out{std::string(*config->as_string()), {}, {}};
    if (auto const sources = element.find("LayerSources"); sources && sources->is_object())
        sources->each_member([&](std::string_view id, json_view source) {
            if (source.is_object()) out.sources.emplace(id, json_writer().value(source).take());
        });
    if (!layers || layers->is_null()) return out; // of an image without any
    if (!layers->is_array()) return std::nullopt;
    bool good = true;
    layers->each_element([&](json_view layer) {
        if (auto const text = layer.as_string()) out.layers.emplace_back(*text);
        else good = false;
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

/// The parts of such images by their digests. Each file is hashed once, whatever it is called and however often it is
/// mentioned, and only when an image of it is asked for.
template <hash_policy H>
class saved_parts {
  public:
    /// A file whose bytes, uncompressed, are a blob.
    struct blob {
        std::string name;
        std::uint64_t size;
    };

    /// The manifest of an image, made as other tools make it. Each layer must have the digest of its uncompressed bytes that
    /// the config names: nothing else says which bytes it should have. If the config names none, or a layer is compressed in a way that
    /// cannot be read here, it is not checked. A layer that is not there, and is kept elsewhere, is listed as that. Errors: `archive_invalid` (a
    /// file that is not there, is damaged, or is more than `limits::archive_bytes` when decompressed; more or fewer layers than the
    /// config names), `diff_id_mismatch`, `manifest_limit`, `timeout`, `cancelled`.
    /// `remark` is told of a config whose name is not its digest.
    template <json_policy J, class Remark>
    result<std::string> manifest_of(image_files const& files, saved_image const& image, made_manifest kind, std::vector<decompression> const& known, limits const& bounds,
                                    time_limit const& until, Remark const& remark) {
        bool const oci = kind == made_manifest::oci;
        if (image.layers.size() > bounds.descriptors)
            return error(errc::manifest_limit).with_context(files.path() + ": manifest.json: layers").with_values("at most " + std::to_string(bounds.descriptors) + " (limits::descriptors)", std::to_string(image.layers.size()));
        LADING_TRY(auto const ids, diff_ids_of<J>(files, image, bounds));
        if (!ids.empty() && ids.size() != image.layers.size())
            return bad(files, "has " + std::to_string(image.layers.size()) + " layers, the config " + std::to_string(ids.size()));
        json_writer w;
        auto const write = [&](std::string const& name, std::string_view type, std::string const& id) -> result<void> {
            LADING_TRY(auto part, find(files, name));
            auto const source = part ? image.sources.end() : image.sources.find(id);
            if (source != image.sources.end()) {
                LADING_TRY(auto const elsewhere, json_document::parse<J>(source->second, bounds.json));
                if (auto const urls = elsewhere.root().find("urls"); urls && urls->is_array() && urls->size() != 0) return write_elsewhere(w, elsewhere.root(), oci), success();
            }
            if (!part) return bad(files, "names a file that is not there: " + printable(name, 160));
            char head[8];
            auto peek = *part;
            std::string_view const start(head, peek.read(head, sizeof head));
            auto const* const packed = compression_of(start, known_compressions);
            bool const seen_through = !packed || compression_of(start, known);
            LADING_TRY(auto const d, digest_of_file(files, name, std::move(*part), known, bounds, until));
            if (seen_through && id != d.str() && digest::parse(id))
                return error(errc::diff_id_mismatch).with_context(files.path() + ": " + printable(name, 160)).with_values(id, d.str());
            if (&name == &image.config && name.find(d.hex()) == name.npos) remark(warning(warning_code::config_name_differs, printable(name, 160) + " is " + d.str()));
            auto const size = static_cast<std::int64_t>(blobs_.find(d)->second.size);
            w.begin_object().key("mediaType").string(oci && type.empty() ? oci_layer_type(seen_through ? std::string_view() : packed->name) : type);
            if (oci) w.key("digest").string(d.str()).key("size").integer(size).end_object();
            else w.key("size").integer(size).key("digest").string(d.str()).end_object();
            return success();
        };
        w.begin_object().key("schemaVersion").integer(2).key("mediaType").string(oci ? media_types::oci_manifest : media_types::docker_manifest).key("config");
        LADING_TRY_V(write(image.config, oci ? media_types::oci_config : media_types::docker_config, {}));
        w.key("layers").begin_array();
        for (std::size_t i = 0; i != image.layers.size(); ++i) {
            LADING_TRY_V(write(image.layers[i], oci ? std::string_view() : media_types::docker_layer, ids.empty() ? std::string() : ids[i]));
        }
        return w.end_array().end_object().take();
    }
    /// The file of a digest that a manifest has been made with, or null.
    blob const* find(digest const& d) const {
        auto const known = blobs_.find(d);
        return known == blobs_.end() ? nullptr : &known->second;
    }

  private:
    /// Of a layer that is compressed so, or not at all.
    static std::string_view oci_layer_type(std::string_view packed) {
        return packed == "gzip" ? media_types::oci_layer_gzip : packed == "zstd" ? media_types::oci_layer_zstd
                                                                                 : media_types::oci_layer;
    }
    /// The descriptor of a layer that is kept elsewhere, as it is; for an OCI manifest with its type there.
    static void write_elsewhere(json_writer& w, json_view source, bool oci) {
        if (!oci) return void(w.value(source));
        w.begin_object();
        source.each_member([&](std::string_view name, json_view value) {
            bool const foreign = name == "mediaType" && value.as_string().value_or("") == media_types::docker_layer_foreign;
            if (foreign) w.key(name).string("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip");
            else w.key(name).value(value);
        });
        w.end_object();
    }
    static error bad(image_files const& files, std::string const& why) {
        return error(errc::archive_invalid).with_context(files.path() + ": manifest.json: " + why);
    }
    static result<std::optional<file_part>> find(image_files const& files, std::string const& name) {
        if (!path_inside(name)) return bad(files, "names a file that is none of the image: \"" + printable(name, 160) + '"');
        return files.find(name);
    }
    /// What the config says that the layers are, uncompressed; nothing where it does not.
    template <json_policy J>
    static result<std::vector<std::string>> diff_ids_of(image_files const& files, saved_image const& image, limits const& bounds) {
        std::vector<std::string> out;
        LADING_TRY(auto const there, find(files, image.config));
        if (!there) return bad(files, "names a file that is not there: " + printable(image.config, 160));
        LADING_TRY(auto const config, files.read(image.config, bounds.config_bytes));
        auto const parsed = json_document::parse<J>(config ? *config : std::string(), bounds.json);
        if (!parsed) return out; // said by who reads it
        auto const root = parsed.assume_value().root();
        auto const rootfs = root.is_object() ? root.find("rootfs") : std::nullopt;
        auto const named = rootfs && rootfs->is_object() ? rootfs->find("diff_ids") : std::nullopt;
        if (named && named->is_array()) named->each_element([&](json_view e) { out.emplace_back(e.as_string().value_or("")); });
        return out;
    }
    result<digest> digest_of_file(image_files const& files, std::string const& name, file_part part, std::vector<decompression> const& known, limits const& bounds, time_limit const& until) {
        auto const id = part.id();
        if (auto const done = hashed_.find(id); done != hashed_.end()) return done->second;
        unpacked_part bytes(std::move(part), known);
        H hash(digest_algorithm::sha256);
        std::vector<char> piece(64u << 10);
        std::uint64_t size = 0;
        for (std::size_t n = 1; n != 0; size += n) {
            LADING_TRY_V(until.check("hashing", files.path()));
            auto const got = bytes.read(piece);
            if (!got) return bad(files, printable(name, 160) + ": " + got.assume_error().detail().context);
            n = got.assume_value();
            hash.update(std::as_bytes(std::span(piece).first(n)));
            if (bytes.is_packed() && size + n > bounds.archive_bytes)
                return bad(files, printable(name, 160) + " is more than " + std::to_string(bounds.archive_bytes) + " bytes (limits::archive_bytes), decompressed");
        }
        LADING_TRY(auto const d, hash.finish());
        blobs_.insert_or_assign(d, blob{name, size});
        hashed_.emplace(id, d);
        return d;
    }

    std::map<digest, blob> blobs_;
    std::map<decltype(std::declval<file_part&>().id()), digest> hashed_;
};

} // namespace lading::detail
