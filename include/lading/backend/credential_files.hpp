// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The credential files of Docker and of the containers tools: `config.json`, `auth.json`, `.dockercfg` (spec 3.7, 3.8).

#include "../detail/base64.hpp"
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
/// must not take the others away (10.63).
struct auth_entry {
    std::string key;      ///< normalised: "host[:port][/path]", docker.io for Docker Hub
    credential secret;    ///< empty when the entry holds none (a helper has it)
    std::string fault;    ///< why it cannot be used; empty when it can
};

/// What a credential file says.
struct credential_file {
    std::string path;
    std::vector<auth_entry> auths;
    std::vector<std::pair<std::string, std::string>> helpers; ///< by normalised host
    std::string store;                                        ///< `credsStore`: the helper of all other hosts
};

namespace detail {

/// The one spelling of a key: without scheme, without `/v1/` or `/v2/` behind a host, Docker Hub's names as docker.io,
/// in lower case as hosts are.
inline std::string normalise_credential_key(std::string_view key) {
    bool had_scheme = false;
    for (std::string_view scheme : {"https://", "http://"})
        if (key.starts_with(scheme)) key.remove_prefix(scheme.size()), had_scheme = true;
    while (key.ends_with('/')) key.remove_suffix(1);
    auto host = key.substr(0, key.find('/'));
    auto path = key.substr(host.size());
    // An address with a scheme is that of an index: only its host tells (spec 3.7).
    if (had_scheme || path == "/v1" || path == "/v2") path = {};
    auto out = lower(host);
    if (out == "index.docker.io" || out == "registry-1.docker.io") out = "docker.io";
    return out.append(path);
}

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

} // namespace detail

/// Reads the text of a credential file. `path` is for messages. Objects without `auths` whose members are objects are
/// the older `.dockercfg`, and so are two lines `auth = ...`, `email = ...`, which are for Docker Hub. Errors: `credentials_invalid` with the path and the reason when the file as a whole cannot be
/// read; entries have faults of their own.
template <json_policy J>
result<credential_file> parse_credential_file(std::string_view text, std::string path) {
    auto refuse = [&](std::string why) {
        return error(errc::credentials_invalid).with_context(path + ": " + std::move(why));
    };
    if (text.starts_with("auth")) {
        auto const line = text.substr(0, text.find('\n'));
        auto const equals = line.find('=');
        if (equals == line.npos) return refuse("no line auth = ...");
        credential_file out;
        out.path = path;
        auto& entry = out.auths.emplace_back();
        entry.key = "docker.io";
        auto value = detail::trim(line.substr(equals + 1));
        if (value.ends_with('\r')) value.remove_suffix(1);
        entry.fault = detail::read_login(value, entry.secret);
        return out;
    }
    auto const parsed = json_document::parse<J>(text);
    if (!parsed)
        return refuse(std::string(name_of(parsed.error().kind())) + ' ' + parsed.error().detail().context);
    auto const root = parsed.assume_value().root();
    if (!root.is_object()) return refuse("no JSON object");
    credential_file out;
    out.path = path;
    auto take = [&](json_view list) {
        list.each_member([&](std::string_view key, json_view v) { out.auths.push_back(detail::read_auth_entry(key, v)); });
    };
    auto const auths = root.find("auths"), helpers = root.find("credHelpers"), store = root.find("credsStore");
    if (auths && !auths->is_null() && !auths->is_object()) return refuse("auths is no object");
    if (helpers && !helpers->is_null() && !helpers->is_object()) return refuse("credHelpers is no object");
    if (store && !store->is_null() && !store->is_string()) return refuse("credsStore is no string");
    if (auths) {
        take(*auths);
    } else if (!helpers && !store) {
        root.each_member([&](std::string_view key, json_view v) {
            if (v.is_object() && (v.find("auth") || v.find("username")))
                out.auths.push_back(detail::read_auth_entry(key, v));
        });
    }
    if (store) out.store = store->as_string().value_or("");
    if (helpers)
        helpers->each_member([&](std::string_view key, json_view v) {
            out.helpers.emplace_back(detail::normalise_credential_key(key), v.as_string().value_or(""));
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
