// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The fallback layer: runs an operation at one endpoint after the other until one answers or nothing may be tried
/// (spec 2.4, 2.7). What may be tried is the policy's; all failures are kept and reported.

#include "../http/status.hpp"
#include "../policy/fallback.hpp"
#include "../protocol/body.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

namespace detail {
/// Stands for the v1 form of an operation that has none.
struct no_operation {};

/// Does an answer to a ping say v2, by the rule of the original's driver (spec 3.1)? Exact spelling.
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

/// `V2` and `V1` are the operation with its layers, for each version (`no_operation` where there is no v1 form); `F` is
/// the fallback policy, `Clock` the clock. A mirror may take half of the time that is left, so that one which hangs leaves
/// enough for the next: then its failure is `too_slow`, and not the `timeout` of the whole call. `make(slot, call_context)` fills an `std::optional<V2>` or `std::optional<V1>` for one endpoint.
/// A list that a failure has cut short counts as that failure, and is the value if no other place has a whole one.
/// The error is that of the attempt which the policy names; with more than one attempt all are in
/// `error::detail().attempts`. `no_endpoint` when there was nothing to try.
template <class V2, class V1, class F, class Clock, class Make>
class fallback_middleware : immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, V2>;

    static constexpr bool can_be_partial = requires(typename V2::value_type& list) { list.failure->kind(); };
    static constexpr bool has_v1 = !std::is_same_v<V1, detail::no_operation>;

  public:
    using value_type = typename V2::value_type;

    /// `if_none` is the error when the list is empty.
    fallback_middleware(Clock& clock, std::vector<endpoint> list, error if_none, call_context talk, Make make)
        : clock_(clock), list_(std::move(list)), if_none_(std::move(if_none)), talk_(std::move(talk)), make_(std::move(make)),
          ping_body_(talk_.bounds.error_bytes, talk_.bounds) {}

    step<value_type> start() { return open(); }
    step<value_type> on_response(result<response> answer) {
        if (answer) answered_ = true;
        if (stage_ != stage::fetch) return on_ping(std::move(answer));
        if constexpr (has_v1)
            if (v1_) return take(v1_->on_response(std::move(answer)));
        return take(v2_->on_response(std::move(answer)));
    }
    step<value_type> on_delay() {
        if constexpr (has_v1)
            if (v1_) return take(v1_->on_delay());
        return take(v2_->on_delay());
    }

  private:
    /// What the exchange under way is for: the reachability ping, the ping inside the fetch, or the fetch. A ping asks
    /// v2 and then, where that does not say so, v1.
    enum class stage : std::uint8_t { reach_v2, reach_v1, confirm, session_v2, session_v1, fetch };

    /// Goes on with the endpoint at `next_`, or ends.
    step<value_type> open() {
        while (next_ < list_.size()) {
            auto const& at = list_[next_];
            bool const spoken = at.version == api_version::v2 || has_v1;
            if (spoken && F::pings) return ping(stage::reach_v2);
            if (spoken && policy_.admits(at)) return fetch();
            ++next_;
        }
        if (failures_.empty()) return done<value_type>(std::move(if_none_));
        return conclude(policy_.primary());
    }

    step<value_type> fetch() {
        stage_ = stage::fetch;
        auto const& at = list_[next_];
        v2_.reset();
        v1_.reset();
        if constexpr (has_v1)
            if (at.version == api_version::v1) {
                make_(v1_, talk_at(at));
                return take(v1_->start());
            }
        make_(v2_, talk_at(at));
        return take(v2_->start());
    }

    step<value_type> take(step<value_type> s) {
        auto* const over = std::get_if<done<value_type>>(&s);
        if (!over) return s;
        if constexpr (can_be_partial)
            if (over->value() && over->value().assume_value().failure) {
                error why = *over->value().assume_value().failure;
                if (!partial_) partial_.emplace(std::move(over->value()).assume_value());
                return take_failure(std::move(why));
            }
        if (over->value()) return s;
        return take_failure(std::move(over->value()).assume_error());
    }

    step<value_type> take_failure(error e) {
        if (list_[next_].is_mirror && e == errc::timeout && talk_.deadline && clock_.now() < *talk_.deadline) {
            fallback_facts f = e.facts();
            f.next_endpoint = true;
            e = error(errc::too_slow)
                    .with_context("not within half of the time that was left")
                    .with_values(talk_.time_limit, "more")
                    .with_facts(f)
                    .with_url(e.detail().url);
        }
        if (answered_ && list_[next_].over_tls()) { // by an earlier request: no reason to doubt its TLS
            fallback_facts f = e.facts();
            f.answered = true;
            f.plaintext = false;
            e.with_facts(f);
        }
        if (list_[next_].version == api_version::v1) { // not a ping's failure, whatever the transport knows
            auto f = e.facts();
            f.what = asked::manifest;
            e.with_facts(f);
        }
        return failed(std::move(e));
    }

    step<value_type> failed(error e) {
        bool const go_on = policy_.failed(list_[next_], e);
        keep(std::move(e));
        if (!go_on) return conclude(policy_.primary());
        ++next_;
        answered_ = false;
        return open();
    }
    void keep(error e) {
        if (e == errc::timeout && !talk_.time_limit.empty() && e.detail().expected.empty()) e = std::move(e).with_values(talk_.time_limit, "more");
        auto const& at = list_[next_];
        attempts_.emplace_back(at.base_url + (at.version == api_version::v1 ? "/v1" : ""), at.is_mirror, e.summary(),
                               e.code(), e.http_status());
        failures_.push_back(std::move(e));
    }
    step<value_type> conclude(std::size_t primary) {
        if constexpr (can_be_partial)
            if (partial_ && failures_.back() != errc::cancelled) return done<value_type>(std::move(*partial_));
        error out = std::move(failures_[std::min(primary, failures_.size() - 1)]);
        auto facts = out.facts();
        facts.all_asked = true;
        for (auto const& a : attempts_)
            if (!a.is_mirror && a.endpoint.starts_with("http:")) facts.plaintext = false; // it has been tried
        out.with_facts(facts);
        if (attempts_.size() > 1) out.with_attempts(std::move(attempts_));
        return done<value_type>(std::move(out));
    }

    // ---- pings, for policies that want them ---------------------------------------------------------------------

    step<value_type> ping(stage s) {
        stage_ = s;
        bool const v1 = s == stage::reach_v1 || s == stage::session_v1;
        request q = talk_at(list_[next_]).get(v1 ? "/v1/_ping" : "/v2/");
        q.may_authorize = false;
        return need_exchange(std::move(q), ping_body_);
    }
    step<value_type> on_ping(result<response> answer) {
        auto const& at = list_[next_];
        bool const hub = at.base_url == "https://index.docker.io"; // its v1 is taken for granted
        switch (stage_) {
        case stage::reach_v2:
            if ((answer && detail::says_v2_exactly(answer.assume_value())) || hub) return reached();
            return ping(stage::reach_v1);
        case stage::reach_v1:
            if (answer) return reached();
            keep(std::move(answer).assume_error()); // an endpoint out of reach ends it all (spec 2.4, 1)
            return conclude(failures_.size() - 1);
        case stage::session_v2:
            if (answer && detail::says_v2_exactly(answer.assume_value())) return fetch();
            return ping(stage::session_v1);
        case stage::session_v1:
        case stage::confirm: break;
        case stage::fetch: return done<value_type>(error(errc::invalid_argument));
        }
        if (!answer) return failed(std::move(answer).assume_error());
        if (stage_ == stage::confirm && confirms_v2(answer.assume_value()))
            if constexpr (requires { policy_.confirmed(); }) policy_.confirmed();
        return fetch();
    }
    step<value_type> reached() {
        auto const& at = list_[next_];
        if (!policy_.admits(at)) return ++next_, open();
        if (at.version == api_version::v2) return ping(stage::confirm);
        return at.over_tls() && at.base_url != "https://index.docker.io" ? ping(stage::session_v2) : fetch();
    }

    call_context talk_at(endpoint const& at) const {
        call_context out = talk_;
        out.base_url = at.base_url;
        out.name = at.name;
        if (at.is_mirror && out.deadline) {
            auto const now = clock_.now();
            out.deadline = now + (*out.deadline - now) / 2;
        }
        return out;
    }

    Clock& clock_;
    std::vector<endpoint> list_;
    error if_none_;
    call_context talk_;
    Make make_;
    F policy_{};
    std::optional<V2> v2_;
    std::optional<V1> v1_;
    response_body ping_body_;
    std::optional<std::conditional_t<can_be_partial, value_type, bool>> partial_;
    std::vector<error> failures_;
    std::vector<attempt> attempts_;
    std::size_t next_ = 0;
    bool answered_ = false; ///< the endpoint at `next_` has given an answer
    stage stage_ = stage::fetch;
};

} // namespace lading
