// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The credential files of Docker and of the containers tools: `config.json`, `auth.json`, `.dockercfg`. Which entry of a file
/// counts is said in `config_credentials.hpp`.

#include "../detail/base64.hpp"
#include "../detail/docker_hub.hpp"
#include "../detail/text.hpp"
#include "../json/document.hpp"
#include "../policy/credentials.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// One entry of `auths`. What is wrong with it is told only when it is the one that is wanted: a bad entry for one host
/// must not take the others away.
struct auth_entry {
    std::string key;      ///< normalised: "host[:port][/path]", docker.io for Docker Hub
    std::string written;  ///< as the file has it
    credential secret;    ///< empty when the entry holds none (a helper has it)
    std::string fault;    ///< why it cannot be used; empty when it can
};

/// One entry of `credHelpers`.
struct auth_helper {
    std::string key, written; ///< as of `auth_entry`
    std::string name;         ///< without "docker-credential-"; empty: no helper, but the file's own entry
};

/// What a credential file says.
struct credential_file {
    std::string path;
    bool of_containers = false;   ///< an `auth.json`, with the order of the containers tools; else Docker's
    std::vector<auth_entry> auths;
    std::vector<auth_helper> helpers;
    std::string store;            ///< `credsStore`: the helper of all other hosts
};

namespace detail {

/// "user:password" of base64 into a credential. What is wrong, in words, or an empty text.
inline std::string read_login(std::string_view encoded, credential& out) {
    std::string packed;
    for (char c : encoded)
        if (c != '\r' && c != '\n') packed += c;
    auto const login = base64_decode(packed);
    if (!login) return "its auth is not base64";
    auto const colon = login->find(':');
    if (colon == login->npos) return "its auth has no colon";
    out.username = login->substr(0, colon);
    out.password = login->substr(colon + 1);
    while (out.password.ends_with('\0')) out.password.pop_back();
    return {};
}

inline auth_entry read_auth_entry(std::string_view key, json_view value) {
    auth_entry out;
    out.key = normalise_credential_key(key);
    out.written = key;
    if (value.is_null()) return out;
    if (!value.is_object()) return out.fault = "it is no object", out;
    auto text = [&](char const* name) -> std::string_view {
        auto const v = value.find(name);
        if (!v || v->is_null()) return {};
        if (!v->is_string()) out.fault = std::string("its ") + name + " is no string";
        return v->as_string().value_or("");
    };
    out.secret.identity_token = text("identitytoken");
    out.secret.registry_token = text("registrytoken");
    if (auto const login = text("auth"); !login.empty()) {
        if (auto why = read_login(login, out.secret); !why.empty()) out.fault = std::move(why);
    } else {
        out.secret.username = text("username");
        out.secret.password = text("password");
    }
    if (out.secret.username == "<token>") { // the form that helpers use for identity tokens
        out.secret.identity_token = std::exchange(out.secret.password, {});
        out.secret.username.clear();
    }
    return out;
}

/// `docker login` in a browser keeps its tokens under such keys, beside the login.
inline bool is_login_key(std::string_view key) {
    while (key.ends_with('/')) key.remove_suffix(1);
    if (key.find("://") == key.npos && key.find("/v1/") == key.npos) return true;
    return !key.ends_with("/access-token") && !key.ends_with("/refresh-token");
}

} // namespace detail

/// Reads the text of a credential file. `path` is for messages, and tells by its last part whether the file is an
/// `auth.json`. A byte order mark is skipped; nothing but white space, and `null`, are a file without logins. Objects without
/// `auths` whose members are objects are the older `.dockercfg`, and so are two lines `auth = ...`, `email = ...`, which are
/// for Docker Hub. Errors: `credentials_invalid` with the path and the reason when the file as a whole cannot be read;
/// entries have faults of their own.
template <json_policy J>
result<credential_file> parse_credential_file(std::string_view text, std::string const& path) {
    auto refuse = [&](std::string why) {
        return error(errc::credentials_invalid).with_context(path + ": " + std::move(why));
    };
    credential_file out;
    out.path = path;
    out.of_containers = path == "auth.json" || path.ends_with("/auth.json");
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    if (text.find_first_not_of(" \t\r\n") == text.npos) return out;
    if (text.starts_with("auth")) {
        auto const line = text.substr(0, text.find('\n'));
        auto const equals = line.find('=');
        if (equals == line.npos) return refuse("no line auth = ...");
        auto& entry = out.auths.emplace_back();
        entry.key = entry.written = std::string(detail::docker_hub::name);
        auto value = detail::trim(line.substr(equals + 1));
        if (value.ends_with('\r')) value.remove_suffix(1);
        entry.fault = detail::read_login(value, entry.secret);
        return out;
    }
    auto const parsed = json_document::parse<J>(text);
    if (!parsed)
        return refuse(std::string(name_of(parsed.error().kind())) + ' ' + parsed.error().detail().context);
    auto const root = parsed.assume_value().root();
    if (root.is_null()) return out;
    if (!root.is_object()) return refuse("no JSON object");
    auto take = [&](std::string_view key, json_view v) {
        if (detail::is_login_key(key)) out.auths.push_back(detail::read_auth_entry(key, v));
    };
    auto const auths = root.find("auths"), helpers = root.find("credHelpers"), store = root.find("credsStore");
    if (auths && !auths->is_null() && !auths->is_object()) return refuse("auths is no object");
    if (helpers && !helpers->is_null() && !helpers->is_object()) return refuse("credHelpers is no object");
    if (store && !store->is_null() && !store->is_string()) return refuse("credsStore is no string");
    if (auths) {
        auths->each_member(take);
    } else if (!helpers && !store) {
        root.each_member([&](std::string_view key, json_view v) {
            if (!v.is_object() || !(v.find("auth") || v.find("username"))) return;
            take(key, v);
        });
        for (auto& e : out.auths) e.key = e.key.substr(0, e.key.find('/')); // it knew hosts only
    }
    if (store) out.store = store->as_string().value_or("");
    if (helpers)
        helpers->each_member([&](std::string_view key, json_view v) {
            auto const name = v.is_null() ? std::optional<std::string_view>("") : v.as_string();
            // What is no name is kept as one that no helper has: a fault of this host only.
            out.helpers.push_back({detail::normalise_credential_key(key), std::string(key), std::string(name.value_or("?"))});
        });
    return out;
}

/// What a credential helper answers to `get`: `{"Username":"..","Secret":".."}`; the user name `<token>` makes the secret an
/// identity token. Nothing for any other text. The credential may be empty.
template <json_policy J>
std::optional<credential> parse_helper_answer(std::string_view text) {
    auto const answer = json_document::parse<J>(text);
    if (!answer) return std::nullopt;
    auto const root = answer.assume_value().root();
    auto read = [&](char const* field) -> std::optional<std::string_view> {
        auto const v = root.find(field);
        return v ? v->as_string() : std::nullopt;
    };
    auto const user = read("Username"), secret = read("Secret");
    if (!user || !secret) return std::nullopt;
    return *user == "<token>" ? credential::identity(std::string(*secret)) : credential(std::string(*user), std::string(*secret));
}

} // namespace lading
