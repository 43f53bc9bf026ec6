// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Commands and options that there are not.

#include "../inspect/nearest.hpp"
#include "program.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

/// The command that a command line names, and where its words end.
struct named_command {
    named_command(CLI::App const& app, int argc, char** argv) : command(&app), name(app.get_name()) {
        for (; end < argc; ++end) {
            auto const found = command->get_subcommands([&](CLI::App const* c) { return c->check_name(argv[end]); });
            if (found.empty()) return;
            command = found.front();
            name += ' ' + command->get_name();
        }
    }
    CLI::App const* command;
    std::string name;
    int end = 1;
};

/// "what: word (near?); see NAME --help".
inline std::string none_such(char const* what, std::string const& word, std::vector<std::string> const& known, std::string const& name) {
    auto const near = std::string(nearest(word, known));
    return std::string("no such ") + what + ": " + shown(word) + (near.empty() ? "" : " (" + near + "?)") + "; see " + name + " --help";
}

/// Which word of a command line is no command, or no option of its command; empty where each is.
inline std::string mistyped(named_command const& at, int argc, char** argv) {
    std::vector<std::string> commands;
    for (auto const* c : at.command->get_subcommands([](CLI::App const* c) { return !c->get_group().empty(); })) {
        commands.push_back(c->get_name());
        commands.insert(commands.end(), c->get_aliases().begin(), c->get_aliases().end());
    }
    if (at.end < argc && !commands.empty() && *argv[at.end] != '-') return none_such("command", argv[at.end], commands, at.name);
    std::vector<std::string> options, told; // all; those of --help
    for (auto const* o : at.command->get_options()) {
        for (auto const& name : o->get_lnames()) options.push_back("--" + name);
        for (auto const& name : o->get_snames()) options.push_back('-' + name);
        if (o->get_group().empty()) continue;
        for (auto const& name : o->get_lnames()) told.push_back("--" + name);
    }
    for (int i = at.end; i < argc; ++i) {
        std::string_view const word = argv[i];
        if (word == "--") break;
        if (word.size() < 2 || word[0] != '-' || (word[1] >= '0' && word[1] <= '9')) continue; // a value
        std::string const name(word[1] == '-' ? word.substr(0, word.find('=')) : word.substr(0, 2));
        if (std::find(options.begin(), options.end(), name) == options.end()) return none_such("option", name, told, at.name);
    }
    return {};
}
