// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The commands of the program, by the units that they are compiled in.

#include "program.hpp"

void add_reading(CLI::App& app, program& run);
void add_moving(CLI::App& app, program& run);
void add_making(CLI::App& app, program& run); ///< after add_moving
void add_writing(CLI::App& app, program& run); ///< after `add_reading`, whose subcommands it adds to
void add_serving(CLI::App& app, program& run);
