// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading artifact push REF FILE[:TYPE]...` and `lading artifact attach REF FILE[:TYPE]...`: files and folders as an artifact.

#include "transfer.hpp"
#include "written_place.hpp"

#include <lading/bulk/push_artifact.hpp>
#include <lading/store/read_file.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

struct artifact_push_request : transfer_request {
    std::string name, config, annotation_file, manifest_file;
    std::vector<std::string> files;
    bool attach = false, as_oras = false;
    std::optional<lading::platform_choice> platform;
    lading::pack_options pack;
    lading_access args;
};

/// FILE, or FILE:TYPE where there is no file of that name.
inline std::pair<std::string, std::string> file_and_type(std::string const& text) {
    struct stat about{};
    auto const colon = text.rfind(':');
    if (colon == text.npos || ::stat(text.c_str(), &about) == 0 || !lading::detail::is_plain_media_type(text.substr(colon + 1))) return {text, {}};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

/// {"TITLE":{"KEY":"VALUE"}}: of the files by their titles, and of "$manifest" and "$config".
inline lading::result<void> take_annotations(std::string const& file, lading::packed_artifact& artifact, artifact_push_request& g, lading::string_map& of_config) {
    LADING_TRY(auto const text, lading::detail::read_file(file, lading::errc::invalid_argument));
    auto const wrong = [&](std::string why) { return lading::error(lading::errc::invalid_argument).with_context(file + ": " + std::move(why)); };
    if (!text) return wrong("there is no such file");
    LADING_TRY(auto const parsed, lading::json_document::parse<lading::strict_json>(*text));
    std::string bad;
    if (!parsed.root().is_object()) return wrong("no object of annotations by titles");
    parsed.root().each_member([&](std::string_view title, lading::json_view members) {
        lading::string_map* to = title == "$manifest" ? &g.pack.annotations : title == "$config" ? &of_config
                                                                                                 : nullptr;
        for (auto& layer : artifact.layers())
            if (auto const at = layer.annotations.find(lading::detail::title_annotation); !to && at != layer.annotations.end() && at->second == title) to = &layer.annotations;
        if (!to || !members.is_object()) return void(bad = title);
        members.each_member([&](std::string_view key, lading::json_view value) {
            if (auto const v = value.as_string()) to->insert_or_assign(std::string(key), std::string(*v));
            else bad = title;
        });
    });
    return bad.empty() ? lading::result<void>(lading::success()) : lading::result<void>(wrong("no annotations of a file of this artifact: " + shown(bad)));
}

/// Reads the files.
inline lading::result<void> gather(lading::packed_artifact& artifact, artifact_push_request& g, lading::stop_token const& stop) {
    lading::folder_options folders;
#ifdef LADING_WITH_ZLIB
    folders.with_compression(lading::zlib_gzip_writer::model());
#endif
    if (auto const* const epoch = std::getenv("SOURCE_DATE_EPOCH")) {
        folders.with_time(std::strtoull(epoch, nullptr, 10));
        g.pack.with_time(std::strtoll(epoch, nullptr, 10));
    }
    for (auto const& file : g.files) {
        auto [path, type] = file_and_type(file);
        struct stat about{};
        if (type.empty() && g.as_oras && ::stat(path.c_str(), &about) == 0 && !S_ISDIR(about.st_mode)) type = lading::media_types::oci_layer;
        LADING_TRY_V(artifact.add(path, {}, std::move(type), folders, stop));
    }
    if (!g.config.empty()) {
        auto [path, type] = file_and_type(g.config);
        LADING_TRY_V(artifact.set_config(path, type.empty() ? std::string(lading::detail::unknown_config) : std::move(type), stop));
    }
    if (g.annotation_file.empty()) return lading::success();
    lading::string_map of_config;
    LADING_TRY_V(take_annotations(g.annotation_file, artifact, g, of_config));
    return artifact.annotate_config(std::move(of_config));
}

/// What an artifact is about: with a platform the image that an index has for it.
template <class Store>
lading::result<lading::descriptor> subject_of(Store& store, std::string const& name, std::optional<lading::platform_choice> const& platform, lading::stop_token const& stop) {
    LADING_TRY(auto about, store.resolve(name, stop));
    if (!platform) return about;
    LADING_TRY(auto const bytes, store.document(about, stop));
    LADING_TRY(auto const listed, lading::contents_of(bytes, about.media_type, {}));
    if (listed.is != lading::listed_contents::kind::index) return about;
    return platform->choose(listed.entries);
}

inline int push_artifact(artifact_push_request g, lading::stop_token const& stop) {
    auto const doing = (g.attach ? "artifact attach " : "artifact push ") + g.name;
    lading::packed_artifact artifact;
    auto const prepared = [&]() -> lading::result<void> { // before the registry is asked
        LADING_TRY_V(gather(artifact, g, stop));
        LADING_TRY_V(artifact.pack(g.pack));
        return lading::success();
    }();
    if (auto const where = place_of(g.name)) g.sends = !where.assume_value().on_disk;
    auto const go = [&](auto& store, std::string const& name, std::string const& repository) -> lading::result<int> {
        auto to_name = name;
        if (g.attach) {
            if (!g.dry_run) lading::detail::will_write(store);
            LADING_TRY(auto about, subject_of(store, name, g.platform, stop));
            LADING_TRY_V(artifact.pack(g.pack.with_subject(std::move(about))));
            to_name.clear();
        }
        auto const said = repository + (to_name.empty() || to_name.find(':') != to_name.npos ? "" : ':' + to_name);
        if (!g.manifest_file.empty())
            if (auto const written = put_bytes(artifact.manifest()->bytes, g.manifest_file, g.args); written != status::done) return written;
        if (g.dry_run) {
            LADING_TRY(auto const plan, lading::plan_copy(artifact, {}, store, to_name, g.copy, stop));
            return print_forecast(said, plan, g);
        }
        progress display(g.quiet ? progress_form::none : g.shown);
        auto options = g.copy;
        options.with_observer([&](lading::transfer_event const& e) {
            display.tell(e);
            *g.arrived += e.state == lading::transfer_state::done;
        });
        auto const done = lading::copy(artifact, {}, store, to_name, std::move(options), stop);
        display.finish();
        if (!done) return done.assume_error();
        return print_summary(said, done.assume_value(), g);
    };
    auto const ended = prepared ? in_place<int>(g.name, g.args, !g.attach && !g.dry_run, go) : lading::result<int>(prepared.assume_error());
    if (ended) return ended.assume_value();
    auto const& why = ended.assume_error();
    auto const where = place_of(g.name);
    bool const to_disk = where && where.assume_value().on_disk;
    auto const told = tell_transfer(doing, why, g.args, !prepared ? remains::nothing : to_disk ? remains::parts
                                                                                               : remains::wholes,
                                    false, *g.arrived);
    if (!prepared && why == lading::errc::path_refused) return status::usage; // titles of files that were named
    if (why == lading::errc::invalid_argument && g.pack.artifact_type.empty() && g.config.empty()) std::fprintf(stderr, "lading: the type of an artifact: --artifact-type TYPE\n");
    return told;
}

inline void add_artifact_writing(CLI::App& artifact, program& run) {
    auto const add = [&](char const* name, char const* text, char const* ref, bool attach) {
        auto const g = std::make_shared<artifact_push_request>();
        g->attach = attach;
        auto* const c = artifact.add_subcommand(name, text);
        c->add_option("REF", g->name, ref)->required();
        c->add_option("FILE", g->files, "FILE[:TYPE]: a file or a folder, and its media type (default: application/octet-stream; of a folder that of a layer)");
        auto const option = [&](char const* names, char const* type, char const* what, auto set) {
            return c->add_option_function<std::string>(names, set, what)->type_name(type)->group("Artifact");
        };
        option("--artifact-type", "TYPE", "what kind of artifact it is", [g](std::string const& v) { g->pack.with_artifact_type(v); });
        c->add_option("--config", g->config, "its config, and the media type of it")->type_name("FILE[:TYPE]")->group("Artifact");
        c->add_option_function<std::vector<std::string>>(
             "-a,--annotation,--annotations", [g](std::vector<std::string> const& all) { for (auto const& v : all) std::apply([&](auto... kv) { g->pack.with_annotation(kv...); }, annotation_of(v)); },
             "an annotation of the manifest; may be repeated")
            ->type_name("KEY=VALUE")
            ->allow_extra_args(false)
            ->group("Artifact");
        c->add_option("--annotation-file", g->annotation_file, "annotations as JSON, of the files by their titles, and of $manifest and $config")->type_name("FILE")->group("Artifact");
        option("--image-spec", "v1.1|v1.0", "the form of the manifest; v1.0 for registries that know nothing newer", [g](std::string const& v) {
            g->pack.with_form(v == "v1.0" ? lading::pack_form::oci_1_0 : lading::pack_form::oci_1_1);
        })->check(CLI::IsMember({"v1.1", "v1.0"}));
        auto const flag = [&](char const* names, char const* what, auto set) { c->add_flag_callback(names, set, what)->group("Artifact"); };
        flag("--no-inline-data", "the empty config without its bytes, for registries that refuse what they do not know", [g] { g->pack.with_inline_data(false); });
        flag("--reproducible", "no time in the manifest, but that of SOURCE_DATE_EPOCH if it is set", [g] { g->pack.with_reproducibility(); });
        flag("--oras-compat", "files without a type are layers", [g] { g->as_oras = true; });
        c->add_option("--export-manifest", g->manifest_file, "write the manifest to this file, too")->type_name("FILE")->group("Artifact");
        if (attach) add_platform_option(*c, g->platform, "of an index, the image for this platform");
        add_report_options(*c, *g);
        add_access_options(*c, g->args);
        c->callback([g, &run] { run.status = push_artifact(*g, run.stop); });
        return c;
    };
    auto const* const place = "HOST/NAME[:TAG][@DIGEST], or oci:FOLDER[:NAME]";
    add("push", "push files and folders as an artifact", place, false)->alias("put");
    add("attach", "push files and folders as an artifact attached to an image", "the image: HOST/NAME[:TAG][@DIGEST], or oci:FOLDER[:NAME]", true);
}
