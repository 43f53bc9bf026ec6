// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The ping operation: does this host speak v2 (doc/protocol.md#ping)?
///
/// Requests: GET `/v2/`, one. No other operation needs it.

#include "../http/plain_words.hpp"
#include "../http/status.hpp"
#include "../protocol/body.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"

namespace lading {

/// Succeeds when the answer is 200 or 401 and its version header names `registry/2.0` (or, for servers that leave the
/// header out, the status is 200 and the body a JSON object as the protocol asks). Else `not_a_registry`, with the
/// status and the facts; or the failure of the transport.
template <class P>
class ping_operation : public operation_base<void, P> {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    explicit ping_operation(call_context c) : talk_(std::move(c)), body_(talk_.bounds.error_bytes, talk_.bounds) {}

    step<void> start() {
        return need_exchange(talk_.get("/v2/"), body_, routing::without_credentials());
    }
    step<void> on_response(result<response> answer, auth_note const& shown = {}) {
        return done<void>(interpret(std::move(answer), shown));
    }

  private:
    result<void> interpret(result<response> answer, auth_note const& shown) {
        LADING_TRY(auto const head, std::move(answer));
        bool const right_status = head.status == 200 || head.status == 401;
        if (right_status && confirms_v2(head)) return success();
        if (auto const page = json_document::parse<typename P::json>(body_.text(), talk_.bounds.json);
            head.status == 200 && page && page.assume_value().root().is_object())
            return success();
        error said = error_from_response<typename P::json>(head, body_.text(), asked::ping, talk_.bounds, shown);
        fallback_facts facts = said.facts();
        facts.next_endpoint = true;
        facts.v1 = true;
        error out(errc::not_a_registry);
        out.with_registry_errors(said.detail().registry_errors);
        if (auto other = answer_of_another_kind(head, body_.text(), "that of a registry"); other && head.status == 200) {
            out.with_context(other->detail().context);
            out.with_registry_errors(other->detail().registry_errors);
        }
        return std::move(out.with_facts(facts).with_status(head.status).with_url(safe_url(head.url)));
    }

    call_context talk_;
    response_body body_;
};

} // namespace lading
