// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `certs.d`: the folders in which Docker and the containers tools keep certificates by host (spec 2.3).

#include "../endpoint/registry_rules.hpp"
#include "../endpoint/tls_options.hpp"
#include "../reference.hpp"
#include "folder.hpp"
#include "read_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace lading {

/// Where the folders are. Every setter returns the object.
struct certs_d_options {
    certs_d_options() = default;
    /// This folder itself holds the files, whatever the host; no other is looked at.
    certs_d_options& with_folder(std::string f) { return folder = std::move(f), *this; }
    /// Look for a folder of the host's name in these, in this order.
    certs_d_options& with_search(std::vector<std::string> s) { return search = std::move(s), *this; }

    /// `$XDG_CONFIG_HOME` (or `~/.config`) `/containers/certs.d`, `/etc/containers/certs.d`, `/etc/docker/certs.d`.
    static std::vector<std::string> usual_search() {
        std::vector<std::string> out;
        auto variable = [](char const* name) {
            char const* const v = std::getenv(name);
            return std::string(v ? v : "");
        };
        if (auto const x = variable("XDG_CONFIG_HOME"); !x.empty()) out.push_back(x + "/containers/certs.d");
        else if (auto const h = variable("HOME"); !h.empty()) out.push_back(h + "/.config/containers/certs.d");
        out.emplace_back("/etc/containers/certs.d");
        out.emplace_back("/etc/docker/certs.d");
        return out;
    }

    std::string folder;
    std::vector<std::string> search = usual_search();
};

/// Reads what `certs.d` has for a host ("example.com:5000" as in references): every `*.crt` is a further root, beside
/// those of the system; the first pair `NAME.cert`, `NAME.key` by name is the client's certificate. Nothing when there is
/// no folder for the host. Errors: `tls_config_invalid` with the path, for a half of a pair without the other, a root
/// that is not PEM, and what cannot be read.
inline result<std::optional<tls_options>> load_certs_d(std::string const& host, certs_d_options const& o = {}) {
    std::vector<std::string> folders;
    if (!o.folder.empty()) folders.push_back(o.folder);
    else for (auto const& s : o.search) folders.push_back(s + '/' + host);
    for (auto const& folder : folders) {
        LADING_TRY(auto const names, detail::list_folder(folder, errc::tls_config_invalid));
        if (!names) {
            if (!o.folder.empty()) return error(errc::tls_config_invalid).with_context(folder + ": no such folder");
            continue;
        }
        auto has = [&](std::string const& name) { return std::binary_search(names->begin(), names->end(), name); };
        tls_options out;
        for (auto const& name : *names) {
            auto const path = folder + '/' + name;
            auto const stem = name.substr(0, name.rfind('.'));
            if (name.ends_with(".crt")) {
                LADING_TRY(auto const pem, detail::read_file(path, errc::tls_config_invalid));
                if (!pem || pem->find("-----BEGIN CERTIFICATE-----") == pem->npos)
                    return error(errc::tls_config_invalid).with_context(path + ": no certificate in PEM");
                out.ca_pem += *pem;
                if (!out.ca_pem.ends_with('\n')) out.ca_pem += '\n';
            } else if (name.ends_with(".cert")) {
                if (!has(stem + ".key"))
                    return error(errc::tls_config_invalid).with_context(path + ": there is no " + stem + ".key");
                if (out.cert_file.empty()) out.with_client_certificate(path, folder + '/' + stem + ".key");
            } else if (name.ends_with(".key") && !has(stem + ".cert")) {
                return error(errc::tls_config_invalid).with_context(path + ": there is no " + stem + ".cert");
            }
        }
        return std::optional(std::move(out));
    }
    return std::optional<tls_options>();
}

/// Adds what `certs.d` has for a host to the rules, keeping what is already switched off there. A host without a
/// folder stays as it is. Errors: as `load_certs_d`.
inline result<void> add_certs_d(registry_rules& rules, repository const& name, certs_d_options const& o = {}) {
    auto const host = std::string(name.host());
    LADING_TRY(auto found, load_certs_d(host, o));
    if (!found) return success();
    auto& at = rules.host(host);
    if (at.has_tls) found->verify = at.tls.verify;
    at.with_tls(std::move(*found));
    return success();
}

} // namespace lading
