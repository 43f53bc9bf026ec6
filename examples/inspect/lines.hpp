// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Lists of the command line, line by line: what is in them, which lines are of this shard, and which an earlier run has done.

#include <lading/json/document.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/result.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

namespace lines {

/// FNV-1a, 64 bit: the same on every machine and in every version.
constexpr std::uint64_t stable_hash(std::string_view text) {
    std::uint64_t h = 0xcbf29ce484222325u;
    for (char const c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return h;
}
static_assert(stable_hash("docker.io/library/debian") == 0xe715a1d8896234f3u);

using file = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// The next line without its end; false at the end of the file. `whole` says whether it had one.
inline bool read_line(std::FILE* f, std::string& out, bool* whole = nullptr) {
    out.clear();
    char piece[4096];
    while (std::fgets(piece, sizeof piece, f)) {
        out += piece;
        if (!out.ends_with('\n')) continue;
        out.pop_back();
        if (whole) *whole = true;
        return true;
    }
    if (whole) *whole = false;
    return !out.empty();
}

/// The next line that says something, without the white space around it; false at the end. `number` counts lines. Empty lines, and those that begin with #, say nothing.
inline bool read_entry(std::FILE* f, std::string& out, std::size_t* number = nullptr) {
    while (read_line(f, out)) {
        if (number) ++*number;
        if (out.starts_with("\xef\xbb\xbf")) out.erase(0, 3); // the byte order mark of some editors
        out.erase(out.find_last_not_of(" \t\r") + 1);
        out.erase(0, out.find_first_not_of(" \t"));
        if (!out.empty() && out[0] != '#') return true;
    }
    return false;
}

/// Calls `each(json_view)` for the whole lines of an earlier run's output, JSON objects whose first key is `key`; none where there is no such file. Errors:
/// `config_invalid` for what cannot be read or is no such output.
template <class Each>
lading::result<void> read_former(std::string const& path, std::string_view key, Each const& each) {
    auto const wrong = [&](char const* why) { return lading::error(lading::errc::config_invalid).with_context("--resume " + path + ": " + why); };
    file const former(std::fopen(path.c_str(), "r"), &std::fclose);
    if (!former && errno == ENOENT) return lading::success(); // nothing was done
    if (!former) return wrong("cannot be read");
    std::string text;
    auto const start = "{\"" + std::string(key) + "\":";
    bool whole = true;
    for (bool first = true; read_line(former.get(), text, &whole); first = false) {
        if (first && !text.starts_with(start.substr(0, text.size()))) return wrong("not written by a former run");
        if (auto const parsed = lading::json_document::parse<lading::strict_json>(text, lading::json_limits())) each(parsed.assume_value().root());
    }
    if (std::ferror(former.get())) return wrong("cannot be read");
    struct stat here, there; // with >> the broken line of a killed run would swallow the next one
    if (!whole && fstat(STDOUT_FILENO, &here) == 0 && fstat(fileno(former.get()), &there) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino)
        std::fputc('\n', stdout);
    return lading::success();
}

} // namespace lines
