// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `routing`: what middleware must know of a request, and no transport.

#include "../detail/chrono.hpp"
#include "../digest.hpp"

#include <optional>
#include <string>
#include <utility>

namespace lading {

struct routing {
    routing() = default;
    /// A request that a token for `s` allows.
    explicit routing(std::string s) : scope(std::move(s)) {}
    /// A request to which no credentials are added: a 401 is an answer to it.
    static routing without_credentials() {
        routing out;
        out.may_authorize = false;
        return out;
    }

    /// What the token must allow ("repository:library/x:pull"); empty for requests that need none.
    std::string scope;
    /// What will do for this request, where a token for `scope` is refused: less. Empty: nothing less.
    std::string at_least;
    /// Credentials may be added for this hop; false after a redirect to another origin, and for token requests.
    bool may_authorize = true;
    /// A 401 is answered with a login. Without, what is known is sent, and a 401 is an answer.
    bool answers_challenges = true;
    /// The scope is a guess: nothing is asked for before the registry has said what it wants, and that is it, where it is about the
    /// same repository. (Deleting: some want `delete`, others `push`, others everything.)
    bool asks_as_told = false;
    /// The digest of the body that is wanted, where a cache may have it: small documents, no streams.
    std::optional<digest> content;
    /// A manifest by its tag: a cache may know what the tag named, and ask whether it still does.
    bool by_tag = false;
    /// The body is wanted as it is stored: a blob.
    bool verbatim = false;
    /// The operation itself goes on after what may pass and after a lost connection: nobody sends the request again for it.
    bool goes_on = false;
    /// Its body is not sent again after the refusal of a token that had been good: that is an answer (`auth_note::expired`), and the
    /// operation asks first what has become of it.
    bool once = false;
    /// So many seconds longer than usual a token has to be good that is sent with it.
    std::chrono::seconds token_for{0};
};

} // namespace lading
