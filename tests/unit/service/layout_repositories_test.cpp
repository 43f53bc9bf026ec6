// SPDX-License-Identifier: BSL-1.0
// Repositories that are layouts in a folder: what is pushed to them, what is on disk, and what is read by others.
#include "catch.hpp"
#include "scratch_folder.hpp"

#include <lading/service/answer.hpp>
#include <lading/service/layout_repositories.hpp>
#include <lading/testing/registry_store.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace layout_repositories_test {

using namespace lading;
using service::layout_repositories;
using testing::sha256_digest;

namespace {

std::string const oci = "application/vnd.oci.image.manifest.v1+json";

struct taken final : body_sink {
    result<sink_action> begin(response const&, std::optional<std::uint64_t>) override { return sink_action::proceed; }
    result<sink_action> write(std::span<std::byte const> piece) override {
        bytes.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return sink_action::proceed;
    }
    std::string bytes;
};
struct got {
    int status;
    header_map headers;
    std::string body;
    std::string field(std::string_view name) const { return std::string(headers.find(name).value_or("")); }
};

struct world {
    test::scratch_folder folder;
    std::string path = folder.str("registry");
    std::unique_ptr<layout_repositories> repositories = layout_repositories::open(path).value();
    service::upload_sessions sessions;
    service::options how = service::options().with_writes().with_removal();

    got ask(std::string method, std::string const& target, std::string body = {}, std::string const& type = {}) {
        request q(std::move(method), "https://registry.invalid" + target);
        if (!type.empty()) q.headers.add("Content-Type", type);
        q.body = std::move(body);
        taken out;
        auto const head = service::answer(q, *repositories, out, how, &sessions);
        if (!head) return {0, {}, head.error().message()};
        return {head.value().status, head.value().headers, out.bytes};
    }
    std::string begin(std::string const& name) { return ask("POST", "/v2/" + name + "/blobs/uploads/").field("Location"); }
    std::string push(std::string const& name, std::string const& bytes) {
        CHECK(ask("PUT", begin(name) + "?digest=" + sha256_digest(bytes), bytes).status == 201);
        return sha256_digest(bytes);
    }
    static std::string entry(std::string const& bytes, std::string const& type = "application/x") {
        return R"({"mediaType":")" + type + R"(","digest":")" + sha256_digest(bytes) + R"(","size":)" + std::to_string(bytes.size()) + "}";
    }
    static std::string image(std::string const& layer, std::string const& more = {}) {
        return R"({"schemaVersion":2,"mediaType":")" + oci + R"(","config":)" + entry("{}") + R"(,"layers":[)" + entry(layer) + "]" + more + "}";
    }
    std::string push_image(std::string const& name, std::string const& ref, std::string const& layer, std::string const& more = {}) {
        push(name, "{}"), push(name, layer);
        auto const put = ask("PUT", "/v2/" + name + "/manifests/" + (ref.empty() ? sha256_digest(image(layer, more)) : ref), image(layer, more), oci);
        CHECK(put.status == 201);
        return put.field("Docker-Content-Digest");
    }
    bool has(std::string const& name) const { return std::filesystem::exists(path + '/' + name); }
    void reopen() {
        repositories = layout_repositories::open(path).value();
        sessions.forget();
    }
};

} // namespace

TEST_CASE("what is pushed is in a layout of its repository", "[service][SF18][SF41]") {
    world w;
    auto const d = w.push_image("team/app", "v1", "layer");
    auto layout = oci_layout::open(w.path + "/team/app").value();
    CHECK(layout.resolve("v1").value().digest.str() == d);
    CHECK(layout.document(layout.resolve("v1").value()).value() == w.image("layer"));
    CHECK(w.ask("GET", "/v2/team/app/manifests/v1").body == w.image("layer"));
    CHECK(w.ask("GET", "/v2/team/app/blobs/" + sha256_digest("layer")).body == "layer");
    w.reopen();
    CHECK(w.ask("GET", "/v2/team/app/manifests/" + d).body == w.image("layer"));
    CHECK(w.ask("GET", "/v2/team/app/tags/list").body == R"({"name":"team/app","tags":["v1"]})");
    CHECK(w.ask("GET", "/v2/team/tags/list").status == 404);
    CHECK(w.ask("GET", "/v2/_catalog").body == "{\"repositories\":[\"team/app\"]}\n");
}

TEST_CASE("names of repositories are folders, and never other things", "[service]") {
    world w;
    for (auto const* name : {"a", "a/b", "a/blobs", "a/index.json", "a/oci-layout/x", "blobs", "a/blobs/sha256"}) w.push_image(name, "1", name);
    for (auto const* name : {"a", "a/b", "a/blobs", "a/index.json", "a/oci-layout/x", "blobs", "a/blobs/sha256"}) {
        INFO(name);
        CHECK(w.ask("GET", std::string("/v2/") + name + "/manifests/1").body == w.image(name));
    }
    CHECK(w.ask("GET", "/v2/_catalog").body == "{\"repositories\":[\"a\",\"a/b\",\"a/blobs\",\"a/blobs/sha256\",\"a/index.json\",\"a/oci-layout/x\",\"blobs\"]}\n");
    CHECK(w.has("a/blobs_/index.json"));
    for (auto const* name : {"..", "a/..%2fb", ".uploads", "a/blobs_", "A", ""}) CHECK(w.ask("POST", std::string("/v2/") + name + "/blobs/uploads/").status >= 400);
    CHECK(std::filesystem::is_empty(w.path + "/.uploads"));
}

TEST_CASE("a repository may come after one that is in its folder", "[service]") {
    world w;
    w.push_image("a/b/c", "1", "x");
    w.push_image("a", "1", "y");
    w.reopen();
    CHECK(w.ask("GET", "/v2/a/manifests/1").body == w.image("y"));
    CHECK(w.ask("GET", "/v2/a/b/c/manifests/1").body == w.image("x"));
    CHECK(w.ask("GET", "/v2/a/b/tags/list").status == 404);
}

TEST_CASE("links in the place of folders are not followed", "[service]") {
    world w;
    test::scratch_folder elsewhere;
    std::filesystem::create_symlink(elsewhere.str(), w.path + "/planted");
    CHECK(w.ask("POST", "/v2/planted/app/blobs/uploads/").status == 0);
    CHECK(w.ask("POST", "/v2/planted/blobs/uploads/").status == 0);
    CHECK(std::filesystem::is_empty(elsewhere.str()));
    CHECK(w.ask("GET", "/v2/_catalog").body == "{\"repositories\":[]}\n");
}

TEST_CASE("an upload is a file beside the repositories until it is a blob", "[service][SF20][SF24][SF27]") {
    world w;
    auto const place = w.begin("a");
    CHECK(w.ask("PATCH", place, "01234").field("Range") == "0-4");
    CHECK(w.ask("GET", place).field("Range") == "0-4");
    CHECK_FALSE(std::filesystem::is_empty(w.path + "/.uploads"));
    CHECK(w.ask("PUT", place + "?digest=" + sha256_digest("0123456789"), "56789").status == 201);
    CHECK(std::filesystem::is_empty(w.path + "/.uploads"));
    CHECK(w.ask("GET", "/v2/a/blobs/" + sha256_digest("0123456789")).body == "0123456789");
    auto const other = w.begin("a");
    CHECK(w.ask("PUT", other + "?digest=" + sha256_digest("x"), "y").status == 400);
    CHECK(std::filesystem::is_empty(w.path + "/.uploads"));
    auto const left = w.begin("a");
    CHECK(w.ask("DELETE", left).status == 204);
    CHECK(std::filesystem::is_empty(w.path + "/.uploads"));
    // Of who was killed nothing is left, and nothing of who still works is taken.
    std::ofstream(w.path + "/.uploads/upload-1-1") << "old";
    auto const working = w.begin("a");
    CHECK(w.ask("PATCH", working, "01234").status == 202);
    {
        auto const second = layout_repositories::open(w.path).value();
        CHECK(w.ask("PUT", working + "?digest=" + sha256_digest("01234"), "").status == 201);
    }
    w.repositories.reset();
    w.reopen();
    CHECK(std::filesystem::is_empty(w.path + "/.uploads"));
}

TEST_CASE("another digest than the one that was hashed on the way", "[service][SF35]") {
    world w;
    auto const d = digest_of<openssl_hash>("0123456789", digest_algorithm::sha512).value().str();
    auto const place = w.begin("a");
    CHECK(w.ask("PATCH", place, "01234").status == 202);
    CHECK(w.ask("PUT", place + "?digest=" + d, "56789").field("Docker-Content-Digest") == d);
    CHECK(w.ask("GET", "/v2/a/blobs/" + d).body == "0123456789");
}

TEST_CASE("a wrong digest can be followed by the right one, where that is so", "[service][SF29]") {
    world w;
    w.how.with_personality(service::personality::registry_2_8).with_relative_places();
    auto const place = w.ask("PATCH", w.begin("a"), "0123456789").field("Location");
    CHECK(w.ask("PUT", place + "&digest=" + sha256_digest("x"), "").status == 400);
    CHECK(w.ask("PUT", place + "&digest=" + sha256_digest("0123456789"), "").status == 201);
}

TEST_CASE("a mounted blob is one of both repositories, each for itself", "[service][SF38][SF40][SF62]") {
    world w;
    auto const d = w.push("a", "shared");
    auto const mount = [&](std::string const& to, std::string const& from) { return w.ask("POST", "/v2/" + to + "/blobs/uploads/?mount=" + d + "&from=" + from).status; };
    CHECK(mount("b", "a") == 201);
    CHECK(mount("b", "a") == 201);
    CHECK(mount("a", "a") == 201);
    CHECK(mount("c", "nobody") == 202);
    CHECK(w.ask("DELETE", "/v2/a/blobs/" + d).status == 202);
    CHECK(w.ask("DELETE", "/v2/a/blobs/" + d).status == 404);
    CHECK(w.ask("GET", "/v2/a/blobs/" + d).status == 404);
    CHECK(w.ask("GET", "/v2/b/blobs/" + d).body == "shared");
}

TEST_CASE("tags and manifests are removed, each for itself", "[service][SF59][SF61]") {
    world w;
    auto const d = w.push_image("a", "v1", "layer");
    w.push_image("a", "v2", "layer");
    auto const other = w.push_image("a", "v3", "other");
    CHECK(w.ask("DELETE", "/v2/a/manifests/v1").status == 202);
    CHECK(w.ask("DELETE", "/v2/a/manifests/v1").status == 404);
    CHECK(w.ask("GET", "/v2/a/manifests/v2").status == 200);
    CHECK(w.ask("DELETE", "/v2/a/manifests/v2").status == 202);
    w.reopen();
    CHECK(w.ask("GET", "/v2/a/manifests/" + d).status == 200); // without a tag
    CHECK(w.ask("DELETE", "/v2/a/blobs/" + d).status == 404);  // it is a manifest
    CHECK(w.ask("DELETE", "/v2/a/manifests/" + d).status == 202);
    CHECK(w.ask("DELETE", "/v2/a/manifests/" + d).status == 404);
    CHECK(w.ask("GET", "/v2/a/manifests/" + d).status == 404);
    CHECK(w.ask("DELETE", "/v2/a/manifests/" + other).status == 202);
    CHECK(w.ask("GET", "/v2/a/manifests/v3").status == 404);
    CHECK(w.ask("GET", "/v2/a/tags/list").body == R"({"name":"a","tags":[]})");
    CHECK(w.ask("GET", "/v2/a/manifests/" + sha256_digest("layer")).status == 404); // a blob
}

TEST_CASE("a tag is removed by one change of the index: the document is listed at every moment", "[service][SF59]") {
    world w;
    auto const d = w.push_image("a", "v1", "layer");
    auto const seen = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    REQUIRE(::inotify_add_watch(seen, (w.path + "/a").c_str(), IN_MOVED_TO) >= 0);
    CHECK(w.ask("DELETE", "/v2/a/manifests/v1").status == 202);
    std::vector<char> events(64u << 10);
    auto const n = ::read(seen, events.data(), events.size());
    ::close(seen);
    REQUIRE(n > 0);
    CHECK(static_cast<std::size_t>(n) == sizeof(inotify_event) + reinterpret_cast<inotify_event const*>(events.data())->len); // one
    auto const listed = oci_layout::open(w.path + "/a").value().listed_documents().value();
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].digest.str() == d);
    CHECK(w.ask("GET", "/v2/a/tags/list").body == R"({"name":"a","tags":[]})");
}

TEST_CASE("a name is taken from what it leads to, which stays listed once", "[service]") {
    auto const entry = [](std::string_view of, std::string const& name, std::string const& more = {}) {
        return R"({"mediaType":"a/b","digest":")" + sha256_digest(of) + R"(","size":1,"annotations":{)" + more + R"("org.opencontainers.image.ref.name":")" + name + "\"}}";
    };
    auto const containerd = std::string(R"("io.containerd.image.name":"r.example/a:v1",)");
    auto index = layout_index<strict_json>::parse(R"({"manifests":[)" + entry("x", "v1", containerd) + ',' + entry("y", "v1") + ',' + entry("y", "v2") + ',' + entry("x", "v1") + "]}", 9).value();
    CHECK_FALSE(index.unname("v3"));
    CHECK_FALSE(index.unname(""));
    CHECK(index.unname("v1"));
    REQUIRE(index.entries().size() == 2);
    CHECK(index.entries()[0].what().value().digest.str() == sha256_digest("x"));
    CHECK(index.entries()[0].what().value().annotations.empty());
    CHECK(index.entries()[1].name() == "v2");
    CHECK(index.drop_unnamed(9, [](descriptor const&) { return false; }) == 0);
    CHECK(index.drop_unnamed(0, [](descriptor const&) { return true; }) == 0);
    CHECK(index.drop_unnamed(9, [](descriptor const&) { return true; }) == 1);
    CHECK(index.entries().size() == 1);
}

TEST_CASE("a tag may move for ever: manifests without one make room, and are there by their digests", "[service]") {
    world w;
    w.repositories = layout_repositories::open(w.path, true, layout_options().with_entries(40)).value();
    auto const d = w.push_image("a", "v1", "layer");
    auto const signature = w.push_image("a", "", "signature", R"(,"subject":)" + w.entry(w.image("layer"), oci));
    std::vector<std::string> all;
    for (int n = 0; n < 100; ++n) all.push_back(w.push_image("a", "latest", "layer " + std::to_string(n)));
    for (auto const& one : all) CHECK(w.ask("GET", "/v2/a/manifests/" + one).status == 200);
    CHECK(w.ask("DELETE", "/v2/a/blobs/" + all.front()).status == 404); // it is a manifest still
    CHECK(w.ask("GET", "/v2/a/manifests/latest").field("Docker-Content-Digest") == all.back());
    CHECK(w.ask("GET", "/v2/a/tags/list").body == R"({"name":"a","tags":["latest","v1"]})");
    CHECK(w.ask("GET", "/v2/a/referrers/" + d).body.find(signature) != std::string::npos);
    // What has a tag, and what refers to another, does not go: then it is full.
    for (int n = 0; n < 37; ++n) CHECK(w.ask("PUT", "/v2/a/manifests/t" + std::to_string(n), w.image("layer"), oci).status == 201);
    auto const full = w.ask("PUT", "/v2/a/manifests/more", w.image("layer"), oci);
    CHECK(full.status == 0);
    CHECK(full.body.find("manifest_limit") != std::string::npos);
    CHECK(w.ask("GET", "/v2/a/referrers/" + d).body.find(signature) != std::string::npos);
    CHECK(w.ask("DELETE", "/v2/a/manifests/" + all.front()).status == 202);
    CHECK(w.ask("DELETE", "/v2/a/manifests/" + all.front()).status == 404);
    CHECK(w.ask("DELETE", "/v2/a/blobs/" + sha256_digest("{}")).status == 202);
}

TEST_CASE("every tag of a registry is a name", "[service]") {
    world w;
    for (auto const* tag : {"_x", "a__b", "a..b", "x-", "UPPER", "sha256-abc.sig"}) {
        w.push_image("a", tag, tag);
        CHECK(w.ask("GET", std::string("/v2/a/manifests/") + tag).body == w.image(tag));
    }
    CHECK(w.ask("GET", "/v2/a/manifests/b").status == 404); // not what ends in it
}

TEST_CASE("referrers are found after a restart, and those that another program lists", "[service]") {
    world w;
    auto const d = w.push_image("a", "v1", "layer");
    auto const more = R"(,"subject":)" + w.entry(w.image("layer"), oci);
    auto const one = w.push_image("a", "", "signature", more);
    auto const list = [&] { return w.ask("GET", "/v2/a/referrers/" + d).body; };
    CHECK(list().find(one) != std::string::npos);
    w.reopen();
    CHECK(list().find(one) != std::string::npos);
    auto const two = w.push_image("a", "", "second", more);
    CHECK(list().find(two) != std::string::npos);
    auto theirs = oci_layout::open(w.path + "/a").value();
    auto const text = w.image("layer", more);
    descriptor const what(oci, digest::parse(sha256_digest(text)).value(), static_cast<std::int64_t>(text.size()));
    REQUIRE(theirs.put_document(what, text));
    REQUIRE(theirs.tag("", what));
    CHECK(list().find(what.digest.str()) != std::string::npos);
    CHECK(w.ask("DELETE", "/v2/a/manifests/" + one).status == 202);
    CHECK(list().find(one) == std::string::npos);
}

TEST_CASE("no page of referrers is larger than a manifest may be, and all of them are listed", "[service]") {
    world w;
    auto const d = w.push_image("a", "v1", "layer");
    auto const subject = R"(,"subject":)" + w.entry(w.image("layer"), oci);
    auto const sign = [&](std::string const& words) { return w.push_image("a", "", "signature", R"(,"annotations":{"n":")" + words + "\"}" + subject); };
    std::vector<std::string> pushed;
    for (std::size_t const size : {2'000'000u, 4'180'000u, 10u, 20u}) pushed.push_back(sign(std::string(size, 'a')));
    // What clients take, and what pages have: the digests, and how much of annotations.
    auto const listed = [&](std::size_t most, std::size_t& annotated) {
        std::vector<std::string> out;
        annotated = 0;
        std::string next = "/v2/a/referrers/" + d;
        for (int page = 0; !next.empty() && page < 9; ++page) {
            auto const got = w.ask("GET", next);
            CHECK(got.status == 200);
            CHECK(got.body.size() <= most);
            for (auto const& one : pushed)
                if (got.body.find(one) != std::string::npos) out.push_back(one);
            for (auto at = got.body.find("\"annotations\""); at != std::string::npos; at = got.body.find("\"annotations\"", at + 1)) ++annotated;
            auto const link = got.field("Link");
            next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
        }
        std::sort(out.begin(), out.end());
        return out;
    };
    std::sort(pushed.begin(), pushed.end());
    std::size_t annotated = 0;
    CHECK(listed(std::size_t{4} << 20, annotated) == pushed);
    CHECK(annotated == 4);
    // One that does not fit by itself is listed without its annotations.
    w.how.manifest_bytes = 1000;
    CHECK(listed(1000, annotated) == pushed);
    CHECK(annotated == 2);
}

TEST_CASE("an upload may outlive the repositories, and leaves nothing", "[service]") {
    world w;
    auto upload = w.repositories->stage("a").value();
    REQUIRE(upload->write(std::as_bytes(std::span(std::string_view("01234")))));
    w.repositories.reset();
    CHECK(upload->hashed(digest_algorithm::sha256).value().str() == sha256_digest("01234"));
    upload.reset();
    CHECK(std::filesystem::is_empty(w.path + "/.uploads"));
}

TEST_CASE("what cannot become a blob has no name, and no byte comes behind it", "[service][SF35]") {
    world w;
    w.how.with_personality(service::personality::registry_2_8).with_relative_places();
    auto const other = digest_of<openssl_hash>("01234", digest_algorithm::sha512).value();
    auto const place = w.ask("PATCH", w.begin("a"), "01234").field("Location");
    auto const in_the_way = w.path + "/a/blobs/sha256/" + sha256_digest("01234").substr(7);
    std::filesystem::create_directories(in_the_way);
    CHECK(w.ask("PUT", place + "&digest=" + other.str(), "").status == 0);
    std::filesystem::remove(in_the_way);
    CHECK_FALSE(w.has("a/blobs/sha512/" + other.hex()));
    CHECK(w.ask("PATCH", place, "56789").status == 404);
    CHECK(std::filesystem::is_empty(w.path + "/.uploads"));
    auto const again = w.ask("PATCH", w.begin("a"), "01234").field("Location");
    CHECK(w.ask("PUT", again + "&digest=" + other.str(), "").status == 201);
    CHECK(w.ask("GET", "/v2/a/blobs/" + other.str()).body == "01234");
}

TEST_CASE("who waits for another program's lock on one repository holds up nobody else's", "[service]") {
    world w;
    w.push_image("other", "v1", "layer");
    w.reopen();
    std::filesystem::create_directories(w.path + "/slow");
    auto const lock = ::open((w.path + "/slow/.lading.lock").c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0666);
    REQUIRE(::flock(lock, LOCK_EX) == 0);
    std::atomic<bool> over = false;
    std::thread waiting([&] {
        (void)w.repositories->stage("slow");
        over = true;
    });
    auto const handles = [&] { // of the lock: ours, and that of who waits for it
        int n = 0;
        std::error_code gone; // a handle may be closed meanwhile
        for (auto const& one : std::filesystem::directory_iterator("/proc/self/fd")) n += std::filesystem::read_symlink(one, gone) == w.path + "/slow/.lading.lock";
        return n;
    };
    while (handles() < 2 && !over) std::this_thread::yield();
    CHECK(w.repositories->exists("other").value());
    CHECK_FALSE(over);
    ::close(lock);
    waiting.join();
    CHECK(w.repositories->exists("slow").value());
}

TEST_CASE("many threads push at once", "[service]") {
    world w;
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int n = 0; n < 10; ++n) {
                request begin("POST", "https://registry.invalid/v2/app/blobs/uploads/");
                taken out;
                auto const session = service::answer(begin, *w.repositories, out, w.how, &w.sessions);
                auto const bytes = std::to_string(n); // the same by all
                request put("PUT", "https://registry.invalid" + std::string(session.value().headers.find("Location").value()) + "?digest=" + sha256_digest(bytes));
                put.body = bytes;
                if (service::answer(put, *w.repositories, out, w.how, &w.sessions).value().status == 201) ++good;
                auto const index = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"annotations":{"n":")" + bytes + "\"}}";
                request tag("PUT", "https://registry.invalid/v2/app/manifests/t" + std::to_string(t) + "-" + bytes);
                tag.headers.add("Content-Type", "application/vnd.oci.image.index.v1+json");
                tag.body = index;
                if (service::answer(tag, *w.repositories, out, w.how, &w.sessions).value().status == 201) ++good;
            }
        });
    for (auto& t : threads) t.join();
    CHECK(good == 80);
    CHECK(oci_layout::open(w.path + "/app").value().names().value().size() == 40);
}

TEST_CASE("a layout is served as one repository, and written to", "[service]") {
    world w;
    auto const d = w.push_image("a", "v1", "layer");
    auto const one = layout_repositories::open(w.path + "/a").value();
    CHECK(one->is_one());
    w.repositories = layout_repositories::open(w.path + "/a").value();
    for (auto const* name : {"any/name", "other"}) {
        CHECK(w.ask("GET", std::string("/v2/") + name + "/manifests/v1").body == w.image("layer"));
        CHECK(w.ask("GET", std::string("/v2/") + name + "/tags/list").body.find("\"v1\"") != std::string::npos);
    }
    w.push_image("any/name", "v2", "second");
    CHECK(oci_layout::open(w.path + "/a").value().resolve("v2").has_value());
    CHECK(w.ask("GET", "/v2/_catalog").status == 404);
}

TEST_CASE("a repository whose maker was killed is made whole by who writes, and not there for who reads", "[service]") {
    world w;
    std::filesystem::create_directories(w.path + "/a");
    std::ofstream(w.path + "/a/oci-layout") << R"({"imageLayoutVersion":"1.0.0"})";
    CHECK(layout_repositories::open(w.path, false).value()->exists("a").value() == false);
    CHECK(w.ask("GET", "/v2/a/manifests/v1").status == 404);
    w.push_image("a", "v1", "layer");
    CHECK(layout_repositories::open(w.path, false).value()->exists("a").value());
    CHECK(w.ask("GET", "/v2/a/manifests/v1").body == w.image("layer"));
}

TEST_CASE("nothing is written to what is only read", "[service]") {
    test::scratch_folder folder;
    CHECK(layout_repositories::open(folder.str("none"), false).error() == errc::layout_invalid);
    auto const empty = layout_repositories::open(folder.str(), false).value();
    CHECK(empty->exists("a").value() == false);
    CHECK(std::filesystem::is_empty(folder.str()));
}

} // namespace layout_repositories_test
