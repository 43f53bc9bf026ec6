// SPDX-License-Identifier: BSL-1.0
// Documents of your own: a Helm chart, a WASM module and a GGUF model, without a change in the library. What is of no
// known type stays data.

#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <cstdio>
#include <string>

// [documents]
struct helm_chart { // an image manifest with this config type
    static constexpr std::string_view matches_config_type = "application/vnd.cncf.helm.config.v1+json";
    std::vector<lading::descriptor> layers; // the chart, and perhaps its provenance
    lading::string_map annotations;
};
LADING_REFLECT(helm_chart, layers, annotations);

struct wasm_module {
    static constexpr std::string_view matches_config_type = "application/vnd.wasm.config.v0+json";
    std::vector<lading::descriptor> layers;
};
LADING_REFLECT(wasm_module, layers);

struct gguf_model { // an OCI image manifest with this artifactType
    static constexpr std::string_view matches_artifact_type = "application/vnd.example.gguf.model.v1";
    std::string artifact_type;
    std::vector<lading::descriptor> layers;
};
LADING_REFLECT(gguf_model, artifact_type, layers);
template <>
struct lading::document_rules<gguf_model> : lading::default_rules {
    static constexpr std::array<std::string_view, 1> required{"layers"};
};

using with_chart = lading::extend_t<lading::default_manifests, helm_chart>;
using with_module = lading::extend_t<with_chart, wasm_module>;
struct my_policies : lading::default_policies {
    using manifests = lading::extend_t<with_module, gguf_model>;
};
// [documents]

int main() {
    lading::testing::registry server;
    server.add_artifact("charts/app", "1.2.3", "", helm_chart::matches_config_type);
    server.add_artifact("modules/app", "1.2.3", "", wasm_module::matches_config_type);
    server.add_artifact("models/app", "1.2.3", gguf_model::matches_artifact_type);
    server.add_artifact("unknown/app", "1.2.3", "application/vnd.example.else.v1");
    server.add_image("documents/app", "1.2.3", lading::image_kind::unknown);
    lading::basic_client<my_policies> registry(lading::client_options().with_plaintext(server.host()));

    int failed = 0;
    for (std::string const name : {"charts", "modules", "models", "unknown", "documents"}) {
        auto const found = registry.manifest(lading::reference::parse(server.host() + '/' + name + "/app:1.2.3").value());
        if (!found) {
            std::puts(found.error().message().c_str());
            ++failed;
            continue;
        }
        auto const text = lading::visit(
            lading::overloaded{[](helm_chart const& c) { return "a chart of " + std::to_string(c.layers.size()) + " layer"; },
                               [](wasm_module const& m) { return "a module of " + std::to_string(m.layers[0].size) + " bytes"; },
                               [](gguf_model const& m) { return "a model of type " + m.artifact_type; },
                               [](lading::opaque const& o) { return "data of type " + o.media_type; },
                               [](auto const&) { return std::string("an image or an index"); }},
            found.value());
        std::printf("%s: %s\n", name.c_str(), text.c_str());
    }
    return failed;
}
