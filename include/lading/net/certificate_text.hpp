// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Certificates in files: PEM, or one in DER. Only their shape is looked at, so that one broken file does not keep a TLS
/// library from reading the others; whom they name and whether they hold is the TLS library's to say.

#include "../detail/base64.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lading::detail {

/// One element of DER: its tag, its contents, and how long it is with both.
struct der_element {
    std::uint8_t tag = 0;
    std::string_view contents;
    std::size_t size = 0;

    /// The first element of some bytes; nothing for what is none, or is longer than the bytes.
    static std::optional<der_element> first(std::string_view bytes) {
        auto const at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
        if (bytes.size() < 2 || (at(0) & 0x1f) == 0x1f) return std::nullopt; // no certificate has longer tags
        std::size_t length = at(1), head = 2;
        if (length >= 0x80) {
            std::size_t const n = length & 0x7f;
            if (n == 0 || n > 3 || bytes.size() < 2 + n) return std::nullopt;
            length = 0;
            for (std::size_t i = 0; i < n; ++i) length = length << 8 | at(2 + i);
            head += n;
        }
        if (bytes.size() - head < length) return std::nullopt;
        return der_element{at(0), bytes.substr(head, length), head + length};
    }
    bool constructed() const noexcept { return (tag & 0x20) != 0; }
};

/// True when the bytes are elements one after the other, and those inside them too.
inline bool is_der(std::string_view bytes, int depth = 0) {
    while (!bytes.empty()) {
        auto const e = der_element::first(bytes);
        if (!e || (e->constructed() && (depth == 16 || !is_der(e->contents, depth + 1)))) return false;
        bytes.remove_prefix(e->size);
    }
    return true;
}

/// The bytes at the front that have the shape of a certificate (RFC 5280, 4.1): a sequence of what is signed, the algorithm,
/// and the signature; what is signed has at least a serial number, an algorithm, two names, a validity and a key. Empty
/// when there are none.
inline std::string_view certificate_at_front(std::string_view bytes) {
    auto const whole = der_element::first(bytes);
    if (!whole || whole->tag != 0x30 || !is_der(whole->contents)) return {};
    auto rest = whole->contents;
    std::string_view is_signed;
    for (int tag : {0x30, 0x30, 0x03}) {
        auto const part = der_element::first(rest);
        if (!part || part->tag != tag) return {};
        if (is_signed.empty()) is_signed = part->contents;
        rest.remove_prefix(part->size);
    }
    if (!rest.empty()) return {};
    if (is_signed.starts_with('\xa0')) is_signed.remove_prefix(der_element::first(is_signed)->size); // the version
    for (int tag : {0x02, 0x30, 0x30, 0x30, 0x30, 0x30}) {
        auto const part = der_element::first(is_signed);
        if (!part || part->tag != tag || part->contents.empty()) {
            bool const nobody = part && part->tag == 0x30 && part->contents.empty(); // a subject may be named by an extension only
            if (!nobody) return {};
        }
        is_signed.remove_prefix(part->size);
    }
    return bytes.substr(0, whole->size);
}

/// What a file of certificates holds.
struct certificates_read {
    std::string pem;     ///< those that can be read
    bool broken = false; ///< it has one that cannot, or none
};

/// Reads a file's bytes: the certificates of a PEM text with anything between them, or one in DER.
inline certificates_read read_certificates(std::string_view bytes) {
    constexpr std::string_view begin = "-----BEGIN ", dashes = "-----";
    certificates_read out;
    auto const add = [&](std::string_view der) {
        der = certificate_at_front(der);
        if (der.empty()) return out.broken = true, void();
        auto const text = base64_encode(der);
        out.pem += "-----BEGIN CERTIFICATE-----\n";
        for (std::size_t i = 0; i < text.size(); i += 64) out.pem.append(text, i, 64).append("\n");
        out.pem += "-----END CERTIFICATE-----\n";
    };
    if (bytes.find(begin) == bytes.npos) {
        if (certificate_at_front(bytes).size() == bytes.size()) add(bytes);
        else out.broken = true;
    }
    for (auto at = bytes.find(begin); at != bytes.npos; at = bytes.find(begin)) {
        bytes.remove_prefix(at + begin.size());
        auto const label = bytes.substr(0, bytes.find(dashes));
        bytes.remove_prefix(std::min(label.size() + dashes.size(), bytes.size()));
        if (label != "CERTIFICATE" && label != "X509 CERTIFICATE" && label != "TRUSTED CERTIFICATE") continue;
        std::string text;
        for (char c : bytes.substr(0, bytes.find(dashes)))
            if (c != '\n' && c != '\r' && c != ' ' && c != '\t') text += c;
        auto const der = base64_decode(text);
        add(der ? std::string_view(*der) : std::string_view());
    }
    out.broken = out.broken || out.pem.empty();
    return out;
}

} // namespace lading::detail
