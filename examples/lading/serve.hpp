// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading serve DIR`: a registry whose repositories are OCI layouts in a folder; of a layout or an archive, its images.

#include "access_options.hpp"
#include "htpasswd.hpp"
#include "http_server.hpp"
#include "program.hpp"
#include "stores.hpp"

#include <lading/service/answer.hpp>
#include <lading/service/layout_repositories.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

/// A store whose names are asked for by one thread at a time, as stores want it.
template <class Store>
class names_by_turns {
  public:
    explicit names_by_turns(Store& s) : store_(s) {}
    lading::result<lading::descriptor> resolve(std::string_view name, lading::stop_token stop) {
        std::lock_guard const lock(mutex_);
        return store_.resolve(name, std::move(stop));
    }
    lading::result<std::string> document(lading::descriptor const& what, lading::stop_token stop) { return store_.document(what, std::move(stop)); }
    lading::result<void> read(lading::descriptor const& what, lading::blob_sink& out, lading::stop_token stop) { return store_.read(what, out, std::move(stop)); }
    lading::result<std::vector<std::string>> names(lading::stop_token stop) {
        std::lock_guard const lock(mutex_);
        return store_.names(std::move(stop));
    }

  private:
    Store& store_;
    std::mutex mutex_;
};

/// The options of the command.
struct serve_options {
    std::string name, where = "127.0.0.1:0", tls, accounts, manners = "spec";
    bool verbose = false, read_only = false, no_delete = false, absolute = false, relative = false;
    lading_access args;
};

/// Answers requests over what is served.
class serving {
  public:
    serving(serve_options const& o, http_server& at, std::optional<htpasswd> accounts) : given_(o), server_(at), accounts_(std::move(accounts)) {
        how_.with_page(1000).with_removal(!o.no_delete);
        if (o.manners == "registry-2.8") how_.with_personality(lading::service::personality::registry_2_8).with_page(0);
        if (o.absolute || o.relative) how_.with_relative_places(o.relative);
        if (!o.read_only) how_.with_writes();
    }

    /// Says where, and serves until it is stopped.
    lading::result<int> run(lading::service::repositories& in, lading::service::options const& how, std::string const& what, lading::stop_token const& stop) {
        if (auto const printed = print(server_.address() + '\n'); printed != status::done) return printed;
        std::fprintf(stderr, "lading: serving %s at %s, %s\n", shown(given_.name).c_str(), server_.url().c_str(), what.c_str());
        if (!server_.is_loopback())
            std::fprintf(stderr, "lading: warning: other machines can reach it, and everybody there can read%s it%s\n", how.writing == lading::service::writes::taken ? " and change" : " all of",
                         accounts_ ? " who has an account" : "");
        server_.serve([&](lading::request const& q, lading::body_sink& out) { return answer(q, in, how, out); }, stop);
        return status::done;
    }
    lading::service::options const& how() const noexcept { return how_; }

  private:
    lading::result<lading::response> answer(lading::request const& q, lading::service::repositories& in, lading::service::options const& how, lading::body_sink& out) {
        auto answered = accounts_ && !accounts_->admits(q) ? unauthorized(q, out) : lading::service::answer(q, in, out, how, &sessions_);
        if (given_.verbose && answered) std::fprintf(stderr, "lading: %s %s: %d\n", q.method.c_str(), shown(q.url).c_str(), answered.assume_value().status);
        if (!answered && answered.assume_error() != lading::errc::connection_reset && answered.assume_error() != lading::errc::cancelled)
            std::fprintf(stderr, "lading: %s %s: %s\n", q.method.c_str(), shown(q.url).c_str(), answered.assume_error().message().c_str());
        return answered;
    }
    static lading::result<lading::response> unauthorized(lading::request const& q, lading::body_sink& out) {
        auto said = lading::service::refusal(401, "UNAUTHORIZED", "authentication required");
        said.head.headers.add("WWW-Authenticate", "Basic realm=\"lading\"");
        said.head.headers.add("Docker-Distribution-Api-Version", "registry/2.0");
        said.head.headers.set("Content-Length", std::to_string(said.body.size()));
        LADING_TRY_V(out.begin(said.head, said.body.size()));
        if (q.method != "HEAD") {
            LADING_TRY_V(out.write(std::as_bytes(std::span(said.body))));
        }
        return said.head;
    }

    serve_options const& given_;
    http_server& server_;
    std::optional<htpasswd> accounts_;
    lading::service::options how_;
    lading::service::upload_sessions sessions_;
};

inline lading::result<http_server> listening(serve_options const& o) {
    std::optional<server_tls> tls;
    if (!o.tls.empty()) {
        auto const comma = o.tls.find(',');
        if (comma == o.tls.npos) return lading::error(lading::errc::invalid_argument).with_context("--tls is CERT,KEY: two PEM files");
        LADING_TRY(tls, server_tls::of(o.tls.substr(0, comma), o.tls.substr(comma + 1)));
    }
    return http_server::listen(o.where, std::move(tls));
}

inline lading::result<int> serve(serve_options const& o, lading::stop_token const& stop) {
    LADING_TRY(auto place, place_of(o.name));
    std::optional<htpasswd> accounts;
    if (!o.accounts.empty()) {
        LADING_TRY(accounts, htpasswd::read(o.accounts));
    }
    LADING_TRY(auto server, listening(o));
    struct stat about{};
    auto const there = place.on_disk || ::stat(place.name.c_str(), &about) == 0;
    if (!there && place.name.ends_with(".tar")) return lading::error(lading::errc::manifest_unknown).with_context("there is no file " + place.name);
    if (!there && o.read_only) return lading::error(lading::errc::manifest_unknown).with_context("there is no folder " + place.name);
    if (!place.on_disk && there && S_ISREG(about.st_mode)) place.on_disk = split_path(place.name), place.on_disk->form = image_form::docker_archive; // an archive of any form
    serving with(o, server, std::move(accounts));
    if (!place.on_disk || place.on_disk->form == image_form::layout) {
        auto const path = place.on_disk ? place.on_disk->path : place.name;
        LADING_TRY(auto const folder, lading::service::layout_repositories::open(path, !o.read_only));
        auto const ref = server.address() + (folder->is_one() ? "/ANY/NAME" : "/NAME") + ":TAG";
        return with.run(*folder, with.how(), o.read_only ? "to read: pull " + ref : "to read and write: push and pull " + ref, stop);
    }
    return from_place<int>(place, o.args, stop, [&](auto& store, std::string const&, lading::reference const*) -> lading::result<int> {
        names_by_turns shared(store);
        lading::service::store_repositories in(shared);
        LADING_TRY(auto const names, shared.names(stop));
        auto const tag = names.empty() ? std::string() : ':' + shown(names.front());
        return with.run(in, lading::service::options(with.how()).with_writes(lading::service::writes::refused), "to read: pull " + server.address() + "/ANY/NAME" + tag + " (" + std::to_string(names.size()) + " names)", stop);
    });
}

inline void add_serve_command(CLI::App& app, program& run) {
    auto const g = std::make_shared<serve_options>();
    auto* const c = app.add_subcommand("serve", "run a registry over a folder with a layout for each repository, over one layout, or over an archive");
    c->add_option("DIR", g->name, "a folder, which is made if it is not there; or a place on disk as of copy")->required();
    c->add_option("--listen", g->where, "HOST:PORT; port 0 is a free one (default: 127.0.0.1:0)")->type_name("HOST:PORT");
    c->add_flag("--read-only", g->read_only, "take nothing, and write nothing to the folder");
    c->add_flag("--no-delete", g->no_delete, "remove nothing");
    c->add_option("--tls", g->tls, "speak https with this certificate, and those that it was issued with, and this key")->type_name("CERT,KEY");
    c->add_option("--htpasswd", g->accounts, "answer only those with an account of this file, which htpasswd -B writes")->type_name("FILE");
    c->add_option("--manners", g->manners, "spec: all of the OCI distribution spec 1.1; registry-2.8: as docker-registry 2.8 answers, for tests")
        ->check(CLI::IsMember({"spec", "registry-2.8"}))
        ->type_name("WHOSE");
    auto* const absolute = c->add_flag("--absolute-locations", g->absolute, "the Location of an upload has the host in it (registry-2.8 does)");
    c->add_flag("--relative-locations", g->relative, "it has only the path (spec does)")->excludes(absolute);
    c->add_flag("-v,--verbose", g->verbose, "log each request to stderr");
    c->callback([g, &run] {
        auto const ended = serve(*g, run.stop);
        run.status = ended ? ended.assume_value() : tell("serve " + g->name, ended.assume_error(), g->args);
    });
}
