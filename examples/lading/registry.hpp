// SPDX-License-Identifier: BSL-1.0
#pragma once

/// A registry to ask, made from a name and the options of the command line.

#include "../inspect/access.hpp"

#include <lading/client/client.hpp>
#include <lading/endpoint/registry_rules.hpp>
#include <lading/reference.hpp>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

struct place;

struct registry_and_name {
    lading::client registry;
    lading::reference ref;
};

/// `name` may be an alias of --registries-conf, and have docker:// before it. Errors: those of names and of configuration.
lading::result<registry_and_name> registry_of(std::string const& name, registry_access const& args);

/// Where a login of the command line would be shown: it is for one registry, and no other is to see it.
class one_login {
  public:
    /// The login of `args`; nothing is looked at where that has none.
    explicit one_login(registry_access const& args);
    /// It would be used there. What is on disk, and what is no name, is no registry.
    void add(place const& where);
    /// Error: `invalid_argument`, with what is to be given `instead`, where there are several.
    lading::result<void> check(char const* instead) const;

  private:
    bool given_;
    lading::registry_rules rules_;
    std::set<std::string> hosts_;
};

/// Clients of registries that several names are asked for: one for each host and login, so that connections and tokens serve all of them, and a blob of
/// one repository can be taken for another. Threads: any.
class registries {
  public:
    struct registry_and_reference {
        lading::client& registry;
        lading::reference ref;
    };
    /// As `registry_of`; the client is that of an earlier name, where it is of the same host, and `args` say the same.
    lading::result<registry_and_reference> find(std::string const& name, registry_access const& args);

  private:
    struct known {
        std::string host;
        registry_access args;
        lading::client registry;
    };
    std::mutex mutex_;
    std::vector<std::unique_ptr<known>> all_;
};
