// SPDX-License-Identifier: BSL-1.0
// inspect: what is this image? With no reference it starts the embedded registry and inspects an image there.

#include <lading/backend/oci_layout.hpp>
#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include "inspect/batch.hpp"

#if __has_include(<toml++/toml.h>)
#include <lading/backend/registries_conf.hpp>
#define INSPECT_READS_REGISTRIES_CONF 1
#endif

#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#ifdef INSPECT_POLICIES // the tests build this program with each model in turn
#include INSPECT_POLICIES
#else
using base_policies = lading::default_policies;
template <class Policies>
using client_of = lading::basic_client<Policies>;
#endif

namespace {

constexpr char usage[] =
    "usage: inspect [options] [REF]\n"
    "       inspect --batch [options] [FILE]\n"
    "  --raw                     print the exact bytes of the manifest (with --platform: of the chosen image's)\n"
    "  --config                  print the exact bytes of the image config\n"
    "  --no-tags                 do not list the tags of the repository\n"
    "  --platform OS/ARCH[/VAR]  the image of an index to look at ('any': the first; default: the platform that this\n"
    "                            program was compiled for)\n"
    "  --format FORMAT           modern: the keys of today's skopeo (default); original: those of the first one, byte\n"
    "                            for byte; json: everything that is known; table: for people\n"
    "  --creds USER:PASS         credentials for the registry; before all files\n"
    "  --authfile FILE           stored logins from this file only (default: where Docker and the containers tools\n"
    "                            keep them)\n"
    "  --trust-realm ORIGIN      a token service on another origin that may see the credentials\n"
    "  --mirror HOST[:PORT][/P]  ask here first; may be given several times\n"
    "  --registries-conf FILE    mirrors, locations, insecure and blocked hosts, short names\n"
    "  --plain-http              use http, not https\n"
    "  --cacert FILE             trust the certificates in this PEM file too\n"
    "  --cert-dir FOLDER         certificates of the host: *.crt, *.cert with *.key (default: HOST in certs.d)\n"
    "  --insecure-skip-verify    do not check the server's certificate\n"
    "  --retry N                 send a failing request again, up to N times (default 4)\n"
    "  --timeout SECONDS         give up after this long (default 60)\n"
    "  -v                        say each request on stderr\n"
    "  --batch                   inspect every reference of FILE (default and '-': stdin), one a line; write the keys of\n"
    "                            --format json, or 'error', after 'reference', one object a line, without tags\n"
    "  --jobs N                  so many at once (default 64)\n"
    "  --ordered                 write in the order of FILE, not of completion\n"
    "  --resume FILE             skip the references that this output of a former run has\n"
    "  --shard I/N               only part I (from 0) of N; all names of a repository are in the same part\n"
    "REF may also be an image on disk: oci:FOLDER[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:TAG].\n"
    "Proxies are taken from https_proxy, http_proxy and no_proxy. With no REF an embedded registry is started and a\n"
    "multi-platform image in it is inspected. Exit status: 0 inspected, 1 failed (of a batch: any), 2 usage.\n";

struct arguments {
    bool raw = false, config = false, tags = true, plain_http = false, verbose = false, help = false, batch = false;
    std::string format, authfile, registries_conf, cert_dir;
    std::optional<std::string> reference;
    std::optional<lading::platform_choice> platform;
    std::optional<lading::credential> secret;
    std::vector<std::string> mirrors;
    lading::tls_options tls;
    lading::client_options client;
    batch::options many;
};

std::optional<int> number(std::string const& text, int least, int most) {
    int value = 0;
    auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (bad != std::errc() || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
    return value;
}

/// The usage error of an option with a value, or nothing.
std::optional<std::string> take(std::string_view option, std::string const& value, arguments& out) {
    if (option == "--platform") {
        if (value == "any") return out.platform = lading::platform_choice::any(), std::nullopt;
        auto p = lading::platform::parse(value);
        if (!p) return "--platform: " + p.error().summary();
        out.platform = lading::platform_choice::like(p.value());
    } else if (option == "--format") {
        if (value != "modern" && value != "original" && value != "json" && value != "table")
            return "--format is modern, original, json or table";
        out.format = value;
    } else if (option == "--creds") {
        auto const colon = value.find(':');
        if (colon == std::string::npos || colon == 0) return "--creds is USER:PASS";
        out.secret = lading::credential(value.substr(0, colon), value.substr(colon + 1));
    } else if (option == "--retry") {
        auto const n = number(value, 0, 100);
        if (!n) return "--retry is a number from 0 to 100";
        out.client.with_retry(lading::retry_rules(static_cast<unsigned>(*n) + 1));
    } else if (option == "--timeout") {
        auto const n = number(value, 1, 86'400);
        if (!n) return "--timeout is a number of seconds from 1 to 86400";
        out.client.with_timeout(std::chrono::seconds(*n));
    } else if (option == "--jobs") {
        auto const n = number(value, 1, 10'000);
        if (!n) return "--jobs is a number from 1 to 10000";
        out.many.jobs = static_cast<std::size_t>(*n);
    } else if (option == "--shard") {
        auto const slash = std::min(value.find('/'), value.size());
        auto const of = slash < value.size() ? number(value.substr(slash + 1), 1, 1'000'000) : std::nullopt;
        auto const part = of ? number(value.substr(0, slash), 0, *of - 1) : std::nullopt;
        if (!part) return "--shard is I/N, with I from 0 to N - 1";
        out.many.shard = static_cast<unsigned>(*part), out.many.shards = static_cast<unsigned>(*of);
    } else if (option == "--resume") out.many.resume = value;
    else if (option == "--cacert") out.tls.ca_file = value;
    else if (option == "--trust-realm") out.client.with_trusted_realm(value);
    else if (option == "--mirror") out.mirrors.push_back(value);
    else if (option == "--authfile") out.authfile = value;
    else if (option == "--cert-dir") out.cert_dir = value;
    else if (option == "--registries-conf") out.registries_conf = value;
    else return "unexpected argument: " + std::string(option);
    return std::nullopt;
}

/// A usage error in words, or nothing.
std::optional<std::string> parse(int argc, char** argv, arguments& out) {
    for (int i = 1; i < argc; ++i) {
        std::string_view arg = argv[i];
        if (arg == "--raw") out.raw = true;
        else if (arg == "--config") out.config = true;
        else if (arg == "--no-tags") out.tags = false;
        else if (arg == "--plain-http") out.plain_http = true;
        else if (arg == "--insecure-skip-verify") out.tls.verify = false;
        else if (arg == "-v") out.verbose = true;
        else if (arg == "--batch") out.batch = true;
        else if (arg == "--ordered") out.many.ordered = true;
        else if (arg == "--help" || arg == "-h") return out.help = true, std::nullopt;
        else if (arg.starts_with("--")) {
            auto const equals = arg.find('='); // --format=json is --format json
            std::optional<std::string> wrong;
            if (equals != arg.npos) wrong = take(arg.substr(0, equals), std::string(arg.substr(equals + 1)), out);
            else if (i + 1 < argc) wrong = take(arg, argv[i + 1], out), ++i;
            else wrong = take(arg, "", out).value_or("").starts_with("unexpected") ? "unexpected argument: " + std::string(arg)
                                                                                : std::string(arg) + " needs a value";
            if (wrong) return wrong;
        } else if (!out.reference && (!arg.starts_with("-") || arg == "-")) out.reference = arg;
        else return "unexpected argument: " + std::string(arg);
    }
    if (out.raw && out.config) return "--raw and --config are two outputs; choose one";
    if (out.batch && (out.raw || out.config || !out.format.empty())) return "--batch has one output; no --raw, --config, --format";
    if (!out.batch && out.many != batch::options()) return "--jobs, --ordered, --resume and --shard are for --batch";
    if (out.batch) out.many.file = out.reference.value_or("-");
    return std::nullopt;
}

/// `-v`: each request as it ends.
struct narrator final : lading::exchange_observer {
    void on_exchange(lading::exchange_record const& what) override {
        auto const status = what.status ? std::to_string(what.status) : what.failure.message();
        std::fprintf(stderr, "inspect: %s %s: %s, %lld ms\n", what.method.c_str(), what.url.c_str(), status.c_str(),
                     static_cast<long long>(what.duration.count()));
    }
};

struct policies : base_policies {
    using credentials = lading::basic_config_credentials<base_policies::json>;
};

/// What is configured about registries, from the files and the options.
lading::result<lading::registry_rules> rules_for(arguments const& args) {
    lading::registry_rules rules;
    if (!args.registries_conf.empty()) {
#ifdef INSPECT_READS_REGISTRIES_CONF
        LADING_TRY(rules, lading::load_registries_conf(args.registries_conf));
#else
        return lading::error(lading::errc::config_invalid).with_context("built without toml++: --registries-conf");
#endif
    }
    return rules;
}

/// What was asked for, of a registry or of an image on disk.
template <class Client>
lading::result<std::string> report(Client& registry, lading::reference const& ref, arguments const& args) {
    auto const platform = args.platform.value_or(lading::platform_choice::host());
    if (args.raw && !args.platform) {
        LADING_TRY(auto const manifest, registry.manifest(ref));
        return manifest.bytes;
    }
    if (args.config) {
        LADING_TRY(auto const config, registry.config(ref, platform));
        return config.bytes;
    }
    auto const form = args.format == "original" ? lading::schema1_rules::original : lading::schema1_rules::modern;
    LADING_TRY(auto const image, registry.inspect(ref, lading::inspect_options()
                                                           .with_tags(args.tags && !args.raw)
                                                           .with_platform(platform)
                                                           .with_schema1(form)));
    for (auto const& w : image.warnings) std::fprintf(stderr, "inspect: warning: %s\n", w.c_str());
    if (args.raw) return image.chosen ? image.chosen_bytes : image.manifest_bytes;
    if (args.format == "original") return lading::to_original(image);
    if (args.format == "json") return lading::to_json(image);
    if (args.format == "table") return lading::to_table(image);
    return lading::to_modern(image);
}

struct layout_policies : policies {
    using transport = lading::basic_oci_layout<policies::json, policies::hash>;
    using credentials = lading::no_credentials;
};

/// An image on disk: `path[:tag]`, `path:name:tag` or `path@digest`; the path has neither colon nor at.
lading::result<std::string> inspect_files(std::string const& where, arguments const& args) {
    auto const path = where.substr(0, where.find_first_of(":@"));
    auto const at = where.find('@');
    auto const tag = where.size() == path.size() ? std::string() : where.substr((at == where.npos ? where.rfind(':') : at) + 1);
    LADING_TRY(auto files, layout_policies::transport::open(path, args.client.bounds));
    LADING_TRY(auto const ref, files.reference(tag));
    lading::basic_client<layout_policies> on_disk(std::move(files), args.client);
    return report(on_disk, ref, args);
}

/// A client's parts, for the hosts that are asked.
struct parts {
    lading::client_options options;
    lading::network_options network;
    lading::config_credentials_options logins;
};

lading::result<parts> parts_for(std::vector<lading::repository> const& hosts, lading::registry_rules rules, arguments const& args) {
    parts out;
    out.options = args.client;
    out.logins.with_authfile(args.authfile);
    out.options.with_rules(std::move(rules));
    auto& known = out.options.rules;
    for (auto const& name : hosts) {
        auto const host = std::string(name.host());
        if (args.plain_http) known.host(host).with_plaintext(lading::plaintext::only);
        if (args.secret) out.logins.with_login(*args.secret, host);
        for (auto const& m : args.mirrors) {
            if (args.plain_http) out.options.with_plaintext(m.substr(0, m.find('/')));
            out.options.with_mirror(host, lading::mirror(m));
        }
    }
    // Certificates for every host that may be asked: a mirror, or the place that a name stands for, has its own.
    auto certificates = lading::certs_d_options();
    if (!args.cert_dir.empty()) certificates.with_folder(args.cert_dir);
    auto asked = hosts;
    for (auto const& name : hosts)
        for (bool const by_digest : {false, true})
            if (auto const places = lading::modern_endpoints(name, known, by_digest)) // a blocked name has none
                for (auto const& at : places.assume_value()) asked.push_back(at.name);
    for (auto const& name : asked) {
        LADING_TRY_V(lading::add_certs_d(known, name, certificates));
        auto& h = known.host(std::string(name.host()));
        if (!h.has_tls) continue;
        h.tls.ca_file = args.tls.ca_file; // the options of the command line hold for the host's own too
        h.tls.verify = h.tls.verify && args.tls.verify;
    }
    out.network = lading::network_options(known.tls(args.tls));
    out.network.with_proxy(lading::proxy_rules::from_environment());
    return out;
}

lading::result<std::string> inspect(arguments const& args) {
    for (std::string_view const kind : {"oci:", "oci-archive:", "docker-archive:"})
        if (args.reference->starts_with(kind)) return inspect_files(args.reference->substr(kind.size()), args);
    LADING_TRY(auto rules, rules_for(args));
    LADING_TRY(auto const ref, lading::reference::parse(lading::expand_alias(*args.reference, rules)));
    LADING_TRY(auto p, parts_for({ref.repository()}, std::move(rules), args));
    narrator out_loud;
    if (args.verbose) p.options.with_observer(out_loud);
    client_of<policies> registry(policies::transport(p.network, p.options.bounds), p.options, policies::credentials(p.logins));
    return report(registry, ref, args);
}

struct batch_policies : policies {
    using transport = lading::asio_transport; // whatever the model of the one inspection is
};

/// True when every reference could be inspected.
lading::result<bool> inspect_batch(arguments const& args) {
    LADING_TRY(auto rules, rules_for(args));
    LADING_TRY(auto todo, batch::work::open(args.many, [&rules](std::string const& text) {
                   return lading::reference::parse(lading::expand_alias(text, rules));
               }));
    LADING_TRY(auto p, parts_for(todo.hosts(), rules, args));
    narrator out_loud;
    if (args.verbose) p.options.with_observer(out_loud);
    asio::io_context context(1);
    lading::basic_client<batch_policies> registry(lading::asio_transport(context.get_executor(), p.network, p.options.bounds),
                                                  p.options, batch_policies::credentials(p.logins));
    auto const what = lading::inspect_options().with_platform(args.platform.value_or(lading::platform_choice::host()));
    return batch::run(context, registry, todo, what, args.many);
}

} // namespace

int main(int argc, char** argv) {
    arguments args;
    if (auto const wrong = parse(argc, argv, args)) {
        std::fprintf(stderr, "inspect: %s (see inspect --help)\n", wrong->c_str());
        return 2;
    }
    if (args.help) return std::fputs(usage, stdout), 0;

    if (args.batch) {
        auto const good = inspect_batch(args);
        if (!good) std::fprintf(stderr, "inspect: %s\n", good.error().message().c_str());
        return good && good.assume_value() ? 0 : 1;
    }

    std::unique_ptr<lading::testing::registry> embedded;
    if (!args.reference) {
        embedded = std::make_unique<lading::testing::registry>();
        embedded->add_image("demo/app", "latest", lading::image_kind::index);
        args.reference = embedded->host() + "/demo/app:latest";
        args.plain_http = true;
        std::fprintf(stderr, "inspect: no reference given; asking the embedded registry for %s\n",
                     args.reference->c_str());
    }

    auto const out = inspect(args);
    if (!out) {
        std::fprintf(stderr, "inspect: %s\n", out.error().message().c_str());
        if (out.error().facts().plaintext) std::fputs("inspect: if it speaks plain http: --plain-http\n", stderr);
        return 1;
    }
    auto const& text = out.assume_value();
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? 0 : 1;
}
