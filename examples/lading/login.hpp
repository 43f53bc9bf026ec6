// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading login HOST`: which login would be used, and of which file. It stores none.

#include "access_options.hpp"
#include "program.hpp"

#include <lading/config_files/config_credentials.hpp>
#include <lading/reference.hpp>

#include <memory>

inline int show_login(std::string const& host, registry_access const& args) {
    if (auto const there = check_authfile(args); !there) return tell("login " + host, there.error(), args);
    // A host, or any name below one: logins may be for a part of a registry.
    auto name = lading::repository::parse(host.find('/') == host.npos ? host + "/x" : host);
    if (!name) return tell("login " + host, name.error(), args);
    lading::config_credentials logins(lading::config_credentials_options().with_authfile(args.authfile));
    lading::credential_query const about{lading::credential_key(name.assume_value()), std::string(name.assume_value().path())};
    auto const found = logins.lookup(about);
    if (!found) return tell("login " + host, found.error(), args);
    auto const& login = found.assume_value();
    if (!login || login->empty()) {
        std::fprintf(stderr, "lading: login %s: no login is stored; lading reads what docker, podman or skopeo login store, and stores none itself\n",
                     shown(host).c_str());
        return status::not_found;
    }
    auto const kind = !login->registry_token.empty()   ? std::string("a bearer token")
                      : !login->identity_token.empty() ? std::string("an identity token")
                                                       : "user " + shown(login->username);
    return print(shown(host) + ": " + kind + ", from " + shown(login->source) + '\n');
}

inline void add_login(CLI::App& app, program& run) {
    struct given {
        std::string host, authfile;
    };
    auto const g = std::make_shared<given>();
    auto* const c = app.add_subcommand("login", "say which stored login is used for a registry");
    c->add_option("HOST", g->host, "HOST[:PORT], or a repository")->required();
    c->add_option("--authfile", g->authfile, "look into this file only");
    auto const stores_none = [g](auto const&...) { throw CLI::ValidationError("lading stores no login: docker, podman or skopeo login " + (g->host.empty() ? "HOST" : g->host)); };
    for (auto const* names : {"-u,--username", "-p,--password"}) c->add_option_function<std::string>(names, stores_none)->group("");
    c->add_flag_callback("--password-stdin", stores_none)->group("");
    c->callback([g, &run] {
        lading_access args;
        args.authfile = g->authfile;
        run.status = show_login(g->host, args);
    });
}
