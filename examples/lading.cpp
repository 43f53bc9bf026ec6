// SPDX-License-Identifier: BSL-1.0
// lading: images and artifacts, between registries and disk. The commands are in examples/lading/, one file each.

#include "inspect/command.hpp"
#include "lading/commands.hpp"
#include "lading/spellings.hpp"

#include <lading/version.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
    if (argc > 1 && std::strcmp(argv[1], "inspect") == 0) return inspect_command(argc - 1, argv + 1); // its options are its own

    program run;
    run.stop = stop_at_signals();
    CLI::App app("Images and artifacts of container registries: every byte verified.", "lading");
    app.require_subcommand(1);
    app.set_version_flag("--version", "lading " LADING_VERSION_STRING);
    app.add_subcommand("inspect", "show what an image is; its options: lading inspect --help");
    add_moving(app, run);
    add_making(app, run);
    add_reading(app, run);
    add_serving(app, run);
    app.add_subcommand("version", "print the version")->callback([&run] { run.status = print("lading " LADING_VERSION_STRING "\n"); });
    app.footer("Exit status: 0 done, 1 failed, 2 usage, 3 not found, 4 denied, 5 partly done, 130 interrupted.");
    try {
        app.parse(argc, argv);
    } catch (CLI::Success const& e) { // --help, --version
        return app.exit(e);
    } catch (CLI::ParseError const& e) {
        if (auto const ours = our_spelling(argc, argv); !ours.empty()) std::fprintf(stderr, "lading: %s\n", ours.c_str());
        else std::fprintf(stderr, "lading: %s (see lading --help, lading COMMAND --help)\n", shown(e.what()).c_str());
        return status::usage;
    }
    return run.status;
}
