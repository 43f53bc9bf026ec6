// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `limits`: every bound that a registry's answer is held to (hostile.md section 3). Sizes are in bytes, times in
/// milliseconds. Each has one place that enforces it, named here.

#include "detail/chrono.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lading {

/// Bounds of a JSON text, enforced by the one event sink (`json/document.hpp`) for every JSON backend.
struct json_limits {
    std::size_t bytes = 4u << 20;          ///< of the whole text
    std::size_t depth = 64;                ///< of nesting
    std::size_t keys_per_object = 10'000;  ///< members of one object
    std::size_t nodes = 262'144;           ///< values and keys of the whole text: one for 16 bytes of 4 MiB
    bool repeated_keys = false;            ///< a name may come twice in an object; who looks it up finds no value of any type
};

/// Bounds of everything else. The defaults are those of the table; change the value that the client is given.
struct limits {
    std::size_t manifest_bytes = 4u << 20; ///< a manifest (manifest operation)
    std::size_t config_bytes = 4u << 20;   ///< a config blob (inspect and config operations)
    std::uint64_t blob_bytes = std::uint64_t(10) << 30; ///< a blob whose size no descriptor says (blob operation)
    std::size_t token_bytes = 256u << 10;  ///< the answer of a token service (token operation)
    std::size_t token_length = 64u << 10;  ///< a token, or the refresh token beside it (token operation)
    std::size_t error_bytes = 64u << 10;   ///< read of an error body (`response_body`)
    std::size_t error_text = 4u << 10;     ///< kept of what a registry says (`http/error_body.hpp`)
    std::size_t tag_page_bytes = 64u << 20; ///< read of one page of a tag list, kept or not (tags operation)
    std::size_t tags = 1'000'000;          ///< entries of a tag list (tags operation)
    std::size_t tags_bytes = 64u << 20;    ///< text of a tag list (tags operation)
    std::size_t pages = 10'000;            ///< pages of a tag list (tags operation)
    std::size_t page_size = 1000;          ///< entries asked for in one page
    std::size_t descriptors = 40'000;      ///< layers of an image, entries of an index (decode); more do not fit 4 MiB
    std::size_t odd_entry_bytes = 4u << 10; ///< kept of the text of an entry of an index that is no descriptor (decode)
    std::size_t nesting = 8;               ///< of indexes (inspect operation)
    std::size_t redirects = 10;            ///< of one request (redirect layer)
    std::size_t auth_rounds = 2;           ///< refused answers before giving up (authorize layer)
    std::size_t header_bytes = 256u << 10; ///< the head of an answer (transport)
    std::size_t header_line = 64u << 10;   ///< one line of it (transport)
    std::size_t header_lines = 512;        ///< lines of it (transport)
    std::size_t informational = 5;         ///< 1xx answers before the real one (transport)
    std::size_t trailer_bytes = 8u << 10;  ///< trailers of a chunked body (transport)
    std::size_t chunk_extensions = 16u << 10; ///< extensions of all chunks of a body (transport)
    std::uint64_t archive_bytes = std::uint64_t{16} << 30; ///< a compressed archive, decompressed (`oci_layout`)
    json_limits json{};

    std::chrono::milliseconds connect{30'000};   ///< name resolution and connecting (transport)
    std::chrono::milliseconds handshake{10'000}; ///< TLS (transport)
    std::chrono::milliseconds header{30'000};    ///< from the last byte sent to the complete head (transport)
    std::chrono::milliseconds idle{30'000};      ///< between two pieces of a body, or of a request (transport)
    std::chrono::milliseconds pace{60'000};      ///< a body that brings fewer than `pace_bytes` in this time is too slow (transport)
    std::size_t pace_bytes = 60u << 10;          ///< 1 KiB a second
    std::chrono::milliseconds pooled{30'000};    ///< an idle connection is kept (transport)
    std::size_t connections = 64;      ///< under way to one origin; further exchanges wait their turn (`asio_transport`)
    std::size_t lookups = 2;           ///< of names under way, for one registry that names hosts, or of one name (`asio_transport`)
    std::size_t all_lookups = 32;      ///< of names that callers gave, and as many of those that servers did (`asio_transport`)
    std::size_t idle_connections = 64; ///< kept for later, of all origins (`asio_transport`)
};

namespace detail {
/// "at most 30000 ms (limits::header)": what an error says of a limit of time, and which to change.
inline std::string limit_text(std::chrono::milliseconds most, std::string_view name) {
    return "at most " + std::to_string(most.count()) + " ms (" + std::string(name) + ")";
}
} // namespace detail

} // namespace lading
