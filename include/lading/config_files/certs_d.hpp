// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `certs.d`: the folders in which Docker and the containers tools keep certificates by host
/// (doc/protocol.md#certificates).

#include "../endpoint/registry_rules.hpp"
#include "../endpoint/tls_options.hpp"
#include "../net/certificate_text.hpp"
#include "../reference.hpp"
#include "../store/folder.hpp"
#include "../store/read_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
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

/// Reads what `certs.d` has for a host ("example.com:5000" as in references): every `*.crt` (PEM, or one certificate in DER) is
/// a further root, beside those of the system; the first pair `NAME.cert`, `NAME.key` by name is the client's certificate.
/// Nothing when there is no folder for the host. A `*.crt` that cannot be read is left out, and named in `remarks`. Errors:
/// `tls_config_invalid` with the path, for a half of a pair without the other, and a folder that cannot be read.
inline result<std::optional<tls_options>> load_certs_d(std::string const& host, certs_d_options const& o, std::vector<warning>& remarks) {
    std::vector<std::string> folders;
    if (!o.folder.empty()) folders.push_back(o.folder);
    else
        for (auto const& s : o.search) folders.push_back(s + '/' + host);
    for (auto const& folder : folders) {
        LADING_TRY(auto const names, detail::list_folder(folder, errc::tls_config_invalid));
        if (!names) {
            if (!o.folder.empty()) return error(errc::tls_config_invalid).with_context(folder + ": no such folder");
            continue;
        }
        auto has = [&](std::string const& name) { return std::binary_search(names->begin(), names->end(), name); };
        auto skipped = [&](std::string const& path, std::string const& why) {
            remarks.emplace_back(warning_code::certificate_skipped, detail::printable(path + ": " + why, 512));
        };
        tls_options out;
        for (auto const& name : *names) {
            auto const path = folder + '/' + name;
            auto const stem = name.substr(0, name.rfind('.'));
            if (name.ends_with(".crt")) {
                auto const bytes = detail::read_file(path, errc::tls_config_invalid);
                if (!bytes) {
                    skipped(path, bytes.assume_error().summary());
                    continue;
                }
                auto const found = detail::read_certificates(bytes.assume_value().value_or(""));
                if (found.broken) skipped(path, found.pem.empty() ? "no certificate, neither in PEM nor in DER" : "a certificate in it is broken");
                out.ca_pem += found.pem;
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
inline result<std::optional<tls_options>> load_certs_d(std::string const& host, certs_d_options const& o = {}) {
    std::vector<warning> remarks;
    return load_certs_d(host, o, remarks);
}

/// Adds what `certs.d` has for a host to the rules, keeping what is already switched off there; its remarks go to the
/// rules' warnings. A host without a folder stays as it is. Errors: as `load_certs_d`.
inline result<void> add_certs_d(registry_rules& rules, repository const& name, certs_d_options const& o = {}) {
    auto const host = std::string(name.host());
    std::vector<warning> remarks;
    LADING_TRY(auto found, load_certs_d(host, o, remarks));
    for (auto& w : remarks) rules.add_warning(std::move(w));
    if (!found) return success();
    auto& at = rules.host(host);
    if (at.has_tls) found->verify = at.tls.verify;
    at.with_tls(std::move(*found));
    return success();
}

/// `certs.d` for every host that a connection goes to, read when it is first met: for `tls_rules::with_source`. So the storage
/// that a registry names is trusted by its own folder. Thread-safe. Remarks are made once a host.
class certs_d final : public tls_source {
  public:
    static constexpr std::size_t most = 1024; ///< hosts that are remembered

    /// A `folder` of the options is no host's own: only `search` is looked at.
    explicit certs_d(certs_d_options o = {}) : options_(std::move(o)) { options_.folder.clear(); }

    result<std::optional<tls_options>> find(std::string const& authority, std::vector<warning>& remarks) override {
        std::scoped_lock const lock(mutex_);
        if (auto const known = known_.find(authority); known != known_.end()) return known->second;
        LADING_TRY(auto found, load_certs_d(authority, options_, remarks));
        if (!found && tls_rules::without_port(authority) == authority) { // as a reference may spell it
            LADING_TRY(found, load_certs_d(authority + ":443", options_, remarks));
        }
        if (known_.size() < most) known_.emplace(authority, found);
        return found;
    }

  private:
    certs_d_options options_;
    std::mutex mutex_;
    std::map<std::string, std::optional<tls_options>> known_;
};

} // namespace lading
