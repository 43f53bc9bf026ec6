// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Which part of the network an address is in: what a server may name and what it may not.

#include "../detail/ip_text.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace lading {

enum class address_scope : std::uint8_t {
    outside,    ///< reachable by everybody
    inside,     ///< this machine, a private network
    link_local, ///< the link, and wherever clouds keep their metadata; also unspecified, multicast and reserved addresses
};

/// The scope of an IPv4 (4 bytes) or IPv6 (16 bytes) address in network order. IPv4 inside IPv6 (mapped, NAT64, 6to4,
/// Teredo, ISATAP) counts as that IPv4 address, to which the packets go in the end.
constexpr address_scope scope_of(std::span<std::uint8_t const> a) noexcept {
    using enum address_scope;
    if (a.size() == 4) {
        auto const is = [&](int b0, int b1, int b2, int b3) { return a[0] == b0 && a[1] == b1 && a[2] == b2 && a[3] == b3; };
        if (a[0] == 0 || a[0] >= 224 || (a[0] == 169 && a[1] == 254)) return link_local;
        if (is(100, 100, 100, 200) || is(192, 0, 0, 192) || is(168, 63, 129, 16)) return link_local; // metadata of clouds
        bool const inner = a[0] == 127 || a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) ||
                           (a[0] == 192 && a[1] == 168) || (a[0] == 100 && (a[1] & 0xc0) == 64) ||
                           (a[0] == 192 && a[1] == 0 && a[2] == 0) || (a[0] == 198 && (a[1] & 0xfe) == 18);
        return inner ? inside : outside;
    }
    if (a.size() != 16) return link_local;
    auto const zero = [&](std::size_t from, std::size_t to) {
        for (auto i = from; i < to; ++i)
            if (a[i] != 0) return false;
        return true;
    };
    auto const word = [&](std::size_t i) { return a[2 * i] << 8 | a[2 * i + 1]; };
    auto const as_ipv4 = [&](std::size_t i, std::size_t j, std::size_t k, std::size_t l, int flip = 0) {
        std::uint8_t const four[] = {static_cast<std::uint8_t>(a[i] ^ flip), static_cast<std::uint8_t>(a[j] ^ flip),
                                     static_cast<std::uint8_t>(a[k] ^ flip), static_cast<std::uint8_t>(a[l] ^ flip)};
        return scope_of(four);
    };
    if (zero(0, 15) && a[15] == 1) return inside;
    bool const mapped = zero(0, 10) && word(5) == 0xffff;
    bool const nat64 = word(0) == 0x64 && word(1) == 0xff9b;
    if (mapped || zero(0, 12) || (nat64 && zero(4, 12))) return as_ipv4(12, 13, 14, 15);
    if (nat64 && word(2) == 1) { // a prefix of the network's own (RFC 8215), of a length that we do not know (RFC 6052, 2.2)
        if (zero(6, 12)) return as_ipv4(12, 13, 14, 15);
        bool const link = (a[12] != 0 && as_ipv4(12, 13, 14, 15) == link_local) || (a[6] != 0 && as_ipv4(6, 7, 9, 10) == link_local) ||
                          (a[7] != 0 && as_ipv4(7, 9, 10, 11) == link_local) || (a[9] != 0 && as_ipv4(9, 10, 11, 12) == link_local);
        return link ? link_local : inside;
    }
    if (word(0) == 0x2002) return as_ipv4(2, 3, 4, 5);                    // 6to4
    if (word(0) == 0x2001 && word(1) == 0) return as_ipv4(12, 13, 14, 15, 0xff); // Teredo
    if (a[0] == 0xff || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)) return link_local;
    if ((word(0) == 0xfd00 && word(1) == 0xec2) || (word(0) == 0xfd20 && word(1) == 0xce)) return link_local; // metadata of clouds
    if ((word(4) & ~0x200) == 0 && word(5) == 0x5efe) return as_ipv4(12, 13, 14, 15); // ISATAP
    bool const site_local = a[0] == 0xfe && (a[1] & 0xc0) == 0xc0;
    return (a[0] & 0xfe) == 0xfc || site_local ? inside : outside;
}

/// The scope that a host shows by its text alone: an address, `localhost`. Other names are `outside` until they are
/// resolved; what is in brackets and no address is `link_local`.
constexpr address_scope scope_of_host(std::string_view host) noexcept {
    if (host == "localhost" || host.ends_with(".localhost")) return address_scope::inside;
    auto const ip = detail::parse_ip(host);
    if (ip) return scope_of(ip.span());
    return host.starts_with('[') ? address_scope::link_local : address_scope::outside;
}

} // namespace lading
