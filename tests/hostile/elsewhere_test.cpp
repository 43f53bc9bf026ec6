// SPDX-License-Identifier: BSL-1.0
// Where a registry may lead an upload, and an image for a layer: two listeners over TLS, A, whose registry it is, and B.
#include "catch.hpp"
#include "places.hpp"

#include <lading/bulk/copy.hpp>
#include <lading/store/memory_store.hpp>
#include <lading/store/registry_repository.hpp>

#include <string>
#include <vector>

namespace elsewhere_test {

using namespace lading;
using test::place;
using strings = std::vector<std::string>;

namespace {

std::string const uploads = "/v2/r/blobs/uploads/";

/// Alice, who has a login at A and a certificate, sends a blob to A.
struct world {
    place a, b;
    testing::issued_certificate mine = test::authority().issue({}, {}, testing::certificate_options().with_common_name(test::client_name));
    test::temporary_file cert{mine.cert_pem}, key{mine.key_pem};
    push_options options;
    std::string bytes = std::string(70'000, 'b') + "lob";

    world() {
        test::serve_image(a, {"Basic realm=\"x\"", basic_authorization(credential(test::user, test::password))});
    }
    digest known() const { return digest::parse(test::digest_of(bytes)).value(); }
    std::string closing() const { return "digest=sha256%3A" + known().hex(); }
    /// A leads there, with whatever it answers to a POST.
    world& leads_to(std::string const& location) { return a.on(uploads, place::canned(202).with_header("Location", location)), *this; }
    result<pushed_blob> push() {
        auto network = test::test_network();
        network.tls.everywhere.with_client_certificate(cert.path(), key.path());
        auto const host = a.authority_of("a.test");
        client registry(asio_sync_transport(network), client_options().with_retry(retry_rules(1)));
        registry.with_login(host, test::user, test::password);
        text_source from(bytes);
        auto out = registry.push_blob(repository::parse(host + "/r").value(), descriptor("a/b", known(), static_cast<std::int64_t>(bytes.size())), from, options);
        if (!out) CHECK(!test::has_canary(out.error().message()));
        CHECK(!test::has_canary(b.journal()));
        return out;
    }
    errc outcome() {
        auto const got = push();
        INFO((got ? std::string() : got.error().message()));
        return got ? errc::ok : got.error().kind();
    }
    /// Methods and targets that a place was asked, after the session was begun.
    static strings asked(place const& p) {
        strings out;
        for (auto const& q : p.requests())
            if (q.method != "HEAD" && q.method != "POST") out.push_back(q.method + ' ' + q.target);
        return out;
    }
};

} // namespace

TEST_CASE("a place that is none ends an upload before a byte of it", "[push][PU20]") {
    for (auto const& bad : {std::string(), std::string("https://a.test@b.test/up"), std::string("ftp://a.test/up"), std::string("https://"), "/up?" + std::string(9000, 'x'),
                            std::string("/up\t/x"), std::string("/\xff"), std::string("file:///etc/passwd")}) {
        INFO(bad.substr(0, 60));
        world w;
        w.leads_to(bad);
        CHECK(w.outcome() == errc::upload_protocol);
        CHECK(w.b.connections() == 0);
        CHECK(world::asked(w.a).empty());
    }
    world two;
    two.a.on(uploads, place::canned(202).with_header("Location", "/one").with_header("Location", "/two"));
    CHECK(two.outcome() == errc::http_malformed); // no transport passes such an answer on
    CHECK(world::asked(two.a).empty());
}

TEST_CASE("an upload goes on at the origin that began it, whatever a proxy calls it", "[push][PU21][PU24][P04]") {
    for (auto const& [location, target] : std::vector<std::pair<std::string, std::string>>{
             {"up/U?_state=S%2b+x==&b=1&a=2", uploads + "up/U?_state=S%2b+x==&b=1&a=2&"},
             {"?s=1", uploads + "?s=1&"},
             {"/v2/r/blobs/upload/U", "/v2/r/blobs/upload/U?"},
             {"https://A.TEST:PORT/x", "/x?"},
             {"//a.test:PORT/x?y", "/x?y&"},
             {"http://a.test/x?y=%7e", "/x?y=%7e&"},        // TLS ends before the registry
             {"http://a.test:5000/x", "/x?"},
             {"https://a.test/x", "/x?"},                   // and its port is another
             {"https://a.test:OTHER/x?z", "/x?z&"}}) {
        INFO(location);
        world w;
        auto where = location;
        if (auto const at = where.find("PORT"); at != where.npos) where.replace(at, 4, std::to_string(w.a.port()));
        if (auto const at = where.find("OTHER"); at != where.npos) where.replace(at, 5, std::to_string(w.b.port()));
        w.leads_to(where);
        w.a.on(target.substr(0, target.find('?')), place::canned(202).with_header("Location", where)); // of POST, where that is the path
        w.a.on(target + w.closing(), place::canned(201));
        auto const got = w.push();
        INFO((got ? std::string() : got.error().message()));
        REQUIRE(got);
        CHECK(world::asked(w.a) == strings{"PUT " + target + w.closing()});
        CHECK(w.b.connections() == 0);
        bool const rewritten = where.starts_with("http:") || where == "https://a.test/x" || location.find("OTHER") != location.npos;
        CHECK(got.value().warnings.size() == (rewritten ? 1u : 0u));
        if (rewritten) CHECK(got.value().warnings[0].code == warning_code::upload_location_rewritten);
    }
}

TEST_CASE("another host gets nothing of an upload, and an allowed one no secret", "[push][C14][PU22][HX14]") {
    for (auto const* host : {"b.test", "sub.a.test", "test", "127.0.0.1", "localhost"}) {
        INFO(host);
        world w;
        w.leads_to("https://" + w.b.authority_of(host) + "/up?_state=s");
        CHECK(w.outcome() == errc::upload_location_cross_origin);
        CHECK(w.b.connections() == 0);
        CHECK(world::asked(w.a).empty());
    }
    world w;
    auto const there = w.b.authority_of("b.test");
    w.leads_to("https://" + there + "/up?sig=1");
    w.options.with_upload_host(there);
    SECTION("it takes the bytes") {
        w.b.on("/up", place::canned(201));
        REQUIRE(w.push());
        auto const asked = w.b.requests();
        REQUIRE(asked.size() == 1);
        CHECK(asked[0].method + ' ' + asked[0].target == "PUT /up?sig=1&" + w.closing());
        CHECK(asked[0].body == w.bytes);
        CHECK(asked[0].headers.find("Content-Length") == std::to_string(w.bytes.size()));
        CHECK_FALSE(asked[0].headers.find("Authorization"));
        CHECK_FALSE(asked[0].headers.find("Cookie"));
        CHECK(asked[0].client_name.empty());
    }
    SECTION("what it asks for is not given, and where it leads is not gone") {
        auto const status = GENERATE(401, 307, 308, 302);
        w.b.on("/up", place::canned(status).with_header("WWW-Authenticate", "Basic realm=\"x\"").with_header("Location", w.b.at("b.test") + "/more"));
        CHECK(w.outcome() != errc::ok);
        CHECK(w.b.requests().size() == 1);
        CHECK(w.b.count("/more") == 0);
    }
}

TEST_CASE("an allowed host gets nothing over http", "[push][PU23]") {
    world w;
    place plain(false);
    w.leads_to(plain.at("b.test") + "/up");
    w.options.with_upload_host(plain.authority_of("b.test"));
    CHECK(w.outcome() == errc::upload_location_downgrade);
    CHECK(plain.connections() == 0);
    CHECK(w.b.connections() == 0);
}

TEST_CASE("a digest that the place has already is sent once, and with no chunk", "[push][PU25]") {
    world w;
    w.leads_to("/up?a=1&digest=sha256:00&b=2");
    w.a.on("/up?a=1&b=2&" + w.closing(), place::canned(201));
    REQUIRE(w.push());
    CHECK(world::asked(w.a) == strings{"PUT /up?a=1&b=2&" + w.closing()});
    world chunks;
    chunks.options.with_chunks(64u << 10);
    chunks.leads_to("/up?digest=sha256:00&b=2");
    chunks.a.on("/up?b=2", place::canned(202).with_header("Location", "/next?digest=1"));
    chunks.a.on("/next?" + chunks.closing(), place::canned(201));
    REQUIRE(chunks.push());
    CHECK(world::asked(chunks.a) == strings{"PATCH /up?b=2", "PUT /next?" + chunks.closing()});
}

TEST_CASE("the answer to a chunk leads nowhere else either", "[push][PU90]") {
    world w;
    w.options.with_chunks(64u << 10);
    w.leads_to("/up");
    w.a.on("/up", place::canned(202).with_header("Location", w.b.at("b.test") + "/up"));
    CHECK(w.outcome() == errc::upload_location_cross_origin);
    CHECK(w.b.connections() == 0);
    CHECK(world::asked(w.a).size() <= 2); // the chunk, and the end of the session
}

namespace {

/// An image at A whose layer has URLs, and is not at A.
struct foreign_layer : world {
    explicit foreign_layer(std::vector<std::string> const& urls) {
        std::string list;
        for (auto const& u : urls) list += (list.empty() ? "\"" : ",\"") + u + '"';
        manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + test::entry(media_types::oci_config, test::config_bytes) +
                   R"(,"layers":[{"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar","digest":")" + test::digest_of(test::layer_bytes) + R"(","size":)" +
                   std::to_string(test::layer_bytes.size()) + R"(,"urls":[)" + list + "]}]}";
        a.on("/v2/r/manifests/1", test::refused("Basic realm=\"x\""));
        a.on("/v2/r/manifests/1", place::canned(200, manifest, media_types::oci_manifest));
    }
    result<copy_summary> copied(external_layers how, bool inner = true) {
        auto trust = tls_options().with_ca_pem(test::authority().cert_pem());
        trust.system_roots = false;
        network_options network(trust.with_client_certificate(cert.path(), key.path()));
        for (auto const& h : test::host_names) network.with_address(h, "127.0.0.1");
        if (inner) network.with_inner_addresses();
        auto const host = a.authority_of("a.test");
        client registry(asio_sync_transport(network), client_options().with_retry(retry_rules(1)));
        registry.with_login(host, test::user, test::password);
        registry_repository<client> from(registry, repository::parse(host + "/r").value());
        auto out = copy(from, "1", to, "1", copy_options().with_external(how));
        CHECK(!test::has_canary(b.journal()));
        if (!out) CHECK(to.names().value().empty());
        return out;
    }
    errc outcome(external_layers how = external_layers::fetch, bool inner = true) {
        auto const got = copied(how, inner);
        INFO((got ? std::string() : got.error().message()));
        return got ? errc::ok : got.error().kind();
    }
    memory_store to;
    std::string manifest;
};

} // namespace

TEST_CASE("a layer that is kept elsewhere is fetched from there where the caller says so, without anything of the registry's", "[copy][PD38][C12]") {
    place other;
    auto const urls = [](place const& b) { return std::vector<std::string>{"file:///etc/passwd", "http://b.test/l", b.at("b.test") + "/l"}; };
    world any; // for its port
    foreign_layer w(urls(any.b));
    any.b.on("/l", place::canned(200, test::layer_bytes));
    CHECK(w.outcome(external_layers::usual) == errc::external_layer); // not by itself
    CHECK(any.b.connections() == 0);
    REQUIRE(w.outcome() == errc::ok);
    auto const asked = any.b.requests();
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].method + ' ' + asked[0].target == "GET /l");
    CHECK_FALSE(asked[0].headers.find("Authorization"));
    CHECK_FALSE(asked[0].headers.find("Cookie"));
    CHECK(asked[0].client_name.empty());
    CHECK(w.a.count("/v2/r/blobs/" + test::digest_of(test::layer_bytes)) >= 1); // the registry first
    CHECK(w.to.document(descriptor("a/b", digest::parse(test::digest_of(test::layer_bytes)).value(), static_cast<std::int64_t>(test::layer_bytes.size()))).value() == test::layer_bytes);
}

TEST_CASE("what is not the layer is not taken for it, whoever keeps it", "[copy][PD38][C12][C13]") {
    world any;
    auto const answered = [&](place::canned c) {
        any.b.forget("/l");
        any.b.on("/l", std::move(c));
        return foreign_layer({any.b.at("b.test") + "/l"}).outcome();
    };
    CHECK(answered(place::canned(401, test::layer_bytes).with_header("WWW-Authenticate", "Basic realm=\"x\"")) == errc::auth_denied);
    CHECK(answered(place::canned(200, "lawyer")) == errc::size_mismatch);
    CHECK(answered(place::canned(200, "LAYER")) == errc::digest_mismatch);
    CHECK(answered(place::canned(206, test::layer_bytes)) == errc::http_unexpected_status);
    CHECK(answered(test::redirect("http://b.test/l")) == errc::redirect_downgrade);
    CHECK(any.b.requests().size() == 5);
    place second; // of several places the first that has it
    second.on("/l", place::canned(200, test::layer_bytes));
    any.b.forget("/l");
    CHECK(foreign_layer({any.b.at("b.test") + "/l", second.at("c.test") + "/l"}).outcome() == errc::ok);
    for (auto const* bad : {"http://b.test/l", "file:///etc/passwd", "ftp://b.test/l", "l", ""}) CHECK(foreign_layer({bad}).outcome() == errc::external_layer);
}

TEST_CASE("no address inside a network is asked for a layer", "[copy][PD38][C13]") {
    world any;
    any.b.on("/l", place::canned(200, test::layer_bytes));
    foreign_layer w({any.b.at("b.test") + "/l"});
    CHECK(w.outcome(external_layers::fetch, false) == errc::address_refused);
    CHECK(any.b.connections() == 0);
}

} // namespace elsewhere_test
