// SPDX-License-Identifier: BSL-1.0
// `client` and `async_client`: the same records as `basic_client`, and what they are told to use.
#include "catch.hpp"

#include <lading/lading.hpp>
#include <lading/store/memory_cache.hpp>
#include <lading/testing/byte_server.hpp>
#include <lading/testing/registry.hpp>

#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace front_test {

using namespace lading;
using testing::access;
using testing::registry_options;

namespace {

inspect_options everything() {
    return inspect_options().with_tags().with_platform(platform_choice::like(platform("linux", "amd64")));
}

/// The value of an operation that is driven over a transport by hand; what it asked for is counted.
template <class T>
result<T> by_hand(any_operation<T> op, std::size_t& exchanges) {
    asio_sync_transport transport;
    auto next = op.start();
    for (;;) {
        if (auto* over = std::get_if<done<T>>(&next)) return std::move(over->value());
        if (auto* x = std::get_if<need_exchange>(&next)) {
            ++exchanges;
            auto query = x->query;
            auto moved = std::move(op); // between two steps: what a step points to stays where it is
            next = moved.on_response(transport.exchange(query, *x->sink));
            op = std::move(moved);
        } else {
            next = op.on_delay();
        }
    }
}

/// A variable of the environment, until the end of the scope.
struct variable {
    variable(char const* n, std::string const& value) : name(n) { ::setenv(n, value.c_str(), 1); }
    variable(variable const&) = delete;
    variable& operator=(variable const&) = delete;
    ~variable() { ::unsetenv(name); }
    char const* name;
};

} // namespace

TEST_CASE("client, async_client and a call by hand give the record that basic_client gives", "[front]") {
    testing::registry fake(registry_options().with_protection(access::bearer));
    fake.add_image("app", "1", image_kind::index);
    auto const options = client_options().with_plaintext(fake.host());
    auto const ref = reference::parse(fake.host() + "/app:1").value();

    basic_client<default_policies> basic{options};
    auto const expected = basic.inspect(ref, everything()).value();
    REQUIRE(expected.image);
    REQUIRE(expected.tags.values == std::vector<std::string>{"1"});

    client plain{options};
    CHECK(to_json(plain.inspect(ref, everything()).value()) == to_json(expected));
    CHECK(to_json(plain.inspect(fake.host() + "/app:1", everything()).value()) == to_json(expected));
    CHECK(plain.manifest(ref).value().bytes == expected.manifest_bytes);
    CHECK(plain.raw_manifest(ref).value().self.digest == expected.resolved.digest);
    auto const like = platform_choice::like(platform("linux", "amd64"));
    CHECK(plain.config(ref, like).value().bytes == expected.config_bytes);
    CHECK(plain.tags(ref.repository()).value().values == expected.tags.values);
    CHECK(plain.ping(ref.repository()).has_value());
    memory_sink blob(1u << 20);
    CHECK(plain.blob(ref, *expected.config, blob).has_value());
    CHECK(blob.bytes() == expected.config_bytes);

    std::size_t exchanges = 0;
    CHECK(to_json(by_hand(plain.start_inspect(ref, everything().with_tags(false)), exchanges).value()) ==
          to_json(basic.inspect(ref, everything().with_tags(false)).value()));
    CHECK(exchanges == 3); // the token is there from before
    client fresh{options};
    exchanges = 0;
    CHECK(by_hand(fresh.start_manifest(ref), exchanges).value().bytes == expected.manifest_bytes);
    CHECK(exchanges == 3); // refused, token, manifest
    CHECK(by_hand(fresh.start_raw_manifest(ref), exchanges).value().bytes == expected.manifest_bytes);
    CHECK(by_hand(fresh.start_config(ref, like), exchanges).value().bytes == expected.config_bytes);
    CHECK(by_hand(fresh.start_tags(ref.repository()), exchanges).value().values == expected.tags.values);
    CHECK(by_hand(fresh.start_ping(ref.repository()), exchanges).has_value());
    memory_sink again(1u << 20);
    CHECK(by_hand(fresh.start_blob(ref.repository(), *expected.config, again), exchanges).has_value());
    CHECK(again.bytes() == expected.config_bytes);

    asio::io_context context;
    async_client asynchronous{context.get_executor(), options};
    std::string told;
    asynchronous.async_inspect(ref, everything(), [&](result<inspection> r) { told = to_json(r.value()); });
    memory_sink third(1u << 20);
    auto manifest = asynchronous.async_manifest(ref, asio::use_future);
    auto raw = asynchronous.async_raw_manifest(ref, asio::use_future);
    auto config = asynchronous.async_config(ref, like, asio::use_future);
    auto tags = asynchronous.async_tags(ref.repository(), asio::use_future);
    auto into = asynchronous.async_blob(ref, *expected.config, third, asio::use_future);
    auto pinged = asynchronous.async_ping(ref.repository(), asio::use_future);
    auto const moved = std::move(asynchronous); // what is under way stays where it is
    context.run();
    CHECK(told == to_json(expected));
    CHECK(manifest.get().value().bytes == expected.manifest_bytes);
    CHECK(raw.get().value().bytes == expected.manifest_bytes);
    CHECK(config.get().value().bytes == expected.config_bytes);
    CHECK(tags.get().value().values == expected.tags.values);
    CHECK(into.get().has_value());
    CHECK(third.bytes() == expected.config_bytes);
    CHECK(pinged.get().has_value());
}

TEST_CASE("a name that is none is the failure of the call, and nothing is asked", "[front]") {
    testing::registry fake;
    client registry{client_options().with_plaintext(fake.host())};
    CHECK(registry.inspect("UPPER case").error() == reference::parse("UPPER case").error().kind());
    CHECK(registry.manifest("UPPER case").has_error());
    CHECK(registry.raw_manifest("UPPER case").has_error());
    CHECK(registry.config("UPPER case").has_error());
    CHECK(registry.tags("UPPER case").error() == repository::parse("UPPER case").error().kind());
    CHECK(registry.ping("UPPER case").has_error());

    asio::io_context context;
    async_client asynchronous{context.get_executor(), client_options().with_plaintext(fake.host())};
    auto refused = asynchronous.async_inspect("UPPER case", asio::use_future);
    bool told = false;
    asynchronous.async_inspect("UPPER case", inspect_options(), [&](result<inspection> r) { told = r.has_error(); });
    CHECK_FALSE(told); // a handler never runs inside its initiating call
    context.run();
    CHECK(told);
    CHECK(refused.get().error() == reference::parse("UPPER case").error().kind());
    CHECK(fake.journal().empty());
}

TEST_CASE("logins: given ones come first, stored ones are read when that is asked for", "[front]") {
    for (auto const how : {access::basic, access::bearer}) {
        testing::registry fake(registry_options().with_protection(how).with_account("ann", "s3cret").with_anonymous_tokens(false));
        fake.add_image("app", "1", image_kind::image);
        auto const options = client_options().with_plaintext(fake.host());
        auto const name = fake.host() + "/app:1";
        auto const path = (std::filesystem::temp_directory_path() / ("lading-front-" + std::to_string(fake.port()))).string();
        std::ofstream(path) << R"({"auths":{")" << fake.host() << R"(":{"username":"ann","password":"s3cret"}}})";
        variable const stored("REGISTRY_AUTH_FILE", path);

        client registry{options};
        CHECK(registry.inspect(name).has_error()); // stored logins are nobody's default
        CHECK(registry.with_login("other.example", "ann", "s3cret").inspect(name).has_error());
        CHECK(client(options).with_login("", "ann", "s3cret").inspect(name).error() == errc::config_invalid);
        CHECK(registry.with_login(fake.host(), "ann", "wrong").inspect(name).has_error());
        CHECK(registry.with_login(fake.host(), "ann", "s3cret").inspect(name).has_value());
        CHECK(client(options).with_stored_logins().inspect(name).has_value());
        CHECK(client(options).with_stored_logins().with_login(fake.host(), "ann", "wrong").inspect(name).has_error());
        CHECK(client(options).with_credentials(fixed_credentials(credential("ann", "s3cret"))).inspect(name).has_value());
        CHECK(client(options).with_login(fake.host(), "ann", "s3cret").with_credentials(no_credentials()).inspect(name).has_error());

        asio::io_context context;
        async_client asynchronous{context.get_executor(), options};
        asynchronous.with_stored_logins();
        auto image = asynchronous.async_inspect(name, asio::use_future);
        context.run();
        CHECK(image.get().has_value());
        std::filesystem::remove(path);
    }
}

TEST_CASE("a cache that is given answers by digest without a request", "[front]") {
    testing::registry fake;
    auto const digest = fake.add_image("app", "1", image_kind::image);
    auto const name = fake.host() + "/app@" + digest;
    client registry{client_options().with_plaintext(fake.host())};
    CHECK(registry.inspect(name).has_value());
    CHECK(registry.inspect(name).has_value());
    CHECK(fake.journal().size() == 4); // without one: manifest and config, twice
    fake.clear_journal();
    memory_cache kept;
    registry.with_cache(kept);
    CHECK(registry.inspect(name).has_value());
    CHECK(registry.inspect(name).has_value());
    CHECK(fake.journal().size() == 2);
    CHECK(client(client_options().with_plaintext(fake.host())).with_cache(kept).inspect(name).has_value());
    CHECK(fake.journal().size() == 2);
}

TEST_CASE("proxies of the environment, and a network that is given, with what the options say of TLS", "[front]") {
    std::string asked;
    testing::byte_server proxy([&](std::string const& q) {
        asked = q.substr(0, q.find("\r\n"));
        return testing::byte_answer("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"tags\":[\"1\"]}");
    });
    client registry{client_options().with_plaintext("registry.example")};
    {
        variable const address("http_proxy", "http://127.0.0.1:" + std::to_string(proxy.port()));
        variable const none("no_proxy", "");
        registry.with_environment_proxies();
    }
    CHECK(registry.tags("registry.example/app").value().values == std::vector<std::string>{"1"});
    CHECK(asked.starts_with("GET http://registry.example/v2/app/tags/list"));

    testing::registry fake(registry_options().with_tls());
    fake.add_image("app", "1", image_kind::image);
    auto const at = "localhost:" + std::to_string(fake.port());
    registry_rules rules;
    rules.host(at).with_tls(tls_options().with_ca_pem(fake.ca_pem()));
    CHECK(client(client_options().with_rules(rules)).inspect(at + "/app:1").has_value());
    auto const there = network_options().with_address("localhost", "127.0.0.1");
    CHECK(client(client_options().with_rules(rules)).with_network(there).inspect(at + "/app:1").has_value());
    CHECK(client().with_network(there).inspect(at + "/app:1").error() == errc::tls_cert_untrusted);
    CHECK(client(asio_sync_transport(tls_options().with_ca_pem(fake.ca_pem()))).inspect(at + "/app:1").has_value());
}

} // namespace front_test
