// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Three origins for the session target. A is the registry that the caller names, B a mirror and a place to be sent to, C a
/// token service of its own. Each serves the same images; what an input wants to be otherwise is put in between. The
/// transport checks every request against the secrets before it is answered.

#include "target.hpp"

#include <lading/client/basic_client.hpp>
#include <lading/detail/base64.hpp>
#include <lading/net/http1_reader.hpp>
#include <lading/print/writers.hpp>

#include "documents.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fuzz {

/// What alice knows, new for each input, so that no input can hold any of it.
struct secrets {
    explicit secrets(std::string_view input) {
        std::uint64_t seed = 0xcbf29ce484222325u;
        for (char const c : input) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
        for (auto* s : {&password, &refresh, &registry, &issued}) {
            for (int i = 0; i < 16; ++i) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                *s += "0123456789abcdef"[seed >> 60];
            }
        }
        basic = lading::detail::base64_encode("alice:" + password);
    }
    std::string password, refresh, registry; ///< the caller's
    std::string issued;                      ///< is in every token that was asked for with a secret of the caller's
    std::string basic;

    bool shows_login(std::string_view text) const { return has(text, password) || has(text, basic) || has(text, refresh); }
    bool shows_token(std::string_view text) const { return has(text, registry) || has(text, issued); }
    bool shows_any(std::string_view text) const { return shows_login(text) || shows_token(text); }

  private:
    static bool has(std::string_view text, std::string_view secret) { return text.find(secret) != text.npos; }
};

enum class protection : std::uint8_t { open,
                                       basic,
                                       token_at_a,
                                       token_at_c };
enum class login : std::uint8_t { none,
                                  password,
                                  identity,
                                  registry_token };

/// How the world is set up: two bytes of the input.
struct setup {
    setup(unsigned first, unsigned second)
        : who(static_cast<login>(first & 3)), how(static_cast<protection>(first >> 2 & 3)), trusts_c(first & 16), mirrored(first & 32),
          plain(first & 64), secrets_over_http(first & 128), image(second & 7), oauth(second & 8), bytewise(second & 16),
          platform(second >> 6 & 3) {}
    login who;
    protection how;
    bool trusts_c, mirrored, plain, secrets_over_http;
    unsigned image;
    bool oauth, bytewise;
    unsigned platform;

    std::string scheme() const { return plain ? "http" : "https"; }
};

/// The documents that every origin serves for the tag 1, by the choice of the input; blobs by digest.
struct library_of_images {
    library_of_images() {
        auto const amd64 = test::on("linux", "amd64");
        auto const child = [&](std::string_view m, std::string_view more, std::string_view type) { return test::entry(type, m, more); };
        auto const s2 = test::schema2(), oci = test::oci();
        auto const nested = test::index(child(oci, amd64, lading::media_types::oci_manifest));
        manifests = {s2,
                     oci,
                     test::index(child(s2, amd64, lading::media_types::docker_manifest) + "," +
                                     child(oci, test::on("linux", "arm", R"(,"variant":"v7")"), lading::media_types::oci_manifest),
                                 lading::media_types::docker_list),
                     test::index(child(nested, "", lading::media_types::oci_index)),
                     schema1_signed(),
                     test::oci(R"(,"artifactType":"a/b")", "{}", lading::media_types::oci_empty),
                     R"({"mediaType":"application/vnd.other+json"})",
                     nested};
        for (auto const& m : manifests) by_digest.emplace(test::digest_of(m), m);
        by_digest.emplace(test::digest_of(schema1_payload), manifests[4]);
        for (std::string_view b : {std::string_view(test::config_bytes), std::string_view(test::layer_bytes), std::string_view("{}")})
            by_digest.emplace(test::digest_of(b), b);
    }
    std::string schema1_signed() {
        auto const id = std::string(64, 'a');
        schema1_payload = R"({"schemaVersion":1,"name":"r","tag":"1","architecture":"amd64","fsLayers":[{"blobSum":")" +
                          test::digest_of(test::layer_bytes) + R"("}],"history":[{"v1Compatibility":"{\"id\":\")" + id +
                          R"(\",\"created\":\"2016-01-02T03:04:05Z\",\"os\":\"linux\"}"}]})";
        auto const n = schema1_payload.size() - 1;
        return schema1_payload.substr(0, n) + R"(,"signatures":[{"header":{},"signature":"c2ln","protected":")" +
               lading::detail::base64url_encode(R"({"formatLength":)" + std::to_string(n) + R"(,"formatTail":"fQ"})") + "\"}]}";
    }
    std::string schema1_payload;
    std::vector<std::string> manifests;
    std::map<std::string, std::string, std::less<>> by_digest;
};
inline library_of_images const& images() {
    static library_of_images const all;
    return all;
}

/// One answer, before it is given.
struct reply {
    explicit reply(int status, std::string b = {}) : head(status), body(std::move(b)) {}
    reply&& with(std::string name, std::string value) && { return head.headers.add(std::move(name), std::move(value)), std::move(*this); }
    lading::response head;
    std::string body;
    std::size_t repeat = 1; ///< the body so many times
    std::optional<lading::error> failure;
    std::optional<std::string> raw; ///< the answer as bytes, for the real reader
};

/// What is shared by the transports, the observer and the oracle of one input.
struct world {
    world(setup s, secrets w, input* script) : how(s), what(std::move(w)), answers(script) {}
    setup how;
    secrets what;
    input* answers; ///< null: everybody is honest
    std::size_t requests = 0;  ///< of the call under way
    std::size_t scripted = 0;
    std::string told;          ///< by the observer

    std::string a() const { return how.scheme() + "://a.test"; }

    /// What an honest server says to a request.
    reply honest(lading::request const& q) const {
        auto const u = lading::url::parse(q.url).value();
        auto const sent = std::string(q.headers.find("Authorization").value_or(""));
        bool const is_a = u.host() == "a.test";
        if (u.path() == "/token") {
            bool const login = sent == "Basic " + what.basic || q.body.find(what.refresh) != q.body.npos || q.body.find(what.password) != q.body.npos;
            return reply(200, R"({"token":"tok-)" + (login ? what.issued : std::string("anonymous")) + R"(","expires_in":60})");
        }
        if (is_a && how.how != protection::open) {
            auto const token = "Bearer tok-" + (how.who == login::none ? std::string("anonymous") : what.issued);
            bool const let_in = how.how == protection::basic ? sent == "Basic " + what.basic : sent == token || sent == "Bearer " + what.registry;
            auto const realm = how.how == protection::token_at_c ? how.scheme() + "://c.test" : a();
            if (!let_in)
                return reply(401).with("WWW-Authenticate", how.how == protection::basic ? "Basic realm=\"x\"" : "Bearer realm=\"" + realm + "/token\",service=\"s\"");
        }
        if (u.path() == "/v2/") return reply(200, "{}").with("Docker-Distribution-Api-Version", "registry/2.0");
        if (u.path().ends_with("/tags/list")) return reply(200, R"({"name":"r","tags":["1","2"]})");
        if (u.path().ends_with("/manifests/1")) return reply(200, images().manifests[how.image]);
        auto const known = images().by_digest.find(u.path().substr(u.path().rfind('/') + 1));
        return known == images().by_digest.end() ? reply(404, R"({"errors":[{"code":"MANIFEST_UNKNOWN"}]})") : reply(200, known->second);
    }

    /// Who may see what: the caller's secrets go to A, and to C where the caller trusts it; tokens only to A.
    void check_request(lading::request const& q) const {
        auto const parsed = lading::url::parse(q.url);
        must(parsed.has_value(), "a request has a well-formed URL", q.url);
        auto const& u = parsed.assume_value();
        std::string text = q.method + ' ' + q.url + '\n' + q.body + '\n';
        for (auto const& [n, v] : q.headers) {
            for (auto const& part : {n, v})
                for (char const c : part) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a request header has no control character", n, v);
            text.append(n).append(": ").append(v) += '\n';
        }
        bool const is_a = u.origin().str() == a() + (how.plain ? ":80" : ":443");
        bool const is_c = u.origin().str() == "https://c.test:443";
        if (!is_a) must(!what.shows_token(text), "a token is seen by the registry that it is for, and nobody else", text);
        if (!is_a && !(is_c && how.trusts_c)) must(!what.shows_login(text), "a login is seen by its registry and trusted realms, and nobody else", text);
        if (u.scheme() == "http" && !how.secrets_over_http) must(!what.shows_any(text), "no secret goes over plain http unasked", text);
        if (!how.plain) must(u.scheme() == "https", "https never becomes http by itself", q.url);
        bool const named = is_a || (is_c && how.trusts_c) || (how.mirrored && u.origin().str() == "https://b.test:443");
        // Where nobody knows the address of a connection a host may name itself: another port, another scheme.
        auto const host = u.origin().host;
        bool const itself = host == "a.test" || host == "b.test" || host == "c.test";
        if (!named && !itself) must(q.address_policy == lading::address_policy::outside, "a place that a server names is asked for outside of the network only", q.url);
        must(u.query().find(what.password) == std::string::npos && u.query().find(what.basic) == std::string::npos, "no secret is in a URL", q.url);
    }
};

/// Takes a body and counts what it was given after it had enough.
inline lading::result<void> pour(std::string_view body, std::size_t repeat, std::size_t piece, lading::body_sink& out, lading::sink_action verdict) {
    for (std::size_t turn = 0; turn < repeat && verdict == lading::sink_action::proceed; ++turn)
        for (auto rest = body; !rest.empty() && verdict == lading::sink_action::proceed;) {
            auto const n = piece ? std::min(piece, rest.size()) : rest.size();
            LADING_TRY(verdict, out.write(std::as_bytes(std::span(rest.substr(0, n)))));
            rest.remove_prefix(n);
        }
    return lading::success();
}

} // namespace fuzz
