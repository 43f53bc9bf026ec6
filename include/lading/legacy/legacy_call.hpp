// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `legacy_call`: an inspection with all its middleware, of registries that may speak v1. In place of `fallback_middleware`
/// it has one that knows both versions of the protocol, and pings where its policy wants pings.

#include "../http/status.hpp"
#include "../middleware/decode.hpp"
#include "../middleware/fallback.hpp"
#include "../middleware/observe.hpp"
#include "../middleware/retry.hpp"
#include "../operation/inspect.hpp"
#include "../protocol/body.hpp"
#include "legacy_fallback.hpp"
#include "v1_inspect.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace lading {

namespace detail {
/// Does an answer to a ping say v2, by the rule of Docker 1.10? In the exact spelling.
inline bool says_v2_exactly(response const& head) {
    if (head.status != 200 && head.status != 401) return false;
    for (auto line : head.headers.all("Docker-Distribution-Api-Version"))
        while (!line.empty()) {
            auto const end = std::min(line.find_first_of(" \t"), line.size());
            if (line.substr(0, end) == "registry/2.0") return true;
            line.remove_prefix(std::min(end + 1, line.size()));
        }
    return false;
}
} // namespace detail

/// `Context` is the context that the calls of a client share, which must outlive it. Errors as `fallback_middleware`.
template <class Context>
class legacy_fallback_middleware : immovable {
    using policies = typename Context::policies;
    using F = typename policies::fallback;

  public:
    using value_type = inspection;

    legacy_fallback_middleware(Context& context, call_plan<legacy_endpoint> plan, reference const& ref, inspect_options o)
        : context_(context), turns_(context.clock, std::move(plan)), ref_(ref), options_(std::move(o)),
          ping_body_(context.options.bounds.error_bytes, context.options.bounds) {}

    step<inspection> start() { return open(); }
    step<inspection> on_response(result<response> answer) {
        if (answer) turns_.note_answer();
        if (stage_ != stage::fetch) return on_ping(std::move(answer));
        return take(v1_ ? v1_->on_response(std::move(answer)) : v2_->on_response(std::move(answer)));
    }
    step<inspection> on_delay() { return take(v1_ ? v1_->on_delay() : v2_->on_delay()); }

  private:
    /// What the exchange under way is for: the reachability ping, the ping inside the fetch, or the fetch. A ping asks
    /// v2 and then, where that does not say so, v1.
    enum class stage : std::uint8_t { reach_v2,
                                      reach_v1,
                                      confirm,
                                      session_v2,
                                      session_v1,
                                      fetch };

    /// Begins at the place whose turn it is, or ends.
    step<inspection> open() {
        if (F::pings) return turns_.over() ? conclude() : ping(stage::reach_v2);
        while (!turns_.over() && !turns_.admitted()) turns_.skip();
        return turns_.over() ? conclude() : fetch();
    }
    step<inspection> fetch() {
        stage_ = stage::fetch;
        v2_.reset();
        v1_.reset();
        if (is_v1()) return take(v1_.emplace(context_, talk(), ref_, options_).start());
        return take(v2_.emplace(context_, talk(), ref_, options_).start());
    }
    step<inspection> take(step<inspection> s) {
        auto* const over = std::get_if<done<inspection>>(&s);
        if (!over || over->value()) return s;
        auto e = turns_.judge(std::move(over->value()).assume_error());
        if (is_v1()) { // not a ping's failure, whatever the transport knows
            auto f = e.facts();
            f.what = asked::manifest;
            e.with_facts(f);
        }
        return failed(std::move(e));
    }
    step<inspection> failed(error e) { return turns_.failed(std::move(e), version()) ? open() : conclude(); }
    step<inspection> conclude() { return turns_.conclude(); }

    // ---- pings, for policies that want them ---------------------------------------------------------------------

    step<inspection> ping(stage s) {
        stage_ = s;
        bool const v1 = s == stage::reach_v1 || s == stage::session_v1;
        return need_exchange(talk().get(v1 ? "/v1/_ping" : "/v2/"), ping_body_, routing::without_credentials());
    }
    step<inspection> on_ping(result<response> answer) {
        bool const says_v2 = answer && detail::says_v2_exactly(answer.assume_value());
        switch (stage_) {
        case stage::reach_v2: return says_v2 || is_hub() ? reached() : ping(stage::reach_v1);
        case stage::reach_v1:
            if (answer) return reached();
            turns_.keep(std::move(answer).assume_error(), version()); // a place out of reach ends it all
            return turns_.conclude_with_last();
        case stage::session_v2: return says_v2 ? fetch() : ping(stage::session_v1);
        case stage::session_v1:
        case stage::confirm: break;
        case stage::fetch: return error(errc::invalid_argument);
        }
        if (!answer) return failed(std::move(answer).assume_error());
        if (stage_ == stage::confirm && confirms_v2(answer.assume_value()))
            if constexpr (requires(F& f) { f.confirmed(); }) turns_.policy().confirmed();
        return fetch();
    }
    step<inspection> reached() {
        if (!turns_.admitted()) return turns_.skip(), open();
        if (!is_v1()) return ping(stage::confirm);
        return turns_.at().over_tls() && !is_hub() ? ping(stage::session_v2) : fetch();
    }

    bool is_v1() const { return turns_.at().version == api_version::v1; }
    bool is_hub() const { return turns_.at().base_url == detail::docker_hub::v1_url; } ///< whose v1 is taken for granted
    std::string_view version() const { return is_v1() ? "/v1" : ""; }

    /// Who pings asks just what Docker 1.10 asked.
    call_context talk() const {
        auto out = turns_.talk();
        if (F::pings) out.accepts = nullptr;
        return out;
    }

    Context& context_;
    endpoint_turns<F, typename policies::clock, legacy_endpoint> turns_;
    reference ref_;
    inspect_options options_;
    std::optional<endpoint_stack<inspect_operation<policies>, policies>> v2_;
    std::optional<endpoint_stack<v1_inspect_operation<policies>, policies>> v1_;
    response_body ping_body_;
    stage stage_ = stage::fetch;
};

template <class Context>
using legacy_call =
    observe_middleware<decode_middleware<retry_middleware<legacy_fallback_middleware<Context>, typename Context::policies::clock>>,
                       typename Context::policies::clock>;

} // namespace lading
