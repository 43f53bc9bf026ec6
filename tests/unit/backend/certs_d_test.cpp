// SPDX-License-Identifier: BSL-1.0
// Spec 2.3: certificates by host.
#include "catch.hpp"
#include <lading/backend/certs_d.hpp>

#include <filesystem>
#include <fstream>

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
std::string pem(char const* name) {
    return std::string("-----BEGIN CERTIFICATE-----\n") + name + "\n-----END CERTIFICATE-----\n";
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
    refused("first/h/a.crt", "not PEM");
    refused("first/h/a.crt", std::string((1u << 20) + 1, 'x'));
    fs::create_directories(f.root / "first/h/folder.crt");
    CHECK(load_certs_d("h", f.search()).error() == errc::tls_config_invalid);
    CHECK(load_certs_d("h", certs_d_options().with_folder((f.root / "none").string())).error() == errc::tls_config_invalid);
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
