// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The places of the command line as stores: where a transfer comes from, and where it goes.

#include "new_layout.hpp"
#include "program.hpp"
#include "registry.hpp"

#include "../inspect/place.hpp"

#include <lading/store/docker_archive.hpp>
#include <lading/store/image_folder.hpp>
#include <lading/store/memory_store.hpp>
#include <lading/store/oci_archive.hpp>
#include <lading/store/oci_layout.hpp>
#include <lading/store/registry_repository.hpp>

#ifdef LADING_WITH_ZLIB
#include <lading/unpack/zlib_gzip.hpp>
#endif
#ifdef LADING_WITH_ZSTD
#include <lading/unpack/zstd_frames.hpp>
#endif

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

/// Options for archives: what they are compressed with is undone; the time in them is that of SOURCE_DATE_EPOCH, else none.
inline lading::archive_options archive_options_of(bool overwrite) {
    lading::archive_options out;
#ifdef LADING_WITH_ZLIB
    out.with_decompression(lading::zlib_gzip::model());
#endif
#ifdef LADING_WITH_ZSTD
    out.with_decompression(lading::zstd_frames::model());
#endif
    if (overwrite) out.with_overwrite();
    if (auto const* const epoch = std::getenv("SOURCE_DATE_EPOCH")) out.with_time(std::strtoull(epoch, nullptr, 10));
    return out;
}

/// Calls `go(store, name, reference)` with where images come from; the reference is that of a registry, else null. Errors: those of opening it, and of `go`.
template <class T, class Go>
lading::result<T> from_place(place const& where, registry_access const& args, registries& known, lading::stop_token const& stop, Go go) {
    if (!where.on_disk) {
        LADING_TRY(auto const at, known.find(where.name, args));
        lading::registry_repository<lading::client> from(at.registry, at.ref.repository());
        return go(from, at.ref.target(), &at.ref);
    }
    auto const& disk = *where.on_disk;
    if (::access(disk.path.c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) // else whoever opens it says why not
        return lading::error(lading::errc::manifest_unknown).with_context((disk.form == image_form::layout || disk.form == image_form::folder ? "there is no folder " : "there is no file ") + disk.path);
    auto const opened = [&](auto store) -> lading::result<T> {
        if (!store) return std::move(store).assume_error();
        return go(store.assume_value(), disk.words, static_cast<lading::reference const*>(nullptr));
    };
    switch (disk.form) {
    case image_form::layout: return opened(lading::oci_layout::open(disk.path));
    case image_form::oci_archive:
    case image_form::archive: return opened(lading::oci_archive::open(disk.path, archive_options_of(false), stop));
    case image_form::docker_archive: return opened(lading::docker_archive::open(disk.path, archive_options_of(false), stop));
    case image_form::folder: break;
    }
    return opened(lading::image_folder::open(disk.path));
}
template <class T, class Go>
lading::result<T> from_place(place const& where, registry_access const& args, lading::stop_token const& stop, Go go) {
    registries known;
    return from_place<T>(where, args, known, stop, std::move(go));
}

/// Why nothing can be written there, before anything is asked for. Errors: `invalid_argument`, `sink_failed`.
inline lading::result<void> check_target(image_on_disk const& to) {
    auto const wrong = [](std::string why) { return lading::error(lading::errc::invalid_argument).with_context(std::move(why)); };
    bool const folder = to.form == image_form::layout || to.form == image_form::folder;
    struct stat about{};
    bool const there = ::stat(to.path.c_str(), &about) == 0;
    if (there && folder && !S_ISDIR(about.st_mode)) return wrong(to.path + " is a file, and what is to be written is a folder; an archive: oci-archive:" + to.path);
    if (there && !folder && S_ISDIR(about.st_mode)) return wrong(to.path + " is a folder, and what is to be written is a file");
    auto const slash = to.path.rfind('/');
    if (auto const parent = slash == to.path.npos ? "." : to.path.substr(0, std::max<std::size_t>(slash, 1)); !folder && ::stat(parent.c_str(), &about) != 0)
        return lading::error(lading::errc::sink_failed).with_context("there is no folder " + parent);
    if (to.form == image_form::docker_archive && !to.words.empty() && to.words.find(':') == to.words.npos)
        return wrong("docker load would call the image " + to.words + "; a whole name is wanted: docker-archive:" + to.path + ":NAME:" + to.words + ", or " + to.words + ":latest");
    return lading::success();
}
/// Says that `docker load` will show no name.
inline void warn_of_no_name(image_on_disk const& to, std::string const& name, bool quiet) {
    if (to.form == image_form::docker_archive && name.empty() && !quiet)
        std::fprintf(stderr, "lading: warning: the image in %s has no name for docker load; to give it one: docker-archive:FILE:NAME:TAG\n", shown(to.path).c_str());
}

/// Calls `go(store)` with where images go. For a forecast, `dry`, nothing is made: then the store is what is there, else an empty one.
/// A layout that is not there is made when something comes into it. Errors: those of making it, and of `go`.
template <class T, class Go>
lading::result<T> to_place(image_on_disk const& where, bool overwrite, bool dry, lading::stop_token const& stop, Go go) {
    LADING_TRY_V(check_target(where));
    auto const made = [&](auto store) -> lading::result<T> {
        if (!store) return std::move(store).assume_error();
        return go(store.assume_value());
    };
    if (dry) {
        if (where.form == image_form::layout)
            if (auto there = lading::oci_layout::open(where.path)) return go(there.assume_value());
        lading::memory_store nothing;
        return go(nothing);
    }
    auto options = archive_options_of(overwrite);
    switch (where.form) {
    case image_form::layout:
        if (::access(where.path.c_str(), F_OK) != 0) {
            new_layout later(where.path);
            return go(later);
        }
        return made(lading::oci_layout::create(where.path, {}, stop));
    case image_form::archive: options.with_form(lading::archive_form::hybrid); [[fallthrough]];
    case image_form::oci_archive: return made(lading::oci_archive::create(where.path, std::move(options)));
    case image_form::docker_archive: return made(lading::docker_archive::create(where.path, std::move(options)));
    case image_form::folder: break;
    }
    return made(lading::image_folder::create(where.path, std::move(options)));
}
