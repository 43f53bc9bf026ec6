// SPDX-License-Identifier: BSL-1.0
#pragma once

/// A folder for one test.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <stdlib.h>

namespace test {

/// New and empty; gone with the test.
struct scratch_folder {
    scratch_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "lading-test-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    scratch_folder(scratch_folder const&) = delete;
    scratch_folder& operator=(scratch_folder const&) = delete;
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::string operator/(std::string const& name) const { return path + '/' + name; }
    std::string path;
};

inline std::string file_text(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
}
inline void write_file(std::string const& path, std::string const& bytes) { std::ofstream(path, std::ios::binary) << bytes; }
/// Every file below a folder, links included.
inline std::size_t files_below(std::string const& path) {
    std::size_t n = 0;
    for (auto const& e : std::filesystem::recursive_directory_iterator(path)) n += !e.is_directory() || e.is_symlink();
    return n;
}

} // namespace test
