// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `repository` and `reference`: the names of images, by one grammar and one splitter (doc/protocol.md#names,
/// doc/threats.md#r01). Both are literal types in one normal form: `parse(r.str()) == r`.

#include "detail/docker_hub.hpp"
#include "detail/inline_string.hpp"
#include "detail/reference_grammar.hpp"
#include "detail/text.hpp"
#include "digest.hpp"
#include "fault.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lading {

/// True for a tag of the grammar: 1 to 128 of `A-Za-z0-9_.-`, not beginning with `.` or `-`.
constexpr bool is_tag(std::string_view text) noexcept { return !detail::check_tag(text, 0); }

/// A registry host and a path below it. A literal type; every value is well-formed and canonical: the host is
/// in lower case, `index.docker.io` is `docker.io`, and a path of one component on docker.io is below
/// `library/`. Nothing else is folded, so that two names that a registry may tell apart stay apart.
class repository {
  public:
    /// The longest canonical name, host and '/' included, in bytes.
    static constexpr std::size_t max_size = 255;

    /// Parses a name without tag and digest. The first of several components is the host iff it is
    /// `localhost`, holds '.' or ':', has an upper-case letter or starts with '['; else the host is docker.io.
    /// Errors: `ref_invalid`, whose context has the rule and the position; final, no fallback fact is
    /// set. Linear in the text.
    static result<repository> parse(std::string_view text) {
        repository out;
        auto const wrong = detail::is_image_id(text) ? detail::image_id_fault : out.assign(text);
        if (wrong) return detail::refuse(wrong, text);
        return out;
    }

    /// "docker.io", "localhost:5000", "[::1]:5000".
    constexpr std::string_view host() const noexcept { return name_.view().substr(0, host_size_); }
    /// "library/debian".
    constexpr std::string_view path() const noexcept {
        return name_.view().substr(host_size_ + std::size_t{1});
    }

    /// The canonical text; `parse(r.str()) == r`. A host of one label, which only an upper-case letter tells
    /// from a path, is written with its first letter in upper case.
    std::string str() const {
        std::string out(name_.view());
        if (!detail::names_host(host()))
            for (char& c : out)
                if (detail::is_lower(c)) {
                    c = static_cast<char>(c - 'a' + 'A');
                    break;
                }
        return out;
    }

    /// The shortest text for people that parses to the same value: without docker.io, and without `library/`
    /// when exactly one component follows (doc/protocol.md#names).
    std::string familiar() const {
        using namespace std::string_view_literals;
        constexpr auto official = "library/"sv;
        if (host() != detail::default_host) return str();
        auto rest = path();
        if (rest.starts_with(official) && rest.find('/', official.size()) == rest.npos) {
            rest.remove_prefix(official.size());
            return detail::is_image_id(rest) ? str() : std::string(rest);
        }
        return detail::names_host(rest.substr(0, rest.find('/'))) ? str() : std::string(rest);
    }

    friend constexpr bool operator==(repository const& a, repository const& b) noexcept {
        return a.name_ == b.name_;
    }
    friend constexpr auto operator<=>(repository const& a, repository const& b) noexcept {
        return a.name_ <=> b.name_;
    }

    /// For parsers and literals that must work in constant expressions: assigns, or leaves the value and says
    /// why.
    constexpr fault assign(std::string_view text) noexcept {
        if (text.empty()) return {errc::ref_invalid, "a name has at least one component", 0};
        if (text.find("://") != text.npos) return {errc::ref_invalid, "a name has no scheme: leave out what ends in ://", 0};
        auto const slash = text.find('/');
        bool const hosted = slash != text.npos && detail::names_host(text.substr(0, slash));
        auto const path_at = hosted ? slash + 1 : 0;
        auto const path = text.substr(path_at);
        if (hosted)
            if (auto const wrong = detail::check_host(text.substr(0, slash))) return wrong;
        if (auto const wrong = detail::check_path(path, path_at)) return wrong;

        detail::inline_string<detail::max_host_text> host(hosted ? std::string_view() : detail::default_host);
        if (hosted)
            for (char c : text.substr(0, slash)) host.append(detail::to_lower(c));
        if (host.view() == detail::docker_hub::index_host) host = decltype(host)(detail::default_host);

        bool const hub = host.view() == detail::default_host;
        if (hub && (path == "scratch" || path == "library/scratch"))
            return {errc::ref_invalid, "the name scratch is reserved", path_at};
        std::string_view const prefix = hub && path.find('/') == path.npos ? "/library/" : "/";
        if (host.size() + prefix.size() + path.size() > max_size)
            return {errc::ref_invalid, "a name has at most 255 bytes, host included", 0};
        name_ = decltype(name_)(host.view());
        name_.append(prefix).append(path);
        host_size_ = static_cast<std::uint16_t>(host.size());
        return {};
    }

  private:
    friend class reference;
    constexpr repository() noexcept = default;

    detail::inline_string<max_size> name_;
    std::uint16_t host_size_ = 0;
};

/// The host (and port) that requests for a repository go to: docker.io is served by registry-1.docker.io,
/// every other host by itself.
inline std::string registry_host(repository const& name) {
    return std::string(name.host() == detail::docker_hub::name ? detail::docker_hub::registry_host : name.host());
}

/// The key that credentials for a repository are kept under: its host as in references
/// (doc/protocol.md#credentials-key).
inline std::string credential_key(repository const& name) { return std::string(name.host()); }

/// The key that older credential files use: the address of an index for docker.io, else `credential_key`
/// (doc/protocol.md#credentials-key).
inline std::string legacy_credential_key(repository const& name) {
    return std::string(name.host() == detail::docker_hub::name ? detail::docker_hub::login_key : name.host());
}

/// The name of an image. A literal type; every value is well-formed and canonical (see `repository`). When
/// both a tag and a digest are given both are kept: the digest decides what is fetched, the tag is reported.
class reference {
  public:
    /// Parses `name[:tag][@digest]`. Errors, all final (no fallback fact is set): `ref_invalid` for the name
    /// and the tag, `digest_invalid` and `digest_unsupported` for what follows '@'; the context has the rule
    /// and the position. Upper-case hex is refused, as is a text of exactly 64 hex digits. Linear in
    /// the text.
    static result<reference> parse(std::string_view text) {
        reference out;
        // What precedes '@' is not quoted when what follows is no digest: it could be the secret of a URL.
        if (auto const wrong = out.assign(text))
            return detail::refuse(wrong, wrong.code == errc::ref_invalid ? text : text.substr(wrong.offset));
        return out;
    }

    constexpr lading::repository const& repository() const noexcept { return name_; }
    /// The tag as given; empty when none was.
    constexpr std::string_view tag() const noexcept { return tag_.view(); }
    constexpr bool has_digest() const noexcept { return digest_.has_value(); }
    constexpr std::optional<lading::digest> const& digest() const noexcept { return digest_; }
    /// The tag, or "latest" when neither tag nor digest is given, or "" when only a digest is (doc/protocol.md#names).
    constexpr std::string_view effective_tag() const noexcept {
        return tag_.empty() && !digest_ ? std::string_view("latest") : tag_.view();
    }
    /// What names the manifest in a request path: the digest if there is one, else the effective tag.
    std::string target() const { return digest_ ? digest_->str() : std::string(effective_tag()); }

    /// The canonical text; `parse(r.str()) == r`.
    std::string str() const {
        auto out = name_.str();
        if (!tag_.empty()) out.append(":").append(tag_.view());
        if (digest_) out.append("@").append(digest_->str());
        return out;
    }

    /// The same name and tag, pinned to `d`.
    constexpr reference with_digest(lading::digest const& d) const noexcept {
        reference out = *this;
        out.digest_ = d;
        return out;
    }

    friend constexpr bool operator==(reference const&, reference const&) noexcept = default;
    friend constexpr auto operator<=>(reference const&, reference const&) noexcept = default;

    /// For parsers and literals that must work in constant expressions: assigns, or leaves the value and says
    /// why.
    constexpr fault assign(std::string_view text) noexcept {
        if (detail::is_image_id(text)) return detail::image_id_fault;
        reference out;
        auto const at = text.find('@');
        if (at != text.npos) {
            auto d = detail::decode_access::make<lading::digest>();
            if (auto const bad = d.assign(text.substr(at + 1)))
                return {bad.code, "after '@' comes sha256: and 64 hex digits in lower case, or sha384: and 96, or sha512: and 128", at + 1};
            out.digest_ = d;
        }
        auto name = text.substr(0, at);
        // Only a ':' after the last '/' starts a tag; before it, it starts a port.
        auto const slash = name.rfind('/');
        if (auto const colon = name.find(':', slash == name.npos ? 0 : slash); colon != name.npos) {
            auto const tag = name.substr(colon + 1);
            name = name.substr(0, colon);
            if (auto const wrong = detail::check_tag(tag, colon + 1)) return wrong;
            out.tag_ = decltype(tag_)(tag);
        }
        if (auto const wrong = out.name_.assign(name)) return wrong;
        *this = out;
        return {};
    }

  private:
    template <detail::fixed_string>
    friend struct reference_literal;
    constexpr reference() noexcept = default;

    lading::repository name_;
    detail::inline_string<128> tag_;
    std::optional<lading::digest> digest_;
};

template <detail::fixed_string Text>
struct reference_literal {
    // Parses a local copy: with -fsanitize=undefined g++ takes no address of a template argument for a constant.
    static consteval bool well_formed() {
        auto const text = Text;
        return !reference().assign(text.view());
    }
    static consteval reference make() {
        static_assert(well_formed(), "[lading] the _ref literal is not a well-formed image reference");
        auto const text = Text;
        reference out;
        out.assign(text.view());
        return out;
    }
};

inline namespace literals {
/// `"docker.io/library/debian:12"_ref`: a reference checked when the program is compiled.
template <detail::fixed_string Text>
consteval reference operator""_ref() {
    return reference_literal<Text>::make();
}
} // namespace literals

} // namespace lading
