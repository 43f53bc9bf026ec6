// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The operation that asks whether a repository has a blob.
///
/// Requests: HEAD `/v2/<name>/blobs/<digest>`, one.

#include "../descriptor.hpp"
#include "../http/status.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"
#include "upload_answer.hpp"

#include <utility>

namespace lading {

/// Errors: those of `error_from_response` but for 404, and of the transport.
template <class P>
class has_blob_operation : public operation_base<bool, P> {
  public:
    has_blob_operation(call_context c, descriptor what) : talk_(std::move(c)), what_(std::move(what)), body_(talk_.bounds) {}

    step<bool> start() {
        auto q = talk_.get("blobs", what_.digest.str());
        q.method = "HEAD";
        return need_exchange(std::move(q), body_, talk_.pull());
    }
    step<bool> on_response(result<response> answer, auth_note const& shown = {}) {
        LADING_TRY(auto const head, std::move(answer));
        if (head.status == 200) return done<bool>(true);
        if (head.status == 404) return done<bool>(false);
        return error_from_response<typename P::json>(head, body_.text(), asked::blob, talk_.bounds, shown);
    }

  private:
    call_context talk_;
    descriptor what_;
    detail::answer_text body_;
};

} // namespace lading
