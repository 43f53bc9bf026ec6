// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `config_credentials`: the logins that Docker and the containers tools have stored on this machine.
///
/// The rules, for a repository `HOST/ns/app`. Sources are asked in the order of the table; one that has no login, or fails to
/// give it, passes the question on.
///
/// | source                                | what it says for the repository                                             |
/// |---------------------------------------|-----------------------------------------------------------------------------|
/// | `with_login`                          | the login of HOST, else the one of every host                               |
/// | `with_text`, each; `with_authfile`    | where any is given: these and nothing below but netrc                       |
/// | `$DOCKER_AUTH_CONFIG`                 | the text of a Docker config, not a path                                     |
/// | `$REGISTRY_AUTH_FILE`                 | where it is set: no other file                                              |
/// | `$XDG_RUNTIME_DIR/containers/auth.json` | or `/run/containers/<uid>/auth.json`                                      |
/// | `$XDG_CONFIG_HOME/containers/auth.json` | `~/.config`                                                               |
/// | `$DOCKER_CONFIG/config.json`          | `~/.docker`                                                                 |
/// | `~/.dockercfg`                        | entries without `auths` around them; keys are hosts only                    |
/// | netrc                                 | where it was asked for                                                      |
///
/// | within                                | order                                                                       |
/// |---------------------------------------|-----------------------------------------------------------------------------|
/// | a Docker config (any other name)      | the helper of HOST in `credHelpers`, else `credsStore`; then `auths`        |
/// | an `auth.json`                        | the helper of HOST in `credHelpers`; then `auths`; then `credsStore`        |
/// | a helper named `""`                   | none: HOST is in `auths`, whatever `credsStore` says                        |
///
/// | of several keys of `auths`            | the one that counts                                                         |
/// |---------------------------------------|-----------------------------------------------------------------------------|
/// | `HOST/ns/app`, `HOST/ns`, `HOST`      | the longest that is a whole part of the repository's name                   |
/// | `HOST` beside `https://HOST`, `HOST/v1/`, `http://HOST/v2/`, `HOST/`, `host` in capitals | the one spelt as the host is     |
/// | several of the others                 | the first of the file                                                       |
/// | Docker Hub in a Docker config         | `https://index.docker.io/v1/`, then `docker.io`, then `index.docker.io`, `registry-1.docker.io` and any spelling |
/// | Docker Hub in an `auth.json`          | `docker.io`, then `https://index.docker.io/v1/`, then the rest              |
/// | `https://../access-token`, `../refresh-token` | never: no logins of the host                                        |
/// | an entry with nothing in it           | is not there (a helper has the login)                                       |
///
/// | a file, entry or helper               | means                                                                       |
/// |---------------------------------------|-----------------------------------------------------------------------------|
/// | no such file; empty; white space; `null`; a byte order mark before any of them or before JSON | no logins, or those of the JSON |
/// | unreadable or broken as a whole       | a fault, told when nothing else has a login; else a remark beside it        |
/// | an entry that cannot be decoded; a helper that cannot be run, fails, hangs, babbles | likewise, for its own host    |
/// | a helper that says "credentials not found" | no login                                                               |
/// | `auth`                                | `user:password` of base64; before `username` and `password`                 |
/// | the user `<token>`; `identitytoken`   | an identity token, before user and password                                 |
/// | `registrytoken`                       | a bearer token, before all of them                                          |

#include "../detail/mutex.hpp"
#include "../detail/text.hpp"
#include "../json/strict_json.hpp"
#include "../store/read_file.hpp"
#include "child_process.hpp"
#include "credential_files.hpp"
#include "netrc.hpp"

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
    /// The text of a Docker config (`{"auths":{..}}`, helpers too), and no file but the one of `with_authfile`. May be given
    /// several times; the first that has a login counts.
    config_credentials_options& with_text(std::string json) { return texts.push_back(std::move(json)), *this; }
    /// This login for this host (`host[:port]`, as in references; a scheme or a `/` at the end is left out; empty: every host
    /// without one) before any file. May be given for several hosts. A text that is no host is `config_invalid` at each lookup.
    config_credentials_options& with_login(credential c, std::string host = {}) {
        auto key = detail::normalise_credential_key(host);
        return logins.insert_or_assign(key.empty() ? std::move(host) : std::move(key), std::move(c)), *this;
    }
    /// A helper is killed after this long.
    config_credentials_options& with_helper_timeout(std::chrono::milliseconds t) { return helper_timeout = t, *this; }
    /// Look into a netrc file last; empty: `$NETRC` or `~/.netrc`.
    config_credentials_options& with_netrc(std::string path = {}) { return use_netrc = true, netrc = std::move(path), *this; }
    /// Read the environment through this function, which is `std::getenv` otherwise.
    config_credentials_options& with_environment(char const* (*get)(char const*)) { return environment = get, *this; }

    std::string authfile;
    std::vector<std::string> texts;
    std::map<std::string, credential, std::less<>> logins; ///< by host; of every host: ""
    std::chrono::milliseconds helper_timeout{30'000};
    std::size_t helper_output = 64u << 10; ///< bytes
    std::chrono::milliseconds helper_answer{300'000}; ///< an answer of a helper is used that long
    bool use_netrc = false;
    std::string netrc;
    char const* (*environment)(char const*) = nullptr;
};

/// Models the credentials policy. `J` models the JSON policy. The tables at the top of this file are its rules.
///
/// Files are read at the first lookup. What a helper said of a host is kept for `helper_answer` (some give logins that are
/// soon over), its failure for ten seconds. Thread-safe: a client over several threads asks it from all of them; one helper
/// runs at a time.
template <json_policy J>
class basic_config_credentials {
  public:
    basic_config_credentials() = default;
    explicit basic_config_credentials(config_credentials_options o) : options_(std::move(o)) {}

    /// The first login of the sources; what failed before it is its `remark`. Errors, when there is none: the first of those
    /// failures, `credentials_invalid` (a file, or an entry that is wanted), `credential_helper_failed`,
    /// `credential_helper_timeout`, `credential_helper_output`; `timeout` when the deadline is over; `config_invalid` for a
    /// login whose host is none. None holds a secret.
    result<std::optional<credential>> lookup(credential_query const& q) {
        for (auto const& [host, secret] : options_.logins)
            if (!host.empty())
                if (auto bad = detail::no_login_host(host)) return std::move(*bad);
        auto given = options_.logins.find(detail::login_host(q.host));
        if (given == options_.logins.end()) given = options_.logins.find("");
        if (given != options_.logins.end() && !given->second.empty()) {
            auto out = given->second;
            if (out.source.empty()) out.source = "given by the caller";
            return std::optional(std::move(out));
        }
        std::lock_guard const lock(*mutex_);
        read_files();
        std::optional<error> trouble;
        auto answer = [&](result<std::optional<credential>> got) -> result<std::optional<credential>> {
            if (got || got.assume_error() == errc::timeout) return got;
            if (!trouble) trouble = std::move(got).assume_error();
            return std::optional<credential>();
        };
        std::optional<credential> found;
        for (auto const& f : files_) {
            if (f.fault && !trouble) trouble = f.fault;
            for (auto const& s : sources(f.what, q)) {
                LADING_TRY(found, answer(s.entry ? from_entry(*s.entry, f.what) : ask_helper(s.helper, q, f.what.path)));
                if (found) break;
            }
            if (found) break;
        }
        if (!found) {
            LADING_TRY(found, answer(from_netrc(q)));
        }
        if (!found && trouble) return std::move(*trouble);
        if (found && trouble) found->remark = trouble->summary();
        return found;
    }

    /// Which file or helper gives the login of a repository, or why there is none. Runs helpers as `lookup` does.
    std::string explain(credential_query const& q) {
        auto const got = lookup(q);
        if (!got) return got.error().message();
        if (!got.assume_value()) return "no login for " + q.host + '/' + q.repository;
        auto const& c = *got.assume_value();
        char const* const what = !c.registry_token.empty()   ? "a registry token"
                                 : !c.identity_token.empty() ? "an identity token"
                                                             : "a user name and password";
        return std::string(what) + " from " + c.source + (c.remark.empty() ? "" : "; before it: " + c.remark);
    }

  private:
    struct file_read {
        credential_file what;
        std::optional<error> fault; ///< why nothing of it could be read
    };
    /// One place of a file that may have the login: an entry, or else a helper.
    struct source {
        auth_entry const* entry = nullptr;
        std::string helper;
    };
    struct answer_kept {
        result<std::optional<credential>> secret;
        std::chrono::steady_clock::time_point until;
    };

    std::string variable(char const* name) const {
        char const* const v = options_.environment ? options_.environment(name) : std::getenv(name);
        return v ? v : "";
    }

    std::vector<std::string> paths() const {
        if (!options_.authfile.empty()) return {options_.authfile};
        if (!options_.texts.empty()) return {};
        if (auto only = variable("REGISTRY_AUTH_FILE"); !only.empty()) return {only};
        auto const home = variable("HOME");
        auto in = [&](std::string const& folder, char const* below_home) {
            return !folder.empty() ? folder : home.empty() ? std::string()
                                                           : home + below_home;
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

    /// Again as long as one of them cannot be read: it may be mended.
    void read_files() {
        if (read_) return;
        files_.clear();
        read_ = true;
        auto take = [&](std::string const& text, std::string const& path) {
            auto& f = files_.emplace_back();
            auto read = parse_credential_file<J>(text, path);
            if (read) f.what = std::move(read).assume_value();
            else f.fault = std::move(read).assume_error(), read_ = false;
        };
        bool const given = !options_.texts.empty() || !options_.authfile.empty();
        for (auto const& text : options_.texts) take(text, "the given text");
        if (auto const text = given ? std::string() : variable("DOCKER_AUTH_CONFIG"); !text.empty())
            take(text, "DOCKER_AUTH_CONFIG");
        for (auto const& path : paths()) {
            auto const text = detail::read_file(path, errc::credentials_invalid);
            if (text && text.assume_value()) {
                take(*text.assume_value(), path);
            } else if (!text || path == options_.authfile) {
                files_.emplace_back().fault =
                    text ? error(errc::credentials_invalid).with_context(path + ": no such file") : text.assume_error();
                read_ = false;
            }
        }
    }

    /// How well a key fits a repository: by the length of the part that it names, then by its spelling. Nothing: not at all.
    struct fit {
        std::size_t length = 0;
        int spelling = 0;
        friend auto operator<=>(fit const&, fit const&) = default;
    };
    static fit fit_of(std::string const& key, std::string const& written, credential_query const& q, bool of_containers) {
        auto const host = detail::login_host(q.host);
        auto const name = host + '/' + q.repository;
        if (key.empty() || !name.starts_with(key) || (name.size() != key.size() && name[key.size()] != '/')) return {};
        bool const index = written == detail::docker_hub::login_key;
        if (index && !of_containers) return {key.size(), 3};
        return {key.size(), written == q.host + key.substr(host.size()) ? 2 : index ? 1
                                                                                    : 0};
    }
    /// The places of a file for a repository, in the order of the file's kind.
    static std::vector<source> sources(credential_file const& f, credential_query const& q) {
        auto best = [&](auto const& list, auto usable) {
            decltype(list.data()) at = nullptr;
            fit most;
            for (auto const& e : list)
                if (auto const how = fit_of(e.key, e.written, q, f.of_containers); how > most && usable(e)) at = &e, most = how;
            return at;
        };
        auto const* const entry = best(f.auths, [](auth_entry const& e) { return !e.secret.empty() || !e.fault.empty(); });
        auto const* const helper = best(f.helpers, [](auth_helper const&) { return true; });
        std::vector<source> out;
        if (helper && !helper->name.empty()) out.push_back({nullptr, helper->name});
        bool const store = !helper && !f.store.empty();
        if (store && !f.of_containers) out.push_back({nullptr, f.store});
        if (entry) out.push_back({entry, {}});
        if (store && f.of_containers) out.push_back({nullptr, f.store});
        return out;
    }

    static result<std::optional<credential>> from_entry(auth_entry const& entry, credential_file const& f) {
        auto const where = f.path + ", entry " + detail::printable(entry.written, 160);
        if (!entry.fault.empty()) return error(errc::credentials_invalid).with_context(where + ": " + entry.fault);
        auto out = entry.secret;
        out.source = where;
        return std::optional(std::move(out));
    }

    result<std::optional<credential>> ask_helper(std::string const& name, credential_query const& q, std::string const& path) {
        auto const host = detail::login_host(q.host);
        auto const key = name + ' ' + host;
        auto const now = std::chrono::steady_clock::now();
        if (auto const known = said_.find(key); known != said_.end() && now < known->second.until) return known->second.secret;
        auto patience = options_.helper_timeout;
        if (q.deadline) patience = std::min(patience, std::chrono::duration_cast<std::chrono::milliseconds>(*q.deadline - now));
        if (patience.count() <= 0) return error(errc::timeout).with_context("before a credential helper was asked");
        for (char c : name)
            if (!detail::is_alnum(c) && c != '.' && c != '_' && c != '-')
                return error(errc::credentials_invalid).with_context(path + ": the name of a helper has a character that none has");
        auto said = run_helper("docker-credential-" + name, host, patience, path);
        auto const keep = said ? options_.helper_answer : std::min(options_.helper_answer, std::chrono::milliseconds(10'000));
        return said_.insert_or_assign(key, answer_kept{std::move(said), std::chrono::steady_clock::now() + keep}).first->second.secret;
    }

    result<std::optional<credential>> run_helper(std::string const& program, std::string const& host,
                                                 std::chrono::milliseconds patience, std::string const& path) const {
        LADING_TRY(auto const ran, detail::run_program({program, "get"}, host == detail::docker_hub::name ? std::string(detail::docker_hub::login_key) : host,
                                                       patience, options_.helper_output));
        // The protocol's way of saying "none": this sentence on the standard output.
        if (ran.exit_code != 0 && ran.out.find("credentials not found") != ran.out.npos) return std::optional<credential>();
        if (ran.exit_code != 0)
            return error(errc::credential_helper_failed)
                .with_context(program + ": exit status " + std::to_string(ran.exit_code) + detail::words_of(ran));
        auto out = parse_helper_answer<J>(ran.out);
        if (!out) { // its output may hold the secret
            auto const also = ran.err.empty() ? std::string() : detail::words_of({0, {}, ran.err});
            return error(errc::credential_helper_output).with_context(program + ": no JSON with Username and Secret" + also);
        }
        out->source = program + " of " + path;
        if (out->empty()) out.reset();
        return out;
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
    std::vector<file_read> files_;
    bool read_ = false;
    std::map<std::string, answer_kept> said_; ///< by helpers
};

using config_credentials = basic_config_credentials<strict_json>;

} // namespace lading
