// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading manifest get`, `lading config`, `lading digest`: documents by their exact bytes, of a registry or on disk.

#include "access_options.hpp"
#include "document.hpp"
#include "program.hpp"
#include "stores.hpp"

#include <lading/document/listed_contents.hpp>
#include <lading/json/writer.hpp>
#include <lading/limits.hpp>
#include <lading/store/blob_sink.hpp>

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

/// The document that a name on disk leads to, or with a platform that of the image which an index has for it; `config`: the config of that image.
inline lading::result<lading::manifest_bytes> document_on_disk(place const& where, document_request const& g, bool config, lading::stop_token const& stop) {
    return from_place<lading::manifest_bytes>(where, g.args, stop, [&](auto& store, std::string const& name, lading::reference const*) -> lading::result<lading::manifest_bytes> {
        LADING_TRY(auto what, store.resolve(name, stop));
        LADING_TRY(auto bytes, store.document(what, stop));
        LADING_TRY(auto listed, lading::contents_of(bytes, what.media_type, {}));
        if (listed.is == lading::listed_contents::kind::index && (g.platform || config)) {
            LADING_TRY(what, g.platform.value_or(lading::platform_choice::host()).choose(listed.entries));
            LADING_TRY(bytes, store.document(what, stop));
            LADING_TRY(listed, lading::contents_of(bytes, what.media_type, {}));
        }
        if (!config) return lading::manifest_bytes(std::move(bytes), std::move(what));
        auto const type = listed.config ? listed.config->media_type : std::string();
        if (type != lading::media_types::oci_config && type != lading::media_types::docker_config) return lading::error(lading::errc::config_not_image).with_context(shown(type));
        lading::memory_sink out(lading::limits().config_bytes);
        LADING_TRY_V(store.read(*listed.config, out, stop));
        return lading::manifest_bytes(out.take(), *listed.config);
    });
}
/// The same of any place.
inline lading::result<lading::manifest_bytes> document_at(document_request const& g, lading::stop_token const& stop) {
    LADING_TRY(auto const where, place_of(g.name));
    if (where.on_disk) return document_on_disk(where, g, false, stop);
    LADING_TRY(auto at, registry_of(g.name, g.args));
    return document_of(at, g.platform, stop);
}

inline int get_manifest(document_request const& g, lading::stop_token const& stop) {
    auto const got = document_at(g, stop);
    if (!got) return tell("manifest get " + g.name, got.error(), g.args);
    auto const& document = got.assume_value();
    for (auto const& w : document.warnings) std::fprintf(stderr, "lading: warning: %s\n", w.text.c_str());
    return put_bytes(g.as_descriptor ? json_of(document.self) : document.bytes, g.file, g.args);
}

inline int get_config(document_request const& g, lading::stop_token const& stop) {
    auto const bytes = [&]() -> lading::result<std::string> {
        LADING_TRY(auto const where, place_of(g.name));
        if (where.on_disk) {
            LADING_TRY(auto config, document_on_disk(where, g, true, stop));
            return std::move(config.bytes);
        }
        LADING_TRY(auto at, registry_of(g.name, g.args));
        LADING_TRY(auto config, at.registry.config(at.ref, g.platform.value_or(lading::platform_choice::host()), stop));
        return std::move(config.bytes);
    }();
    if (!bytes) return tell("config " + g.name, bytes.error(), g.args);
    return put_bytes(bytes.assume_value(), g.file, g.args);
}

inline int get_digest(document_request const& g, lading::stop_token const& stop) {
    auto const got = document_at(g, stop);
    if (!got) return tell("digest " + g.name, got.error(), g.args);
    return print(got.assume_value().self.digest.str() + '\n');
}

inline void add_documents(CLI::App& app, program& run) {
    auto const add = [&run](CLI::App& to, char const* name, char const* text, int (*go)(document_request const&, lading::stop_token const&)) {
        auto const g = std::make_shared<document_request>();
        auto* const c = to.add_subcommand(name, text);
        c->add_option("REF", g->name, "HOST/NAME[:TAG][@DIGEST], or a place on disk as of copy: oci:FOLDER[:NAME], archive:FILE[:NAME] ..")->required();
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
