// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading inspect REF`: what an image is, for people or programs; with --batch of many.

#include "access_options.hpp"
#include "program.hpp"

#include "../inspect/command.hpp"

#include <memory>
#include <string>

inline void add_inspect(CLI::App& app, program& run) {
    auto const g = std::make_shared<inspect_request>();
    g->program = "lading";
    g->status_of = status_of;
    g->partly = status::partial;
    auto* const c = app.add_subcommand("inspect", "show what an image is: platform, config, layers, tags");
    c->add_option("REF", g->reference, "HOST/NAME[:TAG][@DIGEST], or a place on disk as of copy; with --batch a file of names ('-', the default: stdin)");
    c->add_option("--format", g->format,
                  "modern: the keys of current skopeo (default); original: the output of its first version, byte for byte; json: everything that is known; table: for people")
        ->check(CLI::IsMember({"modern", "original", "json", "table"}))
        ->type_name("FORM");
    c->add_flag("--raw", g->raw, "print the exact bytes of the manifest (with --platform: of the chosen image)");
    c->add_flag("--config", g->config, "print the exact bytes of the image config");
    c->add_flag_callback("--no-tags,-n", [g] { g->tags = false; }, "do not list the tags of the repository");
    c->add_option_function<std::string>(
         "--platform", [g](std::string const& v) { if (auto wrong = take_platform(v, *g); !wrong.empty()) throw CLI::ValidationError(wrong); },
         "which image of an index; any: the first one; none: the index itself; all: every image (default: this machine's platform)")
        ->type_name("OS/ARCH[/VAR]");
    c->add_flag("--batch", g->batch, "inspect every name of a list, one a line, and print one JSON object a line")->group("Many");
    c->add_option("--jobs", g->jobs, "requests at once (default 64)")->check(CLI::Range(1, 10'000))->type_name("N")->group("Many");
    c->add_flag("--ordered", g->ordered, "print in the order of the list, not of completion")->group("Many");
    c->add_option("--resume", g->resume, "skip what is in this output of an earlier run")->type_name("FILE")->group("Many");
    c->add_option_function<std::string>(
         "--shard", [g](std::string const& v) { if (auto wrong = take_shard(v, *g); !wrong.empty()) throw CLI::ValidationError(wrong); },
         "only shard I of N, from 0; a repository is always in one shard")
        ->type_name("I/N")
        ->group("Many");
    add_access_options(*c, *g);
    c->callback([g, &run] {
        if (g->reference.empty() && !g->batch) throw CLI::RequiredError("REF");
        if (auto const wrong = conflict_in(*g); !wrong.empty()) throw CLI::ValidationError(wrong);
        if (g->reference.empty()) g->reference = "-";
        run.status = inspect_command(*g);
    });
}
