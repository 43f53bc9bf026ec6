// SPDX-License-Identifier: BSL-1.0
#pragma once

/// IP addresses in text: to bytes, and whether a network holds them. No resolver, no locale.

#include "algorithm.hpp"
#include "text.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace lading::detail {

/// An address in network order: 4 bytes, 16, or none for text that is not an address.
struct ip_bytes {
    std::array<std::uint8_t, 16> bytes{};
    std::size_t size = 0;

    constexpr explicit operator bool() const noexcept { return size != 0; }
    constexpr std::span<std::uint8_t const> span() const noexcept { return {bytes.data(), size}; }
    friend constexpr bool operator==(ip_bytes const&, ip_bytes const&) = default;
};

/// Four decimal numbers without leading zeros, `10.0.0.1`; other spellings that some resolvers know are none.
constexpr ip_bytes parse_ipv4(std::string_view text) noexcept {
    ip_bytes out;
    for (std::size_t at = 0; at < 4; ++at) {
        auto const end = at == 3 ? text.size() : std::min(text.find('.'), text.size());
        auto const part = text.substr(0, end);
        if (part.empty() || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return {};
        int value = 0;
        for (char c : part) {
            if (!is_digit(c)) return {};
            value = value * 10 + (c - '0');
        }
        if (value > 255) return {};
        out.bytes[at] = static_cast<std::uint8_t>(value);
        if (at == 3) break;
        if (end == text.size()) return {};
        text.remove_prefix(end + 1);
    }
    out.size = 4;
    return out;
}

/// The text of RFC 4291, 2.2, without brackets and zone.
constexpr ip_bytes parse_ipv6(std::string_view text) noexcept {
    std::array<std::uint8_t, 16> found{};
    std::size_t at = 0, gap = 17; // bytes so far; where "::" stands among them
    if (text.starts_with("::")) {
        gap = 0;
        text.remove_prefix(2);
        if (text.empty()) return {found, 16};
    }
    for (;;) {
        auto const end = std::min(text.find(':'), text.size());
        auto const part = text.substr(0, end);
        if (end == text.size() && part.find('.') != part.npos) { // the last four bytes as IPv4
            auto const four = parse_ipv4(part);
            if (!four || at > 12) return {};
            for (std::size_t i = 0; i < 4; ++i) found[at++] = four.bytes[i];
            break;
        }
        if (part.empty() || part.size() > 4 || at > 14) return {};
        unsigned value = 0;
        for (char c : part) {
            if (!is_hex(c)) return {};
            value = value * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        found[at++] = static_cast<std::uint8_t>(value >> 8);
        found[at++] = static_cast<std::uint8_t>(value & 0xff);
        if (end == text.size()) break;
        text.remove_prefix(end + 1);
        if (text.starts_with(':')) {
            if (gap != 17) return {};
            gap = at;
            text.remove_prefix(1);
            if (text.empty()) break;
        }
    }
    if (gap == 17) return at == 16 ? ip_bytes{found, 16} : ip_bytes{};
    if (at == 16) return {}; // the gap stands for at least one group
    ip_bytes out;
    out.size = 16;
    for (std::size_t i = 0; i < gap; ++i) out.bytes[i] = found[i];
    for (std::size_t i = gap; i < at; ++i) out.bytes[16 - at + i] = found[i];
    return out;
}

/// IPv4, or IPv6 with or without brackets. IPv4 inside IPv6 (`::ffff:10.0.0.1`) is IPv4.
constexpr ip_bytes parse_ip(std::string_view text) noexcept {
    if (text.starts_with('[')) {
        if (!text.ends_with(']')) return {};
        text = text.substr(1, text.size() - 2);
        if (text.find(':') == text.npos) return {};
    }
    if (text.find(':') == text.npos) return parse_ipv4(text);
    auto out = parse_ipv6(text);
    if (!out) return out;
    for (std::size_t i = 0; i < 12; ++i)
        if (out.bytes[i] != (i < 10 ? 0 : 0xff)) return out;
    ip_bytes four;
    four.size = 4;
    for (std::size_t i = 0; i < 4; ++i) four.bytes[i] = out.bytes[12 + i];
    return four;
}

/// A network, `10.0.0.0/8` or `fd00::/8`.
struct ip_network {
    ip_bytes base;
    std::size_t bits = 0;

    /// Nothing (`base` is none) for text that is not a network.
    static constexpr ip_network parse(std::string_view text) noexcept {
        auto const slash = text.find('/');
        if (slash == text.npos) return {};
        auto const base = parse_ip(text.substr(0, slash));
        auto const digits = text.substr(slash + 1);
        if (!base || digits.empty() || digits.size() > 3) return {};
        std::size_t bits = 0;
        for (char c : digits) {
            if (!is_digit(c)) return {};
            bits = bits * 10 + static_cast<std::size_t>(c - '0');
        }
        if (bits > base.size * 8) return {};
        return {base, bits};
    }
    constexpr bool holds(ip_bytes const& a) const noexcept {
        if (!base || a.size != base.size) return false;
        for (std::size_t i = 0; i * 8 < bits; ++i) {
            auto const left = bits - i * 8;
            unsigned const mask = left >= 8 ? 0xffu : 0xff00u >> left & 0xffu;
            if ((a.bytes[i] & mask) != (base.bytes[i] & mask)) return false;
        }
        return true;
    }
};

} // namespace lading::detail
