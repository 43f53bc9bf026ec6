// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `packed_artifact`: files and folders of this machine as an artifact that can be copied to any store. POSIX.
///
///     lading::packed_artifact model;
///     LADING_TRY_V(model.add("weights.bin", {}, "application/vnd.example.weights"));
///     LADING_TRY_V(model.pack(lading::pack_options().with_artifact_type("application/vnd.example.model")));
///     LADING_TRY(auto done, lading::copy(model, {}, to, "1.0"));

#if !defined(_WIN32)

#include "../detail/stop_token.hpp"
#include "../document/pack.hpp"
#include "../hash/openssl_hash.hpp"
#include "content_store.hpp"
#include "file_source.hpp"
#include "file_title.hpp"
#include "folder_source.hpp"
#include "pass_verified.hpp"
#include "path_inside.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace lading {

namespace detail {
inline constexpr std::string_view title_annotation = "org.opencontainers.image.title";
inline constexpr std::string_view unpack_annotation = "io.deis.oras.content.unpack";
inline constexpr std::string_view unpacked_digest_annotation = "io.deis.oras.content.digest";

/// What a file is called in an artifact unless it is said: its path, where it is one inside the folder that one is in, else its last part.
inline std::string title_of_path(std::string_view path) {
    if (auto inside = path_inside(path)) return std::move(*inside);
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    return std::string(path.substr(path.rfind('/') + 1));
}
} // namespace detail

/// Models `content_source`. First the files are added, each of which is read once for its digest; then it is packed; then it is copied, when the files
/// are read again. `H` models the hash policy. Threads: what a `content_source` says, once it is packed.
template <hash_policy H>
class basic_packed_artifact {
  public:
    static constexpr std::string_view default_type = "application/octet-stream";

    /// A file, or a folder with all that is in it as one archive (`folder_source`), called `title`: without one, as its path. Its media type is `type`: else
    /// for files `default_type`, for folders that of a layer. Errors: `invalid_argument` with the reason, for what cannot be read; `path_refused` (a title
    /// that not every system has room for, see `check_titles`; what a folder may not have); `media_type_invalid`; `media_type_mismatch` for a folder whose
    /// type is not one of archives, or of another compression than there is; `cancelled` soon after `stop` was requested. Linear in the size.
    result<void> add(std::string const& path, std::string title = {}, std::string type = {}, folder_options o = {}, stop_token stop = {}) {
        if (title.empty()) title = detail::title_of_path(path);
        if (auto const why = detail::wrong_with_title(title); !why.empty())
            return error(errc::path_refused).with_context(detail::printable(title, 160) + ' ' + std::string(why));
        struct stat about{};
        if (::stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode)) return add_folder(path, std::move(title), std::move(type), std::move(o), stop);
        LADING_TRY(auto file, file_source::open(path));
        return keep(file, std::move(title), type.empty() ? std::string(default_type) : std::move(type), reading_file(path), stop);
    }
    /// A file whose bytes are at hand.
    result<void> add_bytes(std::string bytes, std::string title, std::string type = std::string(default_type)) {
        auto const kept = std::make_shared<std::string const>(std::move(bytes));
        view_source from(*kept);
        return keep(from, std::move(title), std::move(type), reading(kept));
    }
    /// The config, in place of the empty one. Errors: those of adding a file.
    result<void> set_config(std::string const& path, std::string type, stop_token stop = {}) {
        LADING_TRY(auto file, file_source::open(path));
        LADING_TRY(config_, described(file, std::move(type), reading_file(path), "the config", stop));
        return success();
    }
    result<void> set_config_bytes(std::string bytes, std::string type) {
        auto const kept = std::make_shared<std::string const>(std::move(bytes));
        view_source from(*kept);
        LADING_TRY(config_, described(from, std::move(type), reading(kept)));
        return success();
    }

    /// Annotations of the config that was set. Error: `no_config` where none was.
    result<void> annotate_config(string_map annotations) {
        if (annotations.empty()) return success();
        if (!config_) return error(errc::no_config).with_context("annotations of a config that was not set");
        config_->annotations = std::move(annotations);
        return success();
    }
    /// What has been added, in that order. Annotations may be added to it.
    std::vector<descriptor>& layers() noexcept { return layers_; }

    /// Makes the manifest; once more for another one. The config is the one that was set, whatever `o` says. Errors: those of the free function `pack`;
    /// `path_refused` for two titles that are one on some system (`check_titles`).
    result<descriptor> pack(pack_options o) {
        std::vector<std::string> titles;
        for (auto const& l : layers_)
            if (auto const at = l.annotations.find(detail::title_annotation); at != l.annotations.end()) titles.push_back(at->second);
        LADING_TRY_V(check_titles(titles));
        if (config_) o.config = config_;
        LADING_TRY(auto made, lading::pack(layers_, std::move(o)));
        manifest_ = std::move(made);
        return manifest_->self;
    }
    /// The manifest, once there is one.
    std::optional<made_document> const& manifest() const noexcept { return manifest_; }

    // ---- as a source

    result<descriptor> resolve(std::string_view name, stop_token = {}) {
        if (manifest_ && (name.empty() || name == manifest_->self.digest.str())) return manifest_->self;
        return error(errc::manifest_unknown).with_context(manifest_ ? "an artifact that has no such name" : "an artifact that has not been packed");
    }
    result<std::string> document(descriptor const& what, stop_token = {}) {
        if (manifest_ && what.digest == manifest_->self.digest) return manifest_->bytes;
        return error(errc::manifest_unknown).with_context(what.digest.str());
    }
    /// Errors: `blob_unknown`, `source_changed` (the file is another one than when it was added), `cancelled`, those of reading it and of the sink.
    result<void> read(descriptor const& what, blob_sink& out, stop_token stop = {}) {
        for (auto const& c : contents_)
            if (c.what.digest == what.digest) return pass(c, out, stop);
        out.suspend();
        return error(errc::blob_unknown).with_context(what.digest.str());
    }
    result<std::vector<std::string>> names(stop_token = {}) { return std::vector<std::string>(); }

  private:
    using source = std::unique_ptr<body_source>;
    using opening = std::function<result<source>()>;
    struct content {
        descriptor what;
        std::string title;
        opening open;
    };

    static opening reading_file(std::string const& path) {
        return [path]() -> result<source> {
            LADING_TRY(auto opened, file_source::open(path));
            return source(std::make_unique<file_source>(std::move(opened)));
        };
    }
    static opening reading(std::shared_ptr<std::string const> bytes) {
        class source_of final : public body_source {
          public:
            explicit source_of(std::shared_ptr<std::string const> b) : bytes_(std::move(b)), from_(*bytes_) {}
            std::optional<std::uint64_t> size() const override { return from_.size(); }
            result<void> begin() override { return from_.begin(); }
            result<std::size_t> read(std::span<std::byte> into) override { return from_.read(into); }

          private:
            std::shared_ptr<std::string const> bytes_;
            view_source from_;
        };
        return [bytes]() -> result<source> { return source(std::make_unique<source_of>(bytes)); };
    }

    result<void> add_folder(std::string const& path, std::string title, std::string type, folder_options o, stop_token const& stop) {
        if (type.empty()) type = std::string(media_types::oci_layer) + (o.by ? '+' + std::string(o.by->suffix) : std::string());
        auto const compressed = [&](std::string_view suffix) {
            return type.ends_with('+' + std::string(suffix)) || type.ends_with('.' + std::string(suffix));
        };
        if (type.ends_with(".tar")) o.by.reset();
        else if (!o.by || !compressed(o.by->suffix))
            return error(errc::media_type_mismatch)
                .with_context(path + ": a folder is packed as an archive")
                .with_values(o.by ? "a type that ends in .tar or +" + std::string(o.by->suffix) : "a type that ends in .tar", detail::printable(type, 160));
        LADING_TRY(auto folder, folder_source::open(path, title, o));
        H tar(digest_algorithm::sha256);
        folder.watched_by([&tar](std::span<std::byte const> piece) { tar.update(piece); });
        auto const again = [path, title, o]() -> result<source> {
            LADING_TRY(auto opened, folder_source::open(path, title, o));
            return source(std::make_unique<folder_source>(std::move(opened)));
        };
        LADING_TRY_V(keep(folder, title, std::move(type), again, stop));
        LADING_TRY(auto const unpacked, tar.finish());
        layers_.back().annotations.emplace(detail::unpack_annotation, "true");
        layers_.back().annotations.emplace(detail::unpacked_digest_annotation, unpacked.str());
        return success();
    }
    result<void> keep(body_source& from, std::string title, std::string type, opening open, stop_token const& stop = {}) {
        LADING_TRY(auto what, described(from, std::move(type), std::move(open), title, stop));
        what.annotations.emplace(detail::title_annotation, std::move(title));
        layers_.push_back(std::move(what));
        return success();
    }
    result<descriptor> described(body_source& from, std::string type, opening open, std::string title = "the config", stop_token const& stop = {}) {
        LADING_TRY_V(detail::check_packed_type(type, "a file of the artifact"));
        LADING_TRY(auto what, describe<H>(from, std::move(type), digest_algorithm::sha256, stop));
        contents_.push_back({what, std::move(title), std::move(open)});
        return what;
    }
    static result<void> pass(content const& c, blob_sink& out, stop_token const& stop) {
        auto from = c.open();
        if (!from) return out.suspend(), std::move(from).assume_error();
        auto& file = *from.assume_value();
        auto const changed = [&] { return error(errc::source_changed).with_context(c.title).with_values(c.what.digest.str(), "other bytes"); };
        if (auto const size = file.size(); size && *size != static_cast<std::uint64_t>(c.what.size)) return out.suspend(), changed();
        std::uint64_t at = 0;
        bool begun = false;
        auto const read = [&](std::uint64_t position, std::span<char> into) -> result<std::size_t> {
            if (!begun || position < at) {
                LADING_TRY_V(file.begin());
                at = 0, begun = true;
            }
            for (;;) { // what the sink has is read, too: an archive is made from its start
                auto const to = position > at ? into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), position - at))) : into;
                LADING_TRY(auto const n, file.read(std::as_writable_bytes(to)));
                bool const wanted = at == position;
                at += n;
                if (wanted || n == 0) return n;
            }
        };
        auto passed = detail::pass_verified<H>(c.what, static_cast<std::uint64_t>(c.what.size), c.title, read, out, stop);
        if (passed || !(passed.assume_error() == errc::digest_mismatch || passed.assume_error() == errc::size_mismatch)) return passed;
        return changed();
    }

    std::vector<descriptor> layers_;
    std::vector<content> contents_;
    std::optional<descriptor> config_;
    std::optional<made_document> manifest_;
};

/// With the default hash model.
using packed_artifact = basic_packed_artifact<openssl_hash>;

} // namespace lading

#endif
