// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `call_login`: the login of one operation: where it comes from, what it is sent as, and what people are told of it.

#include "../detail/dependent.hpp"
#include "../policy/credentials.hpp"
#include "../protocol/call_context.hpp"
#include "auth_rules.hpp"
#include "login_remarks.hpp"
#include "secret_redactor.hpp"
#include "token.hpp"

#include <optional>
#include <string>
#include <utility>

namespace lading {

/// `P` names the policy `credentials`. What it is made of must outlive it. Not synchronised.
template <class P>
class call_login {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;

  public:
    call_login(typename P::credentials& from, auth_rules const& rules, call_context const& talk)
        : credentials_(from), rules_(rules), talk_(talk) {}

    /// Asks the credentials policy, once an operation. A login that cannot be had is none.
    result<void> look_up() {
        if (asked_) return success();
        auto got = credentials_.lookup({credential_key(talk_.name), std::string(talk_.name.path()), talk_.deadline});
        if (got) secret = std::move(got).assume_value();
        else if (detail::is_login_trouble(got.assume_error().kind())) trouble = std::move(got).assume_error();
        else return std::move(got).assume_error();
        if (secret && secret->empty()) secret.reset();
        if (secret) told.add(*secret);
        asked_ = true;
        return success();
    }
    /// What the secret, which there is, is sent as to the registry itself; empty when a token service has to see it first.
    std::string authorization(bool bearer) const {
        if (bearer) return secret->registry_token.empty() ? std::string() : "Bearer " + secret->registry_token;
        return secret->has_login() ? basic_authorization(*secret) : std::string();
    }
    /// Whether it may be sent there, as far as that is without encryption. Errors: `plaintext_credentials_refused`.
    result<void> check_plaintext(origin const& to) const {
        if (to.scheme == "https" || rules_.secrets_over_http || detail::is_loopback(to)) return success();
        return error(errc::plaintext_credentials_refused).with_context(to.str());
    }
    /// The operation is over: says what was amiss with the login, and hides what servers were told of it.
    template <class T>
    void conclude(lading::result<T>& value) const {
        if (!value) detail::say_no_login_was_sent(value.assume_error(), trouble ? trouble : withheld);
        else detail::say_no_login_was_had(value, trouble ? trouble->summary() : secret ? secret->remark
                                                                                       : std::string());
        told.hide_in(value);
    }

    std::optional<credential> secret;
    std::optional<error> trouble;  ///< why there is none
    std::optional<error> withheld; ///< why it may not be sent, or led nowhere
    secret_redactor told;

  private:
    typename P::credentials& credentials_;
    auth_rules const& rules_;
    call_context const& talk_;
    bool asked_ = false;
};

} // namespace lading
