// SPDX-License-Identifier: BSL-1.0
// Files that blobs are written to, over every transport that brings them.

#include "catch.hpp"
#include "support/scratch_folder.hpp"

#include <lading/hash/constexpr_sha2.hpp>
#include <lading/lading.hpp>
#include <lading/net/asio_sync_transport.hpp>
#include <lading/testing/registry.hpp>

#ifdef LADING_TEST_CURL
#include <lading/net/curl_transport.hpp>
#endif

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

namespace sink_test {

using namespace lading;
namespace fs = std::filesystem;

namespace {

template <class T>
struct over : default_policies {
    using transport = T;
};

using folder = test::scratch_folder;

/// A file that takes the first piece only after something else has happened.
struct late_sink final : blob_sink {
    late_sink(std::string path, std::function<void()> f) : file(std::move(path)), meanwhile(std::move(f)) {}
    result<void> begin() override { return file.begin(); }
    result<void> write(std::span<std::byte const> piece) override {
        if (auto const f = std::exchange(meanwhile, nullptr)) f();
        return file.write(piece);
    }
    result<void> commit() override { return file.commit(); }
    void discard() noexcept override { file.discard(); }
    file_sink file;
    std::function<void()> meanwhile;
};

/// A registry that gives `served` for the digest of `wanted`, asked for it.
template <class T>
result<descriptor> fetch(std::string const& wanted, std::string const& served, blob_sink& out) {
    testing::registry fake;
    auto const d = constant_digest_of(wanted);
    fake.answer("GET", "/v2/x/blobs/" + d.str(), testing::canned(200, served));
    basic_client<over<T>> client(client_options().with_plaintext(fake.host()).with_retry(retry_rules(1)));
    return client.blob(repository::parse(fake.host() + "/x").value(), descriptor("a/b", d, static_cast<std::int64_t>(wanted.size())), out,
                       blob_options().with_wait(std::chrono::milliseconds(0)));
}

template <class T>
void keeps_files_apart() {
    folder f;
    auto const path = f.str("blob");
    std::string const good(100'000, 'G'), evil(100'000, 'E');
    // While one writes the other cannot, whatever they bring.
    late_sink first(path, [&] {
        file_sink out(path);
        CHECK(fetch<T>(good, good, out).error() == errc::part_in_use);
    });
    CHECK(fetch<T>(good, evil, first).error() == errc::digest_mismatch);
    CHECK(f.count() == 0);
    late_sink second(path, [&] {
        file_sink out(path);
        CHECK(fetch<T>(good, evil, out).error() == errc::part_in_use);
    });
    CHECK(fetch<T>(good, good, second));
    CHECK((test::file_text(path) == good));
    CHECK(f.count() == 1);
    // And what is refused does not disturb what is there.
    file_sink out(path);
    CHECK(fetch<T>(evil, good, out).error() == errc::digest_mismatch);
    CHECK((test::file_text(path) == good));
    CHECK(f.count() == 1);
}

template <class T>
void follows_no_link() {
    folder f;
    auto const path = f.str("blob"), victim = f.str("victim");
    std::string const good(100'000, 'G');
    std::ofstream(victim) << "precious";
    file_sink out(path);
    for (auto const& taken : {path + ".part", path}) {
        fs::create_symlink(victim, taken);
        CHECK(fetch<T>(good, good, out).error() == errc::path_refused);
        fs::remove(taken);
        fs::create_directory(taken);
        CHECK(fetch<T>(good, good, out).error() == errc::path_refused);
        fs::remove(taken);
    }
    CHECK(f.count() == 1); // nothing else is left
    CHECK(test::file_text(victim) == "precious");
    CHECK(fetch<T>(good, good, out));
    CHECK((test::file_text(path) == good));
}

} // namespace

TEST_CASE("two sinks of one path, one of a hostile registry", "[V01]") {
    keeps_files_apart<asio_sync_transport>();
#ifdef LADING_TEST_CURL
    keeps_files_apart<curl_transport>();
#endif
}

TEST_CASE("a planted link is not followed", "[V01]") {
    follows_no_link<asio_sync_transport>();
#ifdef LADING_TEST_CURL
    follows_no_link<curl_transport>();
#endif
}

} // namespace sink_test
