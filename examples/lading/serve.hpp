// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading serve PLACE`: the images of a layout or an archive, as a registry serves them; reading only.

#include "access_options.hpp"
#include "http_server.hpp"
#include "program.hpp"
#include "stores.hpp"

#include <lading/service/answer.hpp>

#include <memory>
#include <mutex>
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

inline int serve(std::string const& name, std::string const& where, bool verbose, lading_access const& args, lading::stop_token const& stop) {
    auto const doing = "serve " + name;
    auto source = place_of(name);
    if (!source) return tell(doing, source.error(), args);
    auto place = source.assume_value();
    if (!place.on_disk) place.on_disk = image_on_disk{place.name, {}, image_form::layout}; // a path, for nothing else is served
    auto listening = http_server::listen(where);
    if (!listening) return tell(doing, listening.error(), args);
    auto& server = listening.assume_value();
    auto const ended = from_place<int>(place, args, [&](auto& store, std::string const&, lading::reference const*) -> lading::result<int> {
        names_by_turns shared(store);
        LADING_TRY(auto const names, shared.names(stop));
        if (auto const printed = print(server.address() + '\n'); printed != status::done) return printed;
        std::fprintf(stderr, "lading: serving %s at http://%s, to read: pull %s/ANY/NAME%s (%zu names)\n", shown(name).c_str(), server.address().c_str(),
                     server.address().c_str(), names.empty() ? "" : (':' + shown(names.front())).c_str(), names.size());
        if (!server.is_loopback()) std::fprintf(stderr, "lading: warning: other machines can reach it, and everybody there can read all of it\n");
        server.serve(
            [&](lading::request const& q, lading::body_sink& out) {
                auto answered = lading::service::answer(q, shared, out, 1000);
                if (verbose && answered) std::fprintf(stderr, "lading: %s %s: %d\n", q.method.c_str(), shown(q.url).c_str(), answered.assume_value().status);
                if (!answered && answered.assume_error() != lading::errc::connection_reset && answered.assume_error() != lading::errc::cancelled)
                    std::fprintf(stderr, "lading: %s %s: %s\n", q.method.c_str(), shown(q.url).c_str(), answered.assume_error().message().c_str());
                return answered;
            },
            stop);
        return status::done;
    });
    return ended ? ended.assume_value() : tell(doing, ended.assume_error(), args);
}

inline void add_serve_command(CLI::App& app, program& run) {
    struct given {
        std::string name, where = "127.0.0.1:0";
        bool verbose = false;
        lading_access args;
    };
    auto const g = std::make_shared<given>();
    auto* const c = app.add_subcommand("serve", "serve the images of a layout or an archive as a registry, to be read");
    c->add_option("PLACE", g->name, "a folder with a layout, or a place on disk as of copy")->required();
    c->add_option("--listen", g->where, "HOST:PORT; port 0 is a free one (default: 127.0.0.1:0)")->type_name("HOST:PORT");
    c->add_flag("-v,--verbose", g->verbose, "log each request to stderr");
    c->callback([g, &run] { run.status = serve(g->name, g->where, g->verbose, g->args, run.stop); });
}
