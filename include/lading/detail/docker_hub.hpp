// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The names of Docker Hub: what references call it, and the hosts that serve it.

#include <string_view>

namespace lading::detail::docker_hub {

inline constexpr std::string_view name = "docker.io";                         ///< in references
inline constexpr std::string_view index_host = "index.docker.io";             ///< older references, and v1
inline constexpr std::string_view registry_host = "registry-1.docker.io";     ///< the registry
inline constexpr std::string_view login_key = "https://index.docker.io/v1/";  ///< of its logins in files and for helpers
inline constexpr std::string_view registry_origin = "https://registry-1.docker.io:443";
inline constexpr std::string_view token_origin = "https://auth.docker.io:443"; ///< of its token service
inline constexpr std::string_view v1_url = "https://index.docker.io";

} // namespace lading::detail::docker_hub
