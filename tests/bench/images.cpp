// SPDX-License-Identifier: BSL-1.0
// bench_images FOLDER LAYERS: writes one schema2 image as files: FOLDER/manifest, and FOLDER/DIGEST for config and layers.
#include <lading/testing/image_maker.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {
bool write(std::string const& path, std::string const& bytes) {
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    if (!file) return false;
    bool const whole = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
    return std::fclose(file) == 0 && whole;
}
} // namespace

int main(int argc, char** argv) {
    if (argc != 3) return std::fputs("usage: bench_images FOLDER LAYERS\n", stderr), 2;
    std::string const folder = argv[1];
    lading::testing::image_description image;
    image.steps.clear();
    for (int i = 0; i < std::atoi(argv[2]); ++i) {
        auto const n = std::to_string(i);
        image.steps.emplace_back("/bin/sh -c #(nop) ADD file:" + n + " in / ", lading::testing::tar_of("file-" + n, "content " + n));
        image.steps.emplace_back("/bin/sh -c #(nop) ENV STEP_" + n + "=/usr/local/bin:/usr/bin:/bin");
    }
    lading::testing::registry_store store;
    auto const digest = lading::testing::image_maker(store, "bench/app", image)
                            .put("latest", lading::testing::image_kind_to_serve::schema2);
    auto const& manifest = store.find("bench/app")->manifests.at(digest).bytes;
    bool written = write(folder + "/manifest", manifest);
    for (auto at = manifest.find("sha256:"); at != manifest.npos; at = manifest.find("sha256:", at + 1))
        written = written && write(folder + '/' + manifest.substr(at, 71), *store.blob(manifest.substr(at, 71), "bench/app"));
    return written ? 0 : 1;
}
