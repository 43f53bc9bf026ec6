// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `docker_list`: the list of images that `docker save` writes beside them.

#include "../json/writer.hpp"
#include "../reference.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// A name as docker writes it, with registry and tag ("docker.io/library/alpine:3"); nothing for one that is none.
inline std::optional<std::string> docker_tag(std::string_view name) {
    auto const ref = reference::parse(name);
    if (!ref || ref.assume_value().effective_tag().empty()) return std::nullopt;
    return ref.assume_value().repository().str() + ':' + std::string(ref.assume_value().effective_tag());
}

/// The `manifest.json` of `docker save`: images by their configs, in the order in which they are added.
class docker_list {
  public:
    /// `layers` are names of members. The tag, unless empty, is added to the image of this config.
    void add(std::string const& config, std::vector<std::string> layers, std::optional<std::string> tag) {
        auto at = std::find_if(images_.begin(), images_.end(), [&](image const& i) { return i.config == config; });
        if (at == images_.end()) at = images_.insert(at, {config, {}, std::move(layers)});
        if (tag && std::find(at->tags.begin(), at->tags.end(), *tag) == at->tags.end()) at->tags.push_back(std::move(*tag));
    }
    bool empty() const noexcept { return images_.empty(); }
    std::string str() const {
        json_writer w(json_style(0, true, false, true));
        auto const list = [&](std::string_view key, std::vector<std::string> const& words) {
            w.key(key).begin_array();
            for (auto const& word : words) w.string(word);
            w.end_array();
        };
        w.begin_array();
        for (auto const& i : images_) {
            w.begin_object().key("Config").string(i.config);
            list("RepoTags", i.tags);
            list("Layers", i.layers);
            w.end_object();
        }
        return w.end_array().take();
    }

  private:
    struct image {
        std::string config;
        std::vector<std::string> tags, layers;
    };
    std::vector<image> images_;
};

} // namespace lading::detail
