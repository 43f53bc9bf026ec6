// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `saved_image`, `saved_parts`: images that `docker save` wrote in its old form, without manifests: a config and layers, as
/// files of any name.

#include "../digest.hpp"
#include "../json/document.hpp"
#include "../json/writer.hpp"
#include "../media_type.hpp"
#include "../policy/hash.hpp"
#include "image_names.hpp"
#include "unpacked_part.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// The files of an image.
struct saved_image {
    std::string config;
    std::vector<std::string> layers;
};

/// Reads `{"Config": file, "RepoTags": [...], "Layers": [files]}`; nothing where there are no such files. The names are taken all the same.
inline std::optional<saved_image> read_saved_image(json_view element, image_name& name) {
    if (!element.is_object()) return std::nullopt;
    if (auto const tags = element.find("RepoTags"); tags && tags->is_array())
        tags->each_element([&](json_view t) {
            if (auto const text = t.as_string().value_or(""); !text.empty()) name.tags.emplace_back(text);
        });
    auto const config = element.find("Config"), layers = element.find("Layers");
    if (!config || !config->is_string()) return std::nullopt;
    saved_image out{std::string(*config->as_string()), {}};
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

    /// The manifest of an image, made as other tools make it. Errors: `layout_invalid` (a file that is not there, is damaged,
    /// or is more than `limits::archive_bytes` when decompressed), `timeout`.
    result<std::string> manifest_of(image_files const& files, saved_image const& image, std::vector<decompression> const& known, limits const& bounds, time_limit const& until) {
        if (image.layers.size() > bounds.descriptors) return bad(files, "more layers than the limit");
        json_writer w;
        auto const write = [&](std::string const& name, std::string_view type) -> result<void> {
            LADING_TRY(auto const d, digest_of_file(files, name, known, bounds, until));
            w.begin_object().key("mediaType").string(type).key("size").integer(static_cast<std::int64_t>(blobs_.find(d)->second.size));
            w.key("digest").string(d.str()).end_object();
            return success();
        };
        w.begin_object().key("schemaVersion").integer(2).key("mediaType").string(media_types::docker_manifest).key("config");
        LADING_TRY_V(write(image.config, media_types::docker_config));
        w.key("layers").begin_array();
        for (auto const& name : image.layers) {
            LADING_TRY_V(write(name, media_types::docker_layer));
        }
        return w.end_array().end_object().str();
    }
    /// The file of a digest that a manifest has been made with, or null.
    blob const* find(digest const& d) const {
        auto const known = blobs_.find(d);
        return known == blobs_.end() ? nullptr : &known->second;
    }

  private:
    static error bad(image_files const& files, std::string const& why) {
        return error(errc::layout_invalid).with_context(files.path() + ": manifest.json: " + why);
    }
    result<digest> digest_of_file(image_files const& files, std::string const& name, std::vector<decompression> const& known, limits const& bounds, time_limit const& until) {
        LADING_TRY(auto part, files.find(name));
        if (!part) return bad(files, "names a file that is not there: " + printable(name, 160));
        auto const id = part->id();
        if (auto const done = hashed_.find(id); done != hashed_.end()) return done->second;
        unpacked_part bytes(std::move(*part), known);
        H hash(digest_algorithm::sha256);
        std::vector<char> piece(64u << 10);
        std::uint64_t size = 0;
        for (std::size_t n = 1; n != 0; size += n) {
            if (is_over(until)) return error(errc::timeout).with_context("hashing " + files.path());
            auto const got = bytes.read(piece);
            if (!got) return bad(files, printable(name, 160) + ": " + got.assume_error().detail().context);
            n = got.assume_value();
            hash.update(std::as_bytes(std::span(piece).first(n)));
            if (bytes.is_packed() && size + n > bounds.archive_bytes)
                return bad(files, printable(name, 160) + " is more than " + std::to_string(bounds.archive_bytes) + " bytes, decompressed");
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
