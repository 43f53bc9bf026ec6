// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The options of the command line about registries: who asks them, where and how.

#include <lading/client/client_options.hpp>
#include <lading/endpoint/tls_options.hpp>
#include <lading/policy/credentials.hpp>

#include <optional>
#include <string>
#include <vector>

struct registry_access {
    char const* program = "inspect"; ///< what messages begin with
    bool plain_http = false, verbose = false;
    bool http_allowed = false; ///< where nothing answers over TLS
    std::string authfile, registries_conf, cert_dir;
    std::string authfile_option = "--authfile"; ///< that `authfile` was given by
    std::string side;                     ///< "src-" or "dest-" where options of one side of a copy help
    std::optional<lading::credential> secret;
    std::string secret_option = "--creds"; ///< that `secret` was given by
    std::vector<std::string> mirrors;
    lading::tls_options tls;
    lading::client_options client;
};

/// `-v`: each request on stderr, as it ends. `program` must outlive it.
class narrator final : public lading::exchange_observer {
  public:
    explicit narrator(char const* program) : program_(program) {}
    void on_exchange(lading::exchange_record const& what) override;

  private:
    char const* program_;
};

/// What is configured about registries, from the files and the options.
lading::result<lading::registry_rules> rules_for(registry_access const& args);

/// Error: `invalid_argument` where there is no such file as `authfile`: a mistyped name would be noticed with the first private image only.
lading::result<void> check_authfile(registry_access const& args);

/// What a person may do about a failure; empty where no option helps that has not been given.
std::string hint_for(lading::error const& e, registry_access const& args);
