// SPDX-License-Identifier: BSL-1.0
// lading: images and artifacts, between registries and disk. The commands are in examples/lading/, one file each.

#include "lading/commands.hpp"
#include "lading/mistyped.hpp"
#include "lading/spellings.hpp"

#include <lading/version.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
    program run;
    run.stop = stop_at_signals();
    CLI::App app("Images and artifacts of container registries: every byte verified.", "lading");
    app.require_subcommand(1);
    app.set_version_flag("--version", "lading " LADING_VERSION_STRING);
    add_moving(app, run);
    add_making(app, run);
    add_reading(app, run);
    add_writing(app, run);
    add_serving(app, run);
    app.add_subcommand("version", "print the version")->callback([&run] { run.status = print("lading " LADING_VERSION_STRING "\n"); });
    app.footer("Exit status: 0 done, 1 failed, 2 usage, 3 not found, 4 denied, 5 partly done, 130 interrupted.");
    try {
        app.parse(argc, argv);
    } catch (CLI::Success const& e) { // --help, --version
        return app.exit(e);
    } catch (CLI::ParseError const& e) {
        named_command const at(app, argc, argv);
        bool const of_words = e.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError) || e.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError);
        if (auto const ours = our_spelling(argc, argv); !ours.empty()) std::fprintf(stderr, "lading: %s\n", ours.c_str());
        else if (argc == 1) std::fprintf(stderr, "%s", app.help().c_str());
        else if (auto const word = of_words ? mistyped(at, argc, argv) : std::string(); !word.empty()) std::fprintf(stderr, "lading: %s\n", word.c_str());
        else std::fprintf(stderr, "lading: %s (see %s --help)\n", shown(e.what()).c_str(), at.name.c_str());
        return status::usage;
    }
    return run.status;
}
