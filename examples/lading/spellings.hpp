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
    constexpr char const* later = "is not a command of this version";
    constexpr spelling known[] = {
        {"ls", "", "of a repository's tags is: lading tags HOST/NAME"},
        {"repo", "tags", "is: lading tags HOST/NAME"},
        {"repo", "ls", "is: lading catalog HOST"},
        {"repo", "copy", "is: lading copy --all-tags SRC DST"},
        {"tag", "ls", "is: lading tags HOST/NAME"},
        {"image", "copy", "is: lading copy SRC DST"},
        {"image", "export", "is: lading pull --format docker-archive REF FILE"},
        {"image", "import", "is: lading push FILE REF"},
        {"image", "inspect", "is: lading inspect REF"},
        {"image", "manifest", "is: lading manifest get REF"},
        {"image", "digest", "is: lading digest REF"},
        {"image", "config", "is: lading config REF"},
        {"save", "", "is: lading pull --format docker-archive REF FILE"},
        {"load", "", "is: lading push FILE REF"},
        {"import", "", "is: lading push FILE REF"},
        {"sync", "", "is: lading copy --all-tags SRC DST, or of a list: lading copy --batch FILE"},
        {"backup", "", "is: lading copy --all-tags HOST/NAME oci:FOLDER"},
        {"restore", "", "is: lading copy --all-tags oci:FOLDER HOST/NAME"},
        {"fetch", "", "is: lading manifest get REF, or lading blob get HOST/NAME@DIGEST"},
        {"registry", "serve", "is: lading serve FOLDER"},
        {"artifact", "get", "is: lading artifact pull REF FOLDER"},
        {"artifact", "put", "is: lading artifact push REF FILE..."},
        {"artifact", "list", "is: lading referrers REF"},
        {"artifact", "tree", "is: lading referrers REF"},
        {"discover", "", "is: lading referrers REF"},
        {"attach", "", "is: lading artifact attach REF FILE[:TYPE]..."},
        {"mutate", "", "is: lading annotate REF KEY=VALUE... -t TAG"},
        {"delete", "", "is: lading tag rm HOST/NAME:TAG, or with all tags: lading manifest rm HOST/NAME@DIGEST"},
        {"rmi", "", "is: lading tag rm HOST/NAME:TAG, or with all tags: lading manifest rm HOST/NAME@DIGEST"},
        {"export", "", later},
        {"validate", "", later},
        {"logout", "", "is left to the program that stored the login: docker, podman or skopeo logout"},
        {"manifest", "", "is: lading manifest get REF"},
        {"blob", "", "is: lading blob get HOST/NAME@DIGEST"},
    };
    auto const is_command = [](std::string_view word) {
        for (std::string_view const c : {"get", "fetch", "pull", "head", "put", "push", "rm", "delete", "attach"})
            if (word == c) return true;
        return false;
    };
    std::string_view const first = argc > 1 ? argv[1] : "", second = argc > 2 ? argv[2] : "";
    for (auto const& s : known)
        if (s.first == first && (s.second.empty() ? !is_command(second) : s.second == second))
            return std::string(s.first) + (s.second.empty() ? "" : " ") + std::string(s.second) + ' ' + s.ours;
    return {};
}
