// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Tar archives as bytes and as files, for the targets that read them.

#include "target.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

namespace fuzz {

/// Bytes as a file, without a folder.
class memory_file {
  public:
    explicit memory_file(std::string_view bytes) : fd_(::memfd_create("fuzz", 0)) {
        must(fd_ >= 0 && ::write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "a file in memory can be made");
    }
    memory_file(memory_file const&) = delete;
    memory_file& operator=(memory_file const&) = delete;
    ~memory_file() { ::close(fd_); }
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

  private:
    int fd_;
};

/// One member of a tar archive. The checksum is a space: `seal` writes it.
inline std::string member(std::string_view name, std::string_view bytes, char type = '0', std::string_view link = {}) {
    std::string head(512, '\0');
    head.replace(0, std::min<std::size_t>(name.size(), 100), name.substr(0, 100));
    char size[13];
    std::snprintf(size, sizeof size, "%011zo", bytes.size());
    head.replace(124, 11, size, 11);
    head[156] = type;
    head.replace(157, std::min<std::size_t>(link.size(), 100), link.substr(0, 100));
    head.replace(257, 8, std::string_view("ustar\00000", 8));
    std::string out = head + std::string(bytes);
    out.resize((out.size() + 511) / 512 * 512);
    return out;
}

/// Writes the right checksum into every header that a reader would come to, so that a mutated archive stays one.
inline std::string seal(std::string_view archive) {
    std::string out(archive);
    for (std::size_t at = 0; at + 512 <= out.size();) {
        out.replace(at + 148, 8, 8, ' ');
        unsigned sum = 0;
        bool empty = true;
        for (std::size_t i = 0; i < 512; ++i) {
            sum += static_cast<unsigned char>(out[at + i]);
            empty = empty && (out[at + i] == '\0' || (i >= 148 && i < 156));
        }
        if (empty) {
            out.replace(at + 148, 8, 8, '\0');
            break;
        }
        char text[9];
        std::snprintf(text, sizeof text, "%06o", sum);
        out.replace(at + 148, 7, text, 7);
        auto const size = std::strtoull(out.substr(at + 124, 12).c_str(), nullptr, 8);
        if (size > out.size()) break;
        at += 512 + (static_cast<std::size_t>(size) + 511) / 512 * 512;
    }
    return out;
}

} // namespace fuzz
