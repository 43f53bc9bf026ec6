// SPDX-License-Identifier: BSL-1.0
#pragma once

/// A registry to ask, made from a name and the options of the command line.

#include "../inspect/access.hpp"

#include <lading/client/client.hpp>
#include <lading/reference.hpp>

#include <string>

struct registry_and_name {
    lading::client registry;
    lading::reference ref;
};

/// `name` may be an alias of --registries-conf, and have docker:// before it. Errors: those of names and of configuration.
lading::result<registry_and_name> registry_of(std::string const& name, registry_access const& args);
