// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a client of registries is made of, by the options of the command line.

#include "access.hpp"

#include <lading/config_files/config_credentials.hpp>
#include <lading/endpoint/network_options.hpp>
#include <lading/reference.hpp>

#include <vector>

struct parts {
    lading::client_options options;
    lading::network_options network;
    lading::config_credentials_options logins;
};

/// For the hosts that are asked, one name of each. Warnings go to stderr. Errors: those of reading certificates.
lading::result<parts> parts_for(std::vector<lading::repository> const& hosts, lading::registry_rules rules, registry_access const& args);
