// SPDX-License-Identifier: BSL-1.0
// inspect: what is this image? The program of `lading inspect` alone.

#include "inspect/command.hpp"

int main(int argc, char** argv) { return inspect_command(argc, argv); }
