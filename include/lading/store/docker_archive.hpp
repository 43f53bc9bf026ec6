// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `docker_archive`: a store that is what `docker save` writes: configs and uncompressed layers in one tar file. POSIX.
///
///     LADING_TRY(auto to, lading::docker_archive::create("image.tar", lading::archive_options().with_decompression(lading::zlib_gzip::model())));
///     LADING_TRY_V(lading::copy(from, "3", to, "docker.io/library/alpine:3"));

#include "archive_store.hpp"
#include "content_store.hpp"
#include "docker_before_1_10.hpp"
#include "docker_list.hpp"
#include "unpacked_part.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

namespace detail {

/// Errors: `config_not_image`.
inline result<void> docker_keeps(descriptor const& config) {
    if (config.media_type == media_types::oci_config || config.media_type == media_types::docker_config) return success();
    return error(errc::config_not_image).with_context("docker save has no form for artifacts: " + config.digest.str() + " is a config of type " + printable(config.media_type, 160));
}

/// Writes the images of a layout as `docker save` does.
template <json_policy J, hash_policy H>
class docker_packer {
  public:
    docker_packer(staged_layout<J, H>& from, tar_writer& to) : from_(from), to_(to), read_(from.reader()) {}

    result<void> pack() {
        LADING_TRY(auto const images, from_.images());
        layout_contents const contents(read_, from_.options().bounds);
        docker_list list;
        std::vector<descriptor> configs;
        for (auto const& i : images) {
            LADING_TRY(auto const image, contents.image_of(i.what, from_.options().platform));
            LADING_TRY(auto config, add(image, i.name, list));
            if (configs_.insert(config.digest).second) configs.push_back(std::move(config));
        }
        for (auto const& c : configs) {
            LADING_TRY_V(from_.add_blob(to_, entry(c.digest.hex() + ".json"), c));
        }
        if (from_.options().legacy) {
            LADING_TRY_V(old_.write(to_, from_.options().time));
        }
        return to_.add(entry("manifest.json"), list.str());
    }

  private:
    tar_entry entry(std::string_view name) const { return {name, 0, 0444, from_.options().time}; }

    /// Adds the layers of an image, and the image to the list; its config.
    result<descriptor> add(descriptor const& image, std::string_view name, docker_list& list) {
        LADING_TRY(auto const text, read_(image));
        if (!text) return error(errc::manifest_unknown).with_context(image.digest.str() + " is not there");
        LADING_TRY(auto const listed, contents_of(*text, image.media_type, from_.options().bounds));
        if (!listed.config) return error(errc::would_change_digest).with_context(image.digest.str() + " has no config, so that docker save has no form for it");
        auto const& config = *listed.config;
        LADING_TRY(auto const ids, diff_ids_of(config));
        if (ids.size() != listed.layers.size())
            return error(errc::diff_id_mismatch).with_context(config.digest.str()).with_values(std::to_string(ids.size()) + " layers", std::to_string(listed.layers.size()));
        std::vector<std::string> layers;
        for (std::size_t i = 0; i != ids.size(); ++i) {
            layers.push_back(ids[i].hex() + ".tar");
            if (!layers_.insert(ids[i]).second) continue;
            LADING_TRY_V(add_layer(listed.layers[i], ids[i]));
        }
        if (from_.options().legacy) {
            LADING_TRY_V(old_.template add<H>(config.digest, ids, name));
        }
        list.add(config.digest.hex() + ".json", std::move(layers), name.empty() ? std::nullopt : docker_tag(name));
        return config;
    }
    /// What the layers of an image are, uncompressed. Errors: `config_not_image`.
    result<std::vector<digest>> diff_ids_of(descriptor const& config) {
        auto const bad = [&](std::string const& why) { return error(errc::config_not_image).with_context(config.digest.str() + ": " + why); };
        LADING_TRY_V(docker_keeps(config));
        LADING_TRY(auto const text, read_(config));
        if (!text) return error(errc::blob_unknown).with_context(config.digest.str() + " is not among what was written");
        LADING_TRY(auto const parsed, json_document::parse<J>(*text, from_.options().bounds.json));
        auto const root = parsed.root();
        auto const rootfs = root.is_object() ? root.find("rootfs") : std::nullopt;
        auto const ids = rootfs && rootfs->is_object() ? rootfs->find("diff_ids") : std::nullopt;
        if (!ids || !ids->is_array()) return bad("it does not say what the layers are");
        std::vector<digest> out;
        bool good = true;
        ids->each_element([&](json_view e) {
            if (auto d = digest::parse(e.as_string().value_or(""))) out.push_back(std::move(d).assume_value());
            else good = false;
        });
        if (!good) return bad("a diff_id that is no digest");
        return out;
    }

    result<void> write(std::string const& bytes) { return from_.write(std::as_bytes(std::span(bytes))); }
    /// Decompresses a layer into the archive. Its size is only known then, so that its header is written again; one that is too
    /// large for the first kind of header begins again behind a larger one.
    result<void> add_layer(descriptor const& layer, digest const& id) {
        LADING_TRY_V(to_.end());
        auto& out = from_.output();
        auto const begin = out.at();
        auto member = entry({});
        auto const name = id.hex() + ".tar";
        member.name = name;
        for (std::uint64_t const guess : {std::uint64_t{0}, tar_largest + 1}) {
            member.size = guess;
            auto const room = tar_header(member).size();
            LADING_TRY_V(write(std::string(room, '\0')));
            LADING_TRY_V(unpack(layer, id));
            member.size = out.at() - begin - room;
            auto const header = tar_header(member);
            if (header.size() == room) {
                LADING_TRY_V(out.rewrite(begin, std::as_bytes(std::span(header))));
                return write(std::string(tar_padding(member.size), '\0'));
            }
            LADING_TRY_V(out.cut(begin));
        }
        return error(errc::layer_limit).with_context(layer.digest.str());
    }
    /// Errors: `external_layer`, `blob_unknown`, `would_change_digest` (a compression that cannot be undone), `compression_invalid`,
    /// `layer_limit`, `diff_id_mismatch`.
    result<void> unpack(descriptor const& layer, digest const& id) {
        LADING_TRY(auto blob, from_.blob(layer));
        auto const file = std::make_shared<regular_file const>(std::move(blob));
        char head[8];
        std::string_view const start(head, file->read(0, head, sizeof head));
        auto const* const packed = compression_of(start, known_compressions);
        if (packed && !compression_of(start, from_.options().decompressions))
            return error(errc::would_change_digest)
                .with_context(layer.digest.str() + " is compressed with " + std::string(packed->name) + ", which this program was built without");
        auto const allowed = from_.options().bounds.layer_bytes;
        auto const most = packed ? most_decompressed(file->size(), *packed, allowed) : std::max(allowed, file->size());
        unpacked_part bytes(file_part(file, 0, file->size()), from_.options().decompressions);
        H hash(id.algorithm());
        std::vector<char> piece(256u << 10);
        for (std::uint64_t size = 0;;) {
            auto const n = bytes.read(piece);
            if (!n) return error(errc::compression_invalid).with_context(layer.digest.str() + ": " + n.assume_error().detail().context);
            if (n.assume_value() == 0) break;
            size += n.assume_value();
            if (size > most) return error(errc::layer_limit).with_context(layer.digest.str() + ", decompressed").with_values("at most " + std::to_string(most) + " bytes (limits::layer_bytes)", "more");
            auto const plain = std::as_bytes(std::span(piece).first(n.assume_value()));
            hash.update(plain);
            LADING_TRY_V(from_.write(plain));
        }
        LADING_TRY(auto const actual, hash.finish());
        if (actual != id) return error(errc::diff_id_mismatch).with_context("the layer " + layer.digest.str()).with_values(id.str(), actual.str());
        return success();
    }
    staged_layout<J, H>& from_;
    tar_writer& to_;
    read_document read_;
    std::set<digest> configs_, layers_; ///< that are in the archive; one may be the bytes of another, under another name
    docker_before_1_10 old_;
};

} // namespace detail

/// Models `content_store`. `J` and `H` model the JSON and hash policies.
///
/// What is written is gathered in the folder `<path>.part/`, where a later run finds it again when this one is killed; `complete` writes the
/// archive and gives it its name: until then nothing has it. Layers are decompressed on the way (each compression must be
/// given with `archive_options::with_decompression`) and must be what the config says. Only images can be written, one of each index:
/// the only one that is there, else the one of `archive_options::platform`. The same contents and names, in the same order, are
/// the same bytes. Manifests are not in such an archive: what is read from it has one that is made, an OCI manifest over the layers as they
/// are there, uncompressed, and so another digest than the image had before.
///
/// Copies of an object are the same archive. Threads: as a `content_store` says.
template <json_policy J, hash_policy H>
class basic_docker_archive : public detail::archive_store<J, H> {
    using base = detail::archive_store<J, H>;

  public:
    /// Opens what `docker save`, `podman save` or another tool wrote, of any form; also compressed (`archive_options::with_decompression`). Errors:
    /// `layout_invalid` (no file, no archive), `archive_invalid` (a damaged one, or one that does not say what is in it), `cancelled`.
    static result<basic_docker_archive> open(std::string path, archive_options o = {}, stop_token stop = {}) {
        LADING_TRY(auto opened, base::open(std::move(path), o, std::move(stop)));
        return basic_docker_archive(std::move(opened));
    }
    /// Begins an archive. Errors: `archive_exists` (unless `archive_options::with_overwrite`), `part_in_use` (another program is writing it),
    /// `path_refused` (the path, or `<path>.part`, is a link or something else), `invalid_argument`, `disk_full`, `sink_failed`.
    static result<basic_docker_archive> create(std::string path, archive_options o = {}) {
        LADING_TRY(auto begun, base::create(std::move(path), std::move(o), false));
        return basic_docker_archive(std::move(begun));
    }

    /// The name is a reference; "alpine" is "docker.io/library/alpine:latest". Errors: also `ref_invalid`.
    result<void> tag(std::string_view name, descriptor const& what, stop_token stop = {}) {
        if (!name.empty()) {
            LADING_TRY_V(reference::parse(name));
        }
        return base::tag(name, what, std::move(stop));
    }
    /// Asked by `copy` before the first blob. Errors: `config_not_image` for that of an artifact.
    result<void> accepts_config(descriptor const& config) const { return detail::docker_keeps(config); }
    /// Writes the archive, and gives it its name. Then it can be read. What fails leaves what was written for another try, and nothing
    /// under the name. Errors: `invalid_argument` (no name leads to anything), `platform_not_found`, `config_not_image` (an artifact),
    /// `would_change_digest` (an image without a config; a layer of a compression that cannot be undone), `external_layer`,
    /// `blob_unknown`, `diff_id_mismatch`, `compression_invalid`, `layer_limit`, `archive_exists`, `disk_full`, `sink_failed`, `cancelled`.
    result<void> complete(stop_token stop = {}) {
        return base::complete([](auto& staged, detail::tar_writer& to) { return detail::docker_packer<J, H>(staged, to).pack(); }, std::move(stop));
    }

  private:
    explicit basic_docker_archive(base b) : base(std::move(b)) {}
};

/// With the default JSON and hash models.
using docker_archive = basic_docker_archive<strict_json, openssl_hash>;

} // namespace lading
