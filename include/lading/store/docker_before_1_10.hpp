// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `docker_before_1_10`: what `docker save` wrote before it had a list of images: a folder for each layer, and `repositories`.

#include "../digest.hpp"
#include "../json/writer.hpp"
#include "../policy/hash.hpp"
#include "../reference.hpp"
#include "tar_writer.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// A layer's ID is a digest of what it and all below it are, uncompressed; that of the topmost also of the config.
class docker_before_1_10 {
  public:
    /// An image of these layers, base first. Errors: those of the hash.
    template <hash_policy H>
    result<void> add(digest const& config, std::vector<digest> const& layers, std::string_view name) {
        std::string chain, parent;
        for (std::size_t i = 0; i != layers.size(); ++i) {
            bool const top = i + 1 == layers.size();
            chain += (chain.empty() ? "" : " ") + layers[i].str();
            LADING_TRY(auto const so_far, digest_of<H>(chain));
            chain = so_far.str();
            LADING_TRY(auto const id, digest_of<H>(top ? chain + ' ' + config.str() : chain + " layer"));
            json_writer w(json_style(0, true, false, true));
            w.begin_object().key("id").string(id.hex());
            if (!parent.empty()) w.key("parent").string(parent);
            folders_.try_emplace(id.hex(), folder{layers[i].hex(), w.end_object().take()});
            parent = id.hex();
        }
        auto const ref = reference::parse(name);
        if (ref && !parent.empty()) repositories_[ref.assume_value().repository().str()].insert_or_assign(std::string(ref.assume_value().effective_tag()), parent);
        return success();
    }
    /// Writes the members. Layers are links to what the archive has already.
    result<void> write(tar_writer& to, std::uint64_t time) const {
        for (auto const& [id, f] : folders_) {
            LADING_TRY_V(to.add({id + '/', 0, 0755, time}));
            LADING_TRY_V(to.add({id + "/VERSION", 0, 0444, time}, "1.0"));
            LADING_TRY_V(to.add({id + "/json", 0, 0444, time}, f.json));
            LADING_TRY_V(to.add({id + "/layer.tar", 0, 0777, time, "../" + f.layer + ".tar"}));
        }
        json_writer w(json_style(0, true, false, true));
        w.begin_object();
        for (auto const& [repository, tags] : repositories_) {
            w.key(repository).begin_object();
            for (auto const& [tag, id] : tags) w.key(tag).string(id);
            w.end_object();
        }
        return to.add({"repositories", 0, 0444, time}, w.end_object().str());
    }

  private:
    struct folder {
        std::string layer, json;
    };
    std::map<std::string, folder> folders_;
    std::map<std::string, std::map<std::string, std::string>> repositories_;
};

} // namespace lading::detail
