// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The documents that the benchmarks read: images of 5 and of 50 layers as builders write them.

#include <lading/json/strict_json.hpp>
#include <lading/json/writer.hpp>
#include <lading/testing/image_maker.hpp>

#include <string>

namespace bench {

/// Manifest, config and signed schema1 of one image.
struct image_texts {
    explicit image_texts(int layers) {
        lading::testing::image_description image;
        image.steps.clear();
        for (int i = 0; i < layers; ++i) {
            auto const n = std::to_string(i);
            image.steps.emplace_back("/bin/sh -c apt-get update && apt-get install -y --no-install-recommends \"lib" + n +
                                         "\" > /dev/null\t&& rm -rf /var/lib/apt/lists/* # buildkit",
                                     lading::testing::tar_of("file-" + n, "content " + n));
            image.steps.emplace_back("/bin/sh -c #(nop)  ENV STEP_" + n + "=/usr/local/sbin:/usr/local/bin:/usr/sbin");
        }
        lading::testing::registry_store store;
        lading::testing::image_maker maker(store, "bench/app", image);
        using kind = lading::testing::image_kind_to_serve;
        auto const document = [&](kind k) {
            auto const digest = maker.put("latest", k);
            return store.find("bench/app")->manifests.at(digest).bytes;
        };
        manifest = document(kind::schema2);
        schema1 = document(kind::schema1);
        config = escaped(*store.blob(manifest.substr(manifest.find("sha256:"), 71), "bench/app")); // its first descriptor
        auto const parsed = lading::json_document::parse<lading::strict_json>(manifest).value();
        indented = lading::json_writer(lading::json_style(3, false)).value(parsed.root()).take();
    }

    std::string manifest, config, schema1;
    std::string indented; ///< the manifest as Docker lays it out

  private:
    /// As Go writes JSON, and so most configs are written.
    static std::string escaped(std::string const& text) {
        std::string out;
        for (char c : text)
            if (c == '&') out += "\\u0026";
            else if (c == '<') out += "\\u003c";
            else if (c == '>') out += "\\u003e";
            else out += c;
        return out;
    }
};

inline image_texts const& image(int layers) {
    static image_texts const small(5), large(50);
    return layers == 5 ? small : large;
}

} // namespace bench
