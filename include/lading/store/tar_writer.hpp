// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Writes tar archives of which every byte is a function of what is in them: nothing of the clock, the user or the machine.
///
/// The form is `ustar` (POSIX.1-1988); a name or a size that has no room there is in a PAX header (POSIX.1-2001) before it.

#include "../result.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lading::detail {

/// What an archive says of one of its members. Owner and group are 0 and have no name.
struct tar_entry {
    std::string_view name;      ///< "blobs/sha256/0123..."; that of a folder ends in '/'
    std::uint64_t size = 0;     ///< in bytes
    unsigned mode = 0644;       ///< the permissions
    std::uint64_t time = 0;     ///< of the last change, in seconds since 1970
    std::string_view link = {}; ///< what a link leads to; empty: no link
    bool is_hard = false;       ///< the link is another name of a member that came before
};

inline constexpr std::size_t tar_block = 512;
inline constexpr std::uint64_t tar_largest = (std::uint64_t{1} << 33) - 1; ///< the largest size that `ustar` can say

/// The zeros that stand behind that many bytes.
constexpr std::size_t tar_padding(std::uint64_t size) noexcept { return static_cast<std::size_t>((tar_block - size % tar_block) % tar_block); }

/// One header block.
class tar_head {
  public:
    tar_head(char type, std::uint64_t size, unsigned mode, std::uint64_t time) {
        octal(100, 8, mode), octal(108, 8, 0), octal(116, 8, 0);
        octal(124, 12, size <= tar_largest ? size : 0);
        octal(136, 12, time <= tar_largest ? time : 0);
        block_[156] = type;
        std::memcpy(block_ + 257, "ustar\00000", 8);
    }
    /// False when there is no room for it; then it is cut.
    bool name(std::string_view name) {
        auto const plain = is_ascii(name);
        if (name.size() <= 100) return text(0, name), plain;
        for (auto at = name.rfind('/', name.size() - 2); at != name.npos && at > 0; at = name.rfind('/', at - 1)) {
            if (name.size() - at - 1 > 100) break;
            if (at <= 155) return text(0, name.substr(at + 1)), text(345, name.substr(0, at)), plain;
        }
        return text(0, name.substr(0, 100)), false;
    }
    bool link(std::string_view target) { return text(157, target.substr(0, 100)), target.size() <= 100 && is_ascii(target); }
    /// With its checksum.
    std::string_view bytes() {
        std::memset(block_ + 148, ' ', 8);
        unsigned sum = 0;
        for (char const c : block_) sum += static_cast<unsigned char>(c);
        octal(148, 7, sum);
        return {block_, sizeof block_};
    }

  private:
    void text(std::size_t at, std::string_view value) { std::copy(value.begin(), value.end(), block_ + at); }
    /// Digits that fill the field but for the NUL at its end.
    void octal(std::size_t at, std::size_t width, std::uint64_t value) {
        block_[at + width - 1] = '\0';
        for (auto i = at + width - 1; i-- > at; value /= 8) block_[i] = static_cast<char>('0' + value % 8);
    }
    static bool is_ascii(std::string_view text) {
        for (char const c : text)
            if (static_cast<unsigned char>(c) >= 0x80) return false;
        return true;
    }

    char block_[tar_block] = {};
};

/// "LENGTH KEY=VALUE\n": the length counts itself.
inline std::string pax_record(std::string_view key, std::string_view value) {
    auto const rest = key.size() + value.size() + 3;
    auto length = rest + 1;
    while (length != rest + std::to_string(length).size()) length = rest + std::to_string(length).size();
    return std::to_string(length).append(" ").append(key).append("=").append(value).append("\n");
}

/// What stands before the bytes of a member: one block, or, where `ustar` has no room, a PAX header and one block.
inline std::string tar_header(tar_entry const& entry) {
    bool const folder = entry.name.ends_with('/');
    tar_head head(folder ? '5' : entry.link.empty() ? '0'
                             : entry.is_hard        ? '1'
                                                    : '2',
                  entry.size, entry.mode, entry.time);
    std::string records; // sorted by their keys
    if (!head.link(entry.link)) records += pax_record("linkpath", entry.link);
    if (entry.time > tar_largest) records += pax_record("mtime", std::to_string(entry.time));
    if (!head.name(entry.name)) records += pax_record("path", entry.name);
    if (entry.size > tar_largest) records += pax_record("size", std::to_string(entry.size));
    std::string out;
    if (!records.empty()) {
        tar_head extended('x', records.size(), 0644, 0);
        extended.name("PaxHeaders/member");
        out.append(extended.bytes()).append(records).append(tar_padding(records.size()), '\0');
    }
    return out.append(head.bytes());
}

/// Writes an archive, in order, to something that takes bytes: `add` and as many bytes as its entry says, for each member;
/// then `finish`. A failure of `out` is its error, and ends it.
class tar_writer {
  public:
    using output = std::function<result<void>(std::span<std::byte const>)>;
    explicit tar_writer(output out) : out_(std::move(out)) {}

    /// Begins a member. The one before must be complete.
    result<void> add(tar_entry const& entry) {
        LADING_TRY_V(end());
        LADING_TRY_V(put(tar_header(entry)));
        left_ = entry.size;
        padding_ = tar_padding(entry.size);
        return success();
    }
    /// A member whose bytes are at hand.
    result<void> add(tar_entry entry, std::string_view bytes) {
        entry.size = bytes.size();
        LADING_TRY_V(add(entry));
        return write(std::as_bytes(std::span(bytes)));
    }
    /// The next bytes of the member. Errors: `size_mismatch`, for more than it has; those of `out`.
    result<void> write(std::span<std::byte const> piece) {
        if (piece.size() > left_) return error(errc::size_mismatch).with_context("a member of an archive has more bytes than were announced");
        left_ -= piece.size();
        return out_(piece);
    }
    /// The end of the archive: two blocks of zeros.
    result<void> finish() {
        LADING_TRY_V(end());
        return put(std::string(2 * tar_block, '\0'));
    }
    /// Ends the member. Not needed before `add` and `finish`.
    result<void> end() {
        if (left_ != 0) return error(errc::size_mismatch).with_context("a member of an archive has fewer bytes than were announced");
        return put(std::string(std::exchange(padding_, 0), '\0'));
    }

  private:
    result<void> put(std::string const& bytes) { return bytes.empty() ? result<void>(success()) : out_(std::as_bytes(std::span(bytes))); }

    output out_;
    std::uint64_t left_ = 0;
    std::size_t padding_ = 0;
};

} // namespace lading::detail
