// SPDX-License-Identifier: BSL-1.0
// The commands that put, remove and list single contents of a registry.

#include "catalog.hpp"
#include "commands.hpp"
#include "put.hpp"
#include "referrers.hpp"

void add_writing(CLI::App& app, program& run) {
    add_put(app, run);
    add_catalog(app, run);
    add_referrers(app, run);
}
