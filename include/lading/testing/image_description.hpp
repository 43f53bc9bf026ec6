// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::image_description`: one image in words, to be served in any of the kinds.

#include "../descriptor.hpp"
#include "../platform.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing {

/// The document that an image is served as.
enum class image_kind_to_serve : unsigned char {
    schema1,          ///< signed by a throw-away key
    schema1_unsigned, ///< of the type without signatures
    schema2,
    manifest_list, ///< of schema2 images, one a platform
    oci_image,
    oci_index ///< of OCI images, one a platform, and an attestation of the first
};

/// A tar archive of one small file. Names up to 99 bytes.
inline std::string tar_of(std::string_view name, std::string_view content) {
    std::string header(512, '\0');
    auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
    auto octal = [](std::size_t value, int digits) {
        std::string out;
        for (; digits > 0; --digits, value /= 8) out.insert(out.begin(), static_cast<char>('0' + value % 8));
        return out;
    };
    put(0, name.substr(0, 99));
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, octal(content.size(), 11));
    put(136, octal(0, 11));
    put(148, "        0");
    put(257, std::string_view("ustar\00000", 8));
    std::size_t sum = 0;
    for (char c : header) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6) + std::string("\0 ", 2));
    header += content;
    header.resize((header.size() + 511) / 512 * 512 + 1024);
    return header;
}

/// One line of the history, and the layer it made, if it made one.
struct build_step {
    explicit build_step(std::string command) : created_by(std::move(command)) {}
    build_step(std::string command, std::string layer_bytes)
        : created_by(std::move(command)), layer(std::move(layer_bytes)) {}
    build_step& with_comment(std::string text) { return comment = std::move(text), *this; }

    std::string created_by;
    std::optional<std::string> layer;
    std::string comment;
};

/// What an image is, whatever the document. The default is a small image with two layers and two empty steps.
/// A value.
struct image_description {
    image_description() {
        steps.emplace_back("/bin/sh -c #(nop) ADD file:rootfs in / ",
                           tar_of("etc/os-release", "ID=lading\n"));
        steps.emplace_back("/bin/sh -c #(nop) ENV PATH=/usr/local/bin:/usr/bin:/bin");
        steps.emplace_back("/bin/sh -c #(nop) COPY file:app in /app ",
                           tar_of("app", "#!/bin/sh\necho hello\n"));
        steps.push_back(
            build_step("/bin/sh -c #(nop) CMD [\"--serve\"]").with_comment("the default command"));
        labels.emplace("org.opencontainers.image.title", "demo");
        labels.emplace("org.opencontainers.image.version", "1.2.3");
        labels.emplace("com.example.markup", "<a href=\"x\">R&D</a>");
        for (auto const& [architecture, variant] : {std::pair("amd64", ""), std::pair("arm", "v6"),
                                                    std::pair("arm", "v7"), std::pair("arm64", "v8")})
            platforms.emplace_back("linux", architecture, variant);
        platforms.emplace_back("windows", "amd64").os_version = "10.0.20348.1";
    }

    /// Of an index or list, in order; the other kinds are the first one. At least one.
    image_description& with_platforms(std::vector<platform> p) { return platforms = std::move(p), *this; }
    image_description& with_created(std::string rfc3339) { return created = std::move(rfc3339), *this; }
    image_description& with_author(std::string a) { return author = std::move(a), *this; }
    image_description& with_labels(string_map l) { return labels = std::move(l), *this; }
    /// Each "NAME=value".
    image_description& with_env(std::vector<std::string> e) { return env = std::move(e), *this; }
    image_description& with_entrypoint(std::vector<std::string> w) {
        return entrypoint = std::move(w), *this;
    }
    image_description& with_cmd(std::vector<std::string> w) { return cmd = std::move(w), *this; }
    image_description& with_user(std::string u) { return user = std::move(u), *this; }
    image_description& with_working_dir(std::string d) { return working_dir = std::move(d), *this; }
    /// Base first. At least one.
    image_description& with_steps(std::vector<build_step> s) { return steps = std::move(s), *this; }
    /// Of the manifest and the index; OCI kinds only.
    image_description& with_annotations(string_map a) { return annotations = std::move(a), *this; }

    std::vector<platform> platforms;
    std::string created = "2024-05-06T07:08:09.123456789Z";
    std::string author = "Lading Tests <tests@example.com>";
    std::string docker_version = "24.0.7";
    string_map labels;
    std::vector<std::string> env = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"};
    std::vector<std::string> entrypoint = {"/app"};
    std::vector<std::string> cmd = {"--serve"};
    std::string user = "1000:1000";
    std::string working_dir = "/srv";
    std::vector<build_step> steps;
    string_map annotations;
};

} // namespace lading::testing
