// SPDX-License-Identifier: BSL-1.0
// The transport kit over every model that ships, and over models that are wrong on purpose.

#include "catch.hpp"
#include "wrong_transports/answers.hpp"
#include "wrong_transports/connections.hpp"
#include "wrong_transports/failures.hpp"
#include "wrong_transports/handlers.hpp"
#include "wrong_transports/requests.hpp"

#include <lading/net/asio_sync_transport.hpp>
#include <lading/testing/check_transport.hpp>

#ifdef LADING_TEST_CURL
#include <lading/net/curl_transport.hpp>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <utility>
#include <vector>

namespace transport_test {

using namespace lading;
using namespace wrong_transports;

namespace {

template <class T>
void keeps_its_contract(char const* name) {
    INFO(name);
    for (auto const& f : testing::check_transport<T>()) FAIL_CHECK(f.str());
}

} // namespace

TEST_CASE("kit: the transports that ship keep their contract") {
    keeps_its_contract<asio_transport>("asio_transport");
    keeps_its_contract<asio_sync_transport>("asio_sync_transport");
#ifdef LADING_TEST_CURL
    keeps_its_contract<curl_transport>("curl_transport");
#endif
}
namespace {

/// A planted defect: the kit over `T` must find `rule`.
struct planted {
    template <class T>
    static planted in(char const* name, std::string_view rule) {
        if constexpr (sync_transport<T>) return {name, rule, [] { return testing::check_transport<any_transport>(any_transport::of<T>); }};
        else return {name, rule, [] { return testing::check_transport<T>(); }};
    }
    char const* name;
    std::string_view rule;
    testing::findings (*run)();
};
#define PLANTED(rule, ...) planted::in<__VA_ARGS__>(#__VA_ARGS__, rule)

/// The kit waits more than it works: eight at a time.
void each_is_found(std::vector<planted> const& all) {
    std::vector<testing::findings> found(all.size());
    std::atomic<std::size_t> next{0};
    auto const work = [&] {
        for (std::size_t i; (i = next++) < all.size();) found[i] = all[i].run();
    };
    std::vector<std::future<void>> workers;
    for (int n = 0; n < 8; ++n) workers.push_back(std::async(std::launch::async, work));
    for (auto& w : workers) w.get();
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (auto const& f : found[i]) UNSCOPED_INFO(f.str().substr(0, 200));
        INFO(all[i].name << " must be found: " << all[i].rule);
        CHECK(std::any_of(found[i].begin(), found[i].end(), [&](auto const& f) { return f.rule == all[i].rule; }));
    }
}

} // namespace

TEST_CASE("kit: each planted defect of a transport is found") {
    each_is_found({
        PLANTED("follows no redirect", follows_redirects<302>),
        PLANTED("follows no redirect", follows_redirects<307>),
        PLANTED("adds nothing to a request", keeps_cookies),
        PLANTED("every status is an answer", fails_on_404),
        PLANTED("a lost connection is a failure", takes_half_for_whole),
        PLANTED("streams the body", collects_first),
        PLANTED("stops when the sink has enough", does_not_stop),
        PLANTED("returns the failure of the sink", loses_the_sinks_error),
        PLANTED("headers of one name are kept", joins_headers),
        PLANTED("keeps to the deadline", ignores_the_deadline),
        PLANTED("keeps to the deadline", limits_only_the_head),
        PLANTED("keeps to the deadline", has_no_clock),
        PLANTED("gives up in time", has_only_deadlines),
        PLANTED("streams the body", garbles_what_is_large),
        PLANTED("every header is kept, in order", keeps_five_headers),
        PLANTED("begin is told the length", loses_large_lengths),
        PLANTED("adds nothing to a request", adds_a_header),
        PLANTED("adds nothing to a request", adds_a_second_agent),
        PLANTED("sends the headers as they are", drops_a_header),
        PLANTED("sends a request once", tries_again<false>),
        PLANTED("sends a request once", tries_again<true>),
        PLANTED("checks certificates", checks_no_certificate),
        PLANTED("keeps the connection", connects_each_time),
        PLANTED("https never becomes http by itself", falls_back_to_http),
        PLANTED("facts of a failure", says_nothing_of_next),
        PLANTED("begin comes once and first", begins_twice),
        PLANTED("asks for no encoding", asks_for_gzip),
        PLANTED("answers", swallows_short_bodies),
        PLANTED("headers have no case", names_headers_its_way),
        PLANTED("begin is given the head", begins_without_the_head),
        PLANTED("the answer names its URL", forgets_the_url),
        PLANTED("some answers have no body", begins_with_the_first_piece),
        PLANTED("goes on after a stop", is_spoilt_by_a_stop),
        PLANTED("decodes no content encoding", decodes_an_encoding),
        PLANTED("answers no challenge", answers_a_challenge),
        PLANTED("sends method and target as they are", decodes_the_target),
        PLANTED("sends Host", asks_by_another_name),
        PLANTED("sends the body with its length", drops_the_body),
        PLANTED("sends a source with its size", drops_the_source),
        PLANTED("sends a source of unknown size in chunks", collects_the_source),
        PLANTED("says that the request was not whole", says_that_all_was_sent),
        PLANTED("a source that fails is not a short one", takes_a_failed_source_for_a_short_one),
        PLANTED("does not send again what was sent whole", sends_a_source_again),
        PLANTED("refuses line breaks in a header", mends_headers),
        PLANTED("what is not HTTP is a failure", takes_anything_for_an_answer),
        PLANTED("says that nobody listens", calls_everything_a_reset),
        PLANTED("bounds the head", takes_any_head),
        PLANTED("each answer to its request", gives_the_answer_before),
        PLANTED("a connection that was closed meanwhile is no failure", trusts_a_kept_connection),
        PLANTED("speaks TLS", knows_no_tls),
    });
}
TEST_CASE("kit: each planted defect of an asynchronous transport is found") {
    each_is_found({
        PLANTED("the handler is called later", calls_inside),
        PLANTED("the handler is called once", calls_twice),
        PLANTED("the handler is called once", never_calls_for_bad_urls),
        PLANTED("can be cancelled", is_not_cancelled),
    });
}
namespace {

/// Takes neither options nor limits: made as a client makes it.
struct bare {
    result<response> exchange(request const& q, body_sink& out) { return inner.exchange(q, out); }
    asio_sync_transport inner;
};

} // namespace

TEST_CASE("kit: a transport that is made from nothing needs no maker") {
    auto made = testing::detail::make_default<bare>()({}, network_options(), limits());
    testing::detail::recording_sink sink;
    CHECK_FALSE(made.exchange(request("GET", "no URL"), sink));
}

} // namespace transport_test
