// SPDX-License-Identifier: BSL-1.0
// What images on a disk are called, and which of them somebody's words mean.
#include "target.hpp"

#include <lading/store/image_names.hpp>

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
