// SPDX-License-Identifier: BSL-1.0
#pragma once

/// gzip by zlib, for tests of our own reader.

#include <zlib.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace test {

inline std::string zlib_gzip(std::string_view text, int level = 6, int strategy = Z_DEFAULT_STRATEGY) {
    z_stream z{};
    if (deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, strategy) != Z_OK) return {};
    std::string out(deflateBound(&z, text.size()) + 32, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    deflate(&z, Z_FINISH);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

/// What zlib reads of a text of one or more members, at most `most` bytes; nothing when it does not read it to its end.
inline std::optional<std::string> zlib_gunzip(std::string_view text, std::size_t most) {
    std::string out;
    while (!text.empty()) {
        z_stream z{};
        if (inflateInit2(&z, 15 + 16) != Z_OK) return std::nullopt;
        z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        z.avail_in = static_cast<uInt>(text.size());
        int said = Z_OK;
        while (said == Z_OK && out.size() <= most) {
            char piece[16384];
            z.next_out = reinterpret_cast<Bytef*>(piece);
            z.avail_out = sizeof piece;
            said = inflate(&z, Z_NO_FLUSH);
            out.append(piece, sizeof piece - z.avail_out);
        }
        auto const rest = z.avail_in;
        inflateEnd(&z);
        if (said != Z_STREAM_END) return std::nullopt;
        text.remove_prefix(text.size() - rest);
    }
    return out;
}

} // namespace test
