// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"

namespace resolve_test {

using namespace lading;

namespace {
std::string const at = "https://r.example/v2/x/manifests/";
std::string const type(media_types::oci_index);
auto const known = "sha256:c3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"_digest;

result<descriptor> resolve(testing::script& s, std::string_view name = "r.example/x:1") {
    test::client registry(testing::scripted_transport(s), client_options().with_retry(retry_rules(1)));
    return registry.resolve(reference::parse(name).value());
}
std::vector<std::string> methods(testing::script const& s) {
    std::vector<std::string> out;
    for (auto const& q : s.journal) out.push_back(q.method);
    return out;
}
using words = std::vector<std::string>;
} // namespace

TEST_CASE("resolve: one HEAD tells what a tag leads to", "[CP07][QK02]") {
    testing::script s;
    s.on(at + "1", {200, "", {{"Docker-Content-Digest", known.str()}, {"Content-Type", type}, {"Content-Length", "1234"}}});
    auto const got = resolve(s);
    REQUIRE(got);
    CHECK(got.value().digest == known);
    CHECK(got.value().media_type == type);
    CHECK(got.value().size == 1234);
    CHECK(methods(s) == words{"HEAD"});
    CHECK(s.journal.front().headers.find("Accept").value_or("").find(type) != std::string::npos);
}

TEST_CASE("resolve: the document is asked for where the head does not tell", "[CP07]") {
    std::string const document = R"({"schemaVersion":2,"mediaType":")" + type + R"(","manifests":[]})";
    auto const is = digest_of<openssl_hash>(document).value();
    for (std::vector<std::pair<std::string, std::string>> const& fields :
         {std::vector<std::pair<std::string, std::string>>{}, {{"Docker-Content-Digest", "sha256:00"}}, {{"Docker-Content-Digest", known.str()}, {"Docker-Content-Digest", is.str()}}}) {
        testing::script s;
        s.on(at + "1", {200, "", fields}).on(at + "1", {200, document, {{"Content-Type", type}}});
        auto const got = resolve(s);
        REQUIRE(got);
        CHECK(got.value().digest == is);
        CHECK(got.value().size == static_cast<std::int64_t>(document.size()));
        CHECK(methods(s) == words{"HEAD", "GET"});
    }
    for (int status : {405, 501, 400}) {
        testing::script s;
        s.on(at + "1", {status}).on(at + "1", {200, document, {{"Content-Type", type}}});
        CHECK(resolve(s).value().digest == is);
        CHECK(methods(s) == words{"HEAD", "GET"});
    }
}

TEST_CASE("resolve: what a HEAD says is what is asked for then, and nothing else is taken for it", "[D03]") {
    testing::script s;
    auto const other = test::index("");
    s.on(at + "1", {200, "", {{"Docker-Content-Digest", known.str()}, {"Content-Type", type}}});
    s.on(at + known.str(), {200, other, {{"Content-Type", type}}});
    test::client registry(testing::scripted_transport(s), client_options().with_retry(retry_rules(1)));
    auto const found = registry.resolve(reference::parse("r.example/x:1").value());
    CHECK(found.value().digest == known);
    CHECK(registry.manifest(reference::parse("r.example/x@" + known.str()).value()).error() == errc::digest_mismatch);
}

TEST_CASE("resolve: of a digest the head need not say it, and must not say another", "[CP07]") {
    auto const name = "r.example/x@" + known.str();
    testing::script s;
    s.on(at + known.str(), {200, "", {}});
    CHECK(resolve(s, name).value().digest == known);
    CHECK(methods(s) == words{"HEAD"});
    testing::script other;
    other.on(at + known.str(), {200, "", {{"Docker-Content-Digest", "sha256:" + std::string(64, 'a')}}});
    CHECK(resolve(other, name).error().kind() != errc::ok);
    CHECK(methods(other) == words{"HEAD", "GET"});
}

TEST_CASE("resolve: the registry's own words for what is not there", "[CP07]") {
    testing::script s;
    s.on(at + "1", {404}).on(at + "1", {404, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"no"}]})"});
    CHECK(resolve(s).error() == errc::manifest_unknown);
    for (int const status : {401, 403, 429, 503}) {
        testing::script refused;
        refused.on(at + "1", {status});
        CHECK(resolve(refused).error().http_status() == status);
        CHECK(methods(refused) == words{"HEAD"});
    }
}

} // namespace resolve_test
