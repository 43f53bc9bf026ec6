// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `schema1`: Docker's first manifest (doc/protocol.md#schema1). The document here is what the signed payload says;
/// the signature envelope, the checks of the layer chain and the conversion have headers of their own:
/// `schema1_payload.hpp`, `schema1_chain.hpp` and `document/schema1/schema1_conversion.hpp`.

#include "../digest.hpp"
#include "../media_type.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// One layer; index 0 is the top.
struct schema1_layer {
    explicit schema1_layer(digest d) : blob_sum(std::move(d)) {}

    digest blob_sum;

  private:
    friend struct detail::decode_access;
    schema1_layer() : blob_sum(detail::decode_access::make<digest>()) {}
};

/// How the layer of the same index was made: a JSON object in a string.
struct schema1_history {
    std::string v1_compatibility;
};

/// A schema1 manifest. `fs_layers` and `history` are of equal length, newest first (checked by the decoder's user).
struct schema1 {
    static constexpr std::array media_types{media_types::docker_schema1_signed, media_types::docker_schema1};

    std::int64_t schema_version = 1;
    std::string name;
    std::string tag;
    std::string architecture;
    std::vector<schema1_layer> fs_layers;
    std::vector<schema1_history> history;
};

} // namespace lading
