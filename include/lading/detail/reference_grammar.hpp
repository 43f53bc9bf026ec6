// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The grammar of image references (doc/protocol.md#names), for constant expressions.

#include "../fault.hpp"
#include "algorithm.hpp"
#include "docker_hub.hpp"
#include "text.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace lading::detail {

/// The fault as an error that quotes `shown`.
inline error refuse(fault const& wrong, std::string_view shown) { return from(wrong, '"' + printable(shown, 160) + '"'); }

inline constexpr std::string_view default_host = docker_hub::name;
inline constexpr std::size_t max_host = 253;
inline constexpr std::size_t max_host_text = max_host + 6; // and a port

/// The one splitter: is this first component, which a '/' follows, a host?
constexpr bool names_host(std::string_view first) noexcept {
    return first == "localhost" || first.starts_with('[') || first.find_first_of(".:") != first.npos ||
           std::any_of(first.begin(), first.end(), is_upper);
}

/// The text of an image ID, which would be a name if it were shorter.
constexpr bool is_image_id(std::string_view text) noexcept {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}
inline constexpr fault image_id_fault{errc::ref_invalid, "64 hex digits are an image ID, not a name", 0};

/// RFC 4291 section 2.2 forms 1 and 2: eight groups of 1 to 4 hex digits, one run of them left out as "::".
constexpr bool is_ipv6(std::string_view text) noexcept {
    std::size_t groups = 0, digits = 0;
    bool gap = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_hex(text[i])) {
            groups += digits == 0;
            if (++digits > 4) return false;
            continue;
        }
        if (text[i] != ':' || i + 1 == text.size()) return false;
        if (text[i + 1] == ':') {
            if (gap) return false;
            gap = true;
            ++i;
        } else if (digits == 0) {
            return false;
        }
        digits = 0;
    }
    return gap ? groups < 8 : groups == 8;
}

/// `host` is not empty and starts the reference, hence positions in it are those of the reference.
constexpr fault check_host(std::string_view host) noexcept {
    auto bad = [](char const* rule, std::size_t at) { return fault{errc::ref_invalid, rule, at}; };
    std::size_t end = 0;
    if (host.front() == '[') {
        auto const close = host.find(']');
        if (close == host.npos) return bad("the bracket of an IPv6 address is not closed", 0);
        if (!is_ipv6(host.substr(1, close - 1))) return bad("brackets hold an IPv6 address without zone", 1);
        end = close + 1;
    } else {
        end = std::min(host.find(':'), host.size());
        if (end > max_host) return bad("a host has at most 253 bytes", max_host);
        for (std::size_t start = 0, i = 0; i <= end; ++i) {
            if (i < end && host[i] != '.') {
                if (!is_alnum(host[i]) && host[i] != '-')
                    return bad("a host is made of letters, digits, '-' and '.'", i);
                continue;
            }
            if (i == start) return bad("a host has no empty label", i);
            if (i - start > 63) return bad("a label of a host has at most 63 bytes", start + 63);
            if (host[start] == '-') return bad("a label of a host starts with a letter or digit", start);
            if (host[i - 1] == '-') return bad("a label of a host ends with a letter or digit", i - 1);
            start = i + 1;
        }
    }
    if (end == host.size()) return {};

    if (host[end] != ':') return bad("only a port follows an IPv6 address", end);
    auto const port = host.substr(end + 1);
    unsigned value = 0;
    for (char c : port.substr(0, 6)) {
        if (!is_digit(c)) return bad("a port is made of digits", end + 1);
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    if (port.empty() || port.size() > 5 || value == 0 || value > 65535 || port.front() == '0')
        return bad("a port is 1 to 65535 without leading zeros", end + 1);
    return {};
}

/// Components of a-z and 0-9, inside which '.', '_', '__' or any number of '-' may separate. `at` is the
/// position of `path` in the reference.
constexpr fault check_path(std::string_view path, std::size_t at) noexcept {
    auto bad = [at](char const* rule, std::size_t i) { return fault{errc::ref_invalid, rule, at + i}; };
    auto word = [](char c) { return is_lower(c) || is_digit(c); };
    for (std::size_t start = 0, i = 0; i <= path.size(); ++i) {
        if (i < path.size() && path[i] != '/') {
            char const c = path[i];
            if (is_upper(c)) return bad("a path has no upper-case letter", i);
            if (!word(c) && c != '.' && c != '_' && c != '-')
                return bad("a path is made of a-z, 0-9, '.', '_', '-' and '/'", i);
            continue;
        }
        auto const component = path.substr(start, i - start);
        if (component.empty()) return bad("a path has no empty component", i);
        if (!word(component.front())) return bad("a component starts with a-z or 0-9", start);
        if (!word(component.back())) return bad("a component ends with a-z or 0-9", i - 1);
        for (std::size_t run = 0, j = 0; j < component.size(); ++j) {
            run = word(component[j]) ? 0 : run + 1;
            if (run < 2) continue;
            auto const separator = component.substr(j + 1 - run, run);
            if (separator != "__" && separator.find_first_not_of('-') != separator.npos)
                return bad("a separator is '.', '_', '__' or dashes", start + j + 1 - run);
        }
        start = i + 1;
    }
    return {};
}

/// 1 to 128 of letters, digits, '_', '.' and '-', not starting with the last two. `at`: position in the
/// reference.
constexpr fault check_tag(std::string_view tag, std::size_t at) noexcept {
    if (tag.empty()) return {errc::ref_invalid, "a tag follows ':'", at};
    for (std::size_t i = 0; i < tag.size(); ++i) {
        char const c = tag[i];
        if (is_alnum(c) || c == '_') continue;
        if (c != '.' && c != '-')
            return {errc::ref_invalid, "a tag is made of letters, digits, '_', '.' and '-'", at + i};
        if (i == 0) return {errc::ref_invalid, "a tag starts with a letter, a digit or '_'", at};
    }
    if (tag.size() > 128) return {errc::ref_invalid, "a tag has at most 128 bytes", at + 128};
    return {};
}

} // namespace lading::detail
