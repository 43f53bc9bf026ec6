// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `auth_note`: what became of a login on the way to an answer.

namespace lading {

/// Beside an answer, because HTTP does not say it: what a refusal means depends on what was shown.
struct auth_note {
    bool sent = false;       ///< the request carried credentials
    bool withheld = false;   ///< it might not, for it had left its origin
    bool unanswered = false; ///< Basic was asked for, and there is no secret
    bool expired = false;    ///< a token was refused that had been good, and is forgotten: the next request gets another
};

} // namespace lading
