// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `digest`: the name of bytes by their hash. A value of it is always well-formed (doc/protocol.md#digests,
/// doc/threats.md#d04).

#include "detail/inline_string.hpp"
#include "fault.hpp"
#include "result.hpp"

#include <array>
#include <span>

namespace lading {

namespace detail {
/// Lets the decoder make a value before it assigns one; nobody else can make an unset digest.
struct decode_access {
    template <class T>
    static constexpr T make() {
        return T();
    }
};
} // namespace detail

/// The algorithms that can be verified. An unknown algorithm is an error, never a skipped check.
enum class digest_algorithm : std::uint8_t { sha256,
                                             sha384,
                                             sha512 };

/// "sha256", "sha384" or "sha512".
constexpr std::string_view name_of(digest_algorithm a) noexcept {
    switch (a) {
    case digest_algorithm::sha384: return "sha384";
    case digest_algorithm::sha512: return "sha512";
    case digest_algorithm::sha256: break;
    }
    return "sha256";
}

/// The length of the hash in bytes: 32, 48 or 64.
constexpr std::size_t size_of(digest_algorithm a) noexcept {
    switch (a) {
    case digest_algorithm::sha384: return 48;
    case digest_algorithm::sha512: return 64;
    case digest_algorithm::sha256: break;
    }
    return 32;
}

/// `<algorithm>:<lower-case hex>`; a literal type, made only by `parse`, `from_bytes` and the `_digest` literal.
class digest {
  public:
    /// Parses the textual form. Errors: `digest_invalid` (shape, length, upper-case hex), `digest_unsupported`
    /// (a well-formed algorithm that cannot be verified). Both are final: no fallback fact is set.
    static result<digest> parse(std::string_view text) {
        digest out;
        if (auto const wrong = out.assign(text))
            return error(wrong.code).with_values(std::string(wrong.rule), printable(text));
        return out;
    }

    /// Wraps the output of a hash. `bytes.size()` must be `size_of(a)`, else `digest_invalid`.
    static result<digest> from_bytes(digest_algorithm a, std::span<std::byte const> bytes) {
        digest out;
        if (auto const wrong = out.assign(a, bytes)) return error(wrong.code).with_context(std::string(wrong.rule));
        return out;
    }

    constexpr digest_algorithm algorithm() const noexcept { return algorithm_; }
    /// The hash itself, `size_of(algorithm())` bytes.
    constexpr std::span<std::byte const> bytes() const noexcept { return {bytes_.data(), size_of(algorithm_)}; }
    /// The hash in lower-case hex, without the algorithm.
    constexpr std::string hex() const {
        std::string out;
        for (auto b : bytes()) {
            out += "0123456789abcdef"[static_cast<unsigned>(b) >> 4];
            out += "0123456789abcdef"[static_cast<unsigned>(b) & 15];
        }
        return out;
    }
    /// The textual form; `parse(d.str()) == d`.
    constexpr std::string str() const { return std::string(name_of(algorithm_)) + ':' + hex(); }

    friend constexpr bool operator==(digest const&, digest const&) noexcept = default;
    friend constexpr auto operator<=>(digest const&, digest const&) noexcept = default;

    /// For parsers and literals that must work in constant expressions: assigns, or says why not.
    constexpr fault assign(std::string_view text) noexcept {
        constexpr std::string_view rule = "sha256:, sha384: or sha512: and that many lower-case hex digits";
        auto const colon = text.find(':');
        if (colon == std::string_view::npos || colon == 0 || text.size() > 256) return {errc::digest_invalid, rule};
        auto const name = text.substr(0, colon), hex = text.substr(colon + 1);
        bool known = false;
        for (auto a : {digest_algorithm::sha256, digest_algorithm::sha384, digest_algorithm::sha512})
            if (name == name_of(a)) algorithm_ = a, known = true;
        if (!known) return {algorithm_is_well_formed(name) && is_hex(hex) ? errc::digest_unsupported : errc::digest_invalid, rule};
        if (hex.size() != 2 * size_of(algorithm_) || !is_hex(hex)) return {errc::digest_invalid, rule};
        bytes_ = {};
        for (std::size_t i = 0; i < hex.size(); i += 2)
            bytes_[i / 2] = static_cast<std::byte>(nibble(hex[i]) << 4 | nibble(hex[i + 1]));
        return {};
    }
    /// The same from the hash itself; `digest_invalid` when its length is not that of the algorithm.
    constexpr fault assign(digest_algorithm a, std::span<std::byte const> bytes) noexcept {
        if (bytes.size() != size_of(a)) return {errc::digest_invalid, "length of the hash"};
        algorithm_ = a;
        bytes_ = {};
        std::copy(bytes.begin(), bytes.end(), bytes_.begin());
        return {};
    }

  private:
    friend struct detail::decode_access;
    constexpr digest() noexcept = default;
    template <detail::fixed_string>
    friend struct digest_literal;

    static constexpr unsigned nibble(char c) noexcept {
        return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    static constexpr bool is_hex(std::string_view text) noexcept {
        for (char const c : text)
            if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return false;
        return !text.empty();
    }
    static constexpr bool algorithm_is_well_formed(std::string_view text) noexcept {
        return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+._-") == std::string_view::npos;
    }
    static std::string printable(std::string_view text) {
        std::string out;
        for (char c : text.substr(0, 160)) out += c >= 0x20 && c < 0x7f ? c : '?';
        return out;
    }

    digest_algorithm algorithm_ = digest_algorithm::sha256;
    std::array<std::byte, 64> bytes_{};
};

template <detail::fixed_string Text>
struct digest_literal {
    // Parses a local copy: with -fsanitize=undefined g++ takes no address of a template argument for a constant.
    static consteval bool well_formed() {
        auto const text = Text;
        return !digest().assign(text.view());
    }
    static consteval digest make() {
        static_assert(well_formed(), "[lading] the _digest literal is not a well-formed digest");
        auto const text = Text;
        digest out;
        out.assign(text.view());
        return out;
    }
};

inline namespace literals {
/// `"sha256:..."_digest`: a digest checked when the program is compiled.
template <detail::fixed_string Text>
consteval digest operator""_digest() {
    return digest_literal<Text>::make();
}
} // namespace literals

} // namespace lading
