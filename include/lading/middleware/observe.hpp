// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The watch layer: tells an observer of every exchange of an operation, with any transport. Outermost, so it sees each
/// try, each endpoint and each token request.

#include "../detail/chrono.hpp"
#include "../http/url.hpp"
#include "../protocol/step.hpp"

#include <optional>
#include <string>
#include <utility>

namespace lading {

/// One exchange, as far as it may be shown: no header, no body, no secret.
struct exchange_record {
    std::string method;
    std::string url; ///< `url::safe`
    int status = 0;  ///< 0 when there was no answer
    std::error_code failure;
    std::chrono::milliseconds duration{0}; ///< from the request to the end of the body
};

/// Is told of exchanges, on the thread that drives the operation, before the operation goes on. Over several threads it is
/// told by all of them, at once, and of one `async_inspect` too, which asks for the tags beside.
class exchange_observer {
  public:
    virtual ~exchange_observer() = default;
    virtual void on_exchange(exchange_record const& what) = 0;
};

/// The context of the client must outlive the operation, and so must the observer in its options, if there is one.
template <class Op, class Clock>
class observe_middleware : immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, Op>;

  public:
    using value_type = typename Op::value_type;

    template <class Context, class... Args>
    explicit observe_middleware(Context& context, Args&&... args)
        : observer_(context.options.observer), clock_(context.clock), inner_(context, std::forward<Args>(args)...) {}

    step<value_type> start() { return take(inner_.start()); }
    step<value_type> on_delay() { return take(inner_.on_delay()); }
    step<value_type> on_response(result<response> answer) {
        if (observer_) {
            using std::chrono::milliseconds;
            under_way_.duration = std::chrono::duration_cast<milliseconds>(clock_.now() - since_);
            if (answer) under_way_.status = answer.assume_value().status;
            else under_way_.failure = answer.assume_error().code();
            observer_->on_exchange(under_way_);
        }
        return take(inner_.on_response(std::move(answer)));
    }
    Op const& inner() const noexcept { return inner_; }

  private:
    step<value_type> take(step<value_type> s) {
        if (auto const* x = std::get_if<need_exchange>(&s); x && observer_) {
            under_way_ = {};
            under_way_.method = x->query.method;
            under_way_.url = safe_url(x->query.url);
            since_ = clock_.now();
        }
        return s;
    }

    exchange_observer* observer_;
    Clock& clock_;
    Op inner_;
    exchange_record under_way_;
    std::chrono::steady_clock::time_point since_{};
};

} // namespace lading
