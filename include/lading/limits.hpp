// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `limits`: the bounds on everything that a server can send. Sizes are in bytes, times in milliseconds. The part that
/// enforces a bound is named in parentheses. `doc/limits.md` is generated from this header.

#include "detail/chrono.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lading {

/// Bounds of a JSON text, enforced by the one event sink (`json/document.hpp`) for every JSON reader.
struct json_limits {
    std::size_t bytes = 4u << 20;               ///< the whole text
    std::size_t depth = 64;                     ///< nesting
    std::size_t keys_per_object = 10'000;       ///< members of one object
    std::size_t nodes = 262'144;                ///< values and keys of the whole text: one per 16 bytes of 4 MiB
    bool repeated_keys = false;                 ///< whether a name may occur twice in an object; a lookup of such a name then finds no value of any type
};

/// Bounds of everything else. Change the defaults in a value that you pass to `client_options::with_limits`.
struct limits {
    std::size_t manifest_bytes = 4u << 20;      ///< a manifest (manifest operation)
    std::size_t config_bytes = 4u << 20;        ///< a config blob (inspect and config operations)
    std::uint64_t blob_bytes = std::uint64_t(10) << 30; ///< a blob without a known size (blob operation)
    std::size_t token_bytes = 256u << 10;       ///< the response of a token service (token operation)
    std::size_t token_length = 64u << 10;       ///< a token, or the refresh token that comes with it (token operation)
    std::size_t error_bytes = 64u << 10;        ///< what is read of an error body (`response_body`)
    std::size_t error_text = 4u << 10;          ///< what is kept of an error body (`http/error_body.hpp`)
    std::size_t tag_page_bytes = 64u << 20;     ///< one page of a tag list as it is read; only the names are kept (tags operation)
    std::size_t tags = 1'000'000;               ///< entries of a tag list (tags operation)
    std::size_t tags_bytes = 64u << 20;         ///< text of a tag list (tags operation)
    std::size_t pages = 10'000;                 ///< pages of a tag list (tags operation)
    std::size_t page_size = 1000;               ///< entries requested per page
    std::size_t referrers = 1000;               ///< entries of a list of referrers (referrers operation)
    std::size_t referrer_pages = 100;           ///< pages of a list of referrers (referrers operation)
    std::size_t referrer_depth = 4;             ///< referrers of referrers (copy)
    std::size_t descriptors = 40'000;           ///< layers of an image, entries of an index (decoding); 4 MiB cannot hold more
    std::size_t odd_entry_bytes = 4u << 10;     ///< what is kept of an index entry that is not a descriptor (decoding)
    std::size_t nesting = 8;                    ///< depth of indexes within indexes (inspect operation, copy)
    std::size_t copied_entries = 4096;          ///< what one document of a copy may list (copy)
    std::size_t copied_documents = 10'000;      ///< documents of one copy, and as many that follow it (copy); of one removal with referrers
    std::size_t copied_blobs = 100'000;         ///< blobs of one copy (copy)
    std::size_t copied_document_bytes = 128u << 20; ///< all documents of one copy; they are held until their blobs are there (copy)
    std::size_t redirects = 10;                 ///< redirects of one request (redirect middleware)
    std::size_t auth_rounds = 2;                ///< rejected responses before giving up (authorize middleware)
    std::size_t header_bytes = 256u << 10;      ///< the head of a response (transport)
    std::size_t header_line = 64u << 10;        ///< one line of the head (transport)
    std::size_t header_lines = 512;             ///< lines of the head (transport)
    std::size_t informational = 5;              ///< 1xx responses before the final one (transport)
    std::size_t trailer_bytes = 8u << 10;       ///< trailers of a chunked body (transport)
    std::size_t chunk_extensions = 16u << 10;   ///< all chunk extensions of a body (transport)
    std::uint64_t archive_bytes = std::uint64_t{16} << 30; ///< a compressed archive once decompressed (`image_on_disk`)
    std::uint64_t layer_bytes = std::uint64_t{64} << 30; ///< a layer once decompressed (`docker_archive`)
    json_limits json{};

    std::chrono::milliseconds connect{30'000};  ///< name resolution and connecting (transport)
    std::chrono::milliseconds handshake{10'000}; ///< the TLS handshake (transport)
    std::chrono::milliseconds header{30'000};   ///< from the last byte sent to the complete head (transport)
    std::chrono::milliseconds expect{1'000};    ///< how long a server is waited for that was asked whether it wants a body; then it is sent (transport)
    std::chrono::milliseconds idle{30'000};     ///< silence within a body, or while a request is sent (transport)
    std::chrono::milliseconds pace{60'000};     ///< the time in which a body must bring `pace_bytes` (transport)
    std::size_t pace_bytes = 60u << 10;         ///< the least a body must bring in each `pace`: 1 KiB per second (transport)
    std::chrono::milliseconds pooled{30'000};   ///< how long an idle connection is kept (transport)
    std::size_t connections = 64;               ///< concurrent connections per origin; further exchanges queue (`asio_transport`)
    std::size_t lookups = 2;                    ///< concurrent look-ups on behalf of one registry that names hosts, or of one name (`asio_transport`)
    std::size_t all_lookups = 32;               ///< concurrent look-ups of names that callers gave, and as many again of those that servers gave (`asio_transport`)
    std::size_t idle_connections = 64;          ///< idle connections kept, over all origins (`asio_transport`)
};

namespace detail {
/// "at most 30000 ms (limits::header)": what an error says of a limit of time, and which to change.
inline std::string limit_text(std::chrono::milliseconds most, std::string_view name) {
    return "at most " + std::to_string(most.count()) + " ms (" + std::string(name) + ")";
}
} // namespace detail

} // namespace lading
