// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading copy SRC DST`: an image or an index between any two places; `lading push SRC REF`: from disk to a registry.

#include "pull.hpp"
#include "stores.hpp"
#include "transfer.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

struct copy_request : transfer_request {
    std::string from, to;
    lading_access args, from_args, to_args;
    // Of copies of many:
    bool all_tags = false;
    std::string list, list_to, resume, include, exclude;
    unsigned shard = 0, shards = 1, images = 4;
};

/// The options of both sides, with those of one side over them.
inline registry_access access_of(copy_request const& g, lading_access const& own) {
    registry_access out = g.args;
    out.plain_http = out.plain_http || own.plain_http;
    out.http_allowed = out.http_allowed || own.http_allowed;
    out.tls.verify = out.tls.verify && own.tls.verify;
    if (!own.tls.ca_file.empty()) out.tls.ca_file = own.tls.ca_file;
    if (!own.cert_dir.empty()) out.cert_dir = own.cert_dir;
    if (!own.authfile.empty()) out.authfile = own.authfile, out.authfile_option = own.authfile_option;
    if (own.secret) out.secret = own.secret, out.secret_option = own.secret_option;
    return out;
}
struct copy_sides {
    explicit copy_sides(copy_request const& g) : from(access_of(g, g.from_args)), to(access_of(g, g.to_args)) {}
    registry_access from, to;
};

/// The options that help with a failure: those of the side whose registry was asked, which the URL tells.
inline registry_access side_of(lading::error const& e, place const& from, place const& to, copy_sides const& sides) {
    if (from.on_disk) return sides.to;
    if (to.on_disk) return sides.from;
    auto const& d = e.detail();
    auto url = d.url.empty() && !d.attempts.empty() ? d.attempts.front().endpoint : d.url;
    url.erase(0, url.find("://") == url.npos ? 0 : url.find("://") + 3);
    auto const likeness = [&](place const& p) {
        auto const ref = lading::reference::parse(p.name);
        if (!ref) return 0;
        auto const& r = ref.assume_value().repository();
        auto const host = url.substr(0, url.find('/'));
        bool const is_host = host == r.host() || (r.host() == "docker.io" && host.ends_with(".docker.io"));
        return (is_host ? 2 : 0) + (url.find(r.path()) != url.npos ? 1 : 0); // a token service has the path in its query
    };
    bool const is_from = likeness(from) > likeness(to);
    auto out = is_from ? sides.from : sides.to;
    out.side = is_from ? "src-" : "dest-";
    return out;
}

/// Each login of a copy is for one registry: that of a side, and the one without a side of those that have none.
class copy_logins {
  public:
    copy_logins(copy_request const& g, copy_sides const& sides)
        : of_both_(g.args), of_from_(sides.from), of_to_(sides.to), from_has_own_(g.from_args.secret.has_value()), to_has_own_(g.to_args.secret.has_value()) {}

    void add(place const& from, place const& to) {
        (from_has_own_ ? of_from_ : of_both_).add(from);
        (to_has_own_ ? of_to_ : of_both_).add(to);
    }
    /// Error: `invalid_argument`.
    lading::result<void> check() const {
        LADING_TRY_V(of_both_.check("--src-creds, --dest-creds, or --authfile"));
        LADING_TRY_V(of_from_.check("--authfile, or --src-authfile"));
        return of_to_.check("--authfile, or --dest-authfile");
    }

  private:
    one_login of_both_, of_from_, of_to_;
    bool from_has_own_, to_has_own_;
};

/// What an image is called on disk when the user names nothing: as at the source.
template <class From>
lading::result<std::string> name_from(From& from, std::string const& words, lading::reference const* ref, image_on_disk const& to, lading::stop_token const& stop) {
    if (!to.words.empty() || to.form == image_form::folder) return to.words;
    if (ref) return name_at(to, *ref);
    LADING_TRY(auto const found, from.resolve(words, stop));
    auto const named = found.annotations.find("org.opencontainers.image.ref.name");
    std::string name(named == found.annotations.end() ? "" : std::string(named->second));
    if (name.empty()) { // docker save keeps names in a list of its own
        LADING_TRY(auto const names, from.names(stop));
        for (auto const& n : names)
            if (words.empty() ? names.size() == 1 : n == words || n.ends_with(':' + words)) name = n;
    }
    bool const whole = to.form == image_form::docker_archive; // which knows no other names
    return whole && name.find(':') == name.npos ? std::string() : name;
}

/// One copy; the exit status. `to_text` is how the user has named the destination.
inline lading::result<int> copy_between(place const& from, place const& to, std::string const& to_text, copy_sides const& sides, registries& known,
                                        temporary_file const* spool, transfer_request const& what, lading::stop_token const& stop) {
    return from_place<int>(from, sides.from, known, stop, [&](auto& store, std::string const& name, lading::reference const* ref) -> lading::result<int> {
        LADING_TRY_V(check_platform(store, name, what.copy.platforms, stop));
        if (!to.on_disk) {
            bool const is_path = to.name.starts_with('.') || to.name.starts_with('/');
            if (is_path || (to.name.find('/') == to.name.npos && !to_text.starts_with("docker://")))
                return lading::error(lading::errc::invalid_argument)
                    .with_context(to_text + ": a destination is HOST/NAME:TAG, or on disk with its form: " + (to.name.ends_with(".tar") ? "oci-archive:" : "oci:") + to.name);
            LADING_TRY(auto const at, known.find(to.name, sides.to));
            if (at.ref.has_digest() && !at.ref.tag().empty())
                return lading::error(lading::errc::invalid_argument).with_context(to_text + ": a copy has a tag, or is to have a digest, not both");
            lading::registry_repository<lading::client> into(at.registry, at.ref.repository());
            auto sent = what;
            sent.sends = true;
            return run_copy(store, name, into, at.ref.target(), whole_name(at.ref), nullptr, sent, stop);
        }
        auto const& disk = *to.on_disk;
        LADING_TRY(auto const to_name, name_from(store, name, ref, disk, stop));
        auto const said = to_text + (disk.words.empty() && !to_name.empty() ? ':' + to_name : std::string());
        warn_of_no_name(disk, to_name, what.quiet);
        auto const chosen = for_form(what, disk.form);
        return to_place<int>(disk, what.overwrite, what.dry_run, stop, [&](auto& written) { return run_copy(store, name, written, to_name, said, spool, chosen, stop); });
    });
}

/// One copy as a command: `from` is what `source` was made of.
inline int copy_one(copy_request const& g, lading::result<place> const& source, std::string const& doing, lading::stop_token const& stop) {
    copy_sides const sides(g);
    bool const from_stdin = g.from == "-", to_stdout = g.to == "-";
    if (to_stdout && !g.dry_run && is_terminal("copy")) return status::usage;
    std::optional<temporary_file> in, out;
    if ((from_stdin && !in.emplace().good()) || (to_stdout && !out.emplace().good()))
        return tell(doing, lading::error(lading::errc::sink_failed).with_context("no temporary folder can be made"), sides.from);
    if (from_stdin && !in->read_from(stdin)) return tell(doing, lading::error(lading::errc::layout_invalid).with_context("stdin cannot be read"), sides.from);
    auto const begin = from_stdin ? place_of("oci-archive:" + in->path()) : source;
    if (!begin) return tell(doing, begin.error(), sides.from);
    auto const stays = to_stdout ? remains::nothing : remains::parts;
    auto const end = place_of(to_stdout ? "oci-archive:" + out->path() : g.to);
    if (!end) return tell(doing, end.error(), sides.to);
    auto what = static_cast<transfer_request const&>(g);
    if (to_stdout) what.overwrite = true;
    auto const& from = begin.assume_value();
    copy_logins logins(g, sides);
    logins.add(from, end.assume_value());
    if (auto const alone = logins.check(); !alone) return tell(doing, alone.error(), sides.from);
    registries known;
    auto const ended = copy_between(from, end.assume_value(), g.to, sides, known, out ? &*out : nullptr, what, stop);
    if (ended) return ended.assume_value();
    auto const& why = ended.assume_error();
    auto const told = tell_transfer(doing, why, side_of(why, from, end.assume_value(), sides), end.assume_value().on_disk ? stays : remains::wholes, what.overwrite, *what.arrived);
    if (why == lading::errc::manifest_blob_unknown && g.copy.sparse)
        std::fprintf(stderr, "lading: this registry wants every image that an index lists: without --platform the whole index is copied; with --new-index in place of --sparse one of these images\n");
    if (!from.on_disk && access((from.name + "/oci-layout").c_str(), F_OK) == 0)
        std::fprintf(stderr, "lading: there is a layout in the folder %s: oci:%s\n", shown(from.name).c_str(), shown(from.name).c_str());
    return told;
}

/// Where a push comes from: a place on disk as of copy, or a path, which is looked at. Errors: also `manifest_unknown`.
inline lading::result<place> source_on_disk(std::string const& words) {
    LADING_TRY(auto where, place_of(words));
    if (where.on_disk) return where;
    auto disk = split_path(words);
    struct stat about{};
    bool const there = stat(disk.path.c_str(), &about) == 0;
    if (!there && errno != ENOENT && errno != ENOTDIR) return lading::error(lading::errc::layout_invalid).with_context(disk.path + ": " + std::strerror(errno));
    if (there && S_ISDIR(about.st_mode)) disk.form = access((disk.path + "/oci-layout").c_str(), F_OK) == 0 ? image_form::layout : image_form::folder;
    else if (there && S_ISREG(about.st_mode)) disk.form = image_form::docker_archive; // reads archives of any form
    else
        return lading::error(lading::errc::manifest_unknown)
            .with_context(words + " is no image on disk; from a registry: lading copy SRC DST; files: lading artifact push REF FILE...");
    return place{{}, std::move(disk)};
}

inline int push(copy_request const& g, lading::stop_token const& stop) {
    auto const doing = "push " + g.from + " -> " + g.to;
    auto const to = place_of(g.to);
    if (to && to.assume_value().on_disk)
        return tell(doing, lading::error(lading::errc::invalid_argument).with_context("a push goes to a registry: HOST/NAME:TAG; between any two places: lading copy"), g.args);
    return copy_one(g, g.from == "-" ? lading::result<place>(place()) : source_on_disk(g.from), doing, stop);
}

inline void add_format_option(CLI::App& to, transfer_request& of) {
    to.add_option_function<std::string>("-f,--format", [&of](std::string const& form) {
          if (form != "json") throw CLI::ValidationError("--format is json: a copy keeps its bytes: it is not converted to " + form);
          of.json = true; }, "json: print the result as JSON")->type_name("json");
}

inline void add_push(CLI::App& app, program& run) {
    auto const g = std::make_shared<copy_request>();
    auto* const c = app.add_subcommand("push", "push an image or an index from disk to a registry");
    c->add_option("SRC", g->from, "a folder with a layout, an archive, or a place on disk as of copy, each with [:NAME]; '-': an archive on stdin")->required();
    c->add_option("REF", g->to, "HOST/NAME[:TAG]")->required();
    add_transfer_options(*c, *g);
    add_format_option(*c, *g);
    c->add_flag("--no-clobber", g->copy.no_clobber, "fail where the tag leads elsewhere");
    add_access_options(*c, g->args);
    c->callback([g, &run] { run.status = push(*g, run.stop); });
}
