// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The `Link` header (RFC 8288), as far as paging needs it: the target of `rel="next"` (hostile.md P03).

#include "../detail/text.hpp"
#include "../http/message.hpp"
#include "../result.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lading {

namespace detail {

/// True when a space-separated list of relation types has "next".
inline bool relates_next(std::string_view list) {
    while (!list.empty()) {
        auto const end = std::min(list.find(' '), list.size());
        if (iequal(list.substr(0, end), "next")) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

/// One `;name=value` of a link; false when malformed.
inline bool link_parameter(std::string_view& rest, std::string& name, std::string& value) {
    name.clear();
    value.clear();
    rest = trim(rest);
    while (!rest.empty() && is_tchar(rest.front())) {
        name += to_lower(rest.front());
        rest.remove_prefix(1);
    }
    rest = trim(rest);
    if (name.empty()) return false;
    if (!rest.starts_with('=')) return true;
    rest.remove_prefix(1);
    rest = trim(rest);
    if (!rest.starts_with('"')) {
        while (!rest.empty() && rest.front() != ';' && rest.front() != ',' && rest.front() != ' ') {
            value += rest.front();
            rest.remove_prefix(1);
        }
        rest = trim(rest);
        return true;
    }
    for (rest.remove_prefix(1); !rest.empty(); rest.remove_prefix(1)) {
        if (rest.front() == '"') {
            rest.remove_prefix(1);
            rest = trim(rest);
            return true;
        }
        if (rest.front() == '\\') {
            rest.remove_prefix(1);
            if (rest.empty()) return false;
        }
        value += rest.front();
    }
    return false;
}

} // namespace detail

/// The target of the first link that relates `next`, as written, or nothing. Errors: `link_invalid` (no `<`, no `>`,
/// an unterminated value, a line over 64 KiB).
inline result<std::optional<std::string>> next_link(std::span<std::string_view const> lines) {
    for (auto rest : lines) {
        auto refuse = [](char const* why) { return error(errc::link_invalid).with_context(why); };
        if (rest.size() > (64u << 10)) return refuse("longer than 65536 bytes");
        for (;;) {
            while (!rest.empty() && (rest.front() == ',' || rest.front() == ' ' || rest.front() == '\t'))
                rest.remove_prefix(1);
            if (rest.empty()) break;
            if (rest.front() != '<') return refuse("no '<'");
            auto const close = rest.find('>');
            if (close == rest.npos) return refuse("no '>'");
            std::string target(rest.substr(1, close - 1));
            rest = detail::trim(rest.substr(close + 1));
            std::string name, value;
            bool next = false, seen_rel = false;
            while (rest.starts_with(';')) {
                rest.remove_prefix(1);
                if (!detail::link_parameter(rest, name, value)) return refuse("a malformed parameter");
                if (name == "rel" && !seen_rel) next = detail::relates_next(value), seen_rel = true;
            }
            if (!rest.empty() && rest.front() != ',') return refuse("text after a link");
            if (next) {
                if (target.empty()) return refuse("an empty target");
                return std::optional<std::string>(std::move(target));
            }
        }
    }
    return std::optional<std::string>();
}

} // namespace lading
