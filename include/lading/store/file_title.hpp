// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The names that an artifact gives its files: which may be written to a folder, on any system, and which are one there.

#include "../detail/same_name_tables.hpp"
#include "../detail/text.hpp"
#include "../detail/utf8.hpp"
#include "../result.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

namespace detail {

constexpr bool is_combining_mark(char32_t c) noexcept {
    if (c >= 0x300 && c < 0x370) return true;
    for (auto const& m : composed_by_mark)
        if (m.mark == c) return true;
    return false;
}

/// A character as letters and marks that are not composed.
inline void add_decomposed(char32_t c, std::u32string& out) {
    if (c < 0x80) return out.push_back(c);
    if (c >= 0xac00 && c < 0xd7a4) { // Hangul, as Unicode 3.12 computes it
        auto const i = c - 0xac00;
        out.push_back(0x1100 + i / 588);
        out.push_back(0x1161 + i % 588 / 28);
        if (i % 28) out.push_back(0x11a7 + i % 28);
        return;
    }
    for (std::size_t i = 1; i < other_names_of_letters.size(); i += 2)
        if (other_names_of_letters[i] == c) return add_decomposed(other_names_of_letters[i - 1], out);
    for (auto const& m : composed_by_mark)
        for (std::size_t i = 1; i < m.pairs.size(); i += 2)
            if (m.pairs[i] == c) {
                add_decomposed(m.pairs[i - 1], out);
                return out.push_back(m.mark);
            }
    out.push_back(c);
}
inline void add_folded(char32_t c, std::u32string& out) {
    if (c < 0x80) return out.push_back(c >= 'A' && c <= 'Z' ? c + 32 : c);
    for (auto const& l : letters_of_several)
        if (l.letter == c) {
            for (char16_t const to : l.is) out.push_back(to);
            return;
        }
    for (auto const& run : letters_by_case)
        if (c >= run.first && c <= run.last && (c - run.first) % static_cast<std::uint32_t>(run.step) == 0)
            return out.push_back(static_cast<char32_t>(static_cast<std::int64_t>(c) + run.distance));
    out.push_back(c);
}

} // namespace detail

/// Equal for two names that are one on a system that ignores case, or that composes letters and marks: "A" and "a", an "e" with an accent of its
/// own and one with an accent after it. `name` is well-formed UTF-8. Where Unicode says more of the order of marks than their
/// numbers do, two names may be taken for one that are not.
inline std::u32string same_name_key(std::string_view name) {
    std::u32string whole, folded, out;
    for (auto rest = name; !rest.empty();) {
        auto const c = detail::first_character(rest);
        detail::add_decomposed(c.code, whole);
        rest.remove_prefix(std::max<std::size_t>(c.size, 1));
    }
    for (auto const c : whole) detail::add_folded(c, folded);
    for (auto const c : folded) detail::add_decomposed(c, out);
    for (auto at = out.begin(); at != out.end();) {
        auto const end = std::find_if_not(at, out.end(), detail::is_combining_mark);
        std::sort(at, end);
        at = end == out.end() ? end : end + 1;
    }
    return out;
}

namespace detail {

/// A name that means a device on Windows, whatever follows its first point.
constexpr bool is_device_name(std::string_view part) noexcept {
    auto base = part.substr(0, part.find('.'));
    while (base.ends_with(' ')) base.remove_suffix(1);
    auto const is = [&](std::string_view name) {
        return base.size() == name.size() && std::equal(base.begin(), base.end(), name.begin(), [](char a, char b) { return to_lower(a) == b; });
    };
    for (std::string_view const name : {"con", "prn", "aux", "nul", "conin$", "conout$"})
        if (is(name)) return true;
    if (base.size() < 4 || !(is(std::string("com").append(base.substr(3))) || is(std::string("lpt").append(base.substr(3))))) return false;
    auto const which = base.substr(3);
    return (which.size() == 1 && is_digit(which[0])) || which == "\xc2\xb9" || which == "\xc2\xb2" || which == "\xc2\xb3";
}

/// Why a name may not be written; empty where it may.
inline std::string_view wrong_with_title(std::string_view title) {
    if (title.empty()) return "is empty";
    if (title.size() > 4096) return "has more than 4096 bytes";
    if (title.front() == '/' || title.front() == '~') return "does not begin inside the folder";
    if (title.size() > 1 && title[1] == ':' && is_alnum(title[0])) return "begins with a drive";
    for (auto rest = title; !rest.empty();) {
        auto const c = first_character(rest);
        if (c.size == 0) return "is not UTF-8";
        if (c.code < 0x20 || (c.code >= 0x7f && c.code < 0xa0)) return "has a control character";
        if (c.code == '\\') return "has a backslash";
        rest.remove_prefix(c.size);
    }
    if (std::count(title.begin(), title.end(), '/') > 254) return "has more than 255 parts";
    for (std::size_t at = 0; at <= title.size();) {
        auto const part = title.substr(at, title.find('/', at) - at);
        if (part.empty()) return "has an empty part";
        if (part == "." || part == "..") return "leads elsewhere";
        if (part.size() > 250) return "has a part of more than 250 bytes"; // and ".part" behind it, while it is written
        if (part.back() == '.' || part.back() == ' ') return "has a part that ends with a point or a space";
        if (is_device_name(part)) return "names a device";
        at += part.size() + 1;
    }
    return {};
}

} // namespace detail

/// May files of these names be written to one folder? A name is refused on every system if it is unsafe on any: if it leads out of the
/// folder, names a device, or has control characters. So are two names that differ only in case or in the composition of letters, a file
/// whose name is the folder of another one, and a name that is another one followed by ".part". Error: `path_refused`, with the name.
inline result<void> check_titles(std::vector<std::string> const& titles) {
    auto const refused = [](std::string_view title, std::string_view why, std::string_view other = {}) {
        auto text = detail::printable(title, 160).append(" ").append(why);
        if (!other.empty()) text.append(" ").append(detail::printable(other, 160));
        return error(errc::path_refused).with_context(std::move(text));
    };
    for (auto const& t : titles)
        if (auto const why = detail::wrong_with_title(t); !why.empty()) return refused(t, why);
    struct entry {
        std::string_view spelled; ///< a file, or a folder that files are in
        bool is_file;
        std::size_t number; ///< from 1
    };
    std::map<std::pair<std::size_t, std::u32string>, entry> known; // by the number of the folder, and the name in it
    for (auto const& t : titles) {
        std::string_view const all = t;
        std::size_t folder = 0;
        for (std::size_t at = 0;;) {
            auto const slash = all.find('/', at);
            bool const is_file = slash == all.npos;
            auto const spelled = all.substr(0, slash);
            auto const [before, is_new] = known.try_emplace({folder, same_name_key(spelled.substr(at))}, entry{spelled, is_file, known.size() + 1});
            if (!is_new && (is_file || before->second.is_file || before->second.spelled != spelled))
                return refused(t, "and", std::string(before->second.spelled) + " are one place");
            if (is_file) break;
            folder = before->second.number;
            at = slash + 1;
        }
    }
    for (auto const& [key, e] : known) {
        auto const& name = key.second;
        auto const of = name.size() > 5 && name.ends_with(U".part") ? known.find({key.first, name.substr(0, name.size() - 5)}) : known.end();
        if (of != known.end() && of->second.is_file) return refused(e.spelled, "is what is being written of", of->second.spelled);
    }
    return success();
}

} // namespace lading
