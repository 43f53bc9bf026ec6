// SPDX-License-Identifier: BSL-1.0
// A manifest inside the program, checked when the program is compiled: what is deployed is what was reviewed.

#include <lading/constexpr/embedded_manifest.hpp>
#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <cstdio>
#include <string>

using namespace lading::literals;

// [embedded]
inline constexpr std::string_view base_text =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
    R"("config":{"mediaType":"application/vnd.oci.empty.v1+json",)"
    R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[)"
    R"({"mediaType":"application/vnd.example.rules","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}]})";
using base = lading::embedded_manifest<base_text>;

static_assert(base::digest_is<"sha256:dab2128cd3477d36bcf3927e9781379a7465442d7cf01c2fcb3d5bcbd3eadef2">());
static_assert(std::is_same_v<base::document, lading::oci_image>);
static_assert(base::value().layers.size() == 1 && base::value().layers[0].size <= 64 * 1024, "too large for the device");

constexpr auto image = "registry.example.com/rules:2"_ref.with_digest(base::digest());
static_assert(image.has_digest());
// [embedded]

int main() {
    lading::testing::registry server; // serves exactly the embedded bytes
    server.put_blob("{}");
    server.put_manifest("rules", "2", std::string(base_text), std::string(base::media_type().essence()));
    lading::client registry(lading::client_options().with_plaintext(server.host()));

    auto const pinned = lading::reference::parse(server.host() + "/rules:2").value().with_digest(base::digest());
    auto const found = registry.manifest(pinned);
    if (!found) return std::puts(found.error().message().c_str()), 1;
    std::printf("%s\n%s\n", image.str().c_str(), found.value().bytes == base::bytes() ? "served as embedded" : "not the same");
    return found.value().bytes == base::bytes() ? 0 : 1;
}
