// SPDX-License-Identifier: BSL-1.0
// inspect: what is this image? With no reference it starts the embedded registry and inspects an image there.

#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr char usage[] =
    "usage: inspect [options] [REF]\n"
    "  --raw                     print the exact bytes of the manifest\n"
    "  --config                  print the exact bytes of the image config\n"
    "  --no-tags                 do not list the tags of the repository\n"
    "  --platform OS/ARCH[/VAR]  the image of an index to look at ('any': the first; default: this machine's)\n"
    "  --format FORMAT           modern (default), original, json, table\n"
    "  --creds USER:PASS         credentials for the registry\n"
    "  --trust-realm ORIGIN      a token service on another origin that may see the credentials\n"
    "  --plain-http              use http, not https\n"
    "  --cacert FILE             trust the certificates in this PEM file too\n"
    "  --insecure-skip-verify    do not check the server's certificate\n"
    "  --timeout SECONDS         give up after this long (default 60)\n"
    "With no REF an embedded registry is started and a multi-platform image in it is inspected.\n"
    "Exit status: 0 inspected, 1 failed, 2 usage.\n";

struct arguments {
    bool raw = false, config = false, tags = true, plain_http = false;
    std::string format = "modern", reference;
    std::optional<lading::platform_choice> platform;
    std::optional<lading::credential> secret;
    lading::tls_options tls;
    lading::client_options client;
};

/// A usage error in words, or nothing.
std::optional<std::string> parse(int argc, char** argv, arguments& out) {
    for (int i = 1; i < argc; ++i) {
        std::string_view const arg = argv[i];
        auto value = [&]() -> std::optional<std::string> {
            if (++i < argc) return argv[i];
            return std::nullopt;
        };
        if (arg == "--raw") out.raw = true;
        else if (arg == "--config") out.config = true;
        else if (arg == "--no-tags") out.tags = false;
        else if (arg == "--plain-http") out.plain_http = true;
        else if (arg == "--insecure-skip-verify") out.tls.verify = false;
        else if (arg == "--help") return "";
        else if (!arg.starts_with("-") && out.reference.empty()) out.reference = arg;
        else if (arg == "--platform" || arg == "--format" || arg == "--creds" || arg == "--cacert" ||
                 arg == "--timeout" || arg == "--trust-realm") {
            auto const v = value();
            if (!v) return std::string(arg) + " needs a value";
            if (arg == "--platform") {
                if (*v == "any") {
                    out.platform = lading::platform_choice::any();
                } else {
                    auto p = lading::platform::parse(*v);
                    if (!p) return p.error().message();
                    out.platform = lading::platform_choice::like(p.value());
                }
            } else if (arg == "--format") {
                if (*v != "modern" && *v != "original" && *v != "json" && *v != "table")
                    return "--format is modern, original, json or table";
                out.format = *v;
            } else if (arg == "--creds") {
                auto const colon = v->find(':');
                if (colon == std::string::npos || colon == 0) return "--creds is USER:PASS";
                out.secret = lading::credential(v->substr(0, colon), v->substr(colon + 1));
            } else if (arg == "--cacert") {
                out.tls.ca_file = *v;
            } else if (arg == "--trust-realm") {
                out.client.with_trusted_realm(*v);
            } else {
                int seconds = 0;
                auto const [end, bad] = std::from_chars(v->data(), v->data() + v->size(), seconds);
                if (bad != std::errc() || *end || seconds < 1 || seconds > 86'400)
                    return "--timeout is a number of seconds from 1 to 86400";
                out.client.with_timeout(std::chrono::seconds(seconds));
            }
        } else {
            return "unexpected argument: " + std::string(arg);
        }
    }
    if (out.raw && out.config) return "--raw and --config are two outputs; choose one";
    return std::nullopt;
}

struct policies : lading::default_policies {
    using credentials = lading::fixed_credentials;
};

lading::result<std::string> inspect(arguments const& args) {
    LADING_TRY(auto const ref, lading::reference::parse(args.reference));
    auto options = args.client;
    if (args.plain_http) options.with_plaintext(std::string(ref.repository().host()));
    lading::fixed_credentials secret;
    if (args.secret) secret = lading::fixed_credentials(*args.secret);
    lading::basic_client<policies> registry(lading::asio_sync_transport(args.tls, options.bounds), options, secret);

    auto const platform = args.platform.value_or(lading::platform_choice::host());
    if (args.raw) {
        LADING_TRY(auto const manifest, registry.manifest(ref));
        return manifest.bytes;
    }
    if (args.config) {
        LADING_TRY(auto const config, registry.config(ref, platform));
        return config.bytes;
    }
    auto const rules = args.format == "original" ? lading::schema1_rules::original : lading::schema1_rules::modern;
    LADING_TRY(auto const image, registry.inspect(ref, lading::inspect_options()
                                                           .with_tags(args.tags)
                                                           .with_platform(platform)
                                                           .with_schema1(rules)));
    for (auto const& w : image.warnings) std::fprintf(stderr, "inspect: warning: %s\n", w.c_str());
    if (args.format == "original") return lading::to_original(image);
    if (args.format == "json") return lading::to_json(image);
    if (args.format == "table") return lading::to_table(image);
    return lading::to_modern(image);
}

} // namespace

int main(int argc, char** argv) {
    arguments args;
    if (auto const wrong = parse(argc, argv, args)) {
        if (!wrong->empty()) std::fprintf(stderr, "inspect: %s\n", wrong->c_str());
        std::fputs(usage, wrong->empty() ? stdout : stderr);
        return wrong->empty() ? 0 : 2;
    }

    std::unique_ptr<lading::testing::registry> embedded;
    if (args.reference.empty()) {
        embedded = std::make_unique<lading::testing::registry>();
        embedded->add_image("demo/app", "latest", lading::image_kind::index);
        args.reference = embedded->host() + "/demo/app:latest";
        args.plain_http = true;
        std::fprintf(stderr, "inspect: no reference given; asking the embedded registry for %s\n",
                     args.reference.c_str());
    }

    auto const out = inspect(args);
    if (!out) {
        std::fprintf(stderr, "inspect: %s\n", out.error().message().c_str());
        return 1;
    }
    auto const& text = out.assume_value();
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? 0 : 1;
}
