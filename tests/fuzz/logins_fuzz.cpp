// SPDX-License-Identifier: BSL-1.0
// Configs of Docker as texts: which login is found, and that nothing else of them is told.
#include "target.hpp"

#include <lading/config_files/config_credentials.hpp>
#include <lading/reference.hpp>

using namespace lading;
using fuzz::check_error;
using fuzz::must;

namespace {

char const* no_variable(char const*) { return nullptr; }

config_credentials reader_of(std::string text) {
    return config_credentials(config_credentials_options().with_text(std::move(text)).with_environment(no_variable));
}

bool is_of(auth_entry const& e, credential const& c) {
    return e.secret.username == c.username && e.secret.password == c.password && e.secret.identity_token == c.identity_token &&
           e.secret.registry_token == c.registry_token;
}

} // namespace

FUZZ_TARGET(docker_config, "files",
            {"a.test\x1er\x1e{\"auths\":{\"a.test\":{\"auth\":\"YWxpY2U6cHctQ0FOQVJZLTdmM2E=\"},\"https://a.test/v1/\":{\"auth\":\"Ym9iOnB3\"}}}",
             "docker.io\x1elibrary/x\x1e{\"auths\":{\"https://index.docker.io/v1/\":{\"username\":\"alice\",\"password\":\"pw-CANARY-7f3a\"},\"https://index.docker.io/v1/access-token\":{\"auth\":\"eDp5\"}}}",
             "a.test:5000\x1eteam/app\x1e{\"auths\":{\"a.test:5000/team\":{\"identitytoken\":\"tok-CANARY-91bc\"},\"a.test:5000\":{\"auth\":\"YTpi\"}}}",
             "a.test\x1er\x1e\xef\xbb\xbf{\"auths\":null}", "a.test\x1er\x1e ", "a.test\x1er\x1enull", "a.test\x1er\x1e{\"credHelpers\":{\"a.test\":\"\"},\"auths\":{\"a.test\":{\"auth\":\"YTpi\"}}}",
             "a.test\x1er\x1e{\"auths\":{\"a.test\":{\"auth\":\"%%%\"},\"http://A.TEST/v2/\":{\"auth\":\"YTpi\"}}}", "a.test\x1er\x1e{\"auths\":[]}", "a.test\x1er\x1e{\"a.test\":{\"auth\":\"OnB3LUNBTkFSWQ==\",\"email\":\"\"}}"}) {
    fuzz::input in(input);
    auto const host_text = in.text(), path_text = in.text();
    std::string const text(in.rest());
    auto const asked = repository::parse(std::string(host_text) + '/' + std::string(path_text));
    if (!asked) return; // whoever asks has a name
    std::string const host(asked.assume_value().host()), name(asked.assume_value().path());
    auto const file = parse_credential_file<strict_json>(text, "the given text");
    if (file)
        for (auto const& h : file.assume_value().helpers)
            if (!h.name.empty()) return; // no program is run here
    if (file && !file.assume_value().store.empty()) return;
    auto from = reader_of(text);
    auto const q = [&] {
        credential_query out;
        out.host = host;
        out.repository = name;
        return out;
    }();
    auto const found = from.lookup(q);
    auto const told = from.explain(q);
    for (char const c : told) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "what is told of a login has no control character", told);
    constexpr std::string_view words = "a registry token from the given text, entry an identity token from the given text, entry a user name and "
                                       "password from the given text, entry no login for "; // a secret may be one of them
    if (file) {
        auto public_text = std::string(words) + host + '/' + name;
        for (auto const& e : file.assume_value().auths) public_text += "\nfrom the given text, entry " + e.written;
        for (auto const& e : file.assume_value().auths)
            for (auto const& s : {e.secret.password, e.secret.identity_token, e.secret.registry_token})
                must(s.size() < 12 || public_text.find(s) != public_text.npos || told.find(s) == told.npos, "what is told of a login is not the secret", told, s);
    }
    auto const marked = reader_of("\xef\xbb\xbf" + text).lookup(q);
    must(text.starts_with("\xef\xbb\xbf") || marked.has_value() == found.has_value(), "a byte order mark changes nothing", text);
    if (!found) return check_error(found.assume_error());
    if (!found.assume_value()) return;
    auto const& got = *found.assume_value();
    must(file.has_value(), "a login is of a file that was read");
    bool known = false, of_host = false;
    for (auto const& e : file.assume_value().auths) {
        if (!is_of(e, got)) continue;
        known = true;
        auto const key = detail::lower(e.key);
        auto const place = detail::lower(host);
        of_host = of_host || key == "docker.io" || key.starts_with(place) || key.substr(0, key.find('/')) == detail::lower(detail::login_host(host));
        must(e.fault.empty(), "an entry with a fault gives no login", e.fault);
    }
    must(known, "a login is an entry of the file", got.source);
    must(of_host, "a login is of its host", host, got.source);
    must(!got.empty(), "a login that is found is one");
}
