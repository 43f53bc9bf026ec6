// SPDX-License-Identifier: BSL-1.0
#pragma once

/// A folder for one test.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <stdlib.h>

namespace test {

namespace fs = std::filesystem;

/// New and empty, or the one that is named; gone with the test.
struct scratch_folder {
    scratch_folder() {
        std::string name = (fs::temp_directory_path() / "lading-test-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    explicit scratch_folder(fs::path where) : path(std::move(where)) { fs::create_directories(path); }
    scratch_folder(scratch_folder const&) = delete;
    scratch_folder& operator=(scratch_folder const&) = delete;
    ~scratch_folder() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    std::string str(std::string const& name = {}) const { return name.empty() ? path.string() : (path / name).string(); }
    std::string operator/(std::string const& name) const { return str(name); }
    std::string write(std::string const& name, std::string_view bytes) const {
        fs::create_directories((path / name).parent_path());
        std::ofstream(path / name, std::ios::binary) << bytes;
        return str(name);
    }
    std::string read(std::string const& name) const {
        std::ifstream in(path / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    /// Everything in it but folders, sorted, by its path.
    std::vector<std::string> list() const {
        std::vector<std::string> out;
        for (auto const& e : fs::recursive_directory_iterator(path))
            if (!e.is_directory()) out.push_back(fs::relative(e.path(), path).string());
        std::sort(out.begin(), out.end());
        return out;
    }
    /// How many entries it has itself.
    std::size_t count() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator())); }
    fs::path path;
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
