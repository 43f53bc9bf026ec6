// SPDX-License-Identifier: BSL-1.0
// How registries are reached, made from the options of the command line.

#include "access.hpp"
#include "parts.hpp"

#include <lading/config_files/certs_d.hpp>
#include <lading/endpoint/endpoints.hpp>

#if __has_include(<toml++/toml.h>)
#include <lading/config_files/registries_conf.hpp>
#define READS_REGISTRIES_CONF 1
#endif

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include <unistd.h>

void narrator::on_exchange(lading::exchange_record const& what) {
    auto const status = what.status ? std::to_string(what.status) : what.failure.message();
    std::fprintf(stderr, "%s: %s %s: %s, %lld ms\n", program_, what.method.c_str(), what.url.c_str(), status.c_str(),
                 static_cast<long long>(what.duration.count()));
}

lading::result<lading::registry_rules> rules_for(registry_access const& args) {
    lading::registry_rules rules;
    if (!args.registries_conf.empty()) {
#ifdef READS_REGISTRIES_CONF
        LADING_TRY(rules, lading::load_registries_conf(args.registries_conf));
#else
        return lading::error(lading::errc::config_invalid).with_context("built without toml++: --registries-conf");
#endif
    }
    return rules;
}

lading::result<void> check_authfile(registry_access const& args) {
    if (args.authfile.empty() || ::access(args.authfile.c_str(), R_OK) == 0) return lading::success();
    return lading::error(lading::errc::invalid_argument).with_context(args.authfile_option + ' ' + args.authfile + ": " + std::strerror(errno));
}

lading::result<parts> parts_for(std::vector<lading::repository> const& hosts, lading::registry_rules rules, registry_access const& args) {
    LADING_TRY_V(check_authfile(args));
    parts out;
    out.options = args.client;
    out.logins.with_authfile(args.authfile);
    out.options.with_rules(std::move(rules));
    auto& known = out.options.rules;
    for (auto const& name : hosts) {
        auto const host = std::string(name.host());
        if (args.plain_http) known.host(host).with_plaintext(lading::plaintext::only);
        else if (args.http_allowed) known.host(host).with_plaintext(lading::plaintext::allowed);
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
    for (auto const& w : known.warnings) std::fprintf(stderr, "%s: warning: %s\n", args.program, w.text.c_str());
    auto trust = known.tls(args.tls);
    if (args.cert_dir.empty()) trust.with_source(std::make_shared<lading::certs_d>()); // for the hosts that registries name
    out.network = lading::network_options(std::move(trust));
    out.network.with_proxy(lading::proxy_rules::from_environment());
    return out;
}

std::string hint_for(lading::error const& e, registry_access const& args) {
    auto const option = [&](char const* name) { return "--" + args.side + name; };
    auto const files = args.cert_dir.empty() ? args.tls.ca_file.empty() ? std::string() : "--cacert" : "--cert-dir";
    if (e.facts().plaintext && !args.plain_http) return "if it speaks plain http: " + option("plain-http");
    if (e == lading::errc::auth_required && !args.secret)
        return args.authfile.empty() ? "log in with docker, podman or skopeo login, or give " + option("authfile") + " FILE or " + option("creds") + " USER:PASS"
                                     : "no login for it is in the file of " + args.authfile_option + "; another way: " + option("creds") + " USER:PASS";
    if (e == lading::errc::auth_denied && !e.facts().withheld)
        return std::string("the login that was used is ") + (args.secret             ? "that of " + args.secret_option
                                                             : args.authfile.empty() ? "where docker, podman or skopeo login keep it"
                                                                                     : "in the file of " + args.authfile_option);
    if (e == lading::errc::timeout) return "for more time: --timeout SECONDS";
    if (e == lading::errc::auth_realm_refused && e.detail().context.find(" is on http,") != std::string::npos)
        return "the registry has to name its token service by https; what is public can be had without a login";
    constexpr std::string_view to = " may not go to the realm "; // and no other reason for which --trust-realm helps
    if (auto const& why = e.detail().context; e == lading::errc::auth_realm_refused && why.find(to) != why.npos) {
        auto const realm = why.substr(why.find(to) + to.size());
        return "if that token service may see the credentials: --trust-realm " + realm.substr(0, realm.find_first_of("; "));
    }
    if (e == lading::errc::tls_cert_untrusted) {
        for (auto const* of_time : {"has expired", "not yet valid"})
            if (e.detail().context.find(of_time) != std::string::npos) return "no option helps: the certificate's dates or this machine's clock are wrong";
        return !files.empty() ? "no certificate of " + files + " vouches for it" : "if the certificate is your own: " + option("cacert") + " FILE or " + option("cert-dir") + " FOLDER";
    }
    return {};
}
