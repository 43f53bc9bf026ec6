// SPDX-License-Identifier: BSL-1.0
// The command that listens.

#include "serve.hpp"
#include "commands.hpp"

void add_serving(CLI::App& app, program& run) { add_serve_command(app, run); }
