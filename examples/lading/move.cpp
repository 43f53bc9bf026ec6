// SPDX-License-Identifier: BSL-1.0
// The commands that bring content to disk.

#include "commands.hpp"
#include "copy.hpp"
#include "pull.hpp"

void add_moving(CLI::App& app, program& run) {
    add_pull(app, run);
    add_copy(app, run);
    add_artifact(app, run);
}
