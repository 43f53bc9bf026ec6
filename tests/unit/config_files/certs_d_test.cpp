// SPDX-License-Identifier: BSL-1.0
// doc/protocol.md#certificates: certificates by host.
#include "catch.hpp"
#include <lading/config_files/certs_d.hpp>
#include <lading/net/trust.hpp>
#include <lading/testing/certificates.hpp>

#include <filesystem>
#include <fstream>
#include <map>

namespace certs_d_test {

using namespace lading;
namespace fs = std::filesystem;

namespace {

struct folders {
    folders() {
        char name[] = "/tmp/lading-certs-XXXXXX";
        root = ::mkdtemp(name);
    }
    ~folders() { fs::remove_all(root); }
    std::string write(std::string const& path, std::string const& text) {
        fs::create_directories((root / path).parent_path());
        std::ofstream(root / path) << text;
        return (root / path).string();
    }
    certs_d_options search() const {
        return certs_d_options().with_search({(root / "first").string(), (root / "second").string(), (root / "third").string()});
    }
    fs::path root;
};
std::string pem(std::string const& name) {
    static std::map<std::string, std::string> made;
    auto& out = made[name];
    if (out.empty()) out = testing::certificate_authority().cert_pem();
    return out;
}
std::string der(std::string const& text) {
    std::string body;
    for (auto c : text.substr(28, text.find("-----END") - 28))
        if (c != '\n') body += c;
    return *detail::base64_decode(body);
}
repository named(std::string_view text) { return repository::parse(text).value(); }

} // namespace

TEST_CASE("certs.d: the first folder of the host counts") {
    folders f;
    CHECK(!load_certs_d("a.example:5000", f.search()).value());
    f.write("third/a.example:5000/ca.crt", pem("third"));
    CHECK(load_certs_d("a.example:5000", f.search()).value()->ca_pem == pem("third"));
    f.write("second/a.example:5000/ca.crt", pem("second"));
    CHECK(load_certs_d("a.example:5000", f.search()).value()->ca_pem == pem("second"));
    f.write("first/a.example/ca.crt", pem("other"));
    CHECK(load_certs_d("a.example:5000", f.search()).value()->ca_pem == pem("second")); // the port is part of the name
    fs::create_directories(f.root / "first/a.example:5000");
    CHECK(load_certs_d("a.example:5000", f.search()).value()->ca_pem.empty()); // an empty folder is one too
    CHECK(certs_d_options::usual_search().size() >= 2);
    CHECK(certs_d_options::usual_search().back() == "/etc/docker/certs.d");
}

TEST_CASE("certs.d: roots are added to those of the system, pairs are for the client") {
    folders f;
    f.write("first/h/b.crt", pem("b"));
    f.write("first/h/a.crt", pem("a").substr(0, pem("a").size() - 1));
    f.write("first/h/README", "nothing");
    auto const cert = f.write("first/h/client.cert", pem("c"));
    auto const key = f.write("first/h/client.key", "k");
    f.write("first/h/zz.cert", pem("z"));
    f.write("first/h/zz.key", "k");
    auto const o = *load_certs_d("h", f.search()).value();
    CHECK(o.ca_pem == pem("a") + pem("b"));
    CHECK(o.system_roots);
    CHECK(o.verify);
    CHECK(o.cert_file == cert);
    CHECK(o.key_file == key);
    CHECK(load_certs_d("whatever", certs_d_options().with_folder((f.root / "first/h").string())).value()->cert_file == cert);
}

TEST_CASE("certs.d: mistakes are named") {
    folders f;
    auto const refused = [&](char const* path, std::string const& text) {
        auto const file = f.write(path, text);
        auto const r = load_certs_d("h", f.search());
        CHECK(r.error() == errc::tls_config_invalid);
        CHECK(r.error().detail().context.starts_with(file));
        fs::remove(file);
    };
    refused("first/h/a.cert", pem("a"));
    refused("first/h/a.key", "k");
    CHECK(load_certs_d("h", certs_d_options().with_folder((f.root / "none").string())).error() == errc::tls_config_invalid);
}

TEST_CASE("a root that cannot be read is left out and named; one in DER is read", "[W14]") {
    folders f;
    f.write("first/h/good.crt", "a comment\n" + pem("a"));
    auto const bare = der(pem("b"));
    f.write("first/h/der.crt", bare);
    f.write("first/h/two.crt", pem("c") + "\nand\n" + pem("d"));
    f.write("first/h/other.crt", "-----BEGIN X509 CERTIFICATE-----\r\n" + detail::base64_encode(der(pem("e"))) + "\r\n-----END X509 CERTIFICATE-----\r\n");
    auto broken = pem("f");
    broken[60] = '!';
    auto short_one = pem("f");
    short_one.erase(100, 65); // a line
    std::vector<std::string> const bad = {
        f.write("first/h/bad-a.crt", ""),
        f.write("first/h/bad-b.crt", "not PEM"),
        f.write("first/h/bad-c.crt", broken),
        f.write("first/h/bad-d.crt", short_one),
        f.write("first/h/bad-e.crt", bare.substr(0, bare.size() - 1)),
        f.write("first/h/bad-f.crt", bare + "x"),
        f.write("first/h/bad-g.crt", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        f.write("first/h/bad-h.crt", "-----BEGIN CERTIFICATE-----"),
        f.write("first/h/bad-i.crt", std::string((1u << 20) + 1, 'x')),
        f.write("first/h/bad-j.crt", std::string("\x30\x80\x00\x00", 4)),
    };
    fs::create_directories(f.root / "first/h/bad-k.crt");
    std::vector<warning> remarks;
    auto const o = *load_certs_d("h", f.search(), remarks).value();
    CHECK(o.ca_pem == pem("b") + pem("a") + pem("e") + pem("c") + pem("d"));
    REQUIRE(remarks.size() == bad.size() + 1);
    for (std::size_t i = 0; i < bad.size(); ++i) {
        CHECK(remarks[i].code == warning_code::certificate_skipped);
        CHECK(remarks[i].text.find(bad[i]) != std::string::npos);
    }
    registry_rules rules;
    for (int n = 0; n < 2; ++n) CHECK(add_certs_d(rules, named("h.example/x"), certs_d_options().with_folder((f.root / "first/h").string())));
    CHECK(rules.warnings.size() == remarks.size()); // once
    SECTION("a file that is half good gives that half") {
        f.write("second/g/x.crt", pem("a") + broken + pem("b"));
        std::vector<warning> of_one;
        CHECK(load_certs_d("g", f.search(), of_one).value()->ca_pem == pem("a") + pem("b"));
        CHECK(of_one.size() == 1);
    }
}

TEST_CASE("bytes that only look like a certificate", "[W14]") {
    auto const good = der(pem("a"));
    CHECK(detail::certificate_at_front(good).size() == good.size());
    CHECK(detail::certificate_at_front(good + "tail").size() == good.size());
    for (std::size_t n = 0; n < good.size(); ++n) CHECK(detail::certificate_at_front(good.substr(0, n)).empty());
    std::string nested; // deeper than any certificate is
    for (int i = 0; i < 40; ++i) nested = std::string("\x30") + static_cast<char>(nested.size()) + nested;
    CHECK_FALSE(detail::is_der(nested));
}

TEST_CASE("the folder of a host that is met on the way, read once", "[W13]") {
    folders f;
    f.write("first/store.example/ca.crt", pem("a"));
    f.write("first/store.example/bad.crt", "x");
    f.write("first/other.example:443/ca.crt", pem("b"));
    f.write("first/port.example:9000/ca.crt", pem("c"));
    certs_d source(f.search().with_folder((f.root / "none").string()));
    std::vector<warning> remarks;
    CHECK(source.find("store.example", remarks).value()->ca_pem == pem("a"));
    CHECK(remarks.size() == 1);
    fs::remove_all(f.root / "first/store.example");
    CHECK(source.find("store.example", remarks).value()->ca_pem == pem("a"));
    CHECK(remarks.size() == 1);
    CHECK(source.find("other.example", remarks).value()->ca_pem == pem("b"));
    CHECK(source.find("port.example:9000", remarks).value()->ca_pem == pem("c"));
    CHECK_FALSE(source.find("port.example", remarks).value());
    CHECK_FALSE(source.find("a.example:443", remarks).value());
    f.write("first/half.example/c.cert", pem("a"));
    CHECK(source.find("half.example", remarks).error() == errc::tls_config_invalid);
}

TEST_CASE("what a registry lends to the hosts that it names", "[W13]") {
    folders f;
    auto const file = f.write("one.pem", pem("file"));
    f.write("first/store.example/ca.crt", pem("own"));
    auto const tls_of = [&](tls_rules const& rules, char const* target, char const* named_by) {
        std::vector<warning> remarks;
        return detail::tls_for(rules, url::parse(target).value(), named_by, remarks).value();
    };
    tls_rules rules(tls_options().with_ca_file(file));
    rules.with_host("reg.example:5000", tls_options().with_ca_pem(pem("a")).with_client_certificate("c", "k"));
    rules.with_host("open.example", tls_options().with_verify(false));
    rules.with_source(std::make_shared<certs_d>(f.search()));
    CHECK(tls_of(rules, "https://reg.example:5000/", "").cert_file == "c");
    auto const store = tls_of(rules, "https://other.example/x", "reg.example:5000");
    CHECK(store.ca_pem == pem("a"));
    CHECK(store.ca_file == file);
    CHECK(store.verify);
    CHECK(store.cert_file.empty());
    CHECK(tls_of(rules, "https://other.example/x", "").ca_pem.empty());
    CHECK(tls_of(rules, "https://other.example/x", "none.example").ca_pem.empty());
    // Beside its own folder.
    auto const own = tls_of(rules, "https://store.example/x", "reg.example:5000");
    CHECK(own.ca_pem == pem("own") + "\n" + pem("a"));
    CHECK(own.ca_file == file);
    CHECK(tls_of(rules, "https://store.example/x", "").ca_pem == pem("own"));
    // Not checked: the same host only.
    CHECK_FALSE(tls_of(rules, "https://open.example:9000/x", "open.example").verify);
    CHECK(tls_of(rules, "https://store.open.example/x", "open.example").verify);
    CHECK(tls_of(rules, "https://store.example/x", "open.example").verify);
    CHECK(tls_of(rules, "https://reg.example:5000/x", "open.example").verify);
    // What is switched off everywhere stays so.
    rules.everywhere.with_verify(false);
    CHECK_FALSE(tls_of(rules, "https://store.example/x", "").verify);
    // Two files of roots.
    tls_rules two(tls_options().with_ca_file(file));
    two.with_host("reg.example", tls_options().with_ca_file(f.write("two.pem", pem("two"))));
    CHECK(tls_of(two, "https://other.example/x", "reg.example").ca_pem.find(pem("two")) != std::string::npos);
}

TEST_CASE("certs.d: rules keep what is switched off") {
    folders f;
    f.write("first/h.example/ca.crt", pem("a"));
    registry_rules rules;
    rules.host("h.example").with_plaintext(plaintext::allowed).with_tls(tls_options().with_verify(false));
    CHECK(add_certs_d(rules, named("h.example/x"), f.search()).has_value());
    CHECK(rules.find_host("h.example")->http == plaintext::allowed);
    CHECK(!rules.tls().find("h.example").verify);
    CHECK(rules.tls().find("h.example").ca_pem == pem("a"));
    CHECK(add_certs_d(rules, named("other.example/x"), f.search()).has_value());
    CHECK(!rules.find_host("other.example"));
}

} // namespace certs_d_test
