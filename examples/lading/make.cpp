// SPDX-License-Identifier: BSL-1.0
// The commands that make documents and names: artifacts of files, indexes, annotations, tags.

#include "artifact_push.hpp"
#include "commands.hpp"
#include "index.hpp"
#include "progress.hpp"
#include "tag.hpp"

void add_making(CLI::App& app, program& run) {
    add_artifact_writing(*app.get_subcommand("artifact"), run);
    add_index(app, run);
    add_tag(app, run);
}
