// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading pull REF [DEST]`: an image, an index of images or an artifact from a registry to disk.

#include "artifact.hpp"
#include "stores.hpp"
#include "transfer.hpp"

#include <lading/bulk/copy.hpp>
#include <lading/document/listed_contents.hpp>
#include <lading/limits.hpp>
#include <lading/platform_choice.hpp>
#include <lading/store/blob_sink.hpp>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

/// A folder for one file, removed with it.
class temporary_file {
  public:
    temporary_file() {
        char const* const where = std::getenv("TMPDIR");
        folder_ = std::string(where && *where ? where : "/tmp") + "/lading-XXXXXX";
        if (!mkdtemp(folder_.data())) folder_.clear();
    }
    temporary_file(temporary_file const&) = delete;
    temporary_file& operator=(temporary_file const&) = delete;
    ~temporary_file() {
        if (folder_.empty()) return;
        lading::detail::remove_folder(folder_.c_str()); // and what an archive that was not finished has left
    }
    bool good() const noexcept { return !folder_.empty(); }
    std::string path() const { return folder_ + "/archive"; }
    /// Its bytes to stdout, or to `to`.
    bool write_to(std::FILE* to) const { return pass(std::fopen(path().c_str(), "rb"), to, true); }
    /// Its bytes from stdin, or from `from`.
    bool read_from(std::FILE* from) const {
        auto* const file = std::fopen(path().c_str(), "wb");
        bool const good = file && pass(from, file, false);
        return file && std::fclose(file) == 0 && good;
    }

  private:
    static bool pass(std::FILE* from, std::FILE* to, bool close) {
        if (!from) return false;
        std::string piece(65'536, '\0');
        bool good = true;
        while (auto const n = std::fread(piece.data(), 1, piece.size(), from)) good = good && std::fwrite(piece.data(), 1, n, to) == n;
        good = good && !std::ferror(from);
        if (close) std::fclose(from);
        return std::fflush(to) == 0 && good;
    }
    std::string folder_;
};

struct pull_request : transfer_request {
    std::string name, to, format;
    lading::artifact_options files;
    lading_access args;
};

/// Where a pull goes, by the words of the command line: with the form before the path ("oci:DIR:NAME"), by --format, or by the
/// end of the name of the path: `.tar` is an archive that docker, podman and what reads OCI archives can load, else a layout.
inline lading::result<image_on_disk> destination_of(std::string const& to, std::string const& format, lading::reference const& ref) {
    auto const word = to.substr(0, to.find(':') + 1); // empty where there is no colon
    if (!format.empty())
        for (auto const& [kind, form] : image_forms)
            if (to.starts_with(kind)) return lading::error(lading::errc::invalid_argument).with_context("the form is given twice: --format " + format + ", and " + std::string(kind));
    if (format.empty()) {
        LADING_TRY(auto const where, place_of(to));
        if (where.on_disk) return *where.on_disk;
        if (to.starts_with("docker://") || to.starts_with("oci://"))
            return lading::error(lading::errc::invalid_argument).with_context("a pull goes to disk: DEST is a path");
        if (word.size() > 1 && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-:") == word.npos) {
            auto const near = misspelt_form(to);
            return lading::error(lading::errc::invalid_argument).with_context("no such form: " + word + (near.empty() ? "" : " (" + std::string(near) + "?)") + "; for a path of that name: ./" + to);
        }
    }
    image_on_disk out;
    out.path = to;
    if (format == "oci") out.form = image_form::layout;
    else if (format == "oci-archive") out.form = image_form::oci_archive;
    else if (format == "docker-archive") out.form = image_form::docker_archive;
    else if (format == "archive") out.form = image_form::archive;
    else if (format == "dir") out.form = image_form::folder;
    else out.form = to.ends_with(".tar") ? image_form::archive : image_form::layout;
    if (to.empty()) {
        auto const path = ref.repository().path();
        out.path = path.substr(path.rfind('/') + 1);
        if (out.form != image_form::layout && out.form != image_form::folder) out.path += ".tar";
    }
    return out;
}

/// What it is called there: as the user says, else its tag, or where docker loads it the whole name.
inline std::string name_at(image_on_disk const& where, lading::reference const& ref) {
    if (!where.words.empty() || where.form == image_form::folder || ref.effective_tag().empty()) return where.words;
    auto const tag = std::string(ref.effective_tag());
    bool const whole = where.form == image_form::docker_archive || where.form == image_form::archive;
    return whole ? whole_name(ref) : tag;
}

/// What the destination can hold one image of: that for this machine, unless the user names one.
inline transfer_request for_form(transfer_request what, image_form form) {
    what.one_image = form == image_form::docker_archive && what.copy.platforms.empty();
    if (what.one_image) what.copy.with_platform(lading::host_platform());
    return what;
}
/// The platform of the only image that an index has, if it has no more and that was the failure.
inline std::optional<lading::platform> only_platform(lading::error const& e) {
    if (e != lading::errc::platform_not_found) return std::nullopt;
    std::optional<lading::platform> out;
    for (auto const& text : e.detail().available) {
        auto const p = lading::platform::parse(text);
        if (!p || p.assume_value().os == "unknown") continue; // what an attestation has
        if (out) return std::nullopt;
        out = p.assume_value();
    }
    return out;
}

/// One image is not for another platform than those that were named. What is no image has none. Errors: `platform_not_found`; those of the store.
template <class From>
lading::result<void> check_platform(From& from, std::string const& name, std::vector<lading::platform> const& wanted, lading::stop_token const& stop) {
    if (wanted.empty()) return lading::success();
    LADING_TRY(auto const top, from.resolve(name, stop));
    LADING_TRY(auto const bytes, from.document(top, stop));
    LADING_TRY(auto const listed, lading::contents_of(bytes, top.media_type, {}));
    if (listed.is != lading::listed_contents::kind::image || !listed.config) return lading::success();
    if (listed.config->media_type != lading::media_types::oci_config && listed.config->media_type != lading::media_types::docker_config) return lading::success();
    lading::memory_sink config(lading::limits().config_bytes);
    LADING_TRY_V(from.read(*listed.config, config, stop));
    auto const own = platform_of_config(config.take());
    for (auto const& p : wanted)
        if (!own || !lading::platform_choice::like(p).excludes(*own)) return lading::success();
    return lading::error(lading::errc::platform_not_found).with_context("it is one image, and no index").with_values(wanted.front().str(), own->str());
}

/// The copy itself, and what is said of it, `said` being the name of the copy; or with `spool`, the file of the archive, its bytes.
template <class From, class To>
lading::result<int> run_copy(From& from, std::string const& name, To& to, std::string const& to_name, std::string const& said,
                             temporary_file const* spool, transfer_request const& what, lading::stop_token const& stop) {
    auto options = what.copy;
    auto const again_for_the_only_one = [&](auto const& outcome) {
        auto only = what.one_image && !outcome ? only_platform(outcome.assume_error()) : std::nullopt;
        if (only) options.platforms = {std::move(*only)};
        return only.has_value();
    };
    if (what.dry_run) {
        auto plan = lading::plan_copy(from, name, to, to_name, options, stop);
        if (again_for_the_only_one(plan)) plan = lading::plan_copy(from, name, to, to_name, options, stop);
        if (!plan) return std::move(plan).assume_error();
        return print_forecast(said, plan.assume_value(), what);
    }
    auto const display = what.all_of_list ? what.all_of_list : std::make_shared<progress>(what.quiet ? progress_form::none : what.shown);
    document_count documents; // events of a copy come one at a time
    options.with_observer([&](lading::transfer_event const& e) {
        documents.count(e), display->tell(e);
        if (!what.in_list) *what.arrived += e.state == lading::transfer_state::done;
    });
    auto copied = lading::copy(from, name, to, to_name, options, stop);
    if (again_for_the_only_one(copied)) copied = lading::copy(from, name, to, to_name, options, stop);
    if (!what.in_list) display->finish();
    if (!copied) return copied.assume_error();
    if (!spool) return print_summary(said, copied.assume_value(), what, to_name, &documents);
    int const ended = what.digest_file.empty() ? status::done : put_bytes(copied.assume_value().top.digest.str(), what.digest_file, lading_access());
    if (spool->write_to(stdout)) return ended;
    return lading::error(lading::errc::sink_failed).with_context("the output cannot be written");
}

/// True, and said, where stdout is a terminal, to which no archive is written.
inline bool is_terminal(char const* command) {
    if (isatty(STDOUT_FILENO) == 0) return false;
    std::fprintf(stderr, "lading: %s: an archive is not written to a terminal: > FILE\n", command);
    return true;
}

inline int pull(pull_request const& g, lading::stop_token const& stop) {
    auto const doing = "pull " + g.name;
    if (g.format == "files") return pull_artifact(g.name, g.to.empty() ? "." : g.to, g, g.files, g.args, stop);
    auto at = registry_of(g.name, g.args);
    if (!at) return tell(doing, at.error(), g.args);
    auto& [registry, ref] = at.assume_value();
    bool const to_stdout = g.to == "-";
    if (to_stdout && is_terminal("pull")) return status::usage;
    std::optional<temporary_file> spool;
    if (to_stdout && !spool.emplace().good()) return tell(doing, lading::error(lading::errc::sink_failed).with_context("no temporary folder can be made"), g.args);
    auto where = destination_of(to_stdout ? spool->path() : g.to, to_stdout && g.format.empty() ? "oci-archive" : g.format, ref);
    if (!where) return tell(doing, where.error(), g.args);
    auto& to = where.assume_value();
    if (to_stdout && (to.form == image_form::layout || to.form == image_form::folder)) {
        std::fprintf(stderr, "lading: pull: a folder cannot go to stdout; --format oci-archive, docker-archive or archive\n");
        return status::usage;
    }

    lading::registry_repository<lading::client> from(registry, ref.repository());
    auto what = for_form(g, to.form);
    auto const name = whole_name(ref);
    if (to_stdout) what.overwrite = true;
    warn_of_no_name(to, name_at(to, ref), what.quiet);
    auto const ended = to_place<int>(to, what.overwrite, what.dry_run, stop, [&](auto& store) -> lading::result<int> {
        LADING_TRY_V(check_platform(from, ref.target(), g.copy.platforms, stop));
        return run_copy(from, ref.target(), store, name_at(to, ref), name, spool ? &*spool : nullptr, what, stop);
    });
    return ended ? ended.assume_value() : tell_transfer(doing, ended.assume_error(), g.args, to_stdout ? remains::nothing : remains::parts, what.overwrite);
}

inline void add_pull(CLI::App& app, program& run) {
    auto const g = std::make_shared<pull_request>();
    auto* const c = app.add_subcommand("pull", "pull an image, an index or an artifact from a registry to disk");
    c->add_option("REF", g->name, "HOST/NAME[:TAG][@DIGEST]")->required();
    c->add_option("DEST", g->to,
                  "a path, or with its form before it: oci:FOLDER[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME], archive:FILE[:NAME], "
                  "dir:FOLDER; '-': an archive on stdout (default: the last part of NAME)");
    c->add_option("--format", g->format,
                  "oci: a layout; oci-archive; docker-archive: for docker load; archive: both in one file; dir: a folder of blobs; files: those of an "
                  "artifact, by their titles (default: archive where DEST ends in .tar, else oci)")
        ->transform([](std::string form) -> std::string { return form == "tarball" ? "docker-archive" : form == "oci-layout" ? "oci"
                                                                                                                             : form; })
        ->check(CLI::IsMember({"oci", "oci-archive", "docker-archive", "archive", "dir", "files"}))
        ->type_name("FORM");
    add_transfer_options(*c, *g);
    add_file_options(*c, g->files);
    add_access_options(*c, g->args);
    c->callback([g, &run] { run.status = pull(*g, run.stop); });
}
