// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `pull_artifact`: the files of an artifact (a model, a chart, a module, whatever somebody has packed) into a folder.

#include "../store/artifact_folder.hpp"
#include "copy.hpp"
#include "pull.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// Which files of an artifact are wanted, and how they are written.
struct artifact_options {
    artifact_options() = default;

    /// Only the file of this name.
    artifact_options& with_file(std::string title) { return file = std::move(title), *this; }
    /// Only the layer of this media type.
    artifact_options& with_media_type(std::string type) { return media_type = std::move(type), *this; }
    /// Only the n-th layer, from 0.
    artifact_options& with_layer(std::size_t n) { return layer = n, *this; }
    /// What the one file that is chosen so is called.
    artifact_options& with_name(std::string title) { return name = std::move(title), *this; }
    /// The config too, under this name.
    artifact_options& with_config(std::string title) { return config = std::move(title), *this; }
    /// Layers without a name too, called by their digests: "sha256-<hex>".
    artifact_options& with_all(bool yes = true) { return all = yes, *this; }
    /// Other files of these names are replaced.
    artifact_options& with_overwrite(bool yes = true) { return overwrite = yes, *this; }
    /// A folder, which is stored as an archive, is written as that archive.
    artifact_options& with_packed(bool yes = true) { return packed = yes, *this; }
    artifact_options& with_durability(durability d) { return durable = d, *this; }
    /// Of an index, the artifact for this platform; else the one for the host.
    artifact_options& with_platform(platform p) { return from_index = platform_choice::like(std::move(p)), *this; }
    artifact_options& with_lanes(std::size_t n) { return lanes = n, *this; }
    artifact_options& with_observer(transfer_observer o) { return observer = std::move(o), *this; }
    /// So long another program that writes the same file is waited for.
    artifact_options& with_wait(std::chrono::milliseconds t) { return wait = t, *this; }
    artifact_options& with_limits(limits l) { return bounds = std::move(l), *this; }

    std::string file, media_type, name, config;
    std::optional<std::size_t> layer;
    bool all = false, overwrite = false, packed = false;
    durability durable = durability::file;
    platform_choice from_index = platform_choice::host();
    std::size_t lanes = 4;
    std::chrono::milliseconds wait{600'000};
    transfer_observer observer;
    limits bounds;
};

/// What was written.
struct artifact_summary {
    struct file {
        file(descriptor w, std::string n) : what(std::move(w)), name(std::move(n)) {}
        descriptor what;
        std::string name;     ///< in the folder, parts separated by '/'
        bool existing = false; ///< it was there
    };

    explicit artifact_summary(descriptor t) : top(std::move(t)) {}

    descriptor top;                  ///< the manifest
    std::vector<file> files;         ///< in the order of the manifest, the config last
    std::vector<descriptor> unnamed; ///< layers without a name, which were not written
    copy_count fetched, existing;
    std::vector<warning> warnings;
};

namespace detail {

/// The name that a packer has given a file; empty where there is none.
inline std::string_view title_of(descriptor const& layer) {
    for (std::string_view const key : {"org.opencontainers.image.title", "org.cncf.model.filepath"})
        if (auto const at = layer.annotations.find(key); at != layer.annotations.end()) return at->second;
    return {};
}
/// A folder in an archive, which its packer wants unpacked.
inline bool wants_unpacking(descriptor const& layer) {
    auto const at = layer.annotations.find("io.deis.oras.content.unpack");
    return at != layer.annotations.end() && at->second == "true";
}
inline std::string nameless(descriptor const& layer) {
    auto out = layer.digest.str();
    std::replace(out.begin(), out.end(), ':', '-');
    return out;
}

/// Finds the manifest, decides on the files, and writes them.
class artifact_run {
  public:
    artifact_run(copy_from& from, std::string_view name, artifact_folder& to, artifact_options o, stop_token stop)
        : from_(from), name_(name), to_(to), options_(std::move(o)), stop_(std::move(stop)), progress_(options_.observer) {}

    result<artifact_summary> run() {
        LADING_TRY(auto out, find_manifest());
        LADING_TRY_V(choose(out));
        std::vector<std::string> titles;
        titles.reserve(out.files.size());
        for (auto const& f : out.files) titles.push_back(f.name);
        LADING_TRY_V(check_titles(titles)); // all, before the first byte
        LADING_TRY_V(copy_lanes(out.files.size(), options_.lanes, stop_, [&](std::size_t i, stop_token const& stop) { return look(out.files[i], stop); }));

        std::vector<std::size_t> first, again; // one file of each content is fetched, others of it are copies
        std::map<digest, std::size_t> seen;
        for (std::size_t i = 0; i < out.files.size(); ++i)
            if (out.files[i].existing) seen.emplace(out.files[i].what.digest, i);
        for (std::size_t i = 0; i < out.files.size(); ++i) {
            auto const& f = out.files[i];
            LADING_TRY_V(known_bytes(f.what, true));
            if (!f.existing) progress_.expect(f.what);
            auto const [at, is_new] = seen.try_emplace(f.what.digest, i);
            if (!is_new && out.files[at->second].what.size != f.what.size)
                return error(errc::descriptor_invalid).with_context("two sizes of " + f.what.digest.str());
            if (!f.existing) (is_new ? first : again).push_back(i);
        }
        std::sort(first.begin(), first.end(), [&](std::size_t a, std::size_t b) {
            auto const size = [&](std::size_t i) { return out.files[i].what.size; };
            return size(a) != size(b) ? size(a) > size(b) : a < b;
        });
        LADING_TRY_V(copy_lanes(first.size(), options_.lanes, stop_, [&](std::size_t i, stop_token const& stop) { return fetch(out.files[first[i]], stop); }));
        LADING_TRY_V(copy_lanes(again.size(), options_.lanes, stop_, [&](std::size_t i, stop_token const& stop) {
            auto const& f = out.files[again[i]];
            return copy(out.files[seen.at(f.what.digest)], f, stop);
        }));
        for (auto const& f : out.files) (f.existing ? out.existing : out.fetched).add(f.what.size);
        return out;
    }

  private:
    result<artifact_summary> find_manifest() {
        LADING_TRY(auto top, from_.resolve(name_, stop_));
        for (std::size_t depth = 0;; ++depth) {
            LADING_TRY(auto const bytes, from_.document(top, stop_));
            LADING_TRY(listed_, contents_of(bytes, top.media_type, options_.bounds));
            if (top.size < 0) top.size = static_cast<std::int64_t>(bytes.size());
            if (top.media_type.empty()) top.media_type = listed_.media_type;
            if (listed_.is == listed_contents::kind::schema1) return error(errc::schema1_refused).with_context(top.digest.str());
            if (listed_.is != listed_contents::kind::index) break;
            if (depth >= options_.bounds.nesting) return error(errc::walk_limit).with_values("at most " + std::to_string(options_.bounds.nesting) + " (limits::nesting)", "more");
            LADING_TRY(top, options_.from_index.choose(listed_.entries));
        }
        artifact_summary out(std::move(top));
        out.warnings = std::move(listed_.warnings);
        return out;
    }

    /// Which layers are written, under which names.
    result<void> choose(artifact_summary& out) {
        bool const one = !options_.file.empty() || !options_.media_type.empty() || options_.layer;
        for (std::size_t i = 0; i < listed_.layers.size(); ++i) {
            auto const& l = listed_.layers[i];
            std::string title(title_of(l));
            bool const meant = (options_.file.empty() || title == options_.file) && (options_.media_type.empty() || l.media_type == options_.media_type) &&
                               (!options_.layer || i == *options_.layer);
            if (!meant) continue;
            if (title.empty() && !options_.all && !one) {
                out.unnamed.push_back(l);
                continue;
            }
            bool const named = !title.empty();
            auto& f = out.files.emplace_back(l, named ? std::move(title) : nameless(l));
            if (named && wants_unpacking(l)) {
                LADING_TRY_V(take_packed(f));
            }
        }
        if (one && out.files.size() != 1) return not_one(out.files.size());
        if (!options_.name.empty() && out.files.size() != 1) return not_one(out.files.size());
        if (!options_.name.empty()) out.files.front().name = options_.name;
        if (!options_.config.empty()) {
            if (!listed_.config) return error(errc::no_config).with_context(out.top.digest.str());
            out.files.emplace_back(*listed_.config, options_.config);
        }
        return success();
    }
    result<void> take_packed(artifact_summary::file& f) const {
        bool const gzip = f.what.media_type.ends_with("+gzip") || f.what.media_type.ends_with(".gzip");
        if (!gzip && !f.what.media_type.ends_with(".tar"))
            return error(errc::media_type_mismatch)
                .with_context(printable(f.name, 160) + " is to be unpacked")
                .with_values("a type of tar archives", printable(f.what.media_type, 160));
        if (!options_.packed)
            return error(errc::invalid_argument)
                .with_context(printable(f.name, 160) + " is a packed folder, and it was not asked for as the archive that it is");
        f.name += gzip ? ".tar.gz" : ".tar";
        return success();
    }
    /// Names every layer that could have been meant.
    error not_one(std::size_t found) const {
        std::vector<std::string> there;
        for (std::size_t i = 0; i < listed_.layers.size() && i < 20; ++i) {
            auto const& l = listed_.layers[i];
            auto const title = title_of(l);
            there.push_back("layer " + std::to_string(i) + " (" + printable(l.media_type, 80) + ", " + std::to_string(l.size) + " bytes" +
                            (title.empty() ? "" : ", " + printable(title, 80)) + ")");
        }
        if (listed_.layers.size() > 20) there.push_back("and " + std::to_string(listed_.layers.size() - 20) + " more");
        auto wanted = !options_.file.empty()         ? "file with the title " + printable(options_.file, 160)
                      : !options_.media_type.empty() ? "layer of the type " + printable(options_.media_type, 160)
                                                     : "such layer";
        return error(errc::blob_unknown)
            .with_context(found == 0 ? "the artifact has no " + wanted : "the artifact has more than one " + wanted + ": " + std::to_string(found))
            .with_available(std::move(there));
    }

    result<void> look(artifact_summary::file& f, stop_token const& stop) {
        LADING_TRY(f.existing, to_.has(f.name, f.what, options_.overwrite, stop));
        if (!f.existing) return success();
        progress_.expect(f.what);
        progress_.pass(f.what, transfer_state::skipped, "it is there");
        return success();
    }
    result<void> fetch(artifact_summary::file const& f, stop_token const& stop) {
        LADING_TRY(auto const known, known_bytes(f.what, true));
        LADING_TRY(auto const out, to_.writer(f.name, options_.overwrite, options_.durable));
        progress_.tell(f.what, transfer_state::started, 0);
        watched_sink sink(f.what, *out, progress_, stop, options_.wait);
        auto outcome = known ? write_whole(sink, *known) : from_.read(f.what, sink, stop);
        if (known && !outcome && outcome.assume_error() == errc::file_exists) { // perhaps somebody else has written it meanwhile
            LADING_TRY(bool const there, to_.has(f.name, f.what, false, stop));
            if (there) outcome = success();
        }
        return told(f, std::move(outcome), sink.bytes());
    }
    result<void> copy(artifact_summary::file const& source, artifact_summary::file const& f, stop_token const& stop) {
        LADING_TRY(auto const out, to_.writer(f.name, options_.overwrite, options_.durable));
        watched_sink sink(f.what, *out, progress_, stop, options_.wait);
        auto outcome = to_.read(source.name, f.what, sink, stop);
        return told(f, std::move(outcome), sink.bytes());
    }
    result<void> told(artifact_summary::file const& f, result<void> outcome, std::uint64_t bytes) {
        if (outcome) progress_.tell(f.what, transfer_state::done, copy_progress::size_of(f.what));
        else progress_.tell(f.what, transfer_state::failed, bytes, name_of(outcome.assume_error().kind()));
        return outcome;
    }

    copy_from& from_;
    std::string name_;
    artifact_folder& to_;
    artifact_options options_;
    stop_token stop_;
    copy_progress progress_;
    listed_contents listed_;
};

} // namespace detail

/// Writes the files of the artifact that `name` leads to at a source into a folder. Each layer with a name (the annotation
/// `org.opencontainers.image.title`) is a file; nothing is unpacked.
///
/// All names are checked before the first byte is written (`check_titles`), and so is what the folder has under them: the same content stays and
/// is not fetched, any other is `file_exists` unless it may be overwritten. A file is whole and verified, or not there; the part
/// that an interrupted run has left is resumed. The first failure ends it and cancels the others.
///
/// Errors: those of the source and of `contents_of`; `path_refused`, `file_exists`, `part_in_use`, `disk_full`, `sink_failed`; `blob_unknown` with
/// what is there when the choice of one file fits none or several; `no_config`; `platform_not_found`; `media_type_mismatch` and
/// `invalid_argument` for a layer that is to be unpacked; `cancelled` soon after `stop` was requested. Requests: the manifest and each content once.
template <class From>
result<artifact_summary> copy_artifact(From& from, std::string_view name, std::string folder, artifact_options o = {}, stop_token stop = {}) {
    static_assert(check_content_source<From>::ok);
    LADING_TRY(auto to, artifact_folder::open(std::move(folder)));
    detail::copy_from_store<From> source(from);
    return detail::artifact_run(source, name, to, std::move(o), std::move(stop)).run();
}

/// The same from a registry. `Client` is blocking: `client` or a `basic_client`.
template <class Client>
result<artifact_summary> pull_artifact(Client& registry, reference const& ref, std::string folder, artifact_options o = {}, stop_token stop = {}) {
    registry_repository<Client> from(registry, ref.repository());
    return copy_artifact(from, detail::name_in_repository(ref), std::move(folder), std::move(o), std::move(stop));
}

} // namespace lading
