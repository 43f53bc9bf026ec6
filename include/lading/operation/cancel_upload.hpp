// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The operation that ends an upload session which nobody goes on with.
///
/// Requests: DELETE of its place, one. No token is asked for.

#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"
#include "upload_answer.hpp"

#include <string>
#include <utility>

namespace lading {

/// Whatever comes of it, it is over.
template <class P>
class cancel_upload_operation : public operation_base<void, P> {
  public:
    cancel_upload_operation(call_context c, std::string place) : talk_(std::move(c)), place_(std::move(place)), body_(talk_.bounds) {}

    step<void> start() {
        routing how(talk_.push_scope());
        how.answers_challenges = false;
        return need_exchange(talk_.send("DELETE", place_), body_, std::move(how));
    }
    step<void> on_response(result<response> const&) { return done<void>(success()); }

  private:
    call_context talk_;
    std::string place_;
    detail::answer_text body_;
};

} // namespace lading
