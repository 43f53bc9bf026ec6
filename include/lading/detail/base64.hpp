// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Base64 (RFC 4648), strict. Ours because the alternatives are OpenSSL's, which core must not need, and lenient.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lading::detail {

inline constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr std::string_view base64url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

inline std::string base64_with(std::string_view bytes, std::string_view alphabet) {
    std::string out;
    std::uint32_t bits = 0;
    int have = 0;
    for (char byte : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(byte);
        for (have += 8; have >= 6; have -= 6) out += alphabet[bits >> (have - 6) & 63];
    }
    if (have) out += alphabet[bits << (6 - have) & 63];
    return out;
}

/// With padding.
inline std::string base64_encode(std::string_view bytes) {
    auto out = base64_with(bytes, base64_alphabet);
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

/// Without padding.
inline std::string base64url_encode(std::string_view bytes) { return base64_with(bytes, base64url_alphabet); }

/// Nothing when a byte is not of the alphabet, the length is impossible, or left-over bits are not zero.
inline std::optional<std::string> base64_decode_with(std::string_view text, std::string_view alphabet) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    std::uint32_t bits = 0;
    int have = 0;
    for (char c : text) {
        auto const i = alphabet.find(c);
        if (i == alphabet.npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(i);
        if (have += 6; have >= 8) {
            have -= 8;
            out += static_cast<char>(bits >> have & 0xff);
        }
    }
    if (bits & ((1u << have) - 1)) return std::nullopt;
    return out;
}

/// Without padding.
inline std::optional<std::string> base64url_decode(std::string_view text) {
    return base64_decode_with(text, base64url_alphabet);
}

/// With its padding.
inline std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
    return base64_decode_with(text, base64_alphabet);
}

} // namespace lading::detail
