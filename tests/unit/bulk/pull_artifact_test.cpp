// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/made_images.hpp"
#include "../../support/scratch_folder.hpp"

#include <lading/bulk/pull_artifact.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace pull_artifact_test {

using namespace lading;
using test::image_of;
using test::index_of;
using test::journal_store;
using test::json_of;
using test::made;
using test::scratch_folder;

std::string const raw = "application/octet-stream";

std::string titled(made const& m, std::string_view title, std::string_view more = {}) {
    return json_of(m.self, R"(,"annotations":{"org.opencontainers.image.title":")" + std::string(title) + '"' + std::string(more) + '}');
}

struct world {
    journal_store from;
    made config{std::string(media_types::oci_empty), "{}"};
    made readme{raw, "read me"}, weights{"application/vnd.example.weights", std::string(300'000, 'w')}, loose{raw, "no name"};
    scratch_folder out;
    std::string folder = out / "files";

    world() { from.put_all(config, readme, weights, loose); }
    void artifact(std::vector<std::string> const& layers) {
        auto const m = image_of(json_of(config.self), layers);
        from.put(m);
        from.name("a", m);
        from.clear();
    }
    result<artifact_summary> pull(artifact_options o = {}) { return copy_artifact(from, "a", folder, std::move(o)); }
    errc why(artifact_options o = {}) {
        auto const r = pull(std::move(o));
        return r ? errc::ok : r.error().kind();
    }
};

TEST_CASE("artifact: every layer with a name is a file", "[artifact][AF10]") {
    world w;
    w.artifact({titled(w.readme, "docs/README.md"), json_of(w.loose.self), titled(w.weights, "model.bin")});
    auto const done = w.pull().value();
    REQUIRE(done.files.size() == 2);
    CHECK(done.files[0].name == "docs/README.md");
    CHECK(done.fetched.contents == 2);
    REQUIRE(done.unnamed.size() == 1);
    CHECK(done.unnamed[0].digest == w.loose.self.digest);
    CHECK(test::file_text(w.folder + "/docs/README.md") == w.readme.bytes);
    CHECK(test::file_text(w.folder + "/model.bin") == w.weights.bytes);
    CHECK(test::files_below(w.folder) == 2);
    // With everything: the rest by digest, the config by the name that it is given.
    CHECK(w.pull(artifact_options().with_all().with_config("config.json")).value().existing.contents == 2);
    auto name = w.loose.self.digest.str();
    name[name.find(':')] = '-';
    CHECK(test::file_text(w.folder + '/' + name) == "no name");
    CHECK(test::file_text(w.folder + "/config.json") == "{}");
}

TEST_CASE("artifact: what is there already is not fetched", "[artifact][AF10]") {
    world w;
    w.artifact({titled(w.readme, "a"), titled(w.weights, "b")});
    w.pull().value();
    w.from.clear();
    auto const again = w.pull().value();
    CHECK(w.from.count("read") == 0);
    CHECK(again.existing.contents == 2);
    std::filesystem::remove(w.folder + "/a");
    CHECK(w.pull().value().fetched.contents == 1);
    CHECK(w.from.count("read") == 1);
}

TEST_CASE("artifact: one content under two names is fetched once", "[artifact][PD43]") {
    world w;
    w.artifact({titled(w.weights, "one"), titled(w.weights, "two")});
    w.pull().value();
    CHECK(w.from.count("read") == 1);
    CHECK(test::file_text(w.folder + "/one") == w.weights.bytes);
    CHECK(test::file_text(w.folder + "/two") == w.weights.bytes);
    // Also when the first of them is there, as another run left it.
    std::filesystem::remove(w.folder + "/two");
    w.pull().value();
    CHECK(w.from.count("read") == 1);
}

TEST_CASE("artifact: a folder in an archive is not unpacked, and says so", "[artifact][AF11][HX28]") {
    world w;
    made const packed("application/vnd.oci.image.layer.v1.tar+gzip", "not looked into");
    w.from.put(packed);
    auto const unpack = R"(,"io.deis.oras.content.unpack":"true")";
    w.artifact({titled(packed, "folder", unpack)});
    CHECK(w.why() == errc::invalid_argument);
    CHECK(w.from.count("read") == 0);
    CHECK(test::files_below(w.folder) == 0);
    w.pull(artifact_options().with_packed()).value();
    CHECK(test::file_text(w.folder + "/folder.tar.gz") == packed.bytes);
    w.artifact({titled(w.readme, "folder2", unpack)});
    CHECK(w.why(artifact_options().with_packed()) == errc::media_type_mismatch);
}

TEST_CASE("artifact: nothing is written when one of the names may not be", "[artifact][R06][AF12][AF13][HX26]") {
    for (auto const& [a, b] : std::vector<std::pair<std::string, std::string>>{
             {"good", "../bad"}, {"good", "."}, {"good", "/etc/passwd"}, {"A", "a"}, {"a", "a/b"}, {"m", "m.part"}, {"same", "same"}, {"good", "NUL"}}) {
        world w;
        CAPTURE(a, b);
        w.artifact({titled(w.readme, a), titled(w.weights, b)});
        CHECK(w.why() == errc::path_refused);
        CHECK(w.from.count("read") == 0);
        CHECK(test::files_below(w.folder) == 0);
    }
    world w;
    std::vector<std::string> many;
    for (int i = 0; i < 5000; ++i) many.push_back(titled(w.readme, "f" + std::to_string(i)));
    w.artifact(many);
    CHECK(w.why() == errc::manifest_limit);
    CHECK(test::files_below(w.out.path) == 0);
}

TEST_CASE("artifact: another file of that name stays unless it may be overwritten", "[artifact][AF14]") {
    world w;
    w.artifact({titled(w.weights, "first"), titled(w.readme, "precious")});
    std::filesystem::create_directory(w.folder);
    test::write_file(w.folder + "/precious", "mine");
    CHECK(w.why() == errc::file_exists);
    CHECK(w.from.count("read") == 0);
    CHECK(test::file_text(w.folder + "/precious") == "mine");
    CHECK(test::files_below(w.folder) == 1);
    w.pull(artifact_options().with_overwrite()).value();
    CHECK(test::file_text(w.folder + "/precious") == w.readme.bytes);
    // A folder or a link of that name is never replaced.
    std::filesystem::remove(w.folder + "/precious");
    std::filesystem::create_directory(w.folder + "/precious");
    CHECK(w.why(artifact_options().with_overwrite()) == errc::path_refused);
    std::filesystem::remove(w.folder + "/precious");
    std::filesystem::create_symlink(w.out / "elsewhere", w.folder + "/precious");
    CHECK(w.why(artifact_options().with_overwrite()) == errc::path_refused);
    CHECK_FALSE(std::filesystem::exists(w.out / "elsewhere"));
}

TEST_CASE("artifact: what another program has written meanwhile is there, and not fetched", "[artifact][PD34][AF14]") {
    world w;
    auto const to = artifact_folder::open(w.folder).value();
    auto const first = to.writer("model.bin", false).value(), second = to.writer("model.bin", false).value();
    std::string had;
    auto const each = [&](std::span<std::byte const> piece) { return had.append(reinterpret_cast<char const*>(piece.data()), piece.size()), true; };
    auto const size = static_cast<std::int64_t>(w.weights.bytes.size());
    REQUIRE(first->begin());
    CHECK(second->resume(size, each).error() == errc::part_in_use);
    REQUIRE(first->write(std::as_bytes(std::span(w.weights.bytes))));
    REQUIRE(first->commit());
    CHECK(second->resume(size, each).value() == w.weights.bytes.size());
    CHECK((had == w.weights.bytes));
    REQUIRE(second->commit());
    CHECK((test::file_text(w.folder + "/model.bin") == w.weights.bytes));
    CHECK(test::files_below(w.folder) == 1);
    // Another file of that size is not taken for it, and stays.
    auto const third = to.writer("model.bin", false).value();
    CHECK(third->resume(size, each).has_value());
    CHECK(third->begin().error() == errc::file_exists);
    third->suspend();
    CHECK(test::files_below(w.folder) == 1);
}

TEST_CASE("artifact: a file without bytes that another program has written meanwhile is there", "[artifact][PD34][AF14]") {
    for (std::string const theirs : {"", "mine"}) {
        world w;
        made const empty{"application/octet-stream", ""};
        w.artifact({titled(w.weights, "model.bin"), titled(empty, "empty")});
        auto const written = [&](transfer_event const& e) {
            if (e.state == transfer_state::started && e.what.size == 0) test::write_file(w.folder + "/empty", theirs);
        };
        CHECK(w.why(artifact_options().with_lanes(1).with_observer(written)) == (theirs.empty() ? errc::ok : errc::file_exists));
        CHECK(test::file_text(w.folder + "/empty") == theirs);
        CHECK(test::files_below(w.folder) == 2);
    }
}

TEST_CASE("artifact: files are as the user makes files, and never to be executed", "[artifact][AF15]") {
    world w;
    w.artifact({titled(w.readme, "plain")});
    auto const before = ::umask(027);
    auto const done = w.why();
    ::umask(before);
    CHECK(done == errc::ok);
    struct stat about{};
    REQUIRE(::stat((w.folder + "/plain").c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0640);
}

TEST_CASE("artifact: no link on the way is followed, whenever it is put there", "[artifact][HX27]") {
    world w;
    w.artifact({titled(w.readme, "docs/README.md")});
    std::filesystem::create_directories(w.out / "outside");
    std::filesystem::create_directory(w.folder);
    std::filesystem::create_directory_symlink(w.out / "outside", w.folder + "/docs");
    CHECK(w.why() == errc::path_refused);
    CHECK(test::files_below(w.out / "outside") == 0);
    // Between the check and the write: the folder is made, and then a link to another.
    std::filesystem::remove(w.folder + "/docs");
    w.from.before = [&](std::string_view what, std::string_view) -> result<void> {
        if (what != "read") return success();
        std::filesystem::remove_all(w.folder + "/docs");
        std::filesystem::create_directory_symlink(w.out / "outside", w.folder + "/docs");
        return success();
    };
    (void)w.pull();
    CHECK(test::files_below(w.out / "outside") == 0);
    // And before it is opened to be written.
    std::filesystem::remove_all(w.folder);
    w.from.before = [&](std::string_view what, std::string_view) -> result<void> {
        if (what == "document") {
            std::filesystem::create_directory_symlink(w.out / "outside", w.folder + "/docs");
        }
        return success();
    };
    CHECK(w.why() == errc::path_refused);
    CHECK(test::files_below(w.out / "outside") == 0);
}

TEST_CASE("artifact: one file is chosen by name, type or number, or all are told of", "[artifact][MD09]") {
    world w;
    w.artifact({titled(w.readme, "README.md"), titled(w.weights, "model.gguf"), json_of(w.loose.self)});
    CHECK(w.pull(artifact_options().with_file("README.md")).value().files.size() == 1);
    CHECK(test::files_below(w.folder) == 1);
    CHECK(w.pull(artifact_options().with_media_type("application/vnd.example.weights").with_name("m.gguf")).value().files[0].name == "m.gguf");
    CHECK(test::file_text(w.folder + "/m.gguf") == w.weights.bytes);
    w.pull(artifact_options().with_layer(2).with_name("loose")).value();
    CHECK(test::file_text(w.folder + "/loose") == "no name");
    for (auto const& none : {artifact_options().with_file("no such"), artifact_options().with_media_type(raw), artifact_options().with_layer(3)}) {
        auto const refused = w.pull(none);
        REQUIRE(refused.has_error());
        CHECK(refused.error() == errc::blob_unknown);
        CHECK(refused.error().detail().available.size() == 3);
        CHECK(refused.error().message().find("model.gguf") != std::string::npos);
    }
    CHECK(w.why(artifact_options().with_name("x")) == errc::blob_unknown);
    CHECK(w.why(artifact_options().with_layer(0).with_name("../x")) == errc::path_refused);
}

TEST_CASE("artifact: what is printed of names is printable", "[artifact][HX30]") {
    world w;
    w.artifact({titled(w.readme, R"(\u001b[2J\u202e)" + std::string(3000, 'x'))});
    auto const refused = w.pull();
    REQUIRE(refused.has_error());
    CHECK(refused.error() == errc::path_refused);
    CHECK(refused.error().message().find('\x1b') == std::string::npos);
    CHECK(refused.error().message().size() < 600);
    w.artifact({titled(w.readme, "ok"), json_of(w.loose.self, R"(,"annotations":{"org.opencontainers.image.title":"\u202eevil\u001b"})")});
    auto const listed = w.pull(artifact_options().with_layer(7));
    REQUIRE(listed.has_error());
    CHECK(listed.error().message().find('\x1b') == std::string::npos);
    CHECK(listed.error().message().find("\xe2\x80\xae") == std::string::npos);
}

TEST_CASE("artifact: packs of models, charts and modules are files like any other", "[artifact][MD01][MD02][MD03][MD04][MD05][MD06][MD07]") {
    struct pack {
        std::string config_type, layer_type;
    };
    for (auto const& p : {pack{std::string(media_types::docker_config), "application/vnd.ollama.image.model"},
                          pack{"application/vnd.docker.ai.model.config.v0.1+json", "application/vnd.docker.ai.gguf.v3"},
                          pack{"application/vnd.kitops.modelkit.config.v1+json", "application/vnd.kitops.modelkit.model.v1.tar"},
                          pack{"application/vnd.cncf.model.config.v1+json", "application/vnd.cncf.model.weight.v1.raw"},
                          pack{"application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip"},
                          pack{"application/vnd.wasm.config.v0+json", "application/wasm"},
                          pack{std::string(media_types::oci_config), "application/vnd.dev.cosign.simplesigning.v1+json"}}) {
        world w;
        made const config(p.config_type, R"({"model_format":"gguf","rootfs":5})"), file(p.layer_type, "the file"), other("application/vnd.example.license", "words");
        w.from.put_all(config, file, other);
        auto const m = image_of(json_of(config.self), {json_of(file.self), json_of(other.self)});
        w.from.put(m);
        w.from.name("a", m);
        CAPTURE(p.layer_type);
        w.pull(artifact_options().with_media_type(p.layer_type).with_name("out")).value();
        CHECK(test::file_text(w.folder + "/out") == "the file");
        journal_store to; // and whole
        CHECK(copy(w.from, "a", to, "a").value().fetched.contents == 4);
    }
    // The file path of a model pack stands for a title.
    world w;
    w.artifact({json_of(w.weights.self, R"(,"annotations":{"org.cncf.model.filepath":"weights/part-1.bin"})")});
    w.pull().value();
    CHECK(test::file_text(w.folder + "/weights/part-1.bin") == w.weights.bytes);
}

TEST_CASE("artifact: a failure leaves nothing under a name, and the next run finishes", "[artifact]") {
    for (std::size_t n = 0;; ++n) {
        world w;
        w.artifact({titled(w.readme, "a"), titled(w.weights, "b")});
        std::size_t calls = 0;
        w.from.before = [&](std::string_view, std::string_view) -> result<void> {
            return calls++ == n ? result<void>(error(errc::server_error)) : success();
        };
        auto const done = w.why(artifact_options().with_lanes(1));
        w.from.before = nullptr;
        if (done == errc::ok) break;
        CHECK(done == errc::server_error);
        for (auto const* name : {"/a", "/b"})
            if (std::filesystem::exists(w.folder + name)) CHECK(test::file_text(w.folder + name) == (name[1] == 'a' ? w.readme.bytes : w.weights.bytes));
        CHECK(w.why() == errc::ok);
        CHECK(test::files_below(w.folder) == 2);
        REQUIRE(n < 20);
    }
}

} // namespace pull_artifact_test
