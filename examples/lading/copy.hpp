// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading copy SRC DST`: an image or an index between any two places.

#include "pull.hpp"
#include "stores.hpp"
#include "transfer.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

struct copy_request : transfer_request {
    std::string from, to;
    lading_access args, from_args;
    bool referrers = false;
};

/// The options of both sides, with those of the source over them.
inline registry_access source_access(copy_request const& g) {
    registry_access out = g.args;
    auto const& own = g.from_args;
    out.plain_http = out.plain_http || own.plain_http;
    out.http_allowed = out.http_allowed || own.http_allowed;
    out.tls.verify = out.tls.verify && own.tls.verify;
    if (!own.tls.ca_file.empty()) out.tls.ca_file = own.tls.ca_file;
    if (!own.cert_dir.empty()) out.cert_dir = own.cert_dir;
    if (!own.authfile.empty()) out.authfile = own.authfile;
    if (own.secret) out.secret = own.secret;
    return out;
}

/// What an image is called at the destination when the user names nothing: as at the source.
template <class From>
lading::result<std::string> name_from(From& from, std::string const& words, lading::reference const* ref, image_on_disk const& to, lading::stop_token const& stop) {
    if (!to.words.empty() || to.form == image_form::folder) return to.words;
    if (ref) return name_at(to, *ref);
    LADING_TRY(auto const found, from.resolve(words, stop));
    auto const named = found.annotations.find("org.opencontainers.image.ref.name");
    std::string name(named == found.annotations.end() ? "" : std::string(named->second));
    bool const whole = to.form == image_form::docker_archive; // which knows no other names
    return whole && name.find(':') == name.npos ? std::string() : name;
}

inline int copy(copy_request const& g, lading::stop_token const& stop) {
    auto const doing = "copy " + g.from + " -> " + g.to;
    auto const args = source_access(g);
    bool const from_stdin = g.from == "-", to_stdout = g.to == "-";
    std::optional<temporary_file> in, out;
    if ((from_stdin && !in.emplace().good()) || (to_stdout && !out.emplace().good()))
        return tell(doing, lading::error(lading::errc::sink_failed).with_context("no temporary folder can be made"), args);
    if (from_stdin && !in->read_from(stdin)) return tell(doing, lading::error(lading::errc::layout_invalid).with_context("stdin cannot be read"), args);
    auto const source = place_of(from_stdin ? "oci-archive:" + in->path() : g.from);
    if (!source) return tell(doing, source.error(), args);
    auto const target = place_of(to_stdout ? "oci-archive:" + out->path() : g.to);
    if (!target) return tell(doing, target.error(), args);
    auto const& to = target.assume_value().on_disk;
    if (!to) {
        auto const e = lading::error(lading::errc::invalid_argument)
                           .with_context(g.to + " is a name in a registry, and this version writes to disk only: oci:FOLDER:NAME, oci-archive:FILE, "
                                                "docker-archive:FILE, archive:FILE, dir:FOLDER");
        return tell(doing, e, args);
    }
    auto what = static_cast<transfer_request const&>(g);
    if (to_stdout) what.overwrite = true;
    auto const& from = source.assume_value();
    auto const ended = from_place<int>(from, args, [&](auto& store, std::string const& name, lading::reference const* ref) -> lading::result<int> {
        LADING_TRY(auto const to_name, name_from(store, name, ref, *to, stop));
        auto const said = g.to + (to->words.empty() && !to_name.empty() ? ':' + to_name : std::string());
        return to_place<int>(*to, what.overwrite, what.dry_run, [&](auto& written) { return run_copy(store, name, written, to_name, said, out ? &*out : nullptr, what, stop); });
    });
    if (ended) return ended.assume_value();
    auto const told = tell_transfer(doing, ended.assume_error(), args, !to_stdout);
    if (!from.on_disk && access((from.name + "/oci-layout").c_str(), F_OK) == 0)
        std::fprintf(stderr, "lading: there is a layout in the folder %s: oci:%s\n", shown(from.name).c_str(), shown(from.name).c_str());
    return told;
}

inline void add_copy(CLI::App& app, program& run) {
    auto const g = std::make_shared<copy_request>();
    auto* const c = app.add_subcommand("copy", "copy an image or an index between places")->alias("cp");
    char const* const places = "HOST/NAME[:TAG][@DIGEST] (also after docker://), oci:FOLDER[:NAME] or ocidir://FOLDER[:NAME], oci-archive:FILE[:NAME], "
                               "docker-archive:FILE[:NAME], archive:FILE[:NAME], dir:FOLDER; '-': an OCI archive on stdin or stdout";
    c->add_option("SRC", g->from, places)->required();
    c->add_option("DST", g->to, "likewise, on disk")->required();
    add_transfer_options(*c, *g);
    c->add_option_function<std::string>("-f,--format", [g](std::string const& form) {
         if (form != "json") throw CLI::ValidationError("--format is json: a copy keeps its bytes: it is not converted to " + form);
         g->json = true; }, "json: print the result as JSON")->type_name("json");
    for (auto const* name : {"-r,--recursive", "--referrers", "--digest-tags", "--with-signatures", "--remove-signatures", "--all-tags"})
        c->add_flag_callback(name, [name] { throw CLI::ValidationError(std::string(name) + " is not an option of this version, which copies what a name leads to"); })->group("");
    add_access_options(*c, g->args);
    add_access_options(*c, g->from_args, "src-");
    auto const unused = std::make_shared<lading_access>(); // of a destination in a registry
    add_access_options(*c, *unused, "dest-");
    c->callback([g, unused, &run] { run.status = copy(*g, run.stop); });
}
