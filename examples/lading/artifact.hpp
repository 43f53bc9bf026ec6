// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading artifact pull REF [FOLDER]`: the files of an artifact, by their titles.

#include "stores.hpp"
#include "transfer.hpp"

#include <lading/bulk/pull_artifact.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <unistd.h>

inline void add_file_options(CLI::App& to, lading::artifact_options& of) {
    auto const option = [&](char const* names, char const* type, char const* text, auto set) {
        to.add_option_function<std::string>(names, set, text)->type_name(type)->group("Files of an artifact");
    };
    option("--file", "TITLE", "only the file of this title", [&of](std::string const& v) { of.with_file(v); });
    option("--media-type,--file-media-type", "TYPE", "only the layer of this media type", [&of](std::string const& v) { of.with_media_type(v); });
    option("--name", "NAME", "call the one file that is chosen so", [&of](std::string const& v) { of.with_name(v); });
    option("--config", "NAME", "also write the config, as this file", [&of](std::string const& v) { of.with_config(v); });
    auto const flag = [&](char const* names, char const* text, auto set) { to.add_flag_callback(names, set, text)->group("Files of an artifact"); };
    flag("--all-files", "also layers without a title, named by their digests", [&of] { of.with_all(); });
    flag("--packed", "write each packed folder as the archive that it is, TITLE.tar.gz; folders are not unpacked", [&of] { of.with_packed(); });
}

/// What was written, as lines or as JSON; the exit status.
inline int print_files(std::string const& name, lading::artifact_summary const& done, transfer_request const& what) {
    for (auto const& w : done.warnings) std::fprintf(stderr, "lading: warning: %s\n", w.text.c_str());
    if (done.files.empty()) {
        std::fprintf(stderr, "lading: artifact pull %s: nothing is written: none of its %zu layers has a title; --all-files names them by their digests\n", shown(name).c_str(), done.unnamed.size());
        return status::failed;
    }
    if (!what.quiet && !done.unnamed.empty())
        std::fprintf(stderr, "lading: %zu without a title, not written; --all-files writes them\n", done.unnamed.size());
    int const ended = what.digest_file.empty() ? status::done : put_bytes(done.top.digest.str(), what.digest_file, lading_access()); // the result is printed in any case
    if (!what.json) return std::max(print(pinned(shown(name), done.top.digest) + '\n'), ended);
    lading::json_writer w(lading::json_style(0, false, true));
    w.begin_object().key("reference").string(pinned(name, done.top.digest)).key("digest").string(done.top.digest.str());
    w.key("files").begin_array();
    for (auto const& f : done.files) {
        w.begin_object().key("name").string(f.name).key("digest").string(f.what.digest.str()).key("size").integer(f.what.size);
        w.key("existing").boolean(f.existing).end_object();
    }
    return std::max(print(w.end_array().end_object().take() + '\n'), ended);
}

inline int pull_artifact(std::string const& name, std::string const& folder, transfer_request const& what, lading::artifact_options options,
                         registry_access const& args, lading::stop_token const& stop) {
    auto const doing = "artifact pull " + name;
    auto const source = place_of(name);
    if (!source) return tell(doing, source.error(), args);
    if (what.dry_run) {
        std::fprintf(stderr, "lading: artifact pull: --dry-run is for images; lading manifest get says what an artifact has\n");
        return status::usage;
    }
    options.with_lanes(what.copy.lanes).with_overwrite(what.overwrite);
    if (!what.copy.platforms.empty()) options.with_platform(what.copy.platforms.front());
    bool const was_there = ::access(folder.c_str(), F_OK) == 0;
    auto const ended = from_place<int>(source.assume_value(), args, stop, [&](auto& from, std::string const& found, lading::reference const* ref) -> lading::result<int> {
        progress display(what.quiet ? progress_form::none : what.shown);
        options.with_observer([&display](lading::transfer_event const& e) { display.tell(e); });
        LADING_TRY(auto const done, lading::copy_artifact(from, found, folder, options, stop));
        display.finish();
        return print_files(ref ? whole_name(*ref) : name, done, what);
    });
    if (!was_there) ::rmdir(folder.c_str()); // where nothing was written
    if (ended) return ended.assume_value();
    auto const& why = ended.assume_error();
    auto const told = tell_transfer(doing, why, args, remains::parts);
    if (why != lading::errc::invalid_argument || why.detail().context.find("packed folder") == std::string::npos) return told;
    std::fprintf(stderr, "lading: nothing is written; --packed writes such folders as archives (TITLE.tar.gz), --file TITLE one file alone\n");
    return status::failed;
}

inline void add_artifact(CLI::App& app, program& run) {
    struct given : transfer_request {
        std::string name, folder = ".";
        lading::artifact_options files;
        lading_access args;
    };
    auto const g = std::make_shared<given>();
    auto* const artifact = app.add_subcommand("artifact", "artifacts: files in a registry, other than images")->require_subcommand(1);
    auto* const c = artifact->add_subcommand("pull", "write the files of an artifact into a folder, by their titles")->alias("get");
    c->add_option("REF", g->name, "HOST/NAME[:TAG][@DIGEST], or a place on disk as of copy")->required();
    c->add_option("FOLDER,-o,--output", g->folder, "where the files go (default: here)");
    c->add_flag_callback("-k,--keep-old-files", [] {}, "accepted: files that are there stay, unless --overwrite")->group("");
    c->add_option_function<std::string>(
         "--platform", [g](std::string const& value) {
             auto const p = lading::platform::parse(value);
             if (!p) throw CLI::ValidationError("--platform is OS/ARCH[/VARIANT]: " + p.error().summary());
             g->copy.with_platform(p.value()); }, "of an index, what it has for this platform")
        ->type_name("OS/ARCH[/VAR]");
    add_report_options(*c, *g);
    c->add_flag("--overwrite", g->overwrite, "replace files that are there");
    add_file_options(*c, g->files);
    add_access_options(*c, g->args);
    c->callback([g, &run] { run.status = pull_artifact(g->name, g->folder, *g, g->files, g->args, run.stop); });
}
