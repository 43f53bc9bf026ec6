// SPDX-License-Identifier: BSL-1.0
// What images on a disk are called, which of them somebody's words mean, and the index of a layout.
#include "target.hpp"

#include <lading/hash/constexpr_sha2.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/store/image_names.hpp>
#include <lading/store/layout_index.hpp>

#include <algorithm>

using namespace lading;
using fuzz::must;

namespace {

std::optional<reference> whole_name(std::string_view text) {
    auto read = reference::parse(text);
    return read ? std::optional(std::move(read).assume_value()) : std::nullopt;
}

/// Whether the words can mean a name at all: they are it, another spelling of it, or its end.
bool could_mean(std::string_view words, std::string_view name) {
    if (name == words) return true;
    if (words.find_first_of("/:") == words.npos && name.ends_with(":" + std::string(words))) return true;
    auto const a = whole_name(words), b = whole_name(name);
    return a && b && a->repository() == b->repository() && a->target() == b->target();
}

} // namespace

FUZZ_TARGET(image_names, "names",
            {"alpine:latest\x1e"
             "oalpine:latest\nobusybox:latest",
             "latest\x1eoalpine:latest\nobusybox:1", "b\x1etdocker.io/library/b:latest,a:1\nta:latest", "@1\x1eo\no", "team/app\x1eoteam/app\noteam/app",
             "docker.io/library/b:1\x1e"
             "fdocker.io/library/b:1\nfdocker.io/library/a:1",
             "v1.0+build5\x1eov1.0+build5", "stable@release\x1eostable@release\norelease", "localhost:5000/alpine\x1eolocalhost:5000/alpine",
             "\x1eo\nt", "@99999999999\x1eo@9\noa", ":\x1eo:\no::"}) {
    fuzz::input in(input);
    auto const words = in.text();
    detail::image_names names;
    for (auto const line : fuzz::lines_of(in.rest())) {
        detail::image_name n;
        auto const text = line.substr(std::min<std::size_t>(1, line.size()));
        if (line.starts_with('f')) n.full = text;
        else if (!line.starts_with('t')) n.own = text;
        else
            for (std::string_view rest = text; !rest.empty();) {
                auto const end = std::min(rest.find(','), rest.size());
                n.tags.emplace_back(rest.substr(0, end));
                rest.remove_prefix(std::min(end + 1, rest.size()));
            }
        names.add(std::move(n));
        if (names.size() == 40) break;
    }
    auto const check = [&](std::string_view asked) {
        auto const found = names.find(asked);
        must(std::is_sorted(found.begin(), found.end()) && std::adjacent_find(found.begin(), found.end()) == found.end(), "every image once, in order", asked);
        for (auto const i : found) {
            must(i < names.size(), "an image that is found is one", asked);
            auto const& n = names[i];
            bool const means = detail::image_names::position(asked) == i || could_mean(asked, n.own) || could_mean(asked, n.full) ||
                               std::any_of(n.tags.begin(), n.tags.end(), [&](auto const& t) { return could_mean(asked, t); });
            must(means, "what is found is called so", asked, n.own + '|' + n.full);
        }
        return found;
    };
    check(words);
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto const here = [&](std::vector<std::size_t> const& found) { return std::find(found.begin(), found.end(), i) != found.end(); };
        must(check('@' + std::to_string(i)) == std::vector{i}, "every image is found by its place");
        auto const& n = names[i];
        if (!n.own.empty() && !detail::image_names::position(n.own)) must(here(check(n.own)), "every image is found by its own name", n.own);
        for (auto const& t : n.tags)
            if (!t.empty() && !detail::image_names::position(t)) must(here(check(t)), "every image is found by each of its tags", t);
        auto const called = names.called(i, words).str();
        must(reference::parse(called).has_value(), "what an image is called in a record is a reference", called);
    }
    for (auto const& name : names.list())
        if (!detail::image_names::position(name)) must(!check(name).empty(), "a name of the list is found", name);
    for (auto const& tag : names.tags("library/alpine"))
        for (char const c : tag) must(detail::is_print(c), "a tag is printable", tag);
}

namespace {

using layout_of_fuzz = layout_index<strict_json>;

/// How many entries have the name, and how many the digest.
std::pair<std::size_t, std::size_t> count_of(layout_of_fuzz const& index, std::string_view name, digest const& d) {
    std::pair<std::size_t, std::size_t> out;
    for (auto const& e : index.entries()) {
        out.first += !name.empty() && e.name() == name;
        auto const what = e.what();
        out.second += what && what.assume_value().digest == d;
    }
    return out;
}
std::string const seed_entry = R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:)" + constant_digest_of("a").hex() + R"(","size":1)";

} // namespace

FUZZ_TARGET(layout_index, "documents",
            {R"(v1)"
             "\x1e"
             R"({"schemaVersion":2,"manifests":[)" +
                 seed_entry + R"(,"annotations":{"org.opencontainers.image.ref.name":"v1","k":"v"},"x":[1.50,null]},{}]})",
             R"()"
             "\x1e"
             R"({"manifests":null,"annotations":{"a":"b"},"mediaType":5})",
             R"(v2)"
             "\x1e"
             R"({"manifests":[)" +
                 seed_entry + R"(},)" + seed_entry + R"(,"annotations":[]},"x",7,{"digest":"sha256:../x"}],"schemaVersion":2.0})"}) {
    fuzz::input in(input);
    std::string const name(in.text());
    auto parsed = layout_of_fuzz::parse(in.rest(), 200);
    if (!parsed) return fuzz::check_error(parsed.assume_error());
    auto& index = parsed.assume_value();
    auto const first = index.str();
    auto again = layout_of_fuzz::parse(first, 200);
    must(again && again.assume_value().str() == first, "what is written is read, and written the same", first);
    if (!detail::is_layout_name(name) && !name.empty()) return;
    auto const d = constant_digest_of(in.rest().size() % 2 ? "a" : "b");
    auto const before = index.entries();
    must(index.add(name, descriptor(std::string(media_types::oci_manifest), d, 1)).has_value(), "an image is listed");
    auto const written = index.str();
    auto const read = layout_of_fuzz::parse(written, 300);
    must(read.has_value(), "an index that was merged is one", written);
    for (layout_of_fuzz const* i : {static_cast<layout_of_fuzz const*>(&index), &read.assume_value()}) {
        auto const [names, digests] = count_of(*i, name, d);
        must(name.empty() ? digests >= 1 : names == 1 && digests >= 1, "the name leads to one image", name, written);
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
        auto const what = before[i].what();
        must((before[i].name() == name && !name.empty()) || (what && what.assume_value().digest == d) || index.entries()[i].text() == before[i].text(),
             "the entries of others are as they were", std::string(before[i].text()), std::string(index.entries()[i].text()));
    }
    must(index.add(name, descriptor(std::string(media_types::oci_manifest), d, 1)) && index.str() == written, "twice is once", written);
    must(name.empty() || (index.remove(name) && count_of(index, name, d).first == 0), "a name that is removed is gone", name);
}
