// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading manifest get`, `lading config`, `lading digest`: documents by their exact bytes.

#include "access_options.hpp"
#include "document.hpp"
#include "program.hpp"

#include <lading/json/writer.hpp>

#include <memory>

/// What the three are given.
struct document_request {
    std::string name, file;
    bool as_descriptor = false;
    std::optional<lading::platform_choice> platform;
    lading_access args;
};

inline std::string json_of(lading::descriptor const& d) {
    lading::json_writer w(lading::json_style(0, false, true));
    w.begin_object().key("mediaType").string(d.media_type).key("digest").string(d.digest.str());
    return w.key("size").integer(d.size).end_object().take() + '\n';
}

inline int get_manifest(document_request const& g, lading::stop_token const& stop) {
    auto at = registry_of(g.name, g.args);
    if (!at) return tell("manifest get " + g.name, at.error(), g.args);
    auto const got = document_of(at.assume_value(), g.platform, stop);
    if (!got) return tell("manifest get " + g.name, got.error(), g.args);
    auto const& document = got.assume_value();
    for (auto const& w : document.warnings) std::fprintf(stderr, "lading: warning: %s\n", w.text.c_str());
    return put_bytes(g.as_descriptor ? json_of(document.self) : document.bytes, g.file, g.args);
}

inline int get_config(document_request const& g, lading::stop_token const& stop) {
    auto at = registry_of(g.name, g.args);
    if (!at) return tell("config " + g.name, at.error(), g.args);
    auto const config = at.assume_value().registry.config(at.assume_value().ref, g.platform.value_or(lading::platform_choice::host()), stop);
    if (!config) return tell("config " + g.name, config.error(), g.args);
    return put_bytes(config.assume_value().bytes, g.file, g.args);
}

inline int get_digest(document_request const& g, lading::stop_token const& stop) {
    auto at = registry_of(g.name, g.args);
    if (!at) return tell("digest " + g.name, at.error(), g.args);
    auto const got = document_of(at.assume_value(), g.platform, stop);
    if (!got) return tell("digest " + g.name, got.error(), g.args);
    return print(got.assume_value().self.digest.str() + '\n');
}

inline void add_documents(CLI::App& app, program& run) {
    auto const add = [&run](CLI::App& to, char const* name, char const* text, int (*go)(document_request const&, lading::stop_token const&)) {
        auto const g = std::make_shared<document_request>();
        auto* const c = to.add_subcommand(name, text);
        c->add_option("REF", g->name, "HOST/NAME[:TAG][@DIGEST]")->required();
        add_platform_option(*c, g->platform, "the image of an index for this platform");
        add_access_options(*c, g->args);
        c->callback([g, go, &run] { run.status = go(*g, run.stop); });
        return std::pair(c, g);
    };
    auto* const manifest = app.add_subcommand("manifest", "manifests and indexes")->require_subcommand(1);
    auto const [get, get_given] = add(*manifest, "get", "print the exact bytes of a manifest", get_manifest);
    get->alias("fetch");
    get->add_flag("--descriptor", get_given->as_descriptor, "print media type, digest and size instead");
    get->add_option("-o,--output", get_given->file, "write to this file ('-': stdout)");
    auto const [config, config_given] = add(app, "config", "print the exact bytes of an image config", get_config);
    config->add_option("-o,--output", config_given->file, "write to this file ('-': stdout)");
    add(app, "digest", "print the digest that a name leads to", get_digest);
}
