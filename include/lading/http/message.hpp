// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `request` and `response`: the vocabulary between operations and transports. Heads only; bodies are streamed.

#include "../digest.hpp"
#include "../result.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// True when two header names, schemes or hosts are equal but for ASCII case.
constexpr bool iequal(std::string_view a, std::string_view b) noexcept {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// Header fields in the order sent; names compare without case; several of one name are kept.
class header_map {
  public:
    using value_type = std::pair<std::string, std::string>;

    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    /// Replaces all fields of the name by one.
    void set(std::string_view name, std::string value) {
        erase(name);
        add(std::string(name), std::move(value));
    }
    void erase(std::string_view name) {
        std::erase_if(fields_, [&](value_type const& f) { return iequal(f.first, name); });
    }
    /// The first value of the name, or nothing.
    std::optional<std::string_view> find(std::string_view name) const {
        for (auto const& [n, v] : fields_)
            if (iequal(n, name)) return std::string_view(v);
        return std::nullopt;
    }
    /// Every value of the name, in order.
    std::vector<std::string_view> all(std::string_view name) const {
        std::vector<std::string_view> out;
        for (auto const& [n, v] : fields_)
            if (iequal(n, name)) out.emplace_back(v);
        return out;
    }
    auto begin() const noexcept { return fields_.begin(); }
    auto end() const noexcept { return fields_.end(); }
    std::size_t size() const noexcept { return fields_.size(); }

  private:
    std::vector<value_type> fields_;
};

/// How far a request may go, by who named its host (hostile.md C09). Transports check the address that they dial.
enum class reach : std::uint8_t {
    anywhere,  ///< the caller named it
    inside,    ///< a server inside the network named it: anywhere but link-local addresses
    outside,   ///< a server named it: public addresses only
};

/// One HTTP request. `url` is absolute (`http` or `https`); the transport derives `Host` from it and adds framing
/// (`Content-Length`), nothing else.
struct request {
    request() = default;
    request(std::string m, std::string u) : method(std::move(m)), url(std::move(u)) {}

    std::string method = "GET";
    std::string url;
    header_map headers;
    std::string body; ///< small bodies (token forms); empty for none

    /// What the token must allow ("repository:library/x:pull"); empty for requests that need none.
    std::string scope;
    /// Credentials may be added for this hop (false after a redirect to another origin, and for token requests).
    bool may_authorize = true;
    /// Where it may be sent.
    lading::reach reach = lading::reach::anywhere;
    /// The digest of the body that is wanted, where a cache may have it: small documents, no streams.
    std::optional<digest> content;
    /// A manifest by its tag: a cache may know what the tag named, and ask whether it still does.
    bool by_tag = false;
    /// When the whole operation must be over.
    std::optional<std::chrono::steady_clock::time_point> deadline;
};

/// The head of an answer. The body goes to the sink.
struct response {
    response() = default;
    explicit response(int s) : status(s) {}

    int status = 0;
    header_map headers;
    std::string url;               ///< the URL that was asked (after redirects: the last one)
    bool credentials_sent = false; ///< set by the authorize layer: the request carried credentials
    bool challenge_unanswered = false; ///< set by the authorize layer: Basic was asked for and there is no secret
};

/// What a sink says after each piece.
enum class flow : std::uint8_t {
    more, ///< go on
    stop  ///< enough: the transport stops reading, closes the connection and reports success
};

/// Takes one body, piece by piece. A transport calls `begin` once for the final head, then `write` for each piece,
/// and after the last one returns; a failure ends the exchange with that error. The same sink may be used for several
/// exchanges in turn (a replay after a 401): `begin` starts afresh. Never called by two threads at once.
class body_sink {
  public:
    virtual ~body_sink() = default;
    /// `content_length` is the announced size in bytes, if any. A failure here ends the exchange before a body byte
    /// is read.
    virtual result<flow> begin(response const& head, std::optional<std::uint64_t> content_length) = 0;
    virtual result<flow> write(std::span<std::byte const> piece) = 0;
};

} // namespace lading
