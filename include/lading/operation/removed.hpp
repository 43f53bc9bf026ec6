// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `removed`: what a call removes.

#include <cstdint>

namespace lading {

/// What is removed.
enum class removed : std::uint8_t { manifest, ///< by its digest, and with it all tags that lead to it
                                    tag,      ///< alone
                                    blob };   ///< by its digest; manifests that list it stay

} // namespace lading
