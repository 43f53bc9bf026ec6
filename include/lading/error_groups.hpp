// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Groups of error codes, for programs that treat several of them alike.

#include "error.hpp"

namespace lading {

/// True when the registry was asked and has no such repository, manifest or blob, or the index no such platform.
constexpr bool is_not_found(errc e) noexcept {
    return e == errc::manifest_unknown || e == errc::name_unknown || e == errc::blob_unknown || e == errc::not_found ||
           e == errc::platform_not_found;
}

/// True when a login is missing, was refused, cannot be read or may not be sent where it is asked for.
constexpr bool is_auth(errc e) noexcept {
    return (e >= errc::auth_required && e <= errc::plaintext_credentials_refused) || e == errc::denied;
}

/// True when what came is not what was asked for, or cannot be read: asking the same server again does not help.
constexpr bool is_content(errc e) noexcept {
    return e >= errc::digest_mismatch && e <= errc::json_type && e != errc::platform_not_found;
}

/// True when the call was ended by its caller, or by its time limit.
constexpr bool is_given_up(errc e) noexcept { return e == errc::cancelled || e == errc::timeout; }

/// True when the failure lies with the caller, not with the place that was asked: it was cancelled or ran out of time, its
/// sink, options, memory or logins failed. No other place is asked then.
constexpr bool is_callers_own(errc code) noexcept {
    switch (code) {
    case errc::cancelled:
    case errc::timeout:
    case errc::sink_failed:
    case errc::source_changed:
    case errc::source_spent:
    case errc::disk_full:
    case errc::path_refused:
    case errc::file_exists:
    case errc::part_in_use:
    case errc::layout_locked:
    case errc::archive_exists:
    case errc::out_of_memory:
    case errc::invalid_argument:
    case errc::config_invalid:
    case errc::tls_config_invalid:
    case errc::credentials_invalid:
    case errc::credential_helper_failed:
    case errc::credential_helper_timeout:
    case errc::credential_helper_output: return true;
    default: return false;
    }
}

inline bool is_not_found(error const& e) noexcept { return is_not_found(e.kind()); }
inline bool is_auth(error const& e) noexcept { return is_auth(e.kind()); }
inline bool is_content(error const& e) noexcept { return is_content(e.kind()); }
inline bool is_given_up(error const& e) noexcept { return is_given_up(e.kind()); }
inline bool is_callers_own(error const& e) noexcept { return is_callers_own(e.kind()); }
/// True when the same call may succeed later: lost connections, timeouts, rate limits, failing servers. It is the fact
/// `facts().retry`, which depends on the answer and not on the code alone.
inline bool is_transient(error const& e) noexcept { return e.facts().retry; }

} // namespace lading
