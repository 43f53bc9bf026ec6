// SPDX-License-Identifier: BSL-1.0
// A bounded buffer between two threads, and sources that read from it.

#include "catch.hpp"

#include <lading/hash/constexpr_sha2.hpp>
#include <lading/operation/verifying_source.hpp>
#include <lading/store/content_body.hpp>
#include <lading/store/relay.hpp>

#include <atomic>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>

namespace relay_test {

using namespace lading;

namespace {

std::string read_all(body_source& from, std::size_t at_once) {
    std::string out, piece(at_once, '\0');
    for (;;) {
        auto const n = from.read(std::as_writable_bytes(std::span(piece)));
        if (!n) return "failed: " + std::string(name_of(n.error().kind()));
        if (n.value() == 0) return out;
        out.append(piece, 0, n.value());
    }
}
std::string numbers(std::size_t size) {
    std::string out;
    for (std::size_t i = 0; out.size() < size; ++i) out += std::to_string(i) + ' ';
    return out.substr(0, size);
}

/// Gives a text, in pieces; may fail, or begin again.
struct text_store {
    std::string text;
    std::size_t fails_at = std::string::npos;
    bool begins_again = false;
    std::atomic<int> reads{0};

    result<void> read(descriptor const&, blob_sink& out, stop_token stop) {
        ++reads;
        LADING_TRY_V(out.begin());
        for (std::size_t at = 0; at < text.size(); at += 1000) {
            if (stop.stop_requested()) return error(errc::cancelled);
            if (at >= fails_at) return error(errc::connection_reset);
            if (begins_again && at == 5000) {
                begins_again = false;
                LADING_TRY_V(out.begin());
                at = 0;
            }
            LADING_TRY_V(out.write(std::as_bytes(std::span(text).subspan(at, std::min<std::size_t>(1000, text.size() - at)))));
        }
        if (text.size() >= fails_at) return error(errc::connection_reset);
        return out.commit();
    }
};
descriptor const what("a/b", digest::parse("sha256:" + std::string(64, 'a')).value(), descriptor::unknown_size);

} // namespace

TEST_CASE("bytes pass a relay in order, whatever the pieces", "[relay]") {
    for (std::size_t const room : {std::size_t(1), std::size_t(7), std::size_t(4096)})
        for (std::size_t const piece : {std::size_t(1), std::size_t(5), std::size_t(10'000)}) {
            auto const text = numbers(20'000);
            relay pipe(room);
            relay_source from(pipe, std::nullopt);
            std::thread writer([&] {
                for (std::size_t at = 0; at < text.size(); at += piece) (void)pipe.write(std::as_bytes(std::span(text).subspan(at, std::min(piece, text.size() - at))));
                pipe.finish();
            });
            CHECK(read_all(from, 333) == text);
            writer.join();
        }
}

TEST_CASE("each side of a relay learns that the other is gone", "[relay]") {
    std::string const text(100, 'x');
    SECTION("the writer has failed") {
        relay pipe(1000);
        REQUIRE(pipe.write(std::as_bytes(std::span(text))));
        pipe.fail(error(errc::connection_reset));
        std::byte one{};
        CHECK(pipe.read({&one, 1}).error() == errc::connection_reset);
    }
    SECTION("the reader has failed, while the writer waits") {
        relay pipe(10);
        std::thread reader([&] { pipe.end(error(errc::denied)); });
        CHECK(pipe.write(std::as_bytes(std::span(text))).error() == errc::denied);
        reader.join();
    }
    SECTION("the reader wants no more") {
        relay pipe(10);
        pipe.end();
        CHECK(pipe.write(std::as_bytes(std::span(text))));
    }
}

TEST_CASE("a reader that does not wait is woken", "[relay]") {
    relay pipe(10);
    int woken = 0;
    CHECK_FALSE(pipe.ready([&] { ++woken; }));
    CHECK(woken == 0);
    std::byte const one{};
    REQUIRE(pipe.write({&one, 1}));
    CHECK(woken == 1);
    CHECK(pipe.ready([&] { ++woken; }));
    std::byte got{};
    CHECK(pipe.read({&got, 1}).value() == 1);
    CHECK_FALSE(pipe.ready([&] { ++woken; }));
    pipe.finish();
    CHECK(woken == 2);
    CHECK(pipe.read({&got, 1}).value() == 0);
}

TEST_CASE("a blob of a store is read as it is sent, as often as it has to be", "[relay][PU67]") {
    text_store store{numbers(2'000'000)};
    content_body<text_store> body(store, what);
    CHECK_FALSE(body.size());
    for (int i = 0; i < 2; ++i) {
        REQUIRE(body.begin());
        CHECK(read_all(body, 70'000) == store.text);
    }
    REQUIRE(body.begin()); // and given up in the middle
    std::byte some[10];
    CHECK(body.read(some).value() > 0);
    REQUIRE(body.begin());
    CHECK(read_all(body, 100'000) == store.text);
    CHECK(store.reads == 4);
}

TEST_CASE("a store that begins again does not repeat what was sent", "[relay]") {
    text_store store{numbers(50'000)};
    store.begins_again = true;
    content_body<text_store> body(store, what);
    REQUIRE(body.begin());
    CHECK(read_all(body, 700) == store.text);
}

TEST_CASE("what a store verifies that reads once is not hashed again", "[relay]") {
    text_store store{numbers(50'000)};
    auto const d = constant_digest_of(store.text, digest_algorithm::sha256);
    descriptor const whole("application/octet-stream", d, 50'000);
    content_body<text_store> body(store, whole, {}, true);
    CHECK(body.verifies(d));
    CHECK_FALSE(body.verifies(what.digest));
    CHECK_FALSE(content_body<text_store>(store, whole).verifies(d));

    struct counts_hashed { // never asked
        struct hash {
            explicit hash(digest_algorithm) {}
            void update(std::span<std::byte const>) { FAIL("hashed"); }
            result<digest> finish() { return error(errc::invalid_argument); }
        };
    };
    verifying_source<counts_hashed> verified(body, d, 50'000);
    REQUIRE(verified.begin());
    CHECK(read_all(verified, 700) == store.text);
    CHECK(verified.over());
    CHECK(verified.actual() == d);

    SECTION("and fails before its last bytes are given when the store finds another digest") {
        store.fails_at = 50'000;
        REQUIRE(verified.begin());
        CHECK(read_all(verified, 700) == "failed: connection_reset");
        CHECK_FALSE(verified.over());
    }
    SECTION("also where there are none") {
        text_store nothing{{}};
        nothing.fails_at = 0;
        content_body<text_store> empty(nothing, whole, {}, true);
        verifying_source<counts_hashed> of_nothing(empty, d, 0);
        CHECK(of_nothing.begin().error() == errc::connection_reset);
    }
    SECTION("a store that begins again for all that cannot be believed") {
        store.begins_again = true;
        REQUIRE(verified.begin());
        CHECK(read_all(verified, 700) == "failed: source_spent");
        CHECK_FALSE(body.verifies(d));
        REQUIRE(body.begin()); // which hashes, then
        CHECK(read_all(body, 700) == store.text);
    }
}

TEST_CASE("a store that fails ends the sending with its error", "[relay]") {
    text_store store{numbers(500'000)};
    store.fails_at = 400'000;
    content_body<text_store> body(store, what);
    REQUIRE(body.begin());
    CHECK(read_all(body, 70'000) == "failed: connection_reset");
}

TEST_CASE("a reading that is stopped ends, and whoever waits for it", "[relay]") {
    struct endless {
        result<void> read(descriptor const&, blob_sink& out, stop_token stop) {
            LADING_TRY_V(out.begin());
            begun = true;
            while (!stop.stop_requested()) std::this_thread::yield();
            return error(errc::cancelled);
        }
        std::atomic<bool> begun{false};
    } store;
    stop_source stop;
    content_body<endless> body(store, what, stop.get_token());
    REQUIRE(body.begin());
    std::thread stopper([&] {
        while (!store.begun) std::this_thread::yield();
        stop.request_stop();
    });
    std::byte one{};
    CHECK(body.read({&one, 1}).error() == errc::cancelled);
    stopper.join();
}

/// Throws while it gives a text.
struct throwing_store {
    result<void> read(descriptor const&, blob_sink& out, stop_token) {
        LADING_TRY_V(out.begin());
        LADING_TRY_V(out.write(std::as_bytes(std::span("abc", 3))));
        throw std::bad_alloc();
    }
};

TEST_CASE("What a thread that reads throws, who waits for it throws", "[store]") {
    throwing_store from;
    content_body<throwing_store> body(from, what);
    REQUIRE(body.begin());
    std::byte piece[8];
    CHECK_THROWS_AS(
        [&] {
            while (body.read(piece)) {}
        }(),
        std::bad_alloc);
    REQUIRE(body.begin()); // and once more
}

TEST_CASE("What a thread that reads throws, who writes to it throws", "[store]") {
    relay pipe;
    auto reader = detail::start_thread(pipe, [&] { throw std::runtime_error("no more"); });
    REQUIRE(reader);
    reader.value().join();
    CHECK_THROWS_AS(pipe.write(std::as_bytes(std::span("abc", 3))), std::runtime_error);
}

} // namespace relay_test
