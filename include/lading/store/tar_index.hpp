// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `tar_index`: what is in a tar archive, and where.
///
/// Why an own tar reader: members must be read where they lie, from a file of any size, without unpacking and without a
/// library that a drop-in header would have to link. Known: `ustar`, GNU long names, PAX path and size; links to
/// another member. What two readers could take for two archives is refused.

#include "../detail/text.hpp"
#include "../result.hpp"
#include "path_inside.hpp"
#include "regular_file.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading::detail {

/// A symbolic or a hard link is followed once. An archive that is a layout has none.
class tar_index {
  public:
    struct member {
        std::uint64_t from = 0;
        std::uint64_t size = 0;
        std::optional<std::string> link; ///< the member that this one stands for
    };

    /// Reads the headers up to the two zero blocks, or the end of the file; what is behind is not looked at. Errors:
    /// `layout_invalid` when the file does not begin as an archive; `archive_invalid` with what is wrong and where: a damaged header,
    /// a size that other readers would take for another one, a name that is there twice, leads out or is not portable, a link that
    /// leads out, a device or a pipe, more members or longer names than the bounds.
    static result<tar_index> of(regular_file const& file) {
        tar_index out;
        LADING_TRY_V(out.read(file));
        return out;
    }

    /// The member of this normal name, a link followed once; null when there is none.
    member const* find(std::string_view name) const {
        auto at = members_.find(name);
        if (at != members_.end() && at->second.link) at = members_.find(*at->second.link);
        return at == members_.end() || at->second.link ? nullptr : &at->second;
    }

  private:
    static constexpr std::size_t block = 512;
    static constexpr std::size_t most_members = 100'000;
    static constexpr std::size_t longest_name = 4096;
    static constexpr std::size_t longest_pax = 1u << 20;  ///< one header
    static constexpr std::size_t longest_run = 4u << 20;  ///< all headers before a member
    static constexpr std::size_t most_names = 64u << 20;  ///< the bytes of all names
    static constexpr std::uint64_t largest = UINT64_MAX / 4;

    /// What PAX and GNU headers say of the member behind them.
    struct extension {
        std::optional<std::string> name, link;
        std::optional<std::uint64_t> size;
        std::size_t bytes = 0;
    };

    error bad(std::string_view why) const {
        return error(errc::archive_invalid).with_context(std::string(why) + " (at byte " + std::to_string(at_) + ')');
    }
    static error no_archive() { return error(errc::layout_invalid).with_context("neither a folder nor a tar archive"); }

    result<void> read(regular_file const& file) {
        extension next;
        for (char head[block];; next = at_member_ ? extension() : std::move(next)) {
            auto const got = read_at(file, at_, head, block);
            if (at_ == 0 && (got != block || is_zero(head) || !checksum_holds(head))) return no_archive();
            if (got == 0 || (got == block && is_zero(head))) return end(file, got == 0, next);
            if (got != block) return bad("the archive ends early");
            if (!checksum_holds(head)) return bad("a damaged tar header");
            auto const size = number({head + 124, 12});
            if (!size || *size > largest) return bad("a damaged tar header");
            char const type = head[156];
            at_member_ = type != 'L' && type != 'K' && type != 'x' && type != 'g';
            LADING_TRY_V(at_member_ ? take_member(file, head, *size, next) : take_extension(file, type, *size, next));
        }
    }
    result<void> end(regular_file const& file, bool of_file, extension const& next) {
        if (next.bytes != 0) return bad("the archive ends early");
        char head[block];
        if (!of_file && read_at(file, at_ + block, head, block) == block && !is_zero(head)) return bad("a lone block of zeros");
        return check_links();
    }
    static std::size_t read_at(regular_file const& file, std::uint64_t at, char* out, std::size_t n) {
        std::size_t got = 0;
        while (got != n)
            if (auto const more = file.read(at + got, out + got, n - got)) got += more;
            else break;
        return got;
    }
    static bool is_zero(char const* head) { return std::string_view(head, block).find_first_not_of('\0') == std::string_view::npos; }

    result<void> take_extension(regular_file const& file, char type, std::uint64_t size, extension& next) {
        if (size > (type == 'L' || type == 'K' ? longest_name + 1 : longest_pax) || next.bytes + size > longest_run)
            return bad("a tar member has too long a name, or too large a header");
        next.bytes += static_cast<std::size_t>(size) + block;
        std::string text(static_cast<std::size_t>(size), '\0');
        if (read_at(file, at_ + block, text.data(), text.size()) != text.size()) return bad("the archive ends early");
        if (type == 'L' || type == 'K') {
            (type == 'L' ? next.name : next.link) = text.substr(0, text.find('\0'));
        } else {
            extension for_all;
            if (!take_pax(text, type == 'x' ? next : for_all)) return bad("a damaged PAX header");
            if (for_all.name || for_all.link || for_all.size) return bad("a PAX header that gives all members one name or size");
            if (type == 'g') next.bytes -= static_cast<std::size_t>(size) + block;
        }
        at_ += block + padded(size);
        return success();
    }
    result<void> take_member(regular_file const& file, char const* head, std::uint64_t size, extension const& next) {
        char const type = head[156];
        auto const name = next.name ? *next.name : name_of(head);
        bool const regular = type == '0' || type == '\0' || type == '7', link = type == '1' || type == '2';
        if (!regular && !link && type != '5' && type != 'V') return bad("a member that is no file, folder or link");
        if (next.size) size = *next.size;
        if (size > largest) return bad("a damaged tar header");
        if (!regular && size != 0) return bad("a folder or a link that has a size");
        at_ += block;
        if (size > file.size() || at_ > file.size() - size) return bad("the archive ends early");
        if (type != 'V') {
            LADING_TRY_V(add(name, type, size, next.link ? *next.link : std::string(field({head + 157, 100}))));
        }
        at_ += padded(size); // the padding at the end is left out by some writers
        return success();
    }
    result<void> add(std::string const& name, char type, std::uint64_t size, std::string const& link) {
        auto const what = [&](std::string_view why) { return bad(std::string(why) + ": " + printable(name, 160)); };
        if (!is_portable(name)) return what("a member whose name leads out, or is not portable");
        auto inside = path_inside(name);
        if (type == '5' || name.ends_with('/')) return type == '1' || type == '2' ? what("a link that is called as a folder") : result<void>(success());
        if (!inside) return what("a member without a name");
        member m;
        m.from = at_;
        m.size = size;
        if (type == '1') m.link = path_inside(link); // a hard link names a member
        if (type == '2') m.link = link_inside(*inside, link); // a symbolic one is relative to its folder
        if ((type == '1' || type == '2') && !m.link) return what("a link that leads out of the archive");
        names_ += name.size() + link.size();
        if (!members_.try_emplace(std::move(*inside), std::move(m)).second) return what("two members of one name");
        if (members_.size() > most_members || names_ > most_names) return bad("more than 100000 members, or too long names");
        return success();
    }
    result<void> check_links() const {
        if (members_.contains("oci-layout") || members_.contains("index.json"))
            for (auto const& [name, m] : members_)
                if (m.link) return error(errc::archive_invalid).with_context("a layout has no links: " + printable(name, 160));
        return success();
    }
    /// Relative, without "..", "//", a backslash or a drive, and not too long.
    static bool is_portable(std::string_view name) {
        if (name.empty() || name.size() > longest_name || name.front() == '/') return false;
        if (name.find('\\') != name.npos || name.find('\0') != name.npos || name.find("//") != name.npos) return false;
        if (name.size() > 1 && name[1] == ':' && is_alpha(name[0])) return false;
        for (auto rest = name; !rest.empty();) {
            auto const part = rest.substr(0, rest.find('/'));
            if (part == "..") return false;
            rest.remove_prefix(std::min(part.size() + 1, rest.size()));
        }
        return true;
    }
    static std::uint64_t padded(std::uint64_t size) { return (size + block - 1) / block * block; }
    static std::string_view field(std::string_view bytes) { return bytes.substr(0, std::min(bytes.find('\0'), bytes.size())); }
    static std::string name_of(char const* head) {
        std::string out(field({head, 100}));
        bool const ustar = std::memcmp(head + 257, "ustar\0", 6) == 0; // GNU's own form keeps other things there
        if (auto const prefix = field({head + 345, 155}); ustar && !prefix.empty()) out = std::string(prefix) + '/' + out;
        return out;
    }
    /// Octal digits between spaces and NULs, or GNU's base 256, not negative.
    static std::optional<std::uint64_t> number(std::string_view bytes) {
        std::uint64_t out = 0;
        if (auto const first = static_cast<unsigned char>(bytes.front()); first & 0x80) {
            for (std::size_t i = 0; i < bytes.size(); ++i) {
                auto const b = static_cast<unsigned char>(bytes[i]) & (i == 0 ? 0x7fu : 0xffu);
                if (out >> 55) return std::nullopt;
                out = out << 8 | b;
            }
            return out;
        }
        constexpr std::string_view blank(" \0", 2);
        bytes.remove_prefix(std::min(bytes.find_first_not_of(blank), bytes.size()));
        auto const digits = bytes.substr(0, std::min(bytes.find_first_of(blank), bytes.size()));
        if (bytes.find_first_not_of(blank, digits.size()) != bytes.npos) return std::nullopt;
        for (char const c : digits) {
            if (c < '0' || c > '7' || out >> 60) return std::nullopt;
            out = out << 3 | static_cast<std::uint64_t>(c - '0');
        }
        return out;
    }
    static bool checksum_holds(char const* head) {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < block; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(head[i]);
        return number({head + 148, 8}) == sum;
    }
    /// Records "LENGTH KEY=VALUE\n". A sparse file is not where it seems to be: refused.
    static bool take_pax(std::string_view text, extension& out) {
        while (!text.empty()) {
            std::size_t length = 0, digits = 0;
            while (digits < text.size() && digits < 7 && is_digit(text[digits])) length = length * 10 + static_cast<std::size_t>(text[digits++] - '0');
            if (digits == 0 || digits >= text.size() || text[digits] != ' ' || length <= digits + 2 || length > text.size() || text[length - 1] != '\n')
                return false;
            auto const record = text.substr(digits + 1, length - digits - 2);
            auto const equals = record.find('=');
            if (equals == record.npos) return false;
            auto const key = record.substr(0, equals), value = record.substr(equals + 1);
            if (key.starts_with("GNU.sparse.")) return false;
            if (key == "path") out.name = value.empty() ? std::nullopt : std::optional<std::string>(value); // as if it were not there
            if (key == "linkpath") out.link = value.empty() ? std::nullopt : std::optional<std::string>(value);
            if (key == "size") {
                std::uint64_t n = 0;
                for (char const c : value) {
                    if (!is_digit(c) || n > UINT64_MAX / 100) return false;
                    n = n * 10 + static_cast<std::uint64_t>(c - '0');
                }
                if (value.empty()) return false;
                out.size = n;
            }
            text.remove_prefix(length);
        }
        return true;
    }

    std::map<std::string, member, std::less<>> members_;
    std::size_t names_ = 0;
    std::uint64_t at_ = 0;
    bool at_member_ = false;
};

} // namespace lading::detail
