// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `inspect [options] [REF]`, whose words begin behind `argv[0]`; the exit status. Compiled once, for the programs that have it.
int inspect_command(int argc, char** argv);
