// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What users of other programs type, and how it is spelt here.

#include <string>
#include <string_view>

/// The right spelling, in words, for a command line that was not understood; empty where none is known.
inline std::string our_spelling(int argc, char** argv) {
    struct spelling {
        std::string_view first, second; ///< words of the command line; an empty second: whatever follows
        char const* ours;
    };
    constexpr char const* later = "is not a command of this version, which reads registries and writes to disk";
    constexpr spelling known[] = {
        {"catalog", "", later},
        {"ls", "", "of a repository's tags is: lading tags HOST/NAME"},
        {"repo", "tags", "is: lading tags HOST/NAME"},
        {"tag", "ls", "is: lading tags HOST/NAME"},
        {"image", "copy", "is: lading copy SRC DST"},
        {"image", "export", "is: lading pull --format docker-archive REF FILE"},
        {"image", "inspect", "is: lading inspect REF"},
        {"image", "manifest", "is: lading manifest get REF"},
        {"image", "digest", "is: lading digest REF"},
        {"image", "config", "is: lading config REF"},
        {"save", "", "is: lading pull --format docker-archive REF FILE"},
        {"sync", "", later},
        {"fetch", "", "is: lading manifest get REF, or lading blob get HOST/NAME@DIGEST"},
        {"registry", "serve", "is: lading serve FOLDER"},
        {"artifact", "get", "is: lading artifact pull REF FOLDER"},
        {"discover", "", later},
        {"referrers", "", later},
        {"push", "", later},
        {"attach", "", "is: lading artifact attach REF FILE[:TYPE]..."},
        {"mutate", "", "is: lading annotate REF KEY=VALUE... -t TAG"},
        {"delete", "", later},
        {"export", "", later},
        {"validate", "", later},
        {"logout", "", "is left to the program that stored the login: docker, podman or skopeo logout"},
        {"manifest", "", "is: lading manifest get REF"},
        {"blob", "", "is: lading blob get HOST/NAME@DIGEST"},
    };
    std::string_view const first = argc > 1 ? argv[1] : "", second = argc > 2 ? argv[2] : "";
    for (auto const& s : known)
        if (s.first == first && (s.second.empty() || s.second == second) && second != "get" && second != "fetch" && second != "pull")
            return std::string(s.first) + (s.second.empty() ? "" : " ") + std::string(s.second) + ' ' + s.ours;
    return {};
}
