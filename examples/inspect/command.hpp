// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "request.hpp"

/// The inspect program, `inspect [options] [REF]`; its exit status. Compiled once, for the programs that have it.
int inspect_command(int argc, char** argv);

/// What `inspect` does, once its command line is understood; the exit status.
int inspect_command(inspect_request const& r);
