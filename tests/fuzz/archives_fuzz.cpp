// SPDX-License-Identifier: BSL-1.0
// Tar archives as they are read and written, and what docker save says of its images.
#include "archive_files.hpp"
#include "target.hpp"

#include <lading/store/docker_archive.hpp>
#include <lading/store/tar_index.hpp>
#include <lading/store/tar_writer.hpp>

#include "documents.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace lading;
using fuzz::check_error;
using fuzz::member;
using fuzz::memory_file;
using fuzz::must;
using fuzz::seal;

namespace {

constexpr std::string_view names[] = {"a", "b", "dir/a", "index.json", "oci-layout", "manifest.json", "blobs/sha256/a"};

std::string const end(1024, '\0');

/// What `docker save` has beside its list: a config, a layer that it names, and a link.
std::string with_list(std::string_view list) {
    return member("c.json", test::config_bytes) + member("l", "layer") + member("v1/layer.tar", "", '2', "../l") + member("manifest.json", list) + end;
}

} // namespace

FUZZ_TARGET(tar_index, "files",
            {member("a", "x") + member("b", "yy") + end, member("./a", "x") + member("dir/", "", '5') + member("dir/a", "", '2', "../a") + end,
             member("oci-layout", "{}") + member("index.json", "[]") + member("blobs/sha256/a", std::string(600, 'b')) + end,
             member("././@LongLink", std::string("dir/a\0", 6), 'L') + member("x", "long") + end, member("././@LongLink", std::string("a\0", 2), 'K') + member("b", "", '2', "x") + member("a", "x") + end,
             member("pax", "9 path=a\n10 size=3\n", 'x') + member("x", "abc") + end, member("pax", "23 comment=of all of it\n", 'g') + member("a", "") + end,
             member("a", "x", '1', "b") + member("b", "y") + end, member("a", "") + end + "garbage", member("a", "x") + std::string(512, '\0') + member("b", "y"),
             member("a", "x", '3') + end, member("../a", "x") + end}) {
    if (input.size() > (64u << 10)) return;
    auto const bytes = seal(input);
    memory_file const file(bytes);
    auto const opened = detail::regular_file::open(file.path().c_str());
    must(opened.has_value(), "a file in memory can be opened");
    auto const index = detail::tar_index::of(*opened);
    if (!index) {
        check_error(index.assume_error());
        must(index.assume_error() == errc::archive_invalid || index.assume_error() == errc::layout_invalid, "an archive is refused by one of two codes");
        return;
    }
    for (auto const name : names) {
        auto const* const m = index.assume_value().find(name);
        if (!m) continue;
        must(m->from % 512 == 0 && m->from >= 512 && m->from <= bytes.size() && m->size <= bytes.size() - m->from, "a member lies in the file", name);
        must(!m->link, "what is found is a file", name);
        // It is where an archive has it, behind a header of its kind.
        char const type = bytes[m->from - 512 + 156];
        must(type == '0' || type == '\0' || type == '7', "what is found is behind the header of a file", name);
    }
    for (auto const name : {"", ".", "..", "../a", "/a", "./a", "dir/", "dir//a"}) must(!index.assume_value().find(name), "names are normal", name);
}

FUZZ_TARGET(tar_writer, "files", {"a\x1ex\x1e"
                                  "b\x1eyy",
                                  "dir/a\x1e\x1e"
                                  "dir/b\x1e"
                                  "b",
                                  std::string(150, 'd') + "/" + std::string(100, 'n') + "\x1ez", "\xc3\xa4\x1ez", std::string(300, 'n') + "\x1ez"}) {
    fuzz::input in(input);
    std::map<std::string, std::string> all;
    std::string archive;
    detail::tar_writer to([&](std::span<std::byte const> piece) -> result<void> {
        archive.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return success();
    });
    while (!in.empty() && all.size() < 16) {
        auto const name = std::string(in.text()), text = std::string(in.text());
        auto const inside = detail::path_inside(name);
        bool const plain = inside && *inside == name && name.size() < 4000 && name.find('\\') == name.npos && (name.size() < 2 || name[1] != ':');
        if (!plain || !all.emplace(name, text).second) continue;
        must(to.add({name, 0, 0644, 0}, text).has_value(), "what takes everything is no failure");
    }
    must(to.finish().has_value(), "what takes everything is no failure");
    must(archive.size() % 512 == 0, "an archive is whole blocks");
    if (all.empty()) return;
    memory_file const file(archive);
    auto const index = detail::tar_index::of(*detail::regular_file::open(file.path().c_str()));
    must(index.has_value(), "what we write we read", index ? "" : index.assume_error().message());
    for (auto const& [name, text] : all) {
        auto const* const m = index.assume_value().find(name);
        must(m && archive.substr(m->from, m->size) == text, "every member is read as it was written", name);
    }
}

FUZZ_TARGET(docker_list, "documents",
            {R"([{"Config":"c.json","RepoTags":["r:latest"],"Layers":["l"]}])", R"([{"Config":"c.json","RepoTags":null,"Layers":["v1/layer.tar","./l"]},{"Config":"gone"}])",
             R"([{"Config":"../../etc/passwd","Layers":["/etc/passwd"]}])", R"([{"Config":"c.json","RepoTags":["-x","a b","x:y:z","\u001b[2J",7],"Layers":[""]}])",
             R"([{"Config":"c.json","Layers":["gone"],"LayerSources":{"sha256:0000000000000000000000000000000000000000000000000000000000000000":{"mediaType":"x","size":1,"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","urls":["https://a.test/x"]}}}])",
             R"({"schemaVersion":2})", "[]", "[7]", "null", R"([{"Config":1,"Layers":[]}])"}) {
    if (input.size() > (32u << 10)) return;
    memory_file const file(seal(with_list(input)));
    auto opened = docker_archive::open(file.path());
    if (!opened) return check_error(opened.assume_error());
    auto& store = opened.assume_value();
    auto listed = store.names();
    must(listed.has_value(), "names are had without reading");
    auto words = std::move(listed).assume_value();
    words.resize(std::min<std::size_t>(words.size(), 3));
    words.emplace_back();
    words.emplace_back("@0");
    for (auto const& name : words) {
        auto const what = store.resolve(name);
        if (!what) {
            check_error(what.assume_error());
            continue;
        }
        auto const text = store.document(what.assume_value());
        if (!text) {
            check_error(text.assume_error());
            continue;
        }
        must(test::digest_of(text.assume_value()) == what.assume_value().digest.str(), "a document has its digest", name);
        auto const contents = contents_of(text.assume_value(), what.assume_value().media_type, {});
        if (!contents) {
            check_error(contents.assume_error());
            continue;
        }
        for (auto const& l : contents.assume_value().layers) {
            memory_sink sink(4096);
            auto const got = store.read(l, sink);
            if (!got) check_error(got.assume_error());
            else must(test::digest_of(sink.bytes(), l.digest.algorithm()) == l.digest.str(), "a layer has its digest");
        }
    }
}
