// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Where an image is, by the words of the command line: in a registry, or on disk.

#include "nearest.hpp"

#include <lading/result.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

enum class image_form { layout,
                        oci_archive,
                        docker_archive,
                        archive, ///< both of the last two in one file
                        folder };

struct image_on_disk {
    std::string path;
    std::string words; ///< which of the images there
    image_form form = image_form::layout;
};
/// The forms as they stand before a path.
inline constexpr std::pair<std::string_view, image_form> image_forms[] = {
    {"ocidir://", image_form::layout},
    {"oci:", image_form::layout},
    {"oci-archive:", image_form::oci_archive},
    {"docker-archive:", image_form::docker_archive},
    {"archive:", image_form::archive},
    {"dir:", image_form::folder},
};

struct place {
    std::string name; ///< of an image in a registry
    std::optional<image_on_disk> on_disk;
};

/// `path[:name]`, `path[:]@digest` or `path[:]@N`. The path ends at the first colon, or before an '@' that one of the last
/// two follows.
inline image_on_disk split_path(std::string_view where) {
    auto const colon = where.find(':');
    auto const path = where.substr(0, colon);
    if (auto const at = path.rfind('@'); at != path.npos && at + 1 < path.size()) {
        auto const rest = path.substr(at + 1);
        bool const digest = colon != where.npos && (rest == "sha256" || rest == "sha384" || rest == "sha512");
        bool const number = colon == where.npos && rest.find_first_not_of("0123456789") == rest.npos;
        if (digest || number) return {std::string(path.substr(0, at)), std::string(where.substr(at))};
    }
    return {std::string(path), std::string(colon == where.npos ? "" : where.substr(colon + 1))};
}

/// The form that the word before the first colon resembles without being it; empty where it resembles none. Short forms resemble many names of images.
inline std::string_view misspelt_form(std::string_view text) {
    static constexpr std::array<std::string_view, 5> words{"oci:", "oci-archive:", "docker-archive:", "archive:", "dir:"};
    auto const word = text.substr(0, std::min(text.find(':'), text.size() - 1) + 1);
    if (!word.ends_with(':') || word.find('/') != word.npos) return {};
    auto const near = nearest(word, words);
    return near == word ? std::string_view() : near;
}

/// Errors: `invalid_argument` for a form without a path and for one that is mistyped; `ref_invalid` for the places that other programs know and this one cannot look into, with what helps.
inline lading::result<place> place_of(std::string const& reference) {
    for (std::string_view const scheme : {"docker://", "oci://"})
        if (reference.starts_with(scheme)) return place{reference.substr(scheme.size()), std::nullopt};
    for (auto const& [kind, form] : image_forms) {
        if (!reference.starts_with(kind)) continue;
        auto const rest = reference.substr(kind.size());
        auto where = form == image_form::folder ? image_on_disk{rest, {}} : split_path(rest);
        where.form = form;
        if (where.path.empty()) return lading::error(lading::errc::invalid_argument).with_context(std::string(kind) + " needs a path: " + std::string(kind) + (form == image_form::layout || form == image_form::folder ? "FOLDER" : "FILE"));
        return place{{}, std::move(where)};
    }
    constexpr std::pair<std::string_view, char const*> others[] = {
        {"docker-daemon:", "is not read: docker save NAME -o FILE, then docker-archive:FILE"},
        {"containers-storage:", "is not read: podman save --format oci-archive -o FILE NAME, then oci-archive:FILE"},
        {"ostree:", "is not read: skopeo copy ostree:NAME oci:FOLDER, then oci:FOLDER"},
        {"sif:", "is not read: skopeo copy sif:FILE oci:FOLDER, then oci:FOLDER"},
        {"tarball:", "is not read: skopeo copy tarball:FILE oci:FOLDER, then oci:FOLDER"},
    };
    for (auto const& [kind, help] : others)
        if (reference.starts_with(kind)) return lading::error(lading::errc::ref_invalid).with_context(std::string(kind) + ' ' + help);
    if (auto const form = misspelt_form(reference); form.size() > 4 && letters_between(form, reference.substr(0, reference.find(':') + 1)) == 1) // and not an image called active:1
        return lading::error(lading::errc::invalid_argument).with_context("no such form: " + reference.substr(0, reference.find(':') + 1) + "; " + std::string(form) + " is meant?");
    return place{reference, std::nullopt};
}
