// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What the commands that remove have in common.

#include "access_options.hpp"
#include "program.hpp"
#include "transfer.hpp"

#include <memory>
#include <string>

struct removal {
    std::string name;
    bool yes = false, missing_is_fine = false, quiet = false, resolve = false, with_referrers = false;
    lading_access args;
};

/// What was removed, and what else there is to say; the exit status.
inline int tell_removed(removal const& g, std::string const& what, bool was_there, char const* more) {
    if (!g.quiet && !was_there) std::fprintf(stderr, "lading: %s was not there\n", shown(what).c_str());
    else if (!g.quiet && *more) std::fprintf(stderr, "lading: %s\n", more);
    return was_there ? print(shown(what) + '\n') : status::done;
}

/// A command that removes: `go(removal const&, stop)`.
template <class Go>
std::shared_ptr<removal> add_removal(CLI::App& to, program& run, char const* text, char const* positional, char const* form, Go go) {
    auto const g = std::make_shared<removal>();
    auto* const c = to.add_subcommand("rm", text)->alias("delete");
    c->add_option(positional, g->name, form)->required();
    c->add_flag("-y,--yes,-f,--force", g->yes, "confirm the removal; must be said at a terminal");
    c->add_flag("--ignore-missing", g->missing_is_fine, "no error if it does not exist");
    c->add_flag("-q,--quiet", g->quiet, "say nothing but what failed");
    add_access_options(*c, g->args);
    c->callback([g, go, &run] { run.status = go(*g, run.stop); });
    return g;
}
