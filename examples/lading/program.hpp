// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What the commands of the program share: how it ends, how it is interrupted, what it says.

#include <lading/detail/stop_token.hpp>
#include <lading/error.hpp>
#include <lading/result.hpp>

#include "../inspect/access.hpp"

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace lading {
struct platform;
}
namespace CLI {
class App;
}

/// Exit statuses. Scripts rely on them.
namespace status {
inline constexpr int done = 0, failed = 1, usage = 2, not_found = 3, denied = 4, partial = 5, interrupted = 130;
}

/// One run of the program.
struct program {
    int status = status::done;
    bool verbose = false;
    lading::stop_token stop; ///< is stopped by the first SIGINT or SIGTERM
};

/// Ends transfers at the first SIGINT or SIGTERM, the program at the second. Call once.
lading::stop_token stop_at_signals();

/// The exit status for a failure.
int status_of(lading::error const& e);

/// Says on stderr what failed, in one line, and what helps; the exit status. What helps by an option is not also said as a next step. `doing` is as "tags example.com/app".
int tell(std::string_view doing, lading::error const& e, registry_access const& args);

/// What an image config says that the image is for, if it does.
std::optional<lading::platform> platform_of_config(std::string const& bytes);

/// False when somebody at a terminal has not said that a removal is meant; then it has been told how. A script has said it.
bool is_meant(std::string_view doing, bool yes);

/// Writes the result of a command to stdout; `done`, or `failed` when it cannot be written.
int print(std::string_view text);

/// The options about registries as a command of this program has them: messages begin with its name.
struct lading_access : registry_access {
    lading_access() { program = "lading"; }
};

/// Text of others as it may go to a terminal: names, tags and messages that came from a registry, an archive or a folder.
std::string shown(std::string_view text);
