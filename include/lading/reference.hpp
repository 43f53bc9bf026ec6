// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `repository` and `reference`: the names of images, by one grammar and one splitter (spec 1.1-1.6 with its FIX rules).
///
/// Both are literal types in one normal form: `parse(r.str()) == r`. Short names are Docker Hub's:
/// `debian` is `docker.io/library/debian`.

#include "detail/inline_string.hpp"
#include "detail/text.hpp"
#include "digest.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lading {

namespace detail {

/// Why a name is malformed; empty when it is not.
using name_fault = std::string_view;

constexpr bool is_hex64(std::string_view text) noexcept {
    if (text.size() != 64) return false;
    for (char c : text)
        if (!is_digit(c) && !(c >= 'a' && c <= 'f')) return false;
    return true;
}

/// One path component: alphanumerics with single separators `.`, `_`, `__` or any number of `-` between them.
constexpr bool is_path_component(std::string_view text) noexcept {
    auto word = [](char c) { return is_lower(c) || is_digit(c); };
    std::size_t i = 0;
    for (;;) {
        if (i == text.size() || !word(text[i])) return false;
        while (i < text.size() && word(text[i])) ++i;
        if (i == text.size()) return true;
        if (text[i] == '.') {
            ++i;
        } else if (text[i] == '_') {
            ++i;
            if (i < text.size() && text[i] == '_') ++i;
        } else {
            while (i < text.size() && text[i] == '-') ++i;
        }
    }
}

constexpr bool is_path(std::string_view text) noexcept {
    for (;;) {
        auto const slash = std::min(text.find('/'), text.size());
        if (!is_path_component(text.substr(0, slash))) return false;
        if (slash == text.size()) return true;
        text.remove_prefix(slash + 1);
    }
}

/// A host name, bracketed IPv6, and a port from 1 to 65535.
constexpr bool is_registry_host(std::string_view text) noexcept {
    auto name = text;
    std::string_view port;
    if (text.starts_with('[')) {
        auto const close = text.find(']');
        if (close == text.npos) return false;
        std::size_t colons = 0;
        for (char c : text.substr(1, close - 1)) {
            if (!is_hex(c) && c != ':') return false;
            colons += c == ':';
        }
        if (colons < 2 || close > 40) return false;
        name = {};
        port = text.substr(close + 1);
    } else if (auto const colon = text.find(':'); colon != text.npos) {
        name = text.substr(0, colon);
        port = text.substr(colon);
        if (name.empty()) return false;
    }
    if (!port.empty()) {
        if (port.size() < 2 || port.size() > 6 || port[0] != ':' || port[1] == '0') return false;
        unsigned value = 0;
        for (char c : port.substr(1)) {
            if (!is_digit(c)) return false;
            value = value * 10 + static_cast<unsigned>(c - '0');
        }
        if (value > 65535) return false;
    }
    if (name.size() > 253) return false;
    while (!name.empty()) {
        auto const dot = std::min(name.find('.'), name.size());
        auto const label = name.substr(0, dot);
        if (label.empty() || label.size() > 63 || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
        for (char c : label)
            if (!is_alnum(c) && c != '-') return false;
        if (dot + 1 == name.size()) return false;
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
    return true;
}

/// The one splitter: is the first component of a name a host?
constexpr bool looks_like_host(std::string_view first) noexcept {
    if (first == "localhost" || first.find_first_of(".:[") != first.npos) return true;
    for (char c : first)
        if (is_upper(c)) return true;
    return false;
}

} // namespace detail

/// True for a tag of the grammar: 1 to 128 of `A-Za-z0-9_.-`, not beginning with `.` or `-`.
constexpr bool is_tag(std::string_view text) noexcept {
    if (text.empty() || text.size() > 128 || text.front() == '.' || text.front() == '-') return false;
    for (char c : text)
        if (!detail::is_alnum(c) && c != '_' && c != '.' && c != '-') return false;
    return true;
}

/// A registry host and a path: where an image's manifests are.
class repository {
  public:
    static constexpr std::size_t max_size = 255; ///< host, slash and path

    /// Parses a name without tag and digest. Errors: `ref_invalid`, final, with the rule that was broken.
    static result<repository> parse(std::string_view text) {
        repository out;
        if (auto const fault = out.assign(text); !fault.empty())
            return error(errc::ref_invalid)
                .with_context(std::string(fault))
                .with_values({}, '"' + detail::printable(text, 300) + '"');
        return out;
    }

    /// "docker.io", "localhost:5000", "[::1]:5000"; lower case.
    constexpr std::string_view host() const noexcept { return text_.view().substr(0, host_size_); }
    /// "library/debian".
    constexpr std::string_view path() const noexcept { return text_.view().substr(host_size_ + 1u); }
    /// "docker.io/library/debian".
    std::string str() const { return std::string(text_.view()); }
    /// For people: without "docker.io/", and without "library/" when exactly one component follows.
    std::string familiar() const {
        if (host() != "docker.io") return str();
        auto p = path();
        if (p.starts_with("library/") && p.find('/', 8) == p.npos) p.remove_prefix(8);
        return std::string(p);
    }

    friend constexpr bool operator==(repository const&, repository const&) noexcept = default;
    friend constexpr auto operator<=>(repository const&, repository const&) noexcept = default;

    /// For parsers and literals in constant expressions: assigns, or says which rule is broken.
    constexpr detail::name_fault assign(std::string_view text) noexcept {
        if (text.empty()) return "a name has at least one component";
        if (detail::is_hex64(text)) return "64 hex digits are an image ID, not a name";
        auto const slash = text.find('/');
        auto const first = text.substr(0, slash == text.npos ? 0 : slash);
        bool const hosted = !first.empty() && detail::looks_like_host(first);
        std::string_view host = hosted ? first : "docker.io";
        std::string_view const path = hosted ? text.substr(slash + 1) : text;
        if (hosted && !detail::is_registry_host(host)) return "the registry host is malformed";
        if (!detail::is_path(path)) return "a path is lower-case components with single separators inside";
        char lowered[max_size]{};
        if (host.size() > max_size) return "a name has at most 255 characters";
        for (std::size_t i = 0; i < host.size(); ++i) lowered[i] = detail::to_lower(host[i]);
        // A single label is told from a path component by its case alone, so there the case stays.
        if (detail::looks_like_host({lowered, host.size()})) host = {lowered, host.size()};
        if (host == "index.docker.io") host = "docker.io";
        bool const official = host == "docker.io" && path.find('/') == path.npos;
        if (host.size() + 1 + (official ? 8 : 0) + path.size() > max_size) return "a name has at most 255 characters";
        if (host == "docker.io" && (path == "scratch" || path == "library/scratch")) return "scratch is a reserved name";
        text_ = {};
        text_.append(host).append(official ? "/library/" : "/").append(path);
        host_size_ = static_cast<std::uint16_t>(host.size());
        return {};
    }

  private:
    friend class reference;
    constexpr repository() noexcept = default;

    detail::inline_string<max_size> text_;
    std::uint16_t host_size_ = 0;
};

/// Where requests for a repository go: Docker Hub's registry has another name than its references.
inline std::string registry_host(repository const& r) {
    return r.host() == "docker.io" ? "registry-1.docker.io" : std::string(r.host());
}

/// The key under which credentials for a repository's registry are kept (spec 1.6).
inline std::string credential_key(repository const& r) { return std::string(r.host()); }
/// The key that older credential files have for it.
inline std::string legacy_credential_key(repository const& r) {
    return r.host() == "docker.io" ? "https://index.docker.io/v1/" : std::string(r.host());
}

/// A repository with a tag, a digest, both or neither. With both the digest decides what is fetched, and the tag is
/// kept for the record.
class reference {
  public:
    /// Parses `name[:tag][@digest]`. Errors, all final: `ref_invalid` with the broken rule, `digest_invalid`,
    /// `digest_unsupported`. Linear; no allocation but for the error.
    static result<reference> parse(std::string_view text) {
        reference out;
        if (auto const [code, fault] = out.assign(text); code != errc::ok)
            return error(code)
                .with_context(std::string(fault))
                .with_values({}, '"' + detail::printable(text, 300) + '"');
        return out;
    }

    constexpr lading::repository const& repository() const noexcept { return name_; }
    constexpr std::string_view tag() const noexcept { return tag_.view(); } ///< empty when none is written
    constexpr bool has_digest() const noexcept { return digest_.has_value(); }
    constexpr std::optional<lading::digest> const& digest() const noexcept { return digest_; }
    /// The tag that is meant: the written one, `latest` when neither tag nor digest is, else empty.
    constexpr std::string_view effective_tag() const noexcept {
        return tag_.empty() && !digest_ ? std::string_view("latest") : tag_.view();
    }
    /// What goes into the path of a manifest request.
    std::string target() const { return digest_ ? digest_->str() : std::string(effective_tag()); }
    /// The whole name in normal form.
    std::string str() const {
        std::string out = name_.str();
        if (!tag_.empty()) out.append(":").append(tag_.view());
        if (digest_) out.append("@").append(digest_->str());
        return out;
    }
    /// The same reference pinned to a digest.
    reference with_digest(lading::digest const& d) const {
        reference out = *this;
        out.digest_ = d;
        return out;
    }

    friend constexpr bool operator==(reference const&, reference const&) noexcept = default;

    struct fault {
        errc code;
        std::string_view rule;
    };
    /// For parsers and literals in constant expressions.
    constexpr fault assign(std::string_view text) noexcept {
        tag_ = {};
        digest_.reset();
        if (auto const at = text.find('@'); at != text.npos) {
            lading::digest d = detail::decode_access::make<lading::digest>();
            if (errc const e = d.assign(text.substr(at + 1)); e != errc::ok) return {e, "after the @"};
            digest_ = d;
            text = text.substr(0, at);
        }
        // A colon behind the last slash begins the tag; one before it belongs to the host.
        if (auto const colon = text.rfind(':'); colon != text.npos && text.find('/', colon) == text.npos &&
                                                !(text.starts_with('[') && text.find('/') == text.npos)) {
            auto const tag = text.substr(colon + 1);
            if (!is_tag(tag)) return {errc::ref_invalid, "a tag is 1 to 128 of A-Za-z0-9_.- and begins with none of .-"};
            tag_ = detail::inline_string<128>(tag);
            text = text.substr(0, colon);
        }
        if (auto const rule = name_.assign(text); !rule.empty()) return {errc::ref_invalid, rule};
        return {errc::ok, {}};
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
    static constexpr bool well_formed = reference().assign(Text.view()).code == errc::ok;
    static_assert(well_formed, "[lading] the _ref literal is not a well-formed image reference");
    static consteval reference make() {
        reference out;
        out.assign(Text.view());
        return out;
    }
};

inline namespace literals {
/// `"docker.io/library/debian:12"_ref`: a malformed reference does not compile.
template <detail::fixed_string Text>
consteval reference operator""_ref() {
    return reference_literal<Text>::make();
}
} // namespace literals

} // namespace lading
