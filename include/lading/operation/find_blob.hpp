// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The operation that asks whether a repository has a blob.
///
/// Requests: HEAD `/v2/<name>/blobs/<digest>`, one.

#include "../descriptor.hpp"
#include "../http/content_encoding.hpp"
#include "../http/content_range.hpp"
#include "../http/status.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"
#include "upload_answer.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace lading {

/// The value is the blob with the size that the registry says it has, if it says so; nothing where it has not the blob. Errors: those of
/// `error_from_response` but for 404, and of the transport.
template <class P>
class find_blob_operation : public operation_base<std::optional<descriptor>, P> {
  public:
    find_blob_operation(call_context c, descriptor what) : talk_(std::move(c)), what_(std::move(what)), body_(talk_.bounds) {}

    step<std::optional<descriptor>> start() {
        auto q = talk_.get("blobs", what_.digest.str());
        q.method = "HEAD";
        return need_exchange(std::move(q), body_, talk_.pull());
    }
    step<std::optional<descriptor>> on_response(result<response> answer, auth_note const& shown = {}) {
        LADING_TRY(auto const head, std::move(answer));
        if (head.status == 200) return done<std::optional<descriptor>>(sized(head));
        if (head.status == 404) return done<std::optional<descriptor>>(std::optional<descriptor>());
        return error_from_response<typename P::json>(head, body_.text(), asked::blob, talk_.bounds, shown);
    }

  private:
    std::optional<descriptor> sized(response const& head) const {
        descriptor out(what_.media_type, what_.digest, descriptor::unknown_size);
        auto text = head.headers.find("Content-Length").value_or("");
        auto const size = detail::take_position(text);
        if (size && *size != 0 && text.empty() && content_coding_of(head.headers) == content_coding::identity) out.size = static_cast<std::int64_t>(*size);
        return out;
    }

    call_context talk_;
    descriptor what_;
    detail::answer_text body_;
};

} // namespace lading
