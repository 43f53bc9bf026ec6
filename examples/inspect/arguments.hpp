// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The command line of the inspect program.

#include "request.hpp"

#include <lading/http/url.hpp>

#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

inline constexpr char usage[] =
    "usage: inspect [options] [REF]\n"
    "       inspect --batch [options] [FILE]\n"
    "  --raw                     print the exact bytes of the manifest (with --platform: of the chosen image)\n"
    "  --config                  print the exact bytes of the image config\n"
    "  --no-tags                 do not list the tags of the repository\n"
    "  --platform OS/ARCH[/VAR]  which image of an index to inspect. With OS or ARCH alone, the other is this machine's.\n"
    "                            'any': the first one; 'none': the index itself; 'all': every image, without tags.\n"
    "                            Default: the platform this program was compiled for\n"
    "  --format FORMAT           modern: the keys of current skopeo (default); original: the output of its first version, byte\n"
    "                            for byte; json: everything that is known; table: for people\n"
    "  --creds USER:PASS         credentials for the registry, before any file (other users may see them; see --authfile)\n"
    "  --authfile FILE           read stored logins from this file only (default: where Docker and the containers tools\n"
    "                            keep them)\n"
    "  --trust-realm ORIGIN      a token service on another origin (https://HOST[:PORT]) that may be sent the credentials\n"
    "  --mirror HOST[:PORT][/P]  ask this mirror first; may be repeated\n"
    "  --registries-conf FILE    mirrors, locations, insecure and blocked hosts, short names (default: no file)\n"
    "  --plain-http              use http, not https, for the registry and the mirrors (for one host: --registries-conf)\n"
    "  --cacert FILE             also trust the certificates in this PEM file\n"
    "  --cert-dir FOLDER         certificates of the host: *.crt, *.cert with *.key (default: HOST in certs.d)\n"
    "  --insecure-skip-verify    do not verify the server's certificate\n"
    "  --retry N                 retry a failed request up to N times (default 4)\n"
    "  --timeout SECONDS         give up after this time (default 60)\n"
    "  -v                        log each request to stderr\n"
    "  --batch                   inspect every reference in FILE (default and '-': stdin), one per line; empty lines and\n"
    "                            lines starting with # are skipped; images on disk are not supported. Writes one JSON\n"
    "                            object per line: 'reference', then the keys of --format json without tags, or 'error'\n"
    "  --jobs N                  number of parallel requests (default 64)\n"
    "  --ordered                 write in the order of FILE, not of completion\n"
    "  --resume FILE             skip the references that are in this output of an earlier run\n"
    "  --shard I/N               process only shard I of N (counting from 0); a repository is always in one shard\n"
    "REF is HOST/NAME[:TAG][@DIGEST], optionally after docker:// or oci://; or an image on disk: oci:FOLDER[:NAME],\n"
    "oci-archive:FILE[:NAME], docker-archive:FILE[:NAME], archive:FILE[:NAME] (both in one), dir:FOLDER. Archives may be\n"
    "compressed. NAME is the whole name or its tag, @DIGEST, or @N (a position, counting from 0); it may be left out if there is only one image.\n"
    "Proxies are taken from https_proxy, http_proxy and no_proxy. Without REF, an embedded registry is started and a\n"
    "multi-platform image in it is inspected. Exit status: 0 success, 1 failure (with --batch: of any reference), 2 usage.\n";

struct arguments : inspect_request {
    bool help = false, named = false; ///< REF was given
};

inline std::optional<int> number(std::string const& text, int least, int most) {
    int value = 0;
    auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (bad != std::errc() || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
    return value;
}

/// The usage error of an option with a value, or nothing.
inline std::optional<std::string> take(std::string_view option, std::string const& value, arguments& out) {
    if (option == "--platform") {
        if (auto wrong = take_platform(value, out); !wrong.empty()) return wrong;
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
        out.jobs = static_cast<std::size_t>(*n);
    } else if (option == "--shard") {
        if (auto wrong = take_shard(value, out); !wrong.empty()) return wrong;
    } else if (option == "--resume") out.resume = value;
    else if (option == "--cacert") out.tls.ca_file = value;
    else if (option == "--trust-realm") {
        if (!lading::url::parse(value)) return "--trust-realm is an origin, as https://auth.example.com";
        out.client.with_trusted_realm(value);
    } else if (option == "--mirror") out.mirrors.push_back(value);
    else if (option == "--authfile") out.authfile = value;
    else if (option == "--cert-dir") out.cert_dir = value;
    else if (option == "--registries-conf") out.registries_conf = value;
    else return "unexpected argument: " + std::string(option);
    return std::nullopt;
}

/// A usage error in words, or nothing.
inline std::optional<std::string> parse(int argc, char** argv, arguments& out) {
    for (int i = 1; i < argc; ++i) {
        std::string_view arg = argv[i];
        if (arg == "--raw") out.raw = true;
        else if (arg == "--config") out.config = true;
        else if (arg == "--no-tags") out.tags = false;
        else if (arg == "--plain-http") out.plain_http = true;
        else if (arg == "--insecure-skip-verify") out.tls.verify = false;
        else if (arg == "-v") out.verbose = true;
        else if (arg == "--batch") out.batch = true;
        else if (arg == "--ordered") out.ordered = true;
        else if (arg == "--help" || arg == "-h") return out.help = true, std::nullopt;
        else if (arg.starts_with("--")) {
            auto const equals = arg.find('='); // --format=json is --format json
            std::optional<std::string> wrong;
            if (equals != arg.npos) wrong = take(arg.substr(0, equals), std::string(arg.substr(equals + 1)), out);
            else if (i + 1 < argc) wrong = take(arg, argv[i + 1], out), ++i;
            else wrong = take(arg, "", out).value_or("").starts_with("unexpected") ? "unexpected argument: " + std::string(arg)
                                                                                   : std::string(arg) + " needs a value";
            if (wrong) return wrong;
        } else if (!out.named && (!arg.starts_with("-") || arg == "-")) out.reference = arg, out.named = true;
        else return "unexpected argument: " + std::string(arg);
    }
    if (auto wrong = conflict_in(out); !wrong.empty()) return wrong;
    if (out.batch && !out.named) out.reference = "-", out.named = true;
    return std::nullopt;
}
