// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The operation that removes a manifest, a tag or a blob.
///
/// Requests: DELETE `/v2/<name>/manifests/<digest or tag>` or `/v2/<name>/blobs/<digest>`; HEAD after a failure of the server.

#include "../http/retry_after.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"
#include "removed.hpp"
#include "upload_answer.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace lading {

/// The value is false when it was not there, which is a failure unless `missing_is_fine`. Nothing else is tried where a registry does
/// not remove.
///
/// Errors: `unsupported_by_registry`; `manifest_unknown`, `name_unknown`, `blob_unknown`; those of `error_from_response` and the transport.
template <class P>
class remove_operation : immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    using value_type = bool;

    /// `which`: a tag, or a digest.
    remove_operation(call_context c, removed kind, std::string which, bool missing_is_fine = false)
        : talk_(std::move(c)), kind_(kind), which_(std::move(which)), missing_is_fine_(missing_is_fine),
          body_(talk_.bounds) {}

    step<bool> start() { return send("DELETE"); }
    step<bool> on_delay() { return send("DELETE"); }
    step<bool> on_response(result<response> answer, auth_note const& shown = {}) {
        if (checking_) return on_checked(answer);
        if (!answer) {
            auto& e = answer.assume_error();
            if (!detail::is_passing(e.kind())) return std::move(e);
            return check(std::move(e));
        }
        auto const& head = answer.assume_value();
        auto const s = head.status;
        if (s == 202 || s == 200 || s == 204) return done<bool>(true);
        auto e = detail::upload_refusal<typename P::json>(head, body_.text(), talk_.bounds, shown);
        if (s == 429) return wait(std::move(e), retry_after_of(head));
        if (s == 408 || (s >= 500 && s != 501)) return check(std::move(e));
        if (s == 404) {
            if (missing_is_fine_) return done<bool>(false);
            bool const no_name = e == errc::name_unknown;
            if (!no_name) e = detail::with_code(std::move(e), kind_ == removed::blob ? errc::blob_unknown : errc::manifest_unknown);
            return e.with_context(which_);
        }
        bool const by_digest_only = kind_ == removed::tag && s == 400 && (detail::says_code(e, "DIGEST_INVALID") || detail::says_code(e, "TAG_INVALID"));
        if (by_digest_only) e = detail::with_code(std::move(e), errc::unsupported_by_registry);
        if (e == errc::unsupported_by_registry) e.with_context(by_digest_only ? "it removes manifests by their digest only" : "it is read-only, or removing is turned off");
        return e;
    }

  private:
    step<bool> send(char const* method) {
        checking_ = std::string_view(method) == "HEAD";
        auto const what = kind_ == removed::blob ? "blobs" : "manifests";
        auto q = talk_.send(method, talk_.base_url + "/v2/" + std::string(talk_.name.path()) + '/' + what + '/' + which_);
        routing how(checking_ ? talk_.pull_scope() : "repository:" + std::string(talk_.name.path()) + ":delete");
        how.asks_as_told = !checking_;
        if (checking_ && kind_ != removed::blob) q.headers.add("Accept", P::manifests::accept());
        return need_exchange(std::move(q), body_, std::move(how));
    }
    /// The outcome is not known.
    step<bool> check(error why) {
        why_ = std::move(why);
        return send("HEAD");
    }
    step<bool> on_checked(result<response>& answer) {
        if (!answer) return std::move(answer).assume_error();
        if (answer.assume_value().status == 404) return done<bool>(true);
        return wait(std::move(*why_), -1);
    }
    step<bool> wait(error why, std::int64_t wish) {
        if (++tries_ >= 5 || wish > 60) return why;
        auto const time = wish >= 0 ? std::chrono::milliseconds(std::chrono::seconds(wish)) : std::chrono::milliseconds(std::int64_t(125) << tries_);
        return need_delay(std::max(time, std::chrono::milliseconds(100)));
    }

    call_context talk_;
    removed kind_;
    std::string which_;
    bool missing_is_fine_;
    detail::answer_text body_;
    std::optional<error> why_;
    unsigned tries_ = 0;
    bool checking_ = false;
};

} // namespace lading
