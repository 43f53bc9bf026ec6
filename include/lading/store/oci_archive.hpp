// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `oci_archive`: a store that is an OCI layout in one tar file, read where it lies and written as a whole. POSIX.
///
///     LADING_TRY(auto to, lading::oci_archive::create("image.tar"));
///     LADING_TRY_V(lading::copy(from, "1.0", to, "1.0")); // and others; then
///     LADING_TRY_V(to.complete());

#include "archive_store.hpp"
#include "content_store.hpp"
#include "docker_list.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// Models `content_store`. `J` and `H` model the JSON and hash policies.
///
/// What is written is gathered in the folder `<path>.part/`, where a later run finds it again when this one is killed; `complete` packs it
/// and gives the archive its name: until then nothing has it. Every blob is verified on the way into the archive. The same
/// contents and names, in the same order, are the same bytes. The members are `oci-layout`, `index.json`, then each image's manifest, its
/// config and its layers; only what a name leads to.
///
/// With `archive_form::hybrid` the archive also has a `manifest.json`, by which `docker load` and `podman load` find the images: of an index the one of
/// `archive_options::platform`, if it is there. Names that are whole references ("docker.io/library/alpine:3") are their tags.
template <json_policy J, hash_policy H>
class basic_oci_archive : public detail::archive_store<J, H> {
    using base = detail::archive_store<J, H>;

  public:
    /// Opens an archive to read it: a layout in a tar file, also compressed (`archive_options::with_decompression`). Its index is read once; blobs are
    /// read where they lie. Errors: `layout_invalid` (no file, no archive, no layout in it), `archive_invalid` (a damaged one), `manifest_limit`, `cancelled`.
    static result<basic_oci_archive> open(std::string path, archive_options o = {}, stop_token stop = {}) {
        LADING_TRY(auto opened, base::open(std::move(path), o, std::move(stop)));
        return basic_oci_archive(std::move(opened));
    }
    /// Begins an archive. Errors: `archive_exists` (unless `archive_options::with_overwrite`), `part_in_use` (another program is writing it),
    /// `path_refused` (the path, or `<path>.part`, is a link or something else), `invalid_argument`, `disk_full`, `sink_failed`.
    static result<basic_oci_archive> create(std::string path, archive_options o = {}) {
        bool const hybrid = o.form == archive_form::hybrid;
        LADING_TRY(auto begun, base::create(std::move(path), std::move(o), hybrid));
        return basic_oci_archive(std::move(begun));
    }

    /// What refers to a document, among those that are listed. Errors: `cancelled`.
    result<std::vector<descriptor>> referrers(descriptor const& what, stop_token stop = {}) { return base::referrers(what, std::move(stop)); }

    /// Packs, and gives the archive its name. Then it can be read. What fails leaves what was written for another try, and nothing under the
    /// name. Errors: `invalid_argument` (no name leads to anything), `blob_unknown` (a manifest lists what was not written),
    /// `digest_mismatch` (what was written has been changed), `archive_exists`, `disk_full`, `sink_failed`, `cancelled`.
    result<void> complete(stop_token stop = {}) { return base::complete(pack, std::move(stop)); }

  private:
    explicit basic_oci_archive(base b) : base(std::move(b)) {}

    static result<void> pack(detail::staged_layout<J, H>& from, detail::tar_writer& to) {
        auto const& o = from.options();
        LADING_TRY(auto const images, from.images());
        LADING_TRY(auto const index, from.index_text());
        detail::layout_contents contents(from.reader(), o.bounds);
        for (auto const& i : images) {
            LADING_TRY_V(contents.add(i.what));
        }
        auto const entry = [&](std::string_view name) { return detail::tar_entry{name, 0, name.ends_with('/') ? 0755u : 0644u, o.time}; };
        LADING_TRY_V(to.add(entry("oci-layout"), R"({"imageLayoutVersion":"1.0.0"})"));
        LADING_TRY_V(to.add(entry("index.json"), index));
        if (o.form == archive_form::hybrid) {
            LADING_TRY(auto const list, docker_list_of(from, contents, images));
            if (!list.empty()) {
                LADING_TRY_V(to.add(entry("manifest.json"), list.str()));
            }
        }
        LADING_TRY_V(to.add(entry("blobs/")));
        for (auto const a : {digest_algorithm::sha256, digest_algorithm::sha384, digest_algorithm::sha512})
            if (std::any_of(contents.all().begin(), contents.all().end(), [&](auto const& c) { return c.what.digest.algorithm() == a; })) {
                LADING_TRY_V(to.add(entry("blobs/" + std::string(name_of(a)) + '/')));
            }
        for (auto const& c : contents.all()) {
            if (c.may_be_absent && !from.has_blob(c.what)) continue;
            LADING_TRY_V(from.add_blob(to, entry(member_of(c.what.digest)), c.what));
        }
        return success();
    }
    static std::string member_of(digest const& d) { return "blobs/" + std::string(name_of(d.algorithm())) + '/' + d.hex(); }
    /// The images that docker can load: those that have a config, and layers.
    static result<detail::docker_list> docker_list_of(detail::staged_layout<J, H>& from, detail::layout_contents const& contents, std::vector<detail::named_image> const& images) {
        detail::docker_list out;
        auto const read = from.reader();
        for (auto const& i : images) {
            auto const image = contents.image_of(i.what, from.options().platform);
            if (!image && (image.assume_error() == errc::platform_not_found || image.assume_error() == errc::manifest_unknown)) continue; // not among its platforms
            if (!image) return image.assume_error();
            LADING_TRY(auto const text, read(image.assume_value()));
            LADING_TRY(auto const listed, contents_of(text ? *text : std::string(), image.assume_value().media_type, from.options().bounds));
            if (!listed.config || (listed.config->media_type != media_types::oci_config && listed.config->media_type != media_types::docker_config)) continue;
            std::vector<std::string> layers;
            for (auto const& l : listed.layers) layers.push_back(member_of(l.digest));
            bool const whole = i.name.find_first_of("/:") != i.name.npos;
            out.add(member_of(listed.config->digest), std::move(layers), whole ? detail::docker_tag(i.name) : std::nullopt);
        }
        return out;
    }
};

/// With the default JSON and hash models.
using oci_archive = basic_oci_archive<strict_json, openssl_hash>;

} // namespace lading
