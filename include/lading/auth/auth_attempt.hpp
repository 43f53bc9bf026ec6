// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `auth_attempt`: what has been tried so that a registry answers one request.

#include "../http/message.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace lading {

struct auth_attempt {
    std::optional<response> held; ///< the answer that made us ask at `/v2/`
    std::string wider;            ///< a scope that the registry asked for, not ours
    bool fresh = false;           ///< the authorization was made for this request, so a refusal is final
    bool renewed = false;         ///< and a refresh token got it
    bool guessing = false;        ///< the token under way was not asked for yet
    bool guessed = false;         ///< that was tried
    bool unasked = false;         ///< so was the token that was sent last, and no refresh token got it
    std::size_t rounds = 0;       ///< challenges answered
};

} // namespace lading
