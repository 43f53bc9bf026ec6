// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The accounts of a password file, as `htpasswd -B` writes it.

#include <lading/http/message.hpp>
#include <lading/result.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

/// Threads: `admits` is called by several at once.
class htpasswd {
  public:
    /// Lines of USER:HASH, the hash as of crypt(3): bcrypt, SHA-256 or SHA-512. Errors: `config_invalid` with the line, never with what it says; `invalid_argument` where
    /// there is no such file.
    static lading::result<htpasswd> read(std::string const& path);

    /// Whether a request shows one of the accounts.
    bool admits(lading::request const& q) const;

  private:
    struct admitted {
        std::mutex mutex;
        std::set<std::string> digests; ///< of what was admitted before: a hash takes its time, on purpose
    };
    std::map<std::string, std::string> accounts_;
    std::unique_ptr<admitted> before_ = std::make_unique<admitted>();
};
