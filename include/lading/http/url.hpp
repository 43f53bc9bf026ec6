// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `url` and `origin`: absolute http and https URLs in one normal form, and who may see a secret (doc/threats.md#c09).
/// Our own because an origin must have exactly one spelling, and what has two must be refused.

#include "../detail/ip_text.hpp"
#include "../detail/text.hpp"
#include "../result.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// Scheme, lower-case host without trailing dot, effective port. Equality of all three, or it is another origin.
struct origin {
    origin(std::string s, std::string h, std::uint16_t p) : scheme(std::move(s)), host(std::move(h)), port(p) {}
    std::string scheme;
    std::string host; ///< IPv6 in brackets
    std::uint16_t port;

    std::string str() const { return scheme + "://" + host + ':' + std::to_string(port); }
    /// Host, and port when it is not the scheme's own: what a Host header holds.
    std::string authority() const {
        bool const own = port == (scheme == "https" ? 443 : 80);
        return own ? host : host + ':' + std::to_string(port);
    }
    /// The start of its URLs: the scheme and the authority.
    std::string base() const { return scheme + "://" + authority(); }
    friend bool operator==(origin const&, origin const&) = default;
};

/// Everything but unreserved characters as %XX.
inline std::string percent_encode(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (detail::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            out += c;
        } else {
            auto const b = static_cast<unsigned char>(c);
            out += {'%', "0123456789ABCDEF"[b >> 4], "0123456789ABCDEF"[b & 15]};
        }
    }
    return out;
}

/// A URL as some servers write it, with what no URL may hold (space, `"`, `<`, `>`, `\`, bytes of UTF-8) as %XX. Control
/// characters stay, so that `url::parse` refuses them; so does it a host with a `%`.
inline std::string percent_encode_stray(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (char c : text) {
        bool const stray = c == ' ' || c == '"' || c == '<' || c == '>' || c == '\\' || static_cast<unsigned char>(c) >= 0x80;
        out.append(stray ? percent_encode({&c, 1}) : std::string(1, c));
    }
    return out;
}

/// `application/x-www-form-urlencoded` text.
inline std::string form_encode(std::vector<std::pair<std::string, std::string>> const& fields) {
    std::string out;
    for (auto const& [k, v] : fields)
        out.append(out.empty() ? "" : "&").append(percent_encode(k)).append("=").append(percent_encode(v));
    return out;
}

namespace detail {

/// A host in its normal form that is this machine. By number: "127.0.0.1.example.com" is anywhere.
constexpr bool is_loopback_host(std::string_view host) noexcept {
    auto const ip = parse_ip(host);
    if (!ip) return host == "localhost";
    if (ip.size == 4) return ip.bytes[0] == 127;
    for (std::size_t i = 0; i < 15; ++i)
        if (ip.bytes[i] != 0) return false;
    return ip.bytes[15] == 1;
}

/// A host in lower case without trailing dot: a name, dotted IPv4, or bracketed IPv6. Shapes that some resolvers read
/// as addresses (`2130706433`, `0x7f.1`, `127.1`) are no hosts.
constexpr bool is_host(std::string_view host) noexcept {
    if (host.starts_with('[')) return host.ends_with(']') && bool(parse_ipv6(host.substr(1, host.size() - 2)));
    if (host.empty() || host.size() > 253) return false;
    std::string_view last;
    for (std::string_view rest = host; !rest.empty();) {
        auto const end = std::min(rest.find('.'), rest.size());
        last = rest.substr(0, end);
        if (last.empty() || last.size() > 63 || last.front() == '-' || last.back() == '-') return false;
        for (char c : last)
            if (!is_lower(c) && !is_digit(c) && c != '-' && c != '_') return false;
        if (end + 1 == rest.size()) return false;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    bool number = true;
    for (char c : last) number = number && is_digit(c);
    bool const hex = last.starts_with("0x");
    return number || hex ? bool(parse_ipv4(host)) : true;
}

} // namespace detail

/// True for a URL, or a reference to one, that names a user ("https://me@host/", "//me@host"): what a server may not
/// have a client send (doc/threats.md#c26).
constexpr bool names_user(std::string_view reference) noexcept {
    auto const path = std::min(reference.find_first_of("/?#"), reference.size());
    if (!reference.substr(path).starts_with("//")) return false;
    auto const authority = reference.substr(path + 2);
    return authority.substr(0, authority.find_first_of("/?#")).find('@') != authority.npos;
}

class url {
  public:
    static constexpr std::size_t max_size = 64u << 10;

    /// Parses an absolute URL. Errors: `url_invalid`, with the reason in the context and never the text itself, which
    /// may hold a secret.
    static result<url> parse(std::string_view text) {
        auto refuse = [](char const* why) { return error(errc::url_invalid).with_context(why); };
        if (text.size() > max_size) return refuse("longer than 65536 bytes");
        for (char c : text)
            if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>')
                return refuse("a character that no URL has");
        text = text.substr(0, text.find('#'));
        url out;
        auto const colon = text.find("://");
        if (colon == text.npos) return refuse("not absolute");
        out.scheme_ = detail::lower(text.substr(0, colon));
        if (out.scheme_ != "http" && out.scheme_ != "https") return refuse("neither http nor https");
        if (names_user(text)) return refuse("user information");
        text.remove_prefix(colon + 3);
        auto const end = std::min(text.find_first_of("/?"), text.size());
        auto authority = text.substr(0, end);
        auto port_at = authority.rfind(':');
        if (authority.starts_with('[') && port_at != authority.npos && port_at < authority.find(']'))
            port_at = authority.npos;
        out.port_ = out.scheme_ == "https" ? 443 : 80;
        if (port_at != authority.npos) {
            auto const digits = authority.substr(port_at + 1);
            unsigned value = 0;
            auto const [last, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
            if (digits.empty() || digits.size() > 5 || bad != std::errc() || last != digits.data() + digits.size() ||
                value == 0 || value > 65535)
                return refuse("the port is not a number from 1 to 65535");
            out.port_ = static_cast<std::uint16_t>(value);
            authority = authority.substr(0, port_at);
        }
        out.host_ = detail::lower(authority);
        if (out.host_.size() > 1 && out.host_.ends_with('.')) out.host_.pop_back();
        if (!detail::is_host(out.host_)) return refuse("the host is malformed");
        out.set_target(text.substr(end));
        return out;
    }

    std::string const& scheme() const noexcept { return scheme_; }
    std::string const& host() const noexcept { return host_; }
    std::uint16_t port() const noexcept { return port_; }
    lading::origin origin() const { return {scheme_, host_, port_}; }
    std::string const& path() const noexcept { return path_; }
    std::string const& query() const noexcept { return query_; } ///< without '?'
    bool has_query() const noexcept { return has_query_; }
    /// Path and query: what a request line holds.
    std::string target() const { return has_query_ ? path_ + '?' + query_ : path_; }
    /// That of the origin.
    std::string authority() const { return origin().authority(); }
    std::string str() const { return scheme_ + "://" + authority() + target(); }

    /// For logs and errors: query values are hidden but those of paging and scope; bounded.
    std::string safe() const {
        std::string out = scheme_ + "://" + authority() + detail::printable(path_, 512);
        if (!has_query_) return out;
        out += '?';
        std::string_view rest = query_;
        while (!rest.empty() && out.size() < 2048) {
            auto const end = std::min(rest.find('&'), rest.size());
            auto const one = rest.substr(0, end);
            auto const key = one.substr(0, one.find('='));
            bool const open = key == "n" || key == "last" || key == "service" || key == "scope";
            out += detail::printable(open ? one : key, 256);
            if (!open && one.size() > key.size()) out += "=***";
            rest.remove_prefix(std::min(end + 1, rest.size()));
            if (!rest.empty()) out += '&';
        }
        return out;
    }

    /// The URL that a reference means here (RFC 3986, 5.2). Errors: `url_invalid`.
    result<url> resolve(std::string_view reference) const {
        if (reference.empty()) return error(errc::url_invalid).with_context("empty");
        auto const delimiter = reference.find_first_of(":/?#");
        if (delimiter != reference.npos && reference[delimiter] == ':') return parse(reference);
        auto const base = scheme_ + "://";
        if (reference.starts_with("//")) return parse(scheme_ + ':' + std::string(reference));
        if (reference.starts_with('/')) return parse(base + authority() + std::string(reference));
        if (reference.starts_with('?')) return parse(base + authority() + path_ + std::string(reference));
        if (reference.starts_with('#')) return *this;
        return parse(base + authority() + path_.substr(0, path_.rfind('/') + 1) + std::string(reference));
    }

    /// The same query at another origin. `path` is in normal form, as that of a `url` is.
    url at(lading::origin o, std::string path) const {
        url out = *this;
        out.scheme_ = std::move(o.scheme);
        out.host_ = std::move(o.host);
        out.port_ = o.port;
        out.path_ = std::move(path);
        out.has_query_ = !query_.empty();
        return out;
    }

    /// Adds one query parameter, percent-encoded.
    url& add_query(std::string_view key, std::string_view value) {
        if (has_query_ && !query_.empty()) query_ += '&';
        has_query_ = true;
        query_ += percent_encode(key) + '=' + percent_encode(value);
        return *this;
    }

  private:
    url() = default;

    void set_target(std::string_view target) {
        auto const question = target.find('?');
        has_query_ = question != target.npos;
        if (has_query_) query_ = target.substr(question + 1);
        path_ = without_dots(target.substr(0, question));
    }
    /// RFC 3986, 5.2.4.
    static std::string without_dots(std::string_view path) {
        if (path.starts_with('/') && path.find("/.") == path.npos) return std::string(path); // as good as always
        std::string out;
        while (!path.empty()) {
            auto const next = std::min(path.find('/', 1), path.size());
            auto const segment = path.substr(0, next);
            bool const last = next == path.size();
            if (segment == "/." || segment == ".") {
                if (last) out += '/';
            } else if (segment == "/.." || segment == "..") {
                out.erase(out.empty() ? 0 : out.rfind('/'));
                if (last) out += '/';
            } else {
                out += segment;
            }
            path.remove_prefix(next);
        }
        return out.starts_with('/') ? out : '/' + out;
    }

    std::string scheme_, host_, path_, query_;
    std::uint16_t port_ = 0;
    bool has_query_ = false;
};

namespace detail {
/// The origin of a URL; for text that is not a URL, one that equals no other origin.
inline origin origin_of(std::string_view text) {
    auto const u = url::parse(text);
    return u ? u.assume_value().origin() : origin("", "", 0);
}
} // namespace detail

/// `url::safe` of any text; text that is not a URL is not shown, only said to be none.
inline std::string safe_url(std::string_view text) {
    auto const u = url::parse(text);
    return u ? u.assume_value().safe() : "(not a URL)";
}

} // namespace lading
