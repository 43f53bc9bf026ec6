// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The options about registries, the same for every command.

#include "../inspect/access.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <optional>
#include <string>

/// `--tls-verify=false`, as skopeo has it: certificates are not verified, and http is spoken where nothing answers over TLS.
inline void without_tls_rules(registry_access& of) {
    of.tls.with_verify(false);
    of.http_allowed = true;
}

inline void take_login(registry_access& of, std::string const& option, std::string const& user_and_secret) {
    auto const colon = user_and_secret.find(':');
    if (colon == 0 || colon == std::string::npos) throw CLI::ValidationError(option + " is USER:PASS");
    of.secret = lading::credential(user_and_secret.substr(0, colon), user_and_secret.substr(colon + 1));
    of.secret_option = option;
    std::fprintf(stderr, "%s: warning: other users of this machine can see the password of %s; %s hides it\n",
                 of.program, option.c_str(), option == "--creds" ? "--password-stdin" : option == "--src-creds" ? "--src-authfile"
                                                                                                                : "--dest-authfile");
}

/// Adds the options to a command. With the prefix "src-" or "dest-" they are those of one side of a copy.
inline void add_access_options(CLI::App& to, registry_access& of, std::string const& prefix = {}) {
    auto const long_name = [&](char const* name) { return "--" + prefix + name; };
    auto const flag = [&](std::string const& names, char const* text, auto set) {
        return to.add_flag_callback(names, set, text)->group("Registries");
    };
    auto const option = [&](std::string const& names, char const* type, char const* text, auto set) {
        return to.add_option_function<std::string>(names, set, text)->type_name(type)->group("Registries");
    };
    flag(long_name("plain-http"), "use http, not https", [&of] { of.plain_http = true; });
    to.add_option_function<bool>(
          long_name("tls-verify"), [&of](bool yes) { if (!yes) without_tls_rules(of); },
          "false: do not verify certificates, and use http where nothing answers over TLS")
        ->type_name("BOOL")
        ->group("Registries");
    option(long_name("cacert") + (prefix.empty() ? ",--ca-file" : ""), "FILE", "also trust the certificates in this PEM file",
           [&of](std::string const& v) { of.tls.ca_file = v; });
    option(long_name("cert-dir"), "FOLDER", "certificates of the host: *.crt, *.cert with *.key (default: HOST in certs.d)",
           [&of](std::string const& v) { of.cert_dir = v; });
    option(long_name("creds"), "USER:PASS", (prefix.empty() ? "login for the one registry of the command, before any file; see --password-stdin" : "login for the one registry of that side, before any file"),
           [&of, name = long_name("creds")](std::string const& v) { take_login(of, name, v); });
    option(long_name("registry-token"), "TOKEN", "bearer token for the registry, which no other is to see", [&of, name = long_name("registry-token")](std::string const& v) {
        of.secret.emplace();
        of.secret->registry_token = v;
        of.secret_option = name;
    });
    option(long_name("authfile") + (prefix.empty() ? ",--registry-config" : ""), "FILE",
           "read stored logins from this file only (default: where Docker and the containers tools keep them)",
           [&of, name = long_name("authfile")](std::string const& v) { of.authfile = v, of.authfile_option = name; });
    flag(long_name("no-creds"), "use no login", [&of] { of.authfile = "/dev/null"; });
    if (!prefix.empty()) return;

    flag("--insecure", "as --tls-verify=false", [&of] { without_tls_rules(of); });
    flag("--insecure-skip-verify", "do not verify the server's certificate", [&of] { of.tls.with_verify(false); });
    auto const user = std::make_shared<std::string>();
    auto* const name = to.add_option("-u,--username", *user, "user for --password-stdin")->type_name("USER")->group("Registries");
    auto* const from_stdin = flag("--password-stdin", "read the password from stdin", [&of, user] {
        std::string secret;
        for (int c; (c = std::getchar()) != EOF && c != '\n' && secret.size() < 65'536;) secret += static_cast<char>(c);
        if (secret.ends_with('\r')) secret.pop_back();
        of.secret = lading::credential(*user, std::move(secret));
        of.secret_option = "--password-stdin";
    });
    name->needs(from_stdin);
    option("-p,--password", "PASS", "", [](std::string const&) {
        throw CLI::ValidationError("--password: other users of this machine could see it: --password-stdin");
    })->group("");
    to.add_option("--mirror", of.mirrors, "ask this mirror first; may be repeated")->type_name("HOST[:PORT][/P]")->allow_extra_args(false)->group("Registries");
    option("--registries-conf", "FILE", "mirrors, locations, insecure and blocked hosts, short names (default: no file)",
           [&of](std::string const& v) { of.registries_conf = v; });
    option("--trust-realm", "ORIGIN", "a token service on another origin that may be sent the login",
           [&of](std::string const& v) { of.client.with_trusted_realm(v); });
    to.add_option_function<unsigned>(
          "--retry,--retry-times", [&of](unsigned n) { of.client.with_retry(lading::retry_rules(n + 1)); },
          "retry a failed request up to N times (default 4)")
        ->check(CLI::Range(0, 100))
        ->type_name("N")
        ->group("Registries");
    to.add_option_function<unsigned>(
          "--timeout", [&of](unsigned n) { of.client.with_timeout(std::chrono::seconds(n)); },
          "give up a request for a document after this time (default 60); the transfer of a blob may take as long as bytes keep coming")
        ->check(CLI::Range(1, 86'400))
        ->type_name("SECONDS")
        ->group("Registries");
    flag("-v,--verbose,--debug", "log each request to stderr", [&of] { of.verbose = true; });
}
