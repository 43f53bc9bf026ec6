// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Folders for tests, and the files of OCI layouts in them, made without the library's writer.

#include "scratch_folder.hpp"

#include <lading/descriptor.hpp>
#include <lading/hash/constexpr_sha2.hpp>
#include <lading/media_type.hpp>
#include <lading/store/blob_sink.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <stdlib.h>

namespace layout_files {

namespace fs = std::filesystem;

using folder = test::scratch_folder;

inline std::string hex_of(std::string_view bytes) { return lading::constant_digest_of(bytes).hex(); }
inline std::string blob_name(std::string_view bytes) { return "blobs/sha256/" + hex_of(bytes); }
inline lading::descriptor described(std::string_view bytes, std::string_view type = lading::media_types::oci_layer) {
    return lading::descriptor(std::string(type), lading::constant_digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
}
inline std::string text_of(lading::descriptor const& d, std::string const& more = {}) {
    return R"({"mediaType":")" + d.media_type + R"(","digest":")" + d.digest.str() + R"(","size":)" + std::to_string(d.size) + more + '}';
}
inline std::string named(std::string const& name) { return R"(,"annotations":{"org.opencontainers.image.ref.name":")" + name + R"("})"; }
inline std::string index_of(std::vector<std::string> const& entries) {
    std::string out = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)";
    for (auto const& e : entries) out += (&e == entries.data() ? "" : ",") + e;
    return out + "]}";
}

/// An image of one layer.
struct image {
    explicit image(std::string const& words, std::string const& architecture = "amd64")
        : layer("layer of " + words), config(R"({"architecture":")" + architecture + R"(","os":"linux","rootfs":{"type":"layers","diff_ids":[")" + lading::constant_digest_of(layer).str() + R"("]}})"),
          manifest(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
                   text_of(described(config, lading::media_types::oci_config)) + R"(,"layers":[)" + text_of(described(layer)) + "]}") {}
    lading::descriptor what() const { return described(manifest, lading::media_types::oci_manifest); }
    std::vector<std::string> blobs() const { return {layer, config, manifest}; }
    /// Its files in a layout.
    void put(folder const& f) const {
        for (auto const& b : blobs()) f.write(blob_name(b), b);
    }
    std::string layer, config, manifest;
};

/// A layout with these images' files, and an index of these entries.
inline void write_layout(folder const& f, std::vector<image> const& images, std::vector<std::string> const& entries) {
    f.write("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    f.write("index.json", index_of(entries));
    std::filesystem::create_directories(f.path / "blobs" / "sha256");
    for (auto const& i : images) i.put(f);
}

/// Writes a blob as a transfer does.
inline lading::result<void> put(lading::result<std::unique_ptr<lading::blob_sink>> to, std::string_view bytes) {
    LADING_TRY(auto const out, std::move(to));
    LADING_TRY(auto const held, out->resume(static_cast<std::int64_t>(bytes.size()), [](auto) { return true; }));
    if (held == 0) {
        LADING_TRY_V(out->begin());
    }
    LADING_TRY_V(out->write(std::as_bytes(std::span(bytes.substr(held)))));
    return out->commit();
}
/// Writes what an image is made of.
template <class Store, class Image>
lading::result<void> put_blobs(Store& store, Image const& i) {
    LADING_TRY_V(put(store.writer(described(i.layer)), i.layer));
    LADING_TRY_V(put(store.writer(described(i.config)), i.config));
    return store.put_document(i.what(), i.manifest);
}
/// Writes an image as a copy does.
template <class Store>
lading::result<void> put_image(Store& store, image const& i, std::string_view name) {
    LADING_TRY_V(put_blobs(store, i));
    LADING_TRY_V(store.tag(name, i.what()));
    return store.complete();
}

} // namespace layout_files
