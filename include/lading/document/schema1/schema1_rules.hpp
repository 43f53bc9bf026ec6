// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `schema1_rules`: how strictly a schema1 manifest is read.

#include <cstdint>

namespace lading {

/// Which of two readings of a schema1 document.
enum class schema1_rules : std::uint8_t {
    modern,  ///< config of the newest entry, all its keys kept, every parent checked
    docker_1_10 ///< Docker 1.10's: config of the newest entry that is left, unknown keys of old versions dropped
};

} // namespace lading
