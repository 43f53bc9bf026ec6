// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `image_names`: what the images on a disk are called, and which of them somebody's words mean.

#include "../detail/text.hpp"
#include "../reference.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// The names of one image, as its file has them. They need not be references.
struct image_name {
    std::string own;               ///< `org.opencontainers.image.ref.name`; empty: none
    std::string full;              ///< `io.containerd.image.name`; empty: none
    std::vector<std::string> tags; ///< `RepoTags` of `docker save`
    friend bool operator==(image_name const&, image_name const&) = default;
};

/// As many as an error can have, and how many more there are.
inline std::vector<std::string> shortened(std::vector<std::string> all) {
    auto const more = all.size() > 20 ? all.size() - 20 : 0;
    all.resize(all.size() - more);
    if (more) all.push_back("and " + std::to_string(more) + " more");
    return all;
}

class image_names {
  public:
    void add(image_name n) { all_.push_back(std::move(n)); }
    void add_tags(std::size_t i, std::vector<std::string> tags) { all_[i].tags = std::move(tags); }
    std::size_t size() const noexcept { return all_.size(); }
    image_name const& operator[](std::size_t i) const noexcept { return all_[i]; }

    /// The images that the words mean, by their position: those of the first rule that any image meets.
    ///  1. the image's own name, byte for byte; a whole name, compared as a reference ("alpine" is
    ///     "docker.io/library/alpine:latest");
    ///  2. words without '/' and ':': the end of a name, after a ':';
    ///  3. a whole name that containerd has noted, or that the image's own name is;
    ///  4. the end of what containerd has noted.
    /// Before all of them "@N": the position from 0.
    std::vector<std::size_t> find(std::string_view words) const {
        if (auto const n = position(words)) return *n < all_.size() ? std::vector{*n} : std::vector<std::size_t>();
        auto const whole = reference::parse(words);
        bool const bare = words.find_first_of("/:") == words.npos;
        auto const same = [&](std::string_view name) {
            if (name == words) return true;
            auto const ref = whole ? reference::parse(name) : whole;
            return ref && ref.assume_value().repository() == whole.assume_value().repository() &&
                   ref.assume_value().target() == whole.assume_value().target();
        };
        auto const ends = [&](std::string_view name) {
            return bare && name.size() > words.size() && name.ends_with(words) && name[name.size() - words.size() - 1] == ':';
        };
        auto const any_tag = [](image_name const& n, auto const& good) {
            for (auto const& t : n.tags)
                if (good(t)) return true;
            return false;
        };
        for (int rule = 1; rule <= 4; ++rule) {
            std::vector<std::size_t> out;
            for (std::size_t i = 0; i < all_.size(); ++i) {
                auto const& n = all_[i];
                if (rule == 1   ? (!n.own.empty() && n.own == words) || any_tag(n, same)
                    : rule == 2 ? ends(n.own) || any_tag(n, ends)
                    : rule == 3 ? (!n.full.empty() && same(n.full)) || (is_whole(n.own) && same(n.own))
                                : ends(n.full))
                    out.push_back(i);
            }
            if (!out.empty()) return out;
        }
        return {};
    }

    /// Every name once, in the order of the images; "@N" for one that has none.
    std::vector<std::string> list() const {
        std::vector<std::string> out;
        std::set<std::string_view> seen;
        for (std::size_t i = 0; i < all_.size(); ++i) {
            auto const& n = all_[i];
            for (auto const& t : n.tags)
                if (seen.insert(t).second) out.push_back(t);
            if (auto const& best = n.full.empty() ? n.own : n.full; !best.empty() && seen.insert(best).second) out.push_back(best);
            if (n.tags.empty() && n.full.empty() && n.own.empty()) out.push_back('@' + std::to_string(i));
        }
        return out;
    }
    /// The same for an error.
    std::vector<std::string> shown() const {
        auto out = shortened(list());
        for (auto& name : out) name = printable(name, 160);
        return out;
    }
    /// The tags among the names once each, in the order of the images: of the repository at this path of a registry, or of
    /// all when none is called so.
    std::vector<std::string> tags(std::string_view path) const {
        std::vector<std::string> here, all;
        std::set<std::string> seen_here, seen;
        auto const take = [&](std::optional<reference> const& ref, std::string_view own) {
            std::string const tag(ref ? ref->tag() : own);
            if (!is_tag(tag)) return;
            if (ref && ref->repository().path() == path && seen_here.insert(tag).second) here.push_back(tag);
            if (seen.insert(tag).second) all.push_back(tag);
        };
        for (auto const& n : all_) {
            for (auto const& t : n.tags) take(of_docker(t), {});
            if (!n.full.empty()) take(of_docker(n.full), {});
            else take(of_nobody(n.own), n.own);
        }
        return here.empty() ? all : here;
    }

    /// What an image is called in a record: its whole name, the one that the words mean if it has several; else
    /// "localhost/layout" with its tag, if it has one.
    reference called(std::size_t i, std::string_view words) const {
        auto const& n = all_[i];
        auto ref = n.full.empty() ? of_nobody(n.own) : of_docker(n.full);
        for (auto const& t : n.tags)
            if (auto const name = of_docker(t); name && (!ref || meets(t, words))) ref = name;
        if (ref) return *ref;
        auto tagged = reference::parse("localhost/layout:" + n.own);
        return tagged ? tagged.assume_value() : reference::parse("localhost/layout").assume_value();
    }

    /// N of "@N".
    static std::optional<std::size_t> position(std::string_view words) {
        if (words.size() < 2 || words.size() > 10 || words[0] != '@') return std::nullopt;
        std::size_t n = 0;
        for (char const c : words.substr(1)) {
            if (!is_digit(c)) return std::nullopt;
            n = n * 10 + static_cast<std::size_t>(c - '0');
        }
        return n;
    }

  private:
    static bool is_whole(std::string_view name) { return name.find_first_of("/:") != name.npos; }
    static std::optional<reference> of_docker(std::string_view name) {
        auto out = reference::parse(name);
        return out ? std::optional(out.assume_value()) : std::nullopt;
    }
    /// A whole name by others. One without a host is of no registry that anybody has named.
    static std::optional<reference> of_nobody(std::string_view name) {
        if (!is_whole(name)) return std::nullopt;
        auto const slash = name.find('/');
        bool const hosted = slash != name.npos && names_host(name.substr(0, slash));
        return of_docker(hosted ? std::string(name) : "localhost/" + std::string(name));
    }
    bool meets(std::string_view name, std::string_view words) const {
        image_names one;
        one.add({{}, {}, {std::string(name)}});
        return !words.empty() && !one.find(words).empty();
    }

    std::vector<image_name> all_;
};

} // namespace lading::detail
