// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading tags REPOSITORY`: one tag a line, or JSON.

#include "access_options.hpp"
#include "program.hpp"
#include "registry.hpp"

#include <lading/json/writer.hpp>

#include <memory>

inline int list_tags(std::string const& name, bool json, registry_access const& args, lading::stop_token const& stop) {
    auto at = registry_of(name, args);
    if (!at) return tell("tags " + name, at.error(), args);
    auto const& ref = at.assume_value().ref;
    auto const& where = ref.repository();
    if (!ref.tag().empty() || ref.has_digest())
        return tell("tags " + name, lading::error(lading::errc::invalid_argument).with_context("a repository is wanted, without a tag: " + where.str()), args);
    auto const tags = at.assume_value().registry.tags(where, stop);
    if (!tags) return tell("tags " + name, tags.error(), args);
    auto const& list = tags.assume_value();
    std::string out;
    if (json) {
        lading::json_writer w(lading::json_style(2, false, true));
        w.begin_object().key("Repository").string(where.str()).key("Tags").begin_array();
        for (auto const& tag : list.values) w.string(tag);
        out = w.end_array().end_object().take() + '\n';
    } else {
        for (auto const& tag : list.values) out += shown(tag) + '\n';
    }
    auto const printed = print(out);
    if (list.why.empty()) return printed;
    std::fprintf(stderr, "lading: tags %s: not all of them: %s\n", shown(name).c_str(), list.why.c_str());
    return status::failed;
}

inline void add_tags(CLI::App& app, program& run) {
    struct given {
        std::string name, format = "lines";
        lading_access args;
    };
    auto const g = std::make_shared<given>();
    auto* const c = app.add_subcommand("tags", "list the tags of a repository")->alias("list-tags");
    c->add_option("REPOSITORY", g->name, "HOST/NAME")->required();
    c->add_option("--format", g->format, "lines, or json")->check(CLI::IsMember({"lines", "json"}));
    add_access_options(*c, g->args);
    c->callback([g, &run] { run.status = list_tags(g->name, g->format == "json", g->args, run.stop); });
}
