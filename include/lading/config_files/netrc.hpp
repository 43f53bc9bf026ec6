// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `~/.netrc`: logins by machine.

#include "../policy/credentials.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lading {

/// The login of a host in the text of a netrc file: the first `machine` of that name, else a `default` before which no
/// such machine came. `macdef` ends what is read. Nothing when there is none; never fails.
inline std::optional<credential> find_in_netrc(std::string_view text, std::string_view host) {
    auto word = [&]() -> std::string_view {
        auto const begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
        text.remove_prefix(begin);
        auto const end = std::min(text.find_first_of(" \t\r\n"), text.size());
        auto const out = text.substr(0, end);
        text.remove_prefix(end);
        return out;
    };
    std::optional<credential> found;
    bool wanted = false;
    for (auto w = word(); !w.empty() && w != "macdef"; w = word()) {
        if (w == "machine" || w == "default") {
            if (found) return found;
            wanted = w == "default" || word() == host;
            if (wanted) found.emplace();
        } else if (w == "login" || w == "account" || w == "password") {
            auto const value = word();
            if (!wanted || w == "account") continue;
            (w == "login" ? found->username : found->password) = value;
        }
    }
    return found;
}

} // namespace lading
