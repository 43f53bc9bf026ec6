// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `endpoint_turns`: the places of a call, whose turn it is, and what has failed so far.

#include "../error_groups.hpp"
#include "../protocol/call_plan.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// `F` is the fallback policy, `Clock` the clock, which must outlive it. A mirror may take half of the time that is left, so
/// that one which hangs leaves enough for the next: then its failure is `too_slow`, and not the `timeout` of the whole call.
template <class F, class Clock, class Place = endpoint>
class endpoint_turns {
  public:
    endpoint_turns(Clock& clock, call_plan<Place> plan) : clock_(clock), talk_(std::move(plan.talk)), places_(std::move(plan.places)) {}

    /// No place is left.
    bool over() const { return !places_ || next_ == places_.assume_value().size(); }
    /// The place whose turn it is; not when it is over.
    Place const& at() const { return places_.assume_value()[next_]; }
    F& policy() noexcept { return policy_; }
    bool admitted() const { return policy_.admits(at()); }
    void skip() {
        ++next_;
        answered_ = false;
    }
    /// The place has given an answer.
    void note_answer() noexcept { answered_ = true; }

    /// How one talks there.
    call_context talk() const {
        call_context out = talk_;
        out.move_to(at().base_url, at().name);
        if (at().is_mirror && out.deadline) {
            auto const now = clock_.now();
            out.deadline = now + (*out.deadline - now) / 2;
        }
        return out;
    }
    /// The failure of an operation at the place, as it is for the call.
    error judge(error e) const {
        fallback_facts f = e.facts();
        if (at().is_mirror && e == errc::timeout && talk_.deadline && clock_.now() < *talk_.deadline) {
            f.next_endpoint = true;
            auto url = e.detail().url;
            e = error(errc::too_slow)
                    .with_context("not within half of the time that was left")
                    .with_values(talk_.time_limit, "more")
                    .with_url(std::move(url));
        }
        if (answered_ && at().over_tls()) { // by an earlier request: no reason to doubt its TLS
            f.answered = true;
            f.plaintext = false;
        }
        return std::move(e.with_facts(f));
    }
    /// Takes note of a failure and goes on to the next place. False when none may be asked. `version` is the version of the
    /// protocol, where it is not v2, for the report: "/v1".
    bool failed(error e, std::string_view version = {}) {
        bool const go_on = policy_.failed(at(), e);
        keep(std::move(e), version);
        if (go_on) skip();
        return go_on;
    }
    /// Takes note of a failure that the policy is not asked about.
    void keep(error e, std::string_view version = {}) {
        if (e == errc::timeout && !talk_.time_limit.empty() && e.detail().expected.empty()) e = std::move(e).with_values(talk_.time_limit, "more");
        attempts_.emplace_back(std::string(at().base_url).append(version), at().is_mirror, e.summary(), e.code(), e.http_status());
        failures_.push_back(std::move(e));
    }

    /// The failure noted last; nothing when there was nothing to try.
    error const* last_failure() const noexcept { return failures_.empty() ? nullptr : &failures_.back(); }
    /// The error of the call, when it has failed: that of the attempt which the policy names. `no_endpoint` when there was
    /// nothing to try.
    error conclude() {
        if (failures_.empty()) return places_ ? error(errc::no_endpoint) : std::move(places_).assume_error();
        return report(policy_.primary());
    }
    /// The same, ended by a failure that has been kept: that one.
    error conclude_with_last() { return report(failures_.size() - 1); }

  private:
    error report(std::size_t primary) {
        error out = std::move(failures_[std::min(primary, failures_.size() - 1)]);
        auto facts = out.facts();
        facts.all_asked = true;
        for (auto const& a : attempts_)
            if (!a.is_mirror && a.endpoint.starts_with("http:")) facts.plaintext = false; // it has been tried
        out.with_facts(facts);
        if (attempts_.size() > 1) out.with_attempts(std::move(attempts_));
        return out;
    }

    Clock& clock_;
    call_context talk_;
    result<std::vector<Place>> places_;
    F policy_{};
    std::vector<error> failures_;
    std::vector<attempt> attempts_;
    std::size_t next_ = 0;
    bool answered_ = false; ///< the place at `next_` has given an answer
};

} // namespace lading
