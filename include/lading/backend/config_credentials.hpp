// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `config_credentials`: the logins that Docker and the containers tools have stored on this machine (spec 3.8).

#include "../detail/mutex.hpp"
#include "../detail/text.hpp"
#include "child_process.hpp"
#include "credential_files.hpp"
#include "netrc.hpp"
#include "read_file.hpp"
#include "strict_json.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// Where `config_credentials` looks. Every setter returns the object.
struct config_credentials_options {
    config_credentials_options() = default;
    /// This file and no other, as `--authfile` does.
    config_credentials_options& with_authfile(std::string path) { return authfile = std::move(path), *this; }
    /// This login for this host (`host[:port]`, as in references; empty: every host without one) before any file. May be
    /// given for several hosts.
    config_credentials_options& with_login(credential c, std::string host = {}) {
        return logins.insert_or_assign(detail::lower(host), std::move(c)), *this;
    }
    /// A helper is killed after this long.
    config_credentials_options& with_helper_timeout(std::chrono::milliseconds t) { return helper_timeout = t, *this; }
    /// Look into a netrc file last; empty: `$NETRC` or `~/.netrc`.
    config_credentials_options& with_netrc(std::string path = {}) { return use_netrc = true, netrc = std::move(path), *this; }
    /// Read the environment through this function, which is `std::getenv` otherwise.
    config_credentials_options& with_environment(char const* (*get)(char const*)) { return environment = get, *this; }

    std::string authfile;
    std::map<std::string, credential, std::less<>> logins; ///< by host; of every host: ""
    std::chrono::milliseconds helper_timeout{30'000};
    std::size_t helper_output = 64u << 10; ///< bytes
    std::chrono::milliseconds helper_answer{300'000}; ///< an answer of a helper is used that long
    bool use_netrc = false;
    std::string netrc;
    char const* (*environment)(char const*) = nullptr;
};

/// Models the credentials policy. `J` models the JSON policy.
///
/// Files, in order: the given one alone, or `$REGISTRY_AUTH_FILE` alone, else `$XDG_RUNTIME_DIR/containers/auth.json` (or
/// `/run/containers/<uid>/auth.json`), `$XDG_CONFIG_HOME/containers/auth.json` (`~/.config`), `$DOCKER_CONFIG/config.json`
/// (`~/.docker`), `~/.dockercfg`. They are read at the first lookup. Of all entries of all files the one with the longest
/// key that is a whole part of `host/path` counts, the first file of equals; a `credHelpers` entry counts as a key of
/// its host and comes before `auths` of the same file; `credsStore` is asked when nothing else is there. What a helper
/// said of a host is kept for `helper_answer` (some give logins that are soon over). Thread-safe: a client over several
/// threads asks it from all of them; one helper runs at a time.
template <json_policy J>
class basic_config_credentials {
  public:
    basic_config_credentials() = default;
    explicit basic_config_credentials(config_credentials_options o) : options_(std::move(o)) {}

    /// Errors: `credentials_invalid` (a file, or the entry that is wanted), `credential_helper_failed`,
    /// `credential_helper_timeout`, `credential_helper_output`. None holds a secret.
    result<std::optional<credential>> lookup(credential_query const& q) {
        auto given = options_.logins.find(q.host);
        if (given == options_.logins.end()) given = options_.logins.find("");
        if (given != options_.logins.end() && !given->second.empty()) {
            auto out = given->second;
            if (out.source.empty()) out.source = "given by the caller";
            return std::optional(std::move(out));
        }
        std::lock_guard const lock(*mutex_);
        LADING_TRY_V(read_files());
        LADING_TRY(auto const found, find(q));
        if (found.file) {
            if (!found.helper.empty()) return ask_helper(found.helper, q, found.file->path);
            auto const& entry = *found.entry;
            if (!entry.fault.empty())
                return error(errc::credentials_invalid)
                    .with_context(found.file->path + ", entry " + detail::printable(entry.key, 160) + ": " + entry.fault);
            auto out = entry.secret;
            out.source = found.file->path + ", entry " + entry.key;
            return std::optional(std::move(out));
        }
        for (auto const& f : files_) {
            if (f.store.empty()) continue;
            LADING_TRY(auto got, ask_helper(f.store, q, f.path));
            if (got) return got;
        }
        return from_netrc(q);
    }

    /// Which file or helper gives the login of a repository, or why there is none. Runs helpers as `lookup` does.
    std::string explain(credential_query const& q) {
        auto const got = lookup(q);
        if (!got) return got.error().message();
        if (!got.assume_value()) return "no login for " + q.host + '/' + q.repository;
        auto const& c = *got.assume_value();
        char const* const what = !c.registry_token.empty() ? "a registry token"
                                 : !c.identity_token.empty() ? "an identity token" : "a user name and password";
        return std::string(what) + " from " + c.source;
    }

  private:
    struct place {
        credential_file const* file = nullptr;
        auth_entry const* entry = nullptr;
        std::string helper;
    };
    struct answer_kept {
        std::optional<credential> secret;
        std::chrono::steady_clock::time_point until;
    };

    std::string variable(char const* name) const {
        char const* const v = options_.environment ? options_.environment(name) : std::getenv(name);
        return v ? v : "";
    }

    std::vector<std::string> paths() const {
        if (!options_.authfile.empty()) return {options_.authfile};
        if (auto only = variable("REGISTRY_AUTH_FILE"); !only.empty()) return {only};
        auto const home = variable("HOME");
        auto in = [&](std::string folder, char const* below_home) {
            return !folder.empty() ? folder : home.empty() ? std::string() : home + below_home;
        };
        auto runtime = variable("XDG_RUNTIME_DIR");
#if !defined(_WIN32)
        if (runtime.empty()) runtime = "/run/containers/" + std::to_string(::getuid());
        else runtime += "/containers";
#endif
        std::vector<std::string> out;
        if (!runtime.empty()) out.push_back(runtime + "/auth.json");
        if (auto const d = in(variable("XDG_CONFIG_HOME"), "/.config"); !d.empty()) out.push_back(d + "/containers/auth.json");
        if (auto const d = in(variable("DOCKER_CONFIG"), "/.docker"); !d.empty()) out.push_back(d + "/config.json");
        if (!home.empty()) out.push_back(home + "/.dockercfg");
        return out;
    }

    result<void> read_files() {
        if (read_) return success();
        std::vector<credential_file> found;
        for (auto const& path : paths()) {
            LADING_TRY(auto const text, detail::read_file(path, errc::credentials_invalid));
            if (!text) {
                if (path == options_.authfile)
                    return error(errc::credentials_invalid).with_context(path + ": no such file");
                continue;
            }
            LADING_TRY(auto file, parse_credential_file<J>(*text, path));
            found.push_back(std::move(file));
        }
        files_ = std::move(found);
        read_ = true;
        return success();
    }

    /// The entry or helper for a repository.
    result<place> find(credential_query const& q) const {
        auto const name = detail::normalise_credential_key(q.host) + '/' + q.repository;
        auto fits = [&](std::string_view key) {
            return !key.empty() && name.starts_with(key) && (name.size() == key.size() || name[key.size()] == '/');
        };
        place best;
        std::size_t length = 0;
        for (auto const& f : files_) {
            for (auto const& [host, helper] : f.helpers)
                if (fits(host) && host.size() > length) best = {&f, nullptr, helper}, length = host.size();
            for (auto const& e : f.auths)
                if (fits(e.key) && e.key.size() > length && (!e.secret.empty() || !e.fault.empty()))
                    best = {&f, &e, {}}, length = e.key.size();
        }
        if (best.file && !best.entry && best.helper.empty())
            return error(errc::credentials_invalid).with_context(best.file->path + ": the helper of " + q.host + " has no name");
        return best;
    }

    result<std::optional<credential>> ask_helper(std::string const& name, credential_query const& q, std::string const& path) {
        auto const& host = q.host;
        auto const key = name + ' ' + host;
        auto const now = std::chrono::steady_clock::now();
        if (auto const known = said_.find(key); known != said_.end() && now < known->second.until) return known->second.secret;
        auto patience = options_.helper_timeout;
        if (q.deadline) patience = std::min(patience, std::chrono::duration_cast<std::chrono::milliseconds>(*q.deadline - now));
        if (patience.count() <= 0) return error(errc::timeout).with_context("before a credential helper was asked");
        for (char c : name)
            if (!detail::is_alnum(c) && c != '.' && c != '_' && c != '-')
                return error(errc::credentials_invalid).with_context(path + ": the name of a helper has a character that none has");
        auto const program = "docker-credential-" + name;
        LADING_TRY(auto const ran, detail::run_program({program, "get"}, host == "docker.io" ? "https://index.docker.io/v1/" : host,
                                                       patience, options_.helper_output));
        std::optional<credential> out;
        if (ran.exit_code != 0) {
            // The protocol's way of saying "none": this sentence on the standard output.
            if (ran.out.find("credentials not found") == std::string::npos)
                return error(errc::credential_helper_failed)
                    .with_context(program + ": exit status " + std::to_string(ran.exit_code));
        } else {
            out = parse_helper_answer<J>(ran.out);
            if (!out)
                return error(errc::credential_helper_output).with_context(program + ": no JSON with Username and Secret");
            out->source = program + " of " + path;
            if (out->username.empty() && out->identity_token.empty()) out.reset();
        }
        return said_.insert_or_assign(key, answer_kept{std::move(out), now + options_.helper_answer}).first->second.secret;
    }

    result<std::optional<credential>> from_netrc(credential_query const& q) const {
        if (!options_.use_netrc) return std::optional<credential>();
        auto path = options_.netrc.empty() ? variable("NETRC") : options_.netrc;
        if (path.empty()) path = variable("HOME") + "/.netrc";
        LADING_TRY(auto const text, detail::read_file(path, errc::credentials_invalid));
        if (!text) return std::optional<credential>();
        auto out = find_in_netrc(*text, q.host.substr(0, q.host.find(':')));
        if (out) out->source = path;
        return out;
    }

    config_credentials_options options_;
    std::shared_ptr<std::mutex> mutex_ = std::make_shared<std::mutex>(); ///< of the rest; copies may wait for each other
    std::vector<credential_file> files_;
    bool read_ = false;
    std::map<std::string, answer_kept> said_; ///< by helpers
};

using config_credentials = basic_config_credentials<strict_json>;

} // namespace lading
