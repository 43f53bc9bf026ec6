// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Whom a connection trusts: the options of its host, and what the registry that named the host lends it.

#include "../endpoint/tls_options.hpp"
#include "../http/url.hpp"
#include "../result.hpp"
#include "../store/read_file.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// The options of a host, and whether they are its own. Errors: those of `tls_source`.
inline result<std::pair<tls_options, bool>> tls_of_host(tls_rules const& rules, std::string const& authority,
                                                        std::vector<warning>& remarks) {
    if (auto const* own = rules.find_host(authority)) return std::pair(*own, true);
    if (rules.others) {
        LADING_TRY(auto found, rules.others->find(authority, remarks));
        if (found) { // beside what holds everywhere: nobody has said that this host is an exception
            auto const& all = rules.everywhere;
            found->verify = found->verify && all.verify;
            found->system_roots = found->system_roots && all.system_roots;
            found->ca_file = all.ca_file;
            found->ca_pem += all.ca_pem;
            if (found->cert_file.empty()) found->with_client_certificate(all.cert_file, all.key_file);
            return std::pair(std::move(*found), true);
        }
    }
    return std::pair(rules.everywhere, false);
}

/// The options for a connection to a host that the caller named, or that the registry `named_by` (host, and port unless it
/// is the scheme's own) did. Its roots count there too; what is not checked for it is not checked on other ports of the same
/// host, unless that has options of its own. No client certificate of the one is ever the other's. Errors: `tls_config_invalid`.
inline result<tls_options> tls_for(tls_rules const& rules, url const& target, std::string const& named_by,
                                   std::vector<warning>& remarks) {
    LADING_TRY(auto own, tls_of_host(rules, target.authority(), remarks));
    auto& out = own.first;
    if (named_by.empty() || named_by == target.authority()) return std::move(out);
    LADING_TRY(auto const namer, tls_of_host(rules, named_by, remarks));
    if (!namer.second) return std::move(out);
    auto const& lent = namer.first;
    if (lent.ca_pem != out.ca_pem) out.ca_pem.append(out.ca_pem.empty() ? "" : "\n").append(lent.ca_pem);
    if (out.ca_file.empty()) {
        out.ca_file = lent.ca_file;
    } else if (!lent.ca_file.empty() && lent.ca_file != out.ca_file) {
        LADING_TRY(auto const text, read_file(lent.ca_file, errc::tls_config_invalid));
        if (!text) return error(errc::tls_config_invalid).with_context(lent.ca_file + ": no such file");
        out.ca_pem.append("\n").append(*text);
    }
    bool const same_host = tls_rules::without_port(named_by) == target.host();
    if (same_host && !own.second) out.verify = out.verify && lent.verify;
    return std::move(out);
}

} // namespace lading::detail
