// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading catalog HOST`: the repositories of a registry, one a line, or JSON.

#include "access_options.hpp"
#include "program.hpp"
#include "registry.hpp"

#include <lading/json/writer.hpp>

#include <memory>

inline int list_repositories(std::string const& host, bool json, registry_access const& args, lading::stop_token const& stop) {
    auto const doing = "catalog " + host;
    // A host, or with its whole address; what stands behind it would not be asked for.
    if (auto const begin = host.find("://") == host.npos ? 0 : host.find("://") + 3; host.find('/', begin) != host.npos && host.find('/', begin) + 1 < host.size())
        return tell(doing, lading::error(lading::errc::invalid_argument).with_context("a registry lists all that it has: lading catalog " + host.substr(0, host.find('/', begin))), args);
    auto at = registry_of(host.find('/', host.find("://") == host.npos ? 0 : host.find("://") + 3) == host.npos ? host + "/x" : host, args);
    if (!at) return tell(doing, at.error(), args);
    auto const listed = at.assume_value().registry.catalog(at.assume_value().ref.repository(), stop);
    if (!listed) return tell(doing, listed.error(), args);
    auto const& list = listed.assume_value();
    std::string out;
    if (json) {
        lading::json_writer w(lading::json_style(2, false, true));
        w.begin_object().key("repositories").begin_array();
        for (auto const& name : list.values) w.string(name);
        out = w.end_array().end_object().take() + '\n';
    } else {
        for (auto const& name : list.values) out += shown(name) + '\n';
    }
    auto const printed = print(out);
    for (auto const& name : list.odd) std::fprintf(stderr, "lading: warning: no name of a repository: %s\n", shown(name).c_str());
    if (!list.failure) return printed;
    std::fprintf(stderr, "lading: not all of them:\n");
    return tell(doing, *list.failure, args);
}

inline void add_catalog(CLI::App& app, program& run) {
    struct given {
        std::string host, format = "lines";
        lading_access args;
    };
    auto const g = std::make_shared<given>();
    auto* const c = app.add_subcommand("catalog", "list the repositories of a registry, where it lists them");
    c->add_option("HOST", g->host, "HOST[:PORT]")->required();
    c->add_option("--format", g->format, "lines, or json")->check(CLI::IsMember({"lines", "json"}));
    c->add_option("--page-size", g->args.client.bounds.page_size, "ask for so many at a time (default 1000)")->check(CLI::Range(1, 100'000))->type_name("N");
    add_access_options(*c, g->args);
    c->callback([g, &run] { run.status = list_repositories(g->host, g->format == "json", g->args, run.stop); });
}
