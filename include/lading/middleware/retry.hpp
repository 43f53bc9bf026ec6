// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The retry layer: sends a safe request again when that may help (doc/protocol.md#retries, doc/threats.md#x01).
///
/// GET and HEAD only, after a status that may pass (`is_passing_status`) and after a connection that ended early. Waits as long as
/// `Retry-After` says, or with full jitter below a doubling bound; never longer than the budget or the deadline allow.
/// When it gives up the last answer goes on to the operation, whose error carries the status and the registry's wish.

#include "../detail/algorithm.hpp"
#include "../detail/chrono.hpp"
#include "../http/retry_after.hpp"
#include "../protocol/step.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace lading {

/// How often and how long. Times in milliseconds.
struct retry_rules {
    retry_rules() = default;
    explicit retry_rules(unsigned n) : tries(n) {}

    unsigned tries = 5; ///< of one request, the first included; 1 for no retry
    std::chrono::milliseconds least{100};        ///< between two tries
    std::chrono::milliseconds first{250};        ///< bound of the first wait; doubles
    std::chrono::milliseconds most{20'000};      ///< bound of any wait that the registry did not ask for
    std::chrono::milliseconds asked_for{60'000}; ///< a longer `Retry-After` ends it at once
    std::chrono::milliseconds budget{90'000};    ///< all waits of one call together
};

/// `Clock` models the clock policy. The context of the client must outlive the operation.
template <class Op, class Clock>
class retry_middleware : immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, Op>;

  public:
    using value_type = typename Op::value_type;

    template <class Context, class... Args>
    explicit retry_middleware(Context& context, Args&&... args)
        : rules_(context.options.retry), clock_(context.clock), inner_(context, std::forward<Args>(args)...) {}

    step<value_type> start() { return take(inner_.start()); }
    step<value_type> on_delay() {
        if (!waiting_) return take(inner_.on_delay());
        waiting_ = false;
        return *pending_;
    }
    step<value_type> on_response(result<response> answer) {
        if (auto const wait = wait_after(answer)) {
            ++tries_;
            waited_ += *wait;
            waiting_ = true;
            return need_delay(*wait);
        }
        return take(inner_.on_response(std::move(answer)));
    }
    Op const& inner() const noexcept { return inner_; }

  private:
    step<value_type> take(step<value_type> s) {
        if (auto* x = std::get_if<need_exchange>(&s)) {
            pending_ = *x;
            tries_ = 1;
        }
        return s;
    }

    /// How long to wait before the same request is sent again, or nothing when it is not.
    std::optional<std::chrono::milliseconds> wait_after(result<response> const& answer) {
        using namespace std::chrono;
        if (!pending_ || tries_ >= rules_.tries) return std::nullopt;
        if (pending_->query.method != "GET" && pending_->query.method != "HEAD") return std::nullopt;
        milliseconds wait = jitter();
        if (answer) {
            auto const& head = answer.assume_value();
            if (!is_passing_status(head.status)) return std::nullopt;
            if (auto const wish = retry_after_of(head); wish >= 0) {
                if (wish > duration_cast<seconds>(rules_.asked_for).count()) return std::nullopt;
                wait = seconds(wish);
            }
        } else {
            auto const code = answer.assume_error().kind();
            if (code != errc::connection_reset && code != errc::http_body_truncated && code != errc::tls_truncated)
                return std::nullopt;
        }
        wait = std::max(wait, rules_.least);
        if (waited_ + wait > rules_.budget) return std::nullopt;
        if (auto const end = pending_->query.deadline; end && clock_.now() + wait >= *end) return std::nullopt;
        return wait;
    }

    /// Evenly between nothing and the bound of this try. Our own five lines because waits need to differ between
    /// clients, not to be random, and `<random>` costs every unit that includes this.
    std::chrono::milliseconds jitter() {
        auto const bound = std::min(rules_.first * (std::int64_t(1) << std::min(tries_ - 1, 20u)), rules_.most);
        auto mixed = static_cast<std::uint64_t>(clock_.now().time_since_epoch().count()) +
                     reinterpret_cast<std::uintptr_t>(this) + (seed_ += 0x9e3779b97f4a7c15u);
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
        return std::chrono::milliseconds(static_cast<std::int64_t>((mixed ^ (mixed >> 31)) %
                                                                   static_cast<std::uint64_t>(bound.count() + 1)));
    }

    retry_rules rules_;
    Clock& clock_;
    Op inner_;
    std::optional<need_exchange> pending_;
    std::chrono::milliseconds waited_{0};
    std::uint64_t seed_ = 0;
    unsigned tries_ = 1;
    bool waiting_ = false;
};

} // namespace lading
