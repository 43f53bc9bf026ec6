// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `registries.conf` (version 2) of the containers tools. Opt in: needs toml++, which nothing else does.

#include "../endpoint/registry_rules.hpp"
#include "../reference.hpp"
#include "../store/folder.hpp"
#include "../store/read_file.hpp"
#include "toml_guard.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

namespace detail {

/// Reads one file into rules. Every mistake names file and key.
class registries_conf_reader {
  public:
    registries_conf_reader(registry_rules& out, std::string path) : out_(out), path_(std::move(path)) {}

    result<void> read(std::string_view text) {
        if (auto const bad = toml_guard(text).find(); bad != text.npos) {
            auto const line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
            return refuse("line " + std::to_string(line), "TOML", std::string(text.substr(bad, 16)));
        }
        toml::table root;
#if TOML_EXCEPTIONS
        try {
            root = toml::parse(text, path_);
        } catch (toml::parse_error const& e) {
            return syntax(e);
        }
#else
        auto parsed = toml::parse(text, path_);
        if (!parsed) return syntax(parsed.error());
        root = std::move(parsed).table();
#endif
        if (auto const* old = root.get("registries"); old && old->is_table())
            return refuse("registries", "the format of version 2", "version 1 ([registries.search] and the like)");
        remark_unknown(root, "", {"registry", "aliases", "unqualified-search-registries", "short-name-mode", "credential-helpers", "additional-layer-store-auth-helper"});
        if (auto const* list = root.get("registry")) {
            auto const* array = list->as_array();
            if (!array) return refuse("registry", "[[registry]]", "something else");
            for (auto const& element : *array) {
                auto const* t = element.as_table();
                if (!t) return refuse("registry", "[[registry]]", "something else");
                LADING_TRY_V(read_registry(*t));
            }
        }
        if (auto const* aliases = root.get("aliases")) {
            auto const* t = aliases->as_table();
            if (!t) return refuse("aliases", "[aliases]", "something else");
            for (auto const& [key, node] : *t) {
                auto const meant = node.value_exact<std::string>();
                if (!meant) return refuse("aliases." + std::string(key.str()), "a text", "something else");
                LADING_TRY_V(add_alias(std::string(key.str()), *meant));
            }
        }
        return success();
    }

  private:
    error refuse(std::string const& key, std::string expected, std::string_view actual) const {
        return error(errc::config_invalid)
            .with_context(path_ + ", " + printable(key, 160))
            .with_values(std::move(expected), printable(actual, 160));
    }
    error syntax(toml::parse_error const& e) const {
        return refuse("line " + std::to_string(e.source().begin.line), "TOML", std::string(e.description()));
    }

    template <class T>
    result<T> value(toml::table const& t, char const* key, T otherwise, char const* expected) const {
        auto const* node = t.get(key);
        if (!node) return otherwise;
        auto v = node->value_exact<T>();
        if (!v) return refuse(key, expected, "something else");
        return std::move(*v);
    }

    void remark_unknown(toml::table const& t, std::string const& where, std::initializer_list<std::string_view> known) {
        for (auto const& [key, node] : t)
            if (std::find(known.begin(), known.end(), key.str()) == known.end())
                remark(warning_code::config_key_unknown, where + std::string(key.str()));
    }
    void remark(warning_code code, std::string const& what) {
        out_.add_warning({code, printable(path_ + ", " + what, 512)});
    }

    /// `host[:port][/path]` with the host as references have it; slashes at the end mean nothing.
    result<void> check_location(char const* key, std::string& text) const {
        while (text.ends_with('/')) text.pop_back();
        auto const host = text.substr(0, text.find('/'));
        if (!repository::parse(host.size() == text.size() ? text + "/x" : text) ||
            !names_host(host))
            return refuse(key, "host[:port][/path]", text);
        return success();
    }

    /// `host/path:tag` or `host/path@digest`.
    static bool is_of_one_image(std::string const& prefix) {
        return registry_entry(prefix).is_of_one_image() && names_host(prefix.substr(0, prefix.find('/'))) && bool(reference::parse(prefix));
    }

    /// What a file of this kind calls insecure: plain http allowed, and no check of certificates.
    void set_insecure(std::string const& location) {
        auto const host = lower(location.substr(0, location.find('/')));
        out_.host(host).with_plaintext(plaintext::allowed).with_tls(tls_options().with_verify(false));
    }

    result<void> read_registry(toml::table const& t) {
        LADING_TRY(auto location, value<std::string>(t, "location", {}, "a text"));
        LADING_TRY(auto prefix, value<std::string>(t, "prefix", location, "a text"));
        LADING_TRY(auto const insecure, value<bool>(t, "insecure", false, "true or false"));
        LADING_TRY(auto const blocked, value<bool>(t, "blocked", false, "true or false"));
        LADING_TRY(auto const by_digest_only, value<bool>(t, "mirror-by-digest-only", false, "true or false"));
        remark_unknown(t, "registry.", {"prefix", "location", "insecure", "blocked", "mirror", "mirror-by-digest-only"});
        if (prefix.empty()) prefix = location;
        if (prefix.empty()) return refuse("registry", "a prefix or a location", "neither");
        bool const wildcard = prefix.starts_with("*.");
        bool const one_image = is_of_one_image(prefix);
        auto domain = wildcard ? "x" + prefix.substr(1) : prefix; // of one label too: any host below it has two
        if (!one_image) {
            LADING_TRY_V(check_location("prefix", domain));
        }
        if (wildcard) domain.erase(0, 2);
        prefix = (wildcard ? "*." : "") + domain;
        if (wildcard && domain.find('/') != domain.npos) return refuse("prefix", "*.domain", prefix);
        if (!location.empty()) {
            LADING_TRY_V(check_location("location", location));
        }
        if (location.empty() && !wildcard) location = one_image ? reference::parse(prefix).assume_value().repository().str() : prefix;

        registry_entry entry(prefix);
        if (location != prefix) entry.with_location(location);
        entry.with_blocked(blocked);
        if (insecure) set_insecure(location.empty() ? prefix : location);
        if (auto const* list = t.get("mirror")) {
            auto const* array = list->as_array();
            if (!array) return refuse("registry.mirror", "[[registry.mirror]]", "something else");
            for (auto const& element : *array) {
                auto const* m = element.as_table();
                if (!m) return refuse("registry.mirror", "[[registry.mirror]]", "something else");
                LADING_TRY_V(read_mirror(*m, by_digest_only, entry));
            }
        }
        for (auto& known : out_.registries)
            if (known.prefix == entry.prefix) return known = std::move(entry), success(); // a later file replaces it
        out_.with_registry(std::move(entry));
        return success();
    }

    result<void> read_mirror(toml::table const& t, bool by_digest_only, registry_entry& entry) {
        LADING_TRY(auto location, value<std::string>(t, "location", {}, "a text"));
        LADING_TRY(auto const insecure, value<bool>(t, "insecure", false, "true or false"));
        LADING_TRY(auto const when, value<std::string>(t, "pull-from-mirror", {}, "a text"));
        remark_unknown(t, "registry.mirror.", {"location", "insecure", "pull-from-mirror"});
        LADING_TRY_V(check_location("registry.mirror.location", location));
        if (by_digest_only && !when.empty())
            return refuse("pull-from-mirror", "either this or mirror-by-digest-only", "both");
        if (!when.empty() && when != "all" && when != "digest-only" && when != "tag-only")
            return refuse("pull-from-mirror", "all, digest-only or tag-only", when);
        auto const use = by_digest_only || when == "digest-only" ? mirror_use::digest_only
                         : when == "tag-only"                    ? mirror_use::tag_only
                                                                 : mirror_use::all;
        if (insecure) set_insecure(location);
        entry.with_mirror(mirror(std::move(location), use));
        return success();
    }

    result<void> add_alias(std::string key, std::string meant) {
        auto const at = std::find_if(out_.aliases.begin(), out_.aliases.end(), [&](auto& a) { return a.first == key; });
        if (at != out_.aliases.end()) out_.aliases.erase(at);
        if (meant.empty()) return success(); // takes an earlier one back
        auto const slash = key.find('/');
        bool const hosted = slash != key.npos && names_host(std::string_view(key).substr(0, slash));
        if (key.empty() || hosted || key.find_first_of(":@") != key.npos)
            return refuse("aliases." + key, "a name without host, tag and digest", key);
        if (!repository::parse(meant) || !names_host(meant.substr(0, meant.find('/'))))
            return refuse("aliases." + key, "host/path without tag", meant);
        out_.aliases.emplace_back(std::move(key), std::move(meant));
        return success();
    }

    registry_rules& out_;
    std::string path_;
};

} // namespace detail

/// Adds what a `registries.conf` text says to the rules: `[[registry]]` with prefix, location, insecure, blocked,
/// mirror-by-digest-only, and its mirrors with location, insecure, pull-from-mirror; `[aliases]`. `insecure = true` has
/// the meaning of these files: plain http is allowed for the host and its certificate is not checked. Not read, because
/// a reference here always has one meaning: unqualified-search-registries, short-name-mode, credential-helpers. Keys that are
/// not known are named in the rules' warnings.
/// Errors: `config_invalid` with the name, the key, what is expected and what is there; the rules may then hold a part.
inline result<void> add_registries_conf(registry_rules& rules, std::string_view text, std::string name = "registries.conf") {
    return detail::registries_conf_reader(rules, std::move(name)).read(text);
}

/// Reads the configuration of this machine, or of one file: the given path alone, else `$CONTAINERS_REGISTRIES_CONF`
/// alone, else `~/.config/containers/registries.conf` or `/etc/containers/registries.conf`, whichever comes first; then,
/// unless a path was given, the files `*.conf` of the folder `registries.conf.d` beside it, by name. No file is no rule;
/// a given path must be there. Errors: `config_invalid`.
inline result<registry_rules> load_registries_conf(std::string const& path = {}) {
    auto variable = [](char const* name) {
        char const* const v = std::getenv(name);
        return std::string(v ? v : "");
    };
    std::vector<std::string> candidates;
    bool const given = !path.empty();
    if (given) candidates.push_back(path);
    else if (auto const only = variable("CONTAINERS_REGISTRIES_CONF"); !only.empty()) candidates.push_back(only);
    else {
        if (auto const h = variable("HOME"); !h.empty()) candidates.push_back(h + "/.config/containers/registries.conf");
        candidates.emplace_back("/etc/containers/registries.conf");
    }
    registry_rules out;
    for (auto const& candidate : candidates) {
        LADING_TRY(auto const text, detail::read_file(candidate, errc::config_invalid));
        if (!text) {
            if (given) return error(errc::config_invalid).with_context(candidate + ": no such file");
            continue;
        }
        LADING_TRY_V(add_registries_conf(out, *text, candidate));
        if (given) return out;
        LADING_TRY(auto const more, detail::list_folder(candidate + ".d", errc::config_invalid));
        for (auto const& name : more ? *more : std::vector<std::string>()) {
            if (!name.ends_with(".conf")) continue;
            auto const file = candidate + ".d/" + name;
            LADING_TRY(auto const part, detail::read_file(file, errc::config_invalid));
            if (part) {
                LADING_TRY_V(add_registries_conf(out, *part, file));
            }
        }
        break;
    }
    return out;
}

} // namespace lading
