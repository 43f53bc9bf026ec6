// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `opaque`: a document of a type that the manifest set does not know. It is data, not an error.

#include <string>

namespace lading {

/// Always the last alternative of a manifest. The bytes are beside it, in the manifest.
struct opaque {
    std::string media_type;    ///< as the document says it
    std::string artifact_type; ///< empty when absent
};

} // namespace lading
