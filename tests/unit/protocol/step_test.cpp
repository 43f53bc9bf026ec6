// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include <lading/driver/blocking.hpp>
#include <lading/testing/scripted_transport.hpp>

namespace step_test {

using namespace lading;

namespace {

/// The status of one answer, which must be 200.
class status_operation : public operation_base<int, void> {
  public:
    step<int> start() { return need_exchange(request("GET", "https://r.example/"), body_); }
    step<int> on_response(result<response> answer, auth_note const& shown = {}) {
        LADING_TRY(auto const head, std::move(answer));
        if (shown.withheld) return error(errc::auth_denied);
        if (head.status != 200) return error(errc::server_error).with_status(head.status);
        return done<int>(head.status);
    }

  private:
    struct nothing final : body_sink {
        result<sink_action> begin(response const&, std::optional<std::uint64_t>) override { return sink_action::proceed; }
        result<sink_action> write(std::span<std::byte const>) override { return sink_action::proceed; }
    } body_;
};
static_assert(operation<status_operation>);

result<int> run_with(testing::scripted_answer a) {
    testing::script s;
    s.on("https://r.example/", std::move(a));
    testing::scripted_transport transport(s);
    testing::manual_clock clock;
    status_operation op;
    return run(op, transport, clock);
}
errc code_of(step<int> const& s) { return std::get<done<int>>(s).value().error().kind(); }

} // namespace

TEST_CASE("a handler returns a value, an error, or what a result it has tried holds instead") {
    CHECK(run_with({200}).value() == 200);
    CHECK(run_with({503}).error() == errc::server_error);
    CHECK(run_with({503}).error().http_status() == 503);
    CHECK(run_with(error(errc::connection_reset)).error() == errc::connection_reset);
}
TEST_CASE("an operation that asked for no delay is told of none") {
    status_operation op;
    CHECK(code_of(op.on_delay()) == errc::invalid_argument);
}
TEST_CASE("what was shown to the registry reaches the operations that it concerns") {
    status_operation op;
    auth_note shown;
    shown.withheld = true;
    CHECK(code_of(detail::respond(op, response(401), shown)) == errc::auth_denied);
    struct indifferent {
        step<int> on_response(result<response> answer) { return done<int>(answer.value().status); }
    } other;
    CHECK(std::get<done<int>>(detail::respond(other, response(401), shown)).value().value() == 401);
}

} // namespace step_test
