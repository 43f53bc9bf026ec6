// SPDX-License-Identifier: BSL-1.0
// Blobs over connections that break, over every transport that brings them: real sockets, real files.

#include "catch.hpp"
#include "support/scratch_folder.hpp"

#include <lading/hash/constexpr_sha2.hpp>
#include <lading/lading.hpp>
#include <lading/net/asio_sync_transport.hpp>
#include <lading/testing/registry.hpp>

#ifdef LADING_TEST_CURL
#include <lading/net/curl_transport.hpp>
#endif

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

namespace resume_test {

using namespace lading;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using testing::blob_faults;
using testing::range_manners;

namespace {

template <class T>
struct over : default_policies {
    using transport = T;
};

using folder = test::scratch_folder;

std::string const blob = [] {
    std::string out;
    for (std::uint32_t i = 1; out.size() < 2u << 20; i = i * 1664525u + 1013904223u) out.append(reinterpret_cast<char const*>(&i), 4);
    return out;
}();

/// A registry with one blob, that is slow and breaks as it is told.
struct world {
    explicit world(blob_faults f) : fake(testing::registry_options().with_blob_faults(f)), digest(fake.put_blob(blob)) {
        options.with_plaintext(fake.host()).with_retry(soon());
    }
    static retry_rules soon() {
        retry_rules r;
        r.least = 1ms;
        r.first = 2ms;
        return r;
    }
    repository name() const { return repository::parse(fake.host() + "/x").value(); }
    lading::descriptor what() const { return {"a/b", lading::digest::parse(digest).value(), static_cast<std::int64_t>(blob.size())}; }
    template <class T>
    errc fetch(blob_sink& out, blob_options o = {}, stop_token stop = {}) {
        basic_client<over<T>> client(options);
        auto const r = client.blob(name(), what(), out, std::move(o), stop);
        return r ? errc::ok : r.error().kind();
    }
    /// The bytes of bodies that were sent, each answer cut off after `k`.
    std::size_t sent(std::size_t k) const {
        std::size_t all = 0;
        for (auto const& q : fake.journal()) {
            std::size_t from = 0;
            auto const range = q.headers.find("Range").value_or("");
            if (range.size() > 6) std::from_chars(range.data() + 6, range.data() + range.size(), from);
            all += std::min(k, blob.size() - from);
        }
        return all;
    }
    testing::registry fake;
    std::string digest;
    client_options options;
};

/// A file, and something that happens when so many bytes have come.
struct watched_file final : blob_sink {
    watched_file(std::string path, std::size_t n, std::function<void()> f) : file(std::move(path)), at(n), then(std::move(f)) {}
    result<std::uint64_t> resume(std::int64_t size, held_bytes const& each) override {
        return file.resume(size, each);
    }
    result<void> begin() override { return file.begin(); }
    result<void> write(std::span<std::byte const> piece) override {
        bytes += piece.size();
        if (bytes >= at)
            if (auto const f = std::exchange(then, nullptr)) f();
        return file.write(piece);
    }
    result<void> commit() override { return file.commit(); }
    void discard() noexcept override { file.discard(); }
    void suspend() noexcept override { file.suspend(); }
    file_sink file;
    std::size_t at, bytes = 0;
    std::function<void()> then;
};

template <class T>
void goes_on() {
    for (std::size_t const k : {64u << 10, 100'000u, (1u << 20) + 1}) {
        INFO("cut after " << k);
        folder f;
        world w(blob_faults().with_cut(k));
        file_sink out(f.str("blob"));
        CHECK(w.fetch<T>(out) == errc::ok);
        CHECK((test::file_text(f.str("blob")) == blob));
        CHECK(w.fake.journal().size() == (blob.size() + k - 1) / k);
        CHECK(w.sent(k) * 100 <= blob.size() * 102);
    }
    folder f; // and where it does not get on, the next run does
    world w(blob_faults().with_cut(200'000));
    w.options.with_retry(retry_rules(1));
    unsigned runs = 1;
    for (;; ++runs) {
        file_sink out(f.str("blob"));
        if (w.fetch<T>(out) == errc::ok) break;
        REQUIRE(runs < 20);
    }
    CHECK(runs == 11); // each has brought 200'000
    CHECK((test::file_text(f.str("blob")) == blob));
    CHECK(w.sent(200'000) * 100 <= blob.size() * 102);
}

template <class T>
void answers_every_manner() {
    for (auto const m : {range_manners::as_asked, range_manners::ignored, range_manners::refused, range_manners::not_met, range_manners::unsaid,
                         range_manners::shifted, range_manners::of_another}) {
        INFO("manners " << static_cast<int>(m));
        folder f;
        auto const path = f.str("blob");
        std::ofstream(path + ".part", std::ios::binary) << blob.substr(0, 500'000);
        world w(blob_faults().with_ranges(m));
        file_sink out(path);
        CHECK(w.fetch<T>(out) == errc::ok);
        CHECK((test::file_text(path) == blob));
        CHECK(w.fake.journal().size() <= 2);
    }
    folder f;
    std::ofstream(f.str("blob.part"), std::ios::binary) << blob.substr(0, 500'000);
    world w(blob_faults().with_ranges(range_manners::missing));
    file_sink out(f.str("blob"));
    CHECK(w.fetch<T>(out) == errc::blob_unknown);
    CHECK(fs::file_size(f.str("blob.part")) == 500'000);
}

template <class T>
void stops() {
    folder f;
    world w(blob_faults().with_pieces(32u << 10, 50ms));
    std::stop_source stop;
    std::vector<transfer_state> told;
    watched_file out(f.str("blob"), 300'000, [&] { stop.request_stop(); });
    CHECK(w.fetch<T>(out, blob_options().with_observer([&](transfer_event const& e) { told.push_back(e.state); }), stop.get_token()) ==
          errc::cancelled);
    CHECK(out.bytes < blob.size());
    CHECK(told.back() == transfer_state::failed);
    auto const kept = fs::file_size(f.str("blob.part"));
    CHECK(kept == out.bytes);
    w.fake.set_blob_faults({});
    w.fake.clear_journal();
    file_sink next(f.str("blob"));
    CHECK(w.fetch<T>(next) == errc::ok);
    REQUIRE(w.fake.journal().size() == 1);
    CHECK(w.fake.journal()[0].headers.find("Range") == "bytes=" + std::to_string(kept) + '-');
    CHECK((test::file_text(f.str("blob")) == blob));
}

template <class T>
void reads_ranges() {
    world w({});
    w.options.with_retry(retry_rules(1));
    basic_client<over<T>> client(w.options);
    memory_sink out(blob.size());
    CHECK(client.blob_range(w.name(), w.what(), 1000, 24, out).value() == 24);
    CHECK(out.take() == blob.substr(1000, 24));
    CHECK(client.blob_range(w.name(), w.what(), blob.size() - 10, 100, out).value() == 10);
    CHECK(out.take() == blob.substr(blob.size() - 10));
    w.fake.set_blob_faults(blob_faults().with_ranges(range_manners::ignored));
    CHECK(client.blob_range(w.name(), w.what(), 100'000, 24, out).value() == 24);
    CHECK(out.take() == blob.substr(100'000, 24));
    w.fake.set_blob_faults(blob_faults().with_ranges(range_manners::shifted));
    CHECK(client.blob_range(w.name(), w.what(), 1000, 24, out).error() == errc::range_mismatch);
    CHECK(out.bytes().empty());
}

template <class F>
void over_each(F const& f) {
    f.template operator()<asio_sync_transport>();
#ifdef LADING_TEST_CURL
    f.template operator()<curl_transport>();
#endif
}

} // namespace

TEST_CASE("a connection that is cut off again and again brings the blob, and each byte once", "[blob][PD07][PD20][PD65]") {
    over_each([]<class T>() { goes_on<T>(); });
}

TEST_CASE("however a registry answers a range, the blob is right", "[blob][PD11][PD13][PD15][PD16][PD17][PD62]") {
    over_each([]<class T>() { answers_every_manner<T>(); });
}

TEST_CASE("a stop from another hand leaves the part, and the next run goes on from it", "[blob][PD49]") {
    over_each([]<class T>() { stops<T>(); });
}

TEST_CASE("a part of a blob, not verified", "[blob]") {
    over_each([]<class T>() { reads_ranges<T>(); });
}

TEST_CASE("an asynchronous transfer is stopped by its slot, and leaves its part", "[blob][PD49]") {
    folder f;
    world w(blob_faults().with_pieces(32u << 10, 5ms));
    asio::io_context loop;
    async_client client(loop.get_executor(), w.options);
    asio::cancellation_signal signal;
    watched_file out(f.str("blob"), 300'000, [&] { asio::post(loop, [&] { signal.emit(asio::cancellation_type::terminal); }); });
    std::vector<transfer_state> told;
    errc code = errc::ok;
    bool part_is_free = false;
    client.async_blob(w.name(), w.what(), out, blob_options().with_observer([&](transfer_event const& e) {
        CHECK(code == errc::ok); // not called after the end
        told.push_back(e.state);
    }),
                      asio::bind_cancellation_slot(signal.slot(), [&](result<lading::descriptor> r) {
                          code = r ? errc::invalid_argument : r.error().kind();
                          file_sink next(f.str("blob"));
                          part_is_free = next.resume(static_cast<std::int64_t>(blob.size()), [](auto) { return true; }).has_value();
                          next.suspend();
                      }));
    loop.run();
    CHECK(code == errc::cancelled);
    CHECK(told.back() == transfer_state::failed);
    CHECK(part_is_free);
    CHECK(fs::file_size(f.str("blob.part")) == out.bytes);
    w.fake.set_blob_faults(blob_faults().with_cut(100'000));
    w.fake.clear_journal();
    file_sink next(f.str("blob"));
    loop.restart();
    client.async_blob(w.name(), w.what(), next, [&](result<lading::descriptor> r) { code = r ? errc::ok : r.error().kind(); });
    loop.run();
    CHECK(code == errc::ok);
    CHECK(w.fake.journal().at(0).headers.find("Range") == "bytes=" + std::to_string(out.bytes) + '-');
    CHECK((test::file_text(f.str("blob")) == blob));
}

} // namespace resume_test
