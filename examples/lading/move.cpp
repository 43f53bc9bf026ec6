// SPDX-License-Identifier: BSL-1.0
// The commands that copy: to disk, to registries, between them.

#include "commands.hpp"
#include "many.hpp"
#include "pull.hpp"

void add_moving(CLI::App& app, program& run) {
    add_pull(app, run);
    add_push(app, run);
    add_copy(app, run);
    add_artifact(app, run);
}
