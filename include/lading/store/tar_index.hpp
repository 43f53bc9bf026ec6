// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `tar_index`: what is in a tar archive, and where.
///
/// Why an own tar reader: members must be read where they lie, from a file of any size, without unpacking and without a
/// library that a drop-in header would have to link. Written: `ustar`, GNU long names, PAX path and size; links to
/// another member.

#include "../detail/text.hpp"
#include "../result.hpp"
#include "path_inside.hpp"
#include "regular_file.hpp"

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading::detail {

class tar_index {
  public:
    struct member {
        std::uint64_t from = 0;
        std::uint64_t size = 0;
        std::optional<std::string> link; ///< the member that this one stands for; empty: none that is inside
    };

    /// Errors: `layout_invalid` with what is wrong: no tar archive, a damaged one, one of more members or longer names than
    /// the bounds.
    static result<tar_index> of(regular_file const& file) {
        tar_index out;
        LADING_TRY_V(out.read(file));
        return out;
    }

    /// The member of this normal name, links followed.
    member const* find(std::string_view name) const {
        auto at = members_.find(name);
        for (int hops = 0; at != members_.end() && at->second.link && hops < 8; ++hops) at = members_.find(*at->second.link);
        return at == members_.end() || at->second.link ? nullptr : &at->second;
    }

  private:
    static constexpr std::size_t block = 512;
    static constexpr std::size_t most_members = 100'000;
    static constexpr std::size_t longest_name = 64u << 10;
    static constexpr std::uint64_t unsaid = UINT64_MAX; ///< a size; one that large is refused
    static constexpr std::size_t most_names = 64u << 20;

    static error bad(char const* why) { return error(errc::layout_invalid).with_context(why); }

    result<void> read(regular_file const& file) {
        std::string long_name, long_link;
        std::uint64_t long_size = unsaid;
        std::uint64_t at = 0;
        for (char head[block];;) {
            std::size_t got = 0;
            while (auto const n = file.read(at + got, head + got, block - got)) got += n;
            if (got == 0) break;
            if (got != block) return at == 0 ? bad("neither a folder nor a tar archive") : bad("the archive ends early");
            if (std::string_view(head, block).find_first_not_of('\0') == std::string_view::npos) {
                if (at == 0) return bad("neither a folder nor a tar archive");
                return success();
            }
            if (!checksum_holds(head)) return at == 0 ? bad("neither a folder nor a tar archive") : bad("a damaged tar header");
            auto size = std::exchange(long_size, unsaid);
            if (size == unsaid) size = number({head + 124, 12}).value_or(unsaid);
            if (size > UINT64_MAX / 4) return bad("a damaged tar header");
            at += block;
            auto const padded = (size + block - 1) / block * block;
            char const type = head[156];
            if (type == 'L' || type == 'K' || type == 'x') {
                if (size > longest_name) return bad("a tar member has too long a name");
                std::string text(static_cast<std::size_t>(size), '\0');
                std::size_t have = 0;
                while (auto const n = file.read(at + have, text.data() + have, text.size() - have)) have += n;
                if (have != text.size()) return bad("the archive ends early");
                if (type == 'x') {
                    if (!take_pax(text, long_name, long_link, long_size)) return bad("a damaged PAX header");
                } else {
                    (type == 'L' ? long_name : long_link) = text.substr(0, text.find('\0'));
                }
                at += padded;
                continue;
            }
            auto const name = long_name.empty() ? name_of(head) : std::exchange(long_name, {});
            auto const link = long_link.empty() ? std::string(field({head + 157, 100})) : std::exchange(long_link, {});
            add(name, type, at, size, link);
            names_ += name.size() + link.size();
            if (members_.size() > most_members || names_ > most_names) return bad("more than 100000 members, or too long names");
            if (size > file.size() || at > file.size() - size) return bad("the archive ends early");
            at += padded; // the padding at the end is left out by some writers
        }
        return at == 0 ? result<void>(bad("neither a folder nor a tar archive")) : result<void>(success());
    }
    void add(std::string_view name, char type, std::uint64_t from, std::uint64_t size, std::string_view link) {
        auto inside = path_inside(name);
        if (!inside) return;
        member m;
        m.from = from;
        m.size = size;
        if (type == '1') m.link = path_inside(link).value_or(""); // a hard link names a member
        else if (type == '2') m.link = link_inside(*inside, link).value_or(""); // a symbolic one is relative to its folder
        else if (type != '0' && type != '\0' && type != '7') return;
        members_.insert_or_assign(std::move(*inside), std::move(m));
    }
    static std::string_view field(std::string_view bytes) { return bytes.substr(0, std::min(bytes.find('\0'), bytes.size())); }
    static std::string name_of(char const* head) {
        std::string out(field({head, 100}));
        bool const ustar = std::memcmp(head + 257, "ustar\0", 6) == 0; // GNU's own form keeps other things there
        if (auto const prefix = field({head + 345, 155}); ustar && !prefix.empty()) out = std::string(prefix) + '/' + out;
        return out;
    }
    /// Octal digits, or GNU's base 256.
    static std::optional<std::uint64_t> number(std::string_view bytes) {
        std::uint64_t out = 0;
        if (static_cast<unsigned char>(bytes.front()) & 0x80) {
            for (std::size_t i = 0; i < bytes.size(); ++i) {
                auto const b = static_cast<unsigned char>(bytes[i]) & (i == 0 ? 0x7fu : 0xffu);
                if (out >> 55) return std::nullopt;
                out = out << 8 | b;
            }
            return out;
        }
        for (char const c : bytes) {
            if (c == ' ' || c == '\0') continue;
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
    /// Records "LENGTH KEY=VALUE\n".
    static bool take_pax(std::string_view text, std::string& name, std::string& link, std::uint64_t& size) {
        while (!text.empty()) {
            std::size_t length = 0, digits = 0;
            while (digits < text.size() && digits < 7 && text[digits] >= '0' && text[digits] <= '9')
                length = length * 10 + static_cast<std::size_t>(text[digits++] - '0');
            if (digits == 0 || digits >= text.size() || text[digits] != ' ' || length <= digits + 2 || length > text.size() || text[length - 1] != '\n')
                return false;
            auto const record = text.substr(digits + 1, length - digits - 2);
            auto const equals = record.find('=');
            if (equals == record.npos) return false;
            auto const key = record.substr(0, equals), value = record.substr(equals + 1);
            if (key == "path") name = value;
            if (key == "linkpath") link = value;
            if (key == "size") {
                std::uint64_t n = 0;
                for (char const c : value) {
                    if (c < '0' || c > '9' || n > UINT64_MAX / 100) return false;
                    n = n * 10 + static_cast<std::uint64_t>(c - '0');
                }
                size = n;
            }
            text.remove_prefix(length);
        }
        return true;
    }

    std::map<std::string, member, std::less<>> members_;
    std::size_t names_ = 0;
};

} // namespace lading::detail
