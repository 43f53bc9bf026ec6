// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What is said where a login could not be had or not be sent: in the refusal, if there is one, else in the record.

#include "../detail/text.hpp"
#include "../error_groups.hpp"
#include "../result.hpp"
#include "../warning.hpp"

#include <optional>
#include <string>
#include <utility>

namespace lading::detail {

/// The failures of a credentials policy that leave an anonymous question possible.
constexpr bool is_login_trouble(errc code) noexcept {
    return code == errc::credentials_invalid || code == errc::credential_helper_failed ||
           code == errc::credential_helper_timeout || code == errc::credential_helper_output;
}

/// A registry or its token service does not let this login, or nobody without one, do what was asked.
constexpr bool is_login_refusal(errc code) noexcept {
    return code == errc::auth_denied || code == errc::auth_required || code == errc::denied;
}

/// A record that was got all the same. Values without warnings say nothing.
template <class T>
void say_no_login_was_had(result<T>& got, std::string const& why) {
    if constexpr (requires(T& v) { v.warnings.emplace_back(warning_code::login_unavailable, std::string()); })
        if (got && !why.empty())
            got.assume_value().warnings.emplace_back(warning_code::login_unavailable, "a login could not be had: " + printable(why, 1000));
}

/// A refusal becomes the failure `why`, with all that the registry said; what is "not found" stays so, with `why` in its words.
inline void say_no_login_was_sent(error& e, std::optional<error> const& why) {
    if (!why || is_callers_own(e.kind())) return;
    auto context = e.detail().context;
    if (!context.empty()) context += "; ";
    bool const no_token = e == errc::auth_token_failed && e.http_status() >= 400 && e.http_status() < 500;
    bool const refused = no_token || e == errc::auth_required || e == errc::auth_denied || e == errc::denied;
    if (!refused && e.http_status() == 404) e.with_context(context + "no login was sent: " + why->summary());
    if (!refused) return;
    auto facts = e.facts();
    facts.v1 = false; // a login might have helped
    error out(why->code());
    out.with_facts(facts).with_status(e.http_status()).with_rate(e.detail().rate).with_url(e.detail().url);
    out.with_registry_errors(e.detail().registry_errors);
    out.with_context(why->detail().context + "; the registry, without that login: " + context + std::string(name_of(e.kind())));
    e = std::move(out);
}

} // namespace lading::detail
