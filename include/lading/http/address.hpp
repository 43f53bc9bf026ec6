// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Which part of the network an address is in: what a server may name and what it may not (hostile.md C09).

#include "url.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <string_view>

namespace lading {

enum class address_scope : std::uint8_t {
    outside,    ///< reachable by everybody
    inside,     ///< this machine, a private network
    link_local, ///< the link: where clouds keep their metadata; also unspecified, multicast and reserved addresses
};

/// The scope of an IPv4 (4 bytes) or IPv6 (16 bytes) address in network order; IPv4 inside IPv6 counts as IPv4.
constexpr address_scope scope_of(std::span<std::uint8_t const> a) noexcept {
    using enum address_scope;
    if (a.size() == 4) {
        if (a[0] == 0 || a[0] >= 224 || (a[0] == 169 && a[1] == 254)) return link_local;
        bool const inner = a[0] == 127 || a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) ||
                           (a[0] == 192 && a[1] == 168) || (a[0] == 100 && (a[1] & 0xc0) == 64);
        return inner ? inside : outside;
    }
    if (a.size() != 16) return link_local;
    auto zero = [&](std::size_t from, std::size_t to) {
        for (auto i = from; i < to; ++i)
            if (a[i] != 0) return false;
        return true;
    };
    bool const mapped = zero(0, 10) && a[10] == 0xff && a[11] == 0xff;
    bool const nat64 = a[0] == 0 && a[1] == 0x64 && a[2] == 0xff && a[3] == 0x9b && zero(4, 12);
    if (zero(0, 15) && a[15] == 1) return inside;
    if (mapped || nat64 || zero(0, 12)) return scope_of(a.subspan(12));
    if (a[0] == 0xff || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)) return link_local;
    if (a[0] == 0xfd && a[1] == 0 && a[2] == 0x0e && a[3] == 0xc2) return link_local; // a cloud's metadata on IPv6
    return (a[0] & 0xfe) == 0xfc ? inside : outside;
}

/// The scope that a host shows by its text alone: an IPv4 literal, `localhost`, `[::1]`. Other names are `outside`
/// until they are resolved.
inline address_scope scope_of_host(std::string_view host) noexcept {
    if (host == "localhost" || host.ends_with(".localhost") || host == "[::1]") return address_scope::inside;
    if (!detail::is_ipv4(host)) return address_scope::outside;
    std::array<std::uint8_t, 4> bytes{};
    for (auto& b : bytes) {
        auto const end = std::min(host.find('.'), host.size());
        std::from_chars(host.data(), host.data() + end, b);
        host.remove_prefix(std::min(end + 1, host.size()));
    }
    return scope_of(bytes);
}

} // namespace lading
