// SPDX-License-Identifier: BSL-1.0
// Every secret, by every way in which a server can send a client elsewhere, to every kind of elsewhere.
// Foreign URLs of layers are no way: they are asked without anything of the registry's (C12).
#include "catch.hpp"
#include "places.hpp"

namespace leak_matrix_test {

using namespace lading;
using test::place;

namespace {

enum class secret { basic,
                    bearer,
                    refresh_token,
                    client_certificate,
                    proxy_login };
enum class way { manifest_redirect,
                 blob_redirect,
                 realm,
                 token_redirect,
                 link,
                 redirected_link,
                 mirror,
                 pooled,
                 upload };
enum class difference { other_host,
                        subdomain,
                        parent_domain,
                        other_port,
                        http,
                        trailing_dot,
                        address,
                        userinfo };

constexpr secret secrets[] = {secret::basic, secret::bearer, secret::refresh_token, secret::client_certificate,
                              secret::proxy_login};
constexpr way ways[] = {way::manifest_redirect, way::blob_redirect, way::realm, way::token_redirect,
                        way::link, way::redirected_link, way::mirror, way::pooled, way::upload};
constexpr difference differences[] = {difference::other_host, difference::subdomain, difference::parent_domain,
                                      difference::other_port, difference::http, difference::trailing_dot,
                                      difference::address, difference::userinfo};

std::string const config_path = "/v2/r/blobs/" + test::digest_of(test::config_bytes);

/// Where B is, as A calls it.
std::string elsewhere(difference d, place const& b, place const& plain) {
    switch (d) {
    case difference::other_host: return b.at("b.test");
    case difference::subdomain: return b.at("sub.a.test");
    case difference::parent_domain: return b.at("test");
    case difference::other_port: return b.at("a.test");
    case difference::http: return plain.at("a.test");
    case difference::trailing_dot: return b.at("a.test.");
    case difference::address: return b.at("127.0.0.1");
    case difference::userinfo: return "https://a.test@" + b.authority_of("b.test");
    }
    return {};
}

struct logger final : exchange_observer {
    void on_exchange(exchange_record const& what) override { text += what.url + '\n' + what.failure.message() + '\n'; }
    std::string text;
};

} // namespace

TEST_CASE("no secret is seen where it does not belong", "[G2]") {
    auto const mine =
        test::authority().issue({}, {}, testing::certificate_options().with_common_name(test::client_name));
    test::temporary_file const cert(mine.cert_pem), key(mine.key_pem);
    std::size_t combinations = 0, reached = 0;
    for (auto const s : secrets)
        for (auto const w : ways)
            for (auto const d : differences) {
                INFO("secret " << int(s) << ", way " << int(w) << ", difference " << int(d));
                place a, b, plain(false);
                test::proxy proxy("Basic " + detail::base64_encode("proxy:" + test::proxy_password));
                auto const there = elsewhere(d, b, plain);
                auto const host = a.authority_of("a.test");

                // What A wants, and how it sends the client away.
                bool const tokens = s == secret::bearer || s == secret::refresh_token || w == way::realm ||
                                    w == way::token_redirect;
                test::registry_rules rules;
                if (tokens) {
                    auto const realm = w == way::realm ? there + "/token" : a.at("a.test") + "/token";
                    rules = {"Bearer realm=\"" + realm + "\",service=\"s\"", "Bearer " + test::bearer};
                } else if (s == secret::basic) {
                    rules = {"Basic realm=\"x\"", basic_authorization(credential(test::user, test::password))};
                }
                test::serve_image(a, rules);
                auto const away = test::redirect(there + "/away");
                if (w == way::manifest_redirect || w == way::pooled) a.on("/v2/r/manifests/1", away);
                if (w == way::blob_redirect) a.on(config_path, away);
                if (w == way::token_redirect) a.on("/token", away);
                if (w == way::upload) a.on("/v2/r/blobs/uploads/", place::canned(202).with_header("Location", there + "/away?_state=s"));
                if (w == way::redirected_link) a.on("/v2/r/tags/list", away);
                if (w == way::link)
                    a.on("/v2/r/tags/list", test::json(R"({"tags":["1"]})").with_header("Link", '<' + there + "/away>; rel=\"next\""));
                // B takes what it can get, and wants more.
                for (auto* p : {&b, &plain})
                    p->otherwise([&](place::request const& q) {
                        if (w == way::blob_redirect && q.target == "/away") return place::canned(200, test::config_bytes);
                        if (w == way::redirected_link && q.target == "/away")
                            return test::json(R"({"tags":["1"]})").with_header("Link", "</more>; rel=\"next\"");
                        return place::canned(401)
                            .with_header("WWW-Authenticate", "Bearer realm=\"" + there + "/token\",service=\"s\"")
                            .with_header("WWW-Authenticate", "Basic realm=\"x\"");
                    });

                // What the client has.
                credential login;
                if (tokens || s == secret::basic) login = credential(test::user, test::password);
                if (s == secret::refresh_token) login = credential::identity(test::refresh_token);
                auto network = test::test_network();
                if (s == secret::client_certificate) {
                    // A mirror is named by the caller, who shows a certificate that is for all hosts to whom he names.
                    auto trust = network.tls.everywhere;
                    trust.with_client_certificate(cert.path(), key.path());
                    if (w == way::mirror) network.tls.with_host(host, trust);
                    else network.tls.everywhere = trust;
                }
                if (s == secret::proxy_login)
                    network.with_proxy(proxy_rules().with_https(proxy.url("proxy:" + test::proxy_password)));
                logger log;
                auto options = client_options().with_retry(retry_rules(1)).with_observer(log);
                if (w == way::mirror && d != difference::userinfo) {
                    auto const m = there.substr(there.find("//") + 2);
                    if (d == difference::http) options.with_plaintext(m);
                    options.with_mirror(host, mirror(m));
                }
                test::hostile_client registry{asio_sync_transport(network), options, fixed_credentials(login, host)};
                auto const ref = reference::parse(host + "/r:1").value();
                if (w == way::pooled) { // a connection of A's is there to be misused
                    (void)registry.tags(ref.repository());
                }
                std::string said;
                if (w == way::upload) { // whether the caller allows the place or not
                    client sends{asio_sync_transport(network), options};
                    sends.with_credentials(fixed_credentials(login, host));
                    descriptor const what("a/b", digest::parse(test::digest_of(test::layer_bytes)).value(), static_cast<std::int64_t>(test::layer_bytes.size()));
                    auto const name = there.substr(there.find("//") + 2);
                    for (auto const& o : {push_options(), push_options().with_upload_host(name.substr(name.find('@') + 1))}) {
                        text_source from(test::layer_bytes);
                        auto const got = sends.push_blob(ref.repository(), what, from, o);
                        if (!got) said += got.error().message();
                        if (o.upload_hosts.empty()) CHECK(b.connections() + plain.connections() == 0);
                    }
                    CHECK(a.count("/v2/r/blobs/uploads/") >= 2); // more where A is what was meant, which then knows no session
                } else {
                    auto const got = registry.inspect(ref, inspect_options().with_tags(w == way::link || w == way::redirected_link));
                    if (!got) said += got.error().message();
                    else
                        for (auto const& odd : got.value().warnings) said += odd.text;
                }
                said += log.text;
                for (auto const* p : {&b, &plain}) {
                    auto const text = p->journal();
                    CHECK(!test::has_canary(text));
                    CHECK(text.find("uthorization") == std::string::npos);
                    reached += p->connections() > 0;
                }
                CHECK(!test::has_canary(said));
                CHECK(a.journal().find("roxy-") == std::string::npos);
                if (s != secret::proxy_login) CHECK(proxy.journal().empty());
                ++combinations;
            }
    CHECK(combinations == 5 * 9 * 8);
    CHECK(reached > combinations / 4); // B was really asked, wherever that is allowed
    WARN(combinations << " combinations, B reached in " << reached);
}

TEST_CASE("positive twin: at A each secret arrives", "[G2]") {
    place a;
    auto const mine =
        test::authority().issue({}, {}, testing::certificate_options().with_common_name(test::client_name));
    test::temporary_file const cert(mine.cert_pem), key(mine.key_pem);
    auto network = test::test_network();
    network.tls.everywhere.with_client_certificate(cert.path(), key.path());
    auto const host = a.authority_of("a.test");
    auto inspect = [&](credential c, test::registry_rules rules) {
        test::serve_image(a, rules);
        test::hostile_client registry{asio_sync_transport(network), client_options(), fixed_credentials(c, host)};
        return registry.inspect(reference::parse(host + "/r:1").value()).has_value();
    };
    credential const alice(test::user, test::password);
    CHECK(inspect(alice, {"Basic realm=\"x\"", basic_authorization(alice)}));
    CHECK(inspect(alice, {"Bearer realm=\"/token\",service=\"s\"", "Bearer " + test::bearer}));
    CHECK(inspect(credential::identity(test::refresh_token), {"Bearer realm=\"/token\",service=\"s\"", "Bearer " + test::bearer}));
    CHECK(a.journal().find(test::client_name) != std::string::npos);
    CHECK(a.journal().find(test::refresh_token) != std::string::npos);
}

} // namespace leak_matrix_test
