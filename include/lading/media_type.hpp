// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `media_type`: what a document says it is, by RFC 9110 rules; and the names this library knows.

#include "detail/inline_string.hpp"
#include "detail/text.hpp"
#include "result.hpp"

#include <string_view>

namespace lading {

namespace detail {
struct decode_access;
}

namespace media_types {
inline constexpr std::string_view oci_manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view oci_index = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view oci_config = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view oci_empty = "application/vnd.oci.empty.v1+json";
inline constexpr std::string_view docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view docker_schema1 = "application/vnd.docker.distribution.manifest.v1+json";
inline constexpr std::string_view docker_schema1_signed =
    "application/vnd.docker.distribution.manifest.v1+prettyjws";
inline constexpr std::string_view docker_config = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view docker_layer = "application/vnd.docker.image.rootfs.diff.tar.gzip";
inline constexpr std::string_view docker_layer_tar = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view docker_layer_foreign =
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
inline constexpr std::string_view oci_layer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view oci_layer_gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view oci_layer_zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
} // namespace media_types

/// A type and subtype in lower case; parameters are checked and dropped. A literal type.
class media_type {
  public:
    static constexpr std::size_t max_size = 255;

    /// Parses the value of a `Content-Type` header or a `mediaType` field (RFC 9110, section 8.3.1;
    /// doc/threats.md#d12). Errors: `media_type_invalid` (not one type, a control character, type and subtype over 255
    /// bytes, 1024 bytes or more in all), final. Linear; no allocation but for the error.
    static result<media_type> parse(std::string_view text) {
        media_type out;
        if (out.assign(text)) return out;
        return error(errc::media_type_invalid).with_values("type/subtype", detail::printable(text, 160));
    }

    constexpr std::string_view essence() const noexcept { return text_.view(); }
    friend constexpr bool operator==(media_type const&, media_type const&) noexcept = default;
    friend constexpr auto operator<=>(media_type const&, media_type const&) noexcept = default;

    /// For parsers and literals in constant expressions: assigns, or leaves the value.
    constexpr bool assign(std::string_view text) noexcept {
        if (text.size() >= 1024) return false;
        auto rest = detail::trim(text);
        auto const slash = rest.find('/');
        if (slash == rest.npos || !token(rest, '/')) return false;
        std::string_view const type = rest.substr(0, slash);
        rest.remove_prefix(slash + 1);
        std::size_t n = 0;
        while (n < rest.size() && detail::is_tchar(rest[n])) ++n;
        std::string_view const subtype = rest.substr(0, n);
        rest.remove_prefix(n);
        if (subtype.empty() || type.size() + 1 + subtype.size() > max_size || !parameters(rest)) return false;
        char lowered[max_size]{};
        std::size_t size = 0;
        for (char const c : type) lowered[size++] = detail::to_lower(c);
        lowered[size++] = '/';
        for (char const c : subtype) lowered[size++] = detail::to_lower(c);
        text_ = detail::inline_string<max_size>(std::string_view(lowered, size));
        return true;
    }

  private:
    friend struct detail::decode_access;
    constexpr media_type() noexcept = default;
    template <detail::fixed_string>
    friend struct media_type_literal;

    static constexpr bool token(std::string_view text, char end) noexcept {
        std::size_t n = 0;
        while (n < text.size() && detail::is_tchar(text[n])) ++n;
        return n > 0 && n < text.size() && text[n] == end;
    }
    /// `*( OWS ";" OWS [ token "=" ( token / quoted-string ) ] )`
    static constexpr bool parameters(std::string_view rest) noexcept {
        for (;;) {
            rest = detail::trim(rest);
            if (rest.empty()) return true;
            if (rest.front() != ';') return false;
            rest.remove_prefix(1);
            rest = detail::trim(rest);
            if (rest.empty() || rest.front() == ';') continue;
            if (!token(rest, '=')) return false;
            rest.remove_prefix(rest.find('=') + 1);
            if (rest.starts_with('"')) {
                std::size_t n = 1;
                while (n < rest.size() && rest[n] != '"') {
                    if (rest[n] == '\\') ++n;
                    if (n >= rest.size() || (!detail::is_print(rest[n]) && rest[n] != '\t')) return false;
                    ++n;
                }
                if (n >= rest.size()) return false;
                rest.remove_prefix(n + 1);
            } else {
                std::size_t n = 0;
                while (n < rest.size() && detail::is_tchar(rest[n])) ++n;
                if (n == 0) return false;
                rest.remove_prefix(n);
            }
        }
    }

    detail::inline_string<max_size> text_;
};

template <detail::fixed_string Text>
struct media_type_literal {
    // Parses a local copy: with -fsanitize=undefined g++ takes no address of a template argument for a constant.
    static consteval bool well_formed() {
        auto const text = Text;
        return media_type().assign(text.view());
    }
    static consteval media_type make() {
        static_assert(well_formed(), "[lading] the _media_type literal is not a well-formed media type");
        auto const text = Text;
        media_type out;
        out.assign(text.view());
        return out;
    }
};

inline namespace literals {
/// `"text/plain"_media_type`: checked when the program is compiled.
template <detail::fixed_string Text>
consteval media_type operator""_media_type() {
    return media_type_literal<Text>::make();
}
} // namespace literals

} // namespace lading
