// SPDX-License-Identifier: BSL-1.0
// lading: images and artifacts, between registries and disk. The commands are in examples/lading/, one file each.

#include "inspect/nearest.hpp"
#include "lading/commands.hpp"
#include "lading/spellings.hpp"

#include <lading/version.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

/// What is wrong with a command that there is not, in words; empty where there is.
static std::string unknown_command(CLI::App const& app, std::string const& word) {
    std::vector<std::string> names;
    for (auto const* command : app.get_subcommands([](CLI::App const* c) { return !c->get_group().empty(); })) {
        names.push_back(command->get_name());
        names.insert(names.end(), command->get_aliases().begin(), command->get_aliases().end());
    }
    if (word.starts_with('-') || std::find(names.begin(), names.end(), word) != names.end()) return {};
    auto const near = std::string(nearest(word, names));
    return "no such command: " + shown(word) + (near.empty() ? "" : " (" + near + "?)");
}

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
        if (auto const ours = our_spelling(argc, argv); !ours.empty()) std::fprintf(stderr, "lading: %s\n", ours.c_str());
        else if (argc == 1) std::fprintf(stderr, "%s", app.help().c_str());
        else if (auto const unknown = unknown_command(app, argv[1]); !unknown.empty()) std::fprintf(stderr, "lading: %s; see lading --help\n", unknown.c_str());
        else std::fprintf(stderr, "lading: %s (see lading --help, lading COMMAND --help)\n", shown(e.what()).c_str());
        return status::usage;
    }
    return run.status;
}
