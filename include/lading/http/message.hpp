// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `request` and `response`: the vocabulary between operations and transports. Heads only; bodies are streamed.

#include "../detail/algorithm.hpp"
#include "../detail/chrono.hpp"
#include "../detail/stop_token.hpp"
#include "../result.hpp"
#include "../warning.hpp"
#include "address.hpp"
#include "body_source.hpp"

#include <cstddef>
#include <cstdint>
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

/// Header fields in the order sent; names compare without case; several of one name are kept. All text is in one
/// string, so that a head costs two allocations or so, not two a line.
class header_map {
    /// Where a field is in `text_`: its name, then its value.
    struct place {
        std::size_t at, name, value; ///< the sizes of the two
    };

  public:
    /// Name and value; valid until the map is changed.
    using value_type = std::pair<std::string_view, std::string_view>;

    class const_iterator {
      public:
        const_iterator(header_map const& of, std::size_t i) : of_(&of), i_(i) {}
        value_type operator*() const { return (*of_)[i_]; }
        const_iterator& operator++() { return ++i_, *this; }
        friend bool operator==(const_iterator const&, const_iterator const&) = default;

      private:
        header_map const* of_;
        std::size_t i_;
    };

    /// The texts are not this map's own.
    void add(std::string_view name, std::string_view value) {
        fields_.push_back({text_.size(), name.size(), value.size()});
        text_.append(name).append(value);
    }
    /// Replaces all fields of the name by one.
    void set(std::string_view name, std::string_view value) {
        erase(name);
        add(name, value);
    }
    /// Nothing is left of the fields, in the text neither: they may have been secrets.
    void erase(std::string_view name) {
        if (!find(name)) return;
        header_map kept;
        for (auto const& [n, v] : *this)
            if (!iequal(n, name)) kept.add(n, v);
        *this = std::move(kept);
    }
    /// Makes room for so many fields with so many bytes.
    void reserve(std::size_t fields, std::size_t bytes) {
        fields_.reserve(fields);
        text_.reserve(bytes);
    }
    /// The first value of the name, or nothing.
    std::optional<std::string_view> find(std::string_view name) const {
        for (auto const& [n, v] : *this)
            if (iequal(n, name)) return v;
        return std::nullopt;
    }
    /// Every value of the name, in order.
    std::vector<std::string_view> all(std::string_view name) const {
        std::vector<std::string_view> out;
        for (auto const& [n, v] : *this)
            if (iequal(n, name)) out.push_back(v);
        return out;
    }
    value_type operator[](std::size_t i) const noexcept {
        auto const& f = fields_[i];
        auto const* const from = text_.data() + f.at;
        return {{from, f.name}, {from + f.name, f.value}};
    }
    const_iterator begin() const noexcept { return {*this, 0}; }
    const_iterator end() const noexcept { return {*this, fields_.size()}; }
    std::size_t size() const noexcept { return fields_.size(); }

  private:
    std::string text_;
    std::vector<place> fields_;
};

/// How far a request may go, by who named its host. Transports check the address that they dial.
enum class address_policy : std::uint8_t {
    anywhere,  ///< the caller named it
    inside,    ///< a server inside the network named it: anywhere but link-local and metadata addresses
    outside,   ///< a server named it: public addresses only
};

/// Whether a request may go to an address of this scope.
constexpr bool may_reach(address_policy p, address_scope where) noexcept {
    return p == address_policy::anywhere || where == address_scope::outside || (p == address_policy::inside && where == address_scope::inside);
}

/// One HTTP request. `url` is absolute (`http` or `https`); the transport derives `Host` from it and adds framing
/// (`Content-Length` or `Transfer-Encoding`), nothing else.
struct request {
    request() = default;
    request(std::string m, std::string u) : method(std::move(m)), url(std::move(u)) {}

    std::string method = "GET";
    std::string url;
    header_map headers;
    std::string body; ///< small bodies (token forms); empty for none
    /// Gives the body in place of `body`; must outlive the exchange. Without a size it is sent in chunks.
    body_source* source = nullptr;

    /// Where it may be sent.
    lading::address_policy address_policy = lading::address_policy::anywhere;
    /// Who named its host: host, and port unless it is the scheme's own, of the registry that was asked first; empty: the caller.
    std::string named_by;
    /// When the whole operation must be over.
    std::optional<std::chrono::steady_clock::time_point> deadline;
    /// Ends a blocking exchange early, from another thread. An asynchronous one has the slot of its handler.
    stop_token stop;
};

/// The head of an answer. The body goes to the sink.
struct response {
    response() = default;
    explicit response(int s) : status(s) {}

    int status = 0;
    header_map headers;
    std::string url; ///< the URL that was asked (after redirects: the last one)
    /// Where the connection really went; nothing where that is not known: through a proxy, or without a network.
    std::optional<address_scope> peer;
    /// False when the answer came before the body of the request had been sent to its end: the request was not complete.
    bool sent_whole = true;
    std::vector<warning> warnings; ///< what was odd on the way to it; the operation passes it on to its value
};

/// How far a host may be that an answer names. A server inside the network may name others there, one outside may not.
/// It is the address of its own connection that counts; where that is not known, what its name shows, and it may name itself. What
/// it was allowed to be is no sign then of where it is: its own name may have made it so. `asked` is the reach of the request, `here`
/// and `there` the hosts of the two.
constexpr address_policy policy_from(response const& head, address_policy asked, std::string_view here, std::string_view there) noexcept {
    if (asked == address_policy::outside) return address_policy::outside;
    if (head.peer) return *head.peer == address_scope::outside ? address_policy::outside : address_policy::inside;
    bool const inside = here == there || scope_of_host(here) != address_scope::outside;
    return inside ? address_policy::inside : address_policy::outside;
}

/// What a sink says after each piece.
enum class sink_action : std::uint8_t {
    proceed, ///< go on
    stop     ///< enough: the transport stops reading, closes the connection and reports success
};

/// Takes one body, piece by piece. A transport calls `begin` once for the final head, then `write` for each piece,
/// and after the last one returns; a failure ends the exchange with that error. The same sink may be used for several
/// exchanges in turn (a replay after a 401): `begin` starts afresh. Never called by two threads at once.
class body_sink {
  public:
    virtual ~body_sink() = default;
    /// `content_length` is the announced size in bytes, if any. A failure here ends the exchange before a body byte
    /// is read.
    virtual result<sink_action> begin(response const& head, std::optional<std::uint64_t> content_length) = 0;
    virtual result<sink_action> write(std::span<std::byte const> piece) = 0;
};

} // namespace lading
