// SPDX-License-Identifier: BSL-1.0
// A writer of a layout is killed at random moments. LADING_KILLS says how often (20).
#include "catch.hpp"
#include "layout_files.hpp"

#include <lading/store/oci_layout.hpp>

#include <csignal>
#include <cstdlib>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace oci_layout_kill_test {

using namespace lading;
using namespace layout_files;

namespace {

constexpr int images = 12;
digest digest_of(std::string_view bytes) { return lading::digest_of<openssl_hash>(bytes).value(); }

/// The n-th image, with one more blob, which is large enough for a part of it to be kept.
struct made_image {
    explicit made_image(int n) : small(std::to_string(n)), big(300'000, '\0') {
        for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 7 + i / 253 + static_cast<std::size_t>(n));
        what = descriptor(std::string(media_types::oci_layer), digest_of(big), 300'000);
    }
    image small;
    std::string big;
    std::optional<descriptor> what;
};
std::vector<made_image> const& all_images() {
    static std::vector<made_image> const all = [] {
        std::vector<made_image> out;
        for (int n = 0; n < images; ++n) out.emplace_back(n);
        return out;
    }();
    return all;
}
/// Writes all images that are not there; a byte to `progress` after each step, and 'T' after a name.
int write_all(std::string const& where, int progress) {
    auto const say = [&](char c) { (void)!::write(progress, &c, 1); };
    auto store = oci_layout::create(where, layout_options().with_durability(durability::none));
    if (!store) return 1;
    say('.');
    for (int n = 0; n < images; ++n) {
        auto const& i = all_images()[static_cast<std::size_t>(n)];
        auto const& blob = i.big;
        auto const there = store.value().has(*i.what);
        if (!there) return 2;
        if (!there.value()) {
            auto const out = store.value().writer(*i.what).value();
            auto const held = out->resume(static_cast<std::int64_t>(blob.size()), [](auto) { return true; });
            if (!held) return 3;
            if (held.value() == 0 && !out->begin()) return 3;
            for (auto at = static_cast<std::size_t>(held.value()); at < blob.size(); at += 50'000) {
                if (!out->write(std::as_bytes(std::span(std::string_view(blob).substr(at, 50'000))))) return 4;
                say('.');
            }
            if (!out->commit()) return 4;
        }
        say('.');
        if (!put_image(store.value(), i.small, "v" + std::to_string(n))) return 5;
        say('T');
    }
    return 0;
}

} // namespace

TEST_CASE("a layout whose writer is killed is readable, loses no name, and the next run finishes", "[store][LO20][kill]") {
    auto const* const asked = std::getenv("LADING_KILLS");
    int const kills = asked ? std::atoi(asked) : 20;
    std::minstd_rand random(4711);
    folder f;
    auto const where = f.str("layout");
    all_images();
    int named = 0; // that some run has said to have named, ever
    int finished = 0;
    for (int k = 0; k < kills; ++k) {
        INFO("kill " << k);
        int pipe[2];
        REQUIRE(::pipe(pipe) == 0);
        auto const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::close(pipe[0]);
            ::_exit(write_all(where, pipe[1]));
        }
        ::close(pipe[1]);
        int const steps = static_cast<int>(random() % 110);
        int names_of_run = 0;
        char c = 0;
        for (int s = 0; s < steps && ::read(pipe[0], &c, 1) == 1; ++s) names_of_run += c == 'T';
        for (auto spin = random() % 200'000; spin > 0; --spin) {
            [[maybe_unused]] int volatile nothing = 0;
        }
        ::kill(child, SIGKILL);
        while (::read(pipe[0], &c, 1) == 1) names_of_run += c == 'T';
        ::close(pipe[0]);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        if (WIFEXITED(status)) {
            REQUIRE(WEXITSTATUS(status) == 0);
            ++finished;
        }
        named = std::max(named, names_of_run);

        auto store = oci_layout::open(where);
        if (!store) { // not made yet
            REQUIRE(named == 0);
            REQUIRE(store.error() == errc::layout_invalid);
            continue;
        }
        auto const names = store.value().names().value();
        REQUIRE(static_cast<int>(names.size()) >= named);
        std::set<std::string> all(names.begin(), names.end());
        for (int n = 0; n < images; ++n) {
            if (!all.contains("v" + std::to_string(n))) continue;
            auto const& i = all_images()[static_cast<std::size_t>(n)];
            REQUIRE(store.value().resolve("v" + std::to_string(n)).value().digest == i.small.what().digest);
            REQUIRE(store.value().document(i.small.what()).value() == i.small.manifest);
            for (auto const& b : i.small.blobs()) REQUIRE(f.read("layout/" + blob_name(b)) == b);
            REQUIRE(f.read("layout/blobs/sha256/" + i.what->digest.hex()) == i.big);
        }
        for (auto const& name : f.list()) // nothing is under a name that is not what it says
            if (name.starts_with("layout/blobs/sha256/") && !name.ends_with(".part")) REQUIRE(digest_of(f.read(name)).hex() == name.substr(20));
        if (k % 10 == 9) fs::remove_all(f.path / "layout"), named = 0;
    }
    REQUIRE(write_all(where, ::open("/dev/null", O_WRONLY | O_CLOEXEC)) == 0);
    CHECK(oci_layout::open(where).value().names().value().size() == images);
    CHECK(finished < kills);
    for (auto const& name : f.list()) CHECK_FALSE(name.ends_with(".part")); // each was gone on with
}

} // namespace oci_layout_kill_test
