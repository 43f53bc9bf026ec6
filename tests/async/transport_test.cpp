// SPDX-License-Identifier: BSL-1.0
// The transport with many exchanges at once: places for an origin, who waits and in which order, several threads; and
// reaching a host of many addresses or a slow name.
#include "catch.hpp"

#include <lading/net/asio_sync_transport.hpp>
#include <lading/testing/byte_server.hpp>
#include <lading/testing/certificates.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace transport_test {

using namespace lading;
using namespace std::chrono_literals;
using ending = testing::byte_answer::ending;

namespace {

/// Names that only this test resolves.
struct names {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;                ///< until then "slow.test" has no answer
    std::vector<std::string> of_many; ///< the addresses of "many.test"
} resolver;

} // namespace

// In place of the C library's, for the names above.
extern "C" int getaddrinfo(char const* node, char const* service, addrinfo const* hints, addrinfo** out) {
    static auto const real = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    std::string const name = node ? node : "";
    std::unique_lock lock(resolver.mutex);
    if (name == "slow.test") {
        resolver.changed.wait(lock, [] { return resolver.open; });
        return EAI_AGAIN;
    }
    if (name != "many.test") return lock.unlock(), real(node, service, hints, out);
    *out = nullptr;
    for (auto at = resolver.of_many.rbegin(); at != resolver.of_many.rend(); ++at) {
        addrinfo* one = nullptr;
        addrinfo exact{};
        exact.ai_socktype = SOCK_STREAM;
        if (int const failed = real(at->c_str(), service, &exact, &one)) return failed;
        one->ai_next = *out;
        *out = one;
    }
    return 0;
}

namespace {

std::string const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct text_sink final : body_sink {
    std::string text;
    result<sink_action> begin(response const&, std::optional<std::uint64_t>) override { return text.clear(), sink_action::proceed; }
    result<sink_action> write(std::span<std::byte const> p) override {
        text.append(reinterpret_cast<char const*>(p.data()), p.size());
        return sink_action::proceed;
    }
};

/// One exchange under way and its end.
struct job {
    request query;
    text_sink sink;
    asio::cancellation_signal signal;
    std::optional<result<response>> answer;
    int calls = 0;

    job(std::string const& host, std::uint16_t port, std::string const& path)
        : query("GET", "http://" + host + ':' + std::to_string(port) + path) {}
    job(testing::byte_server const& server, std::string const& path) : job("127.0.0.1", server.port(), path) {}
    void start(asio_transport& t) {
        t.async_exchange(query, sink, asio::bind_cancellation_slot(signal.slot(), [this](result<response> r) { end(std::move(r)); }));
    }
    void end(result<response> r) {
        answer.emplace(std::move(r));
        ++calls;
    }
    void cancel() { signal.emit(asio::cancellation_type::terminal); }
    errc code() const { return !answer ? errc::no_endpoint : *answer ? errc::ok
                                                                     : answer->error().kind(); }
};

/// The paths of the requests that came, in order.
std::string paths(testing::byte_server const& server) {
    std::string out;
    for (auto const& q : server.requests()) out += q.substr(4, q.find(' ', 4) - 4);
    return out;
}

} // namespace

TEST_CASE("pool: an origin has so many places, and who waits is served in order") {
    for (std::size_t places : {1u, 3u}) {
        testing::byte_server server([](std::string const&) {
            testing::byte_answer a(ok, ending::keep, ok.size() - 1);
            a.pause = 5ms;
            return a;
        });
        asio::io_context context(1);
        limits l;
        l.connections = places;
        asio_transport t(context.get_executor(), {}, l);
        std::deque<job> jobs;
        std::string all;
        for (int i = 0; i < 8; ++i) {
            jobs.emplace_back(server, '/' + std::to_string(i)).start(t);
            all += '/' + std::to_string(i);
        }
        context.run();
        for (auto const& j : jobs) CHECK((j.code() == errc::ok && j.calls == 1 && j.sink.text == "ok"));
        CHECK(server.accepted() == places);
        if (places == 1) CHECK(paths(server) == all);
        context.restart();
        job again(server, "/8");
        again.start(t);
        context.run();
        CHECK(again.code() == errc::ok);
        CHECK(server.accepted() == places); // they were kept
    }
}

TEST_CASE("pool: idle connections are bounded, and none is older than allowed") {
    testing::byte_server one([](std::string const&) { return testing::byte_answer(ok); }),
        two([](std::string const&) { return testing::byte_answer(ok); });
    auto ask = [](asio_sync_transport& t, testing::byte_server const& s) {
        text_sink sink;
        return t.exchange(job(s, "/").query, sink).has_value();
    };
    limits l;
    l.idle_connections = 1;
    asio_sync_transport small({}, l);
    for (int i = 0; i < 2; ++i) CHECK((ask(small, one) && ask(small, two) && ask(small, two)));
    CHECK(one.accepted() == 2); // its idle one had to go for the other's
    CHECK(two.accepted() == 2);
    l.idle_connections = 0;
    asio_sync_transport none({}, l);
    CHECK((ask(none, one) && ask(none, one)));
    CHECK(one.accepted() == 4);
    l = {};
    l.pooled = 1ms;
    asio_sync_transport brief({}, l);
    CHECK(ask(brief, one));
    std::this_thread::sleep_for(5ms);
    CHECK(ask(brief, one));
    CHECK(one.accepted() == 6);
}

TEST_CASE("pool: an exchange that waits for its turn keeps its deadline and can be cancelled") {
    testing::byte_server server([](std::string const& q) {
        return q.starts_with("GET /hang") ? testing::byte_answer("", ending::hang) : testing::byte_answer(ok);
    });
    asio::io_context context(1);
    limits l;
    l.connections = 1;
    asio_transport t(context.get_executor(), {}, l);
    job first(server, "/hang"), dependent(server, "/late"), unwanted(server, "/unwanted"), next(server, "/next");
    dependent.query.deadline = std::chrono::steady_clock::now() + 50ms;
    for (auto* j : {&first, &dependent, &unwanted, &next}) j->start(t);
    unwanted.cancel();
    while (!dependent.answer || !unwanted.answer) context.run_one();
    CHECK(dependent.code() == errc::timeout);
    CHECK(unwanted.code() == errc::cancelled);
    CHECK(!first.answer);
    CHECK(!next.answer);
    first.cancel();
    context.run();
    CHECK(first.code() == errc::cancelled);
    CHECK(next.code() == errc::ok);
    CHECK(paths(server).find("/unwanted") == std::string::npos);
    for (auto* j : {&first, &dependent, &unwanted, &next}) CHECK(j->calls == 1);
}

TEST_CASE("pool: transport and executor go away while exchanges wait for their turn") {
    testing::byte_server server([](std::string const&) { return testing::byte_answer("", ending::hang); });
    std::deque<job> jobs;
    {
        asio::io_context context(1);
        limits l;
        l.connections = 2;
        asio_transport t(context.get_executor(), {}, l);
        for (int i = 0; i < 6; ++i) jobs.emplace_back(server, "/").start(t);
        context.run_for(20ms);
    }
    for (auto const& j : jobs) CHECK(j.calls == 0);
}

TEST_CASE("threads: one transport, an event loop of four threads, ends of every kind") {
    testing::byte_server server([](std::string const& q) {
        testing::byte_answer a(ok, ending::keep, ok.size() / 2);
        a.pause = 1ms;
        if (q.starts_with("GET /cut")) a = testing::byte_answer(ok.substr(0, 20), ending::close);
        if (q.starts_with("GET /reset")) a = testing::byte_answer("", ending::reset);
        if (q.starts_with("GET /hang")) a = testing::byte_answer("", ending::hang);
        return a;
    });
    asio::io_context context(4);
    limits l;
    l.connections = 6;
    l.idle_connections = 4;
    asio_transport t(context.get_executor(), {}, l);

    /// Asks again and again, each time for something else; cancels some of it.
    struct worker {
        worker(asio::io_context& c, asio_transport& by, testing::byte_server const& s, int n)
            : strand(asio::make_strand(c)), timer(strand), transport(by), server(s), left(n) {}
        void go() {
            if (left-- == 0) return;
            constexpr char const* what[] = {"/fine", "/fine", "/cut", "/fine", "/reset", "/hang", "/hang", "/fine"};
            kind = static_cast<std::size_t>(left) % 8;
            one.emplace(server, what[kind]);
            if (kind == 5) one->query.deadline = std::chrono::steady_clock::now() + 10ms;
            transport.async_exchange(one->query, one->sink,
                                     asio::bind_executor(strand, asio::bind_cancellation_slot(one->signal.slot(), [this](result<response> r) {
                                                             one->end(std::move(r));
                                                             timer.cancel();
                                                             expected += kind == 5   ? one->code() == errc::timeout
                                                                         : kind == 6 ? one->code() == errc::cancelled
                                                                         : kind == 2 ? one->code() == errc::http_body_truncated || one->code() == errc::connection_reset
                                                                         : kind == 4 ? one->code() == errc::connection_reset
                                                                                     : one->sink.text == "ok";
                                                             go();
                                                         })));
            if (kind != 6) return;
            timer.expires_after(3ms);
            timer.async_wait([this](asio::error_code ec) {
                if (!ec) one->cancel();
            });
        }
        asio::strand<asio::io_context::executor_type> strand;
        asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, asio::strand<asio::io_context::executor_type>> timer;
        asio_transport& transport;
        testing::byte_server const& server;
        int left;
        std::size_t kind = 0;
        int expected = 0;
        std::optional<job> one;
    };
    std::deque<worker> workers;
    constexpr int rounds = 24;
    for (int i = 0; i < 16; ++i) workers.emplace_back(context, t, server, rounds);
    for (auto& w : workers) asio::post(w.strand, [&w] { w.go(); });
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { context.run(); });
    for (auto& th : threads) th.join();
    for (auto& w : workers) CHECK(w.expected == rounds);
}

// ---- trust

TEST_CASE("the system's roots count beside those that are named", "[T01]") {
    testing::certificate_authority const system("the system's"), named("ours"), other("nobody's");
    auto const path = "/tmp/lading-system-roots-" + std::to_string(::getpid()) + ".pem";
    std::FILE* const file = std::fopen(path.c_str(), "w");
    REQUIRE(file);
    std::fputs(system.cert_pem().c_str(), file);
    std::fclose(file);
    ::setenv("SSL_CERT_FILE", path.c_str(), 1); // read when the first chain needs it, and never again
    auto trusting = tls_options().with_ca_pem(named.cert_pem()), only_named = trusting;
    only_named.system_roots = false;
    for (auto const* authority : {&named, &system, &other}) {
        auto const leaf = authority->issue({}, {"127.0.0.1"});
        testing::byte_server server([](std::string const&) { return testing::byte_answer(ok); }, leaf.cert_pem, leaf.key_pem);
        job j("127.0.0.1", server.port(), "/");
        j.query.url.insert(4, 1, 's');
        for (bool all : {true, false}) {
            asio_sync_transport t(all ? trusting : only_named);
            auto const r = t.exchange(j.query, j.sink);
            if (authority == &named || (all && authority == &system)) CHECK(r.has_value());
            else CHECK((!r && r.error() == errc::tls_cert_untrusted));
        }
    }
    std::remove(path.c_str());
}

// ---- reaching a host

TEST_CASE("addresses of two families take turns") {
    auto at = [](char const* text) { return asio::ip::tcp::endpoint(asio::ip::make_address(text), 1); };
    auto const six = [&](int i) { return at(("::" + std::to_string(i)).c_str()); };
    auto const four = [&](int i) { return at(("10.0.0." + std::to_string(i)).c_str()); };
    using list = std::vector<asio::ip::tcp::endpoint>;
    CHECK(detail::interleaved({six(2), six(3), six(4), four(1), four(2)}) == list{six(2), four(1), six(3), four(2), six(4)});
    CHECK(detail::interleaved({four(1), six(2), four(2)}) == list{four(1), six(2), four(2)});
    CHECK(detail::interleaved({four(1), four(2)}) == list{four(1), four(2)});
    CHECK(detail::interleaved({}).empty());
}

namespace {
/// Listens at an address, and answers no SYN: its queue is full.
class deaf_listener {
  public:
    deaf_listener(std::string const& address, std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(asio::ip::make_address_v4(address).to_uint());
        auto const* const where = reinterpret_cast<sockaddr const*>(&at);
        REQUIRE(::bind(fd_, where, sizeof at) == 0);
        REQUIRE(::listen(fd_, 0) == 0);
        for (int& c : fill_) {
            c = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            (void)::connect(c, where, sizeof at);
        }
    }
    deaf_listener(deaf_listener const&) = delete;
    ~deaf_listener() {
        for (int c : fill_) ::close(c);
        ::close(fd_);
    }

  private:
    int fd_;
    int fill_[2];
};
void resolve_many(std::vector<std::string> addresses) {
    std::scoped_lock const lock(resolver.mutex);
    resolver.of_many = std::move(addresses);
}
} // namespace

TEST_CASE("sixteen dead addresses, then a good one", "[L15]") {
    testing::byte_server server([](std::string const&) { return testing::byte_answer(ok); });
    std::vector<std::string> addresses;
    std::deque<deaf_listener> deaf;
    for (int i = 1; i <= 16; ++i) deaf.emplace_back(addresses.emplace_back("127.0.1." + std::to_string(i)), server.port());
    addresses.emplace_back("127.0.0.1");
    resolve_many(addresses);
    asio_sync_transport t;
    job j("many.test", server.port(), "/");
    auto const began = std::chrono::steady_clock::now();
    CHECK(t.exchange(j.query, j.sink).has_value());
    CHECK(std::chrono::steady_clock::now() - began < 30s); // one after the other would take minutes
    CHECK(server.accepted() == 1);

    limits hasty; // and it all ends within `limits::connect`
    hasty.connect = 300ms;
    asio_sync_transport u({}, hasty);
    auto const r = u.exchange(j.query, j.sink);
    REQUIRE(!r);
    CHECK(r.error() == errc::connect_timeout);

    // Where nobody listens the next address is tried at once.
    addresses.clear();
    for (int i = 1; i <= 16; ++i) addresses.push_back("127.0.2." + std::to_string(i));
    resolve_many(addresses);
    asio_sync_transport v;
    auto const refused = v.exchange(j.query, j.sink);
    REQUIRE(!refused);
    CHECK(refused.error() == errc::connection_refused);
}

TEST_CASE("a name that does not resolve: cancelled and timed out at once", "[L15][L16]") {
    asio::io_context context(1);
    limits l;
    l.connect = 500ms;
    asio_transport t(context.get_executor(), {}, l);
    job dependent("slow.test", 80, "/"), unwanted("slow.test", 80, "/");
    dependent.start(t);
    unwanted.start(t);
    context.run_for(10ms);
    unwanted.cancel();
    while (!dependent.answer || !unwanted.answer) context.run_one(); // the resolver is still busy
    CHECK(dependent.code() == errc::connect_timeout);
    CHECK(unwanted.code() == errc::cancelled);
    {
        std::scoped_lock const lock(resolver.mutex);
        resolver.open = true;
    }
    resolver.changed.notify_all();
    context.run();
    CHECK(dependent.calls + unwanted.calls == 2);
}

} // namespace transport_test
