// SPDX-License-Identifier: BSL-1.0
// The fuzz program: libFuzzer over one target, which the environment names.
//   LADING_FUZZ=url fuzz CORPUS...        fuzzes, or runs the files that are given
//   fuzz --list                           prints each target with its dictionary
//   fuzz --seeds FOLDER                   writes FOLDER/TARGET/NUMBER for every seed of every target
#include "target.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace {

fuzz::target const* chosen = nullptr;

[[noreturn]] void list() {
    for (auto const& t : fuzz::all_targets())
        std::printf("%.*s %.*s\n", static_cast<int>(t.name.size()), t.name.data(), static_cast<int>(t.dictionary.size()),
                    t.dictionary.data());
    std::exit(0);
}

[[noreturn]] void write_seeds(std::filesystem::path const& folder) {
    for (auto const& t : fuzz::all_targets()) {
        std::filesystem::create_directories(folder / t.name);
        std::size_t n = 0;
        for (auto const& seed : t.seeds()) {
            t.run(seed); // a seed is a case too
            std::ofstream(folder / t.name / ("seed-" + std::to_string(n++)), std::ios::binary) << seed;
        }
    }
    std::exit(0);
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
    auto& all = fuzz::all_targets();
    std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
    if (*argc == 2 && std::strcmp((*argv)[1], "--list") == 0) list();
    if (*argc == 3 && std::strcmp((*argv)[1], "--seeds") == 0) write_seeds((*argv)[2]);
    char const* const name = std::getenv("LADING_FUZZ");
    for (auto const& t : all)
        if (name && t.name == name) chosen = &t;
    if (!chosen) {
        std::fputs("fuzz: set LADING_FUZZ to one of the targets that `fuzz --list` prints\n", stderr);
        std::exit(2);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    chosen->run({reinterpret_cast<char const*>(data), size});
    return 0;
}
