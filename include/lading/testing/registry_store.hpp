// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::registry_store`: the content of the embedded registry.

#include "../detail/text.hpp"
#include "../media_type.hpp"

#include <openssl/evp.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing {

/// "sha256:" and the hash of the bytes in hex. O(size).
inline std::string sha256_digest(std::string_view bytes) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    std::string out = "sha256:";
    if (EVP_Digest(bytes.data(), bytes.size(), hash, &size, EVP_sha256(), nullptr) != 1) return out;
    for (unsigned i = 0; i < size; ++i)
        out += {"0123456789abcdef"[hash[i] >> 4], "0123456789abcdef"[hash[i] & 15]};
    return out;
}

/// Blobs, and manifests and tags by repository. Blobs are common to all repositories. Not thread-safe.
class registry_store {
  public:
    struct manifest {
        std::string bytes;
        std::string media_type;
    };
    struct repository {
        std::map<std::string, manifest, std::less<>> manifests; ///< by digest
        std::map<std::string, std::string, std::less<>> tags;   ///< digest by tag
    };

    std::string put_blob(std::string bytes) {
        auto digest = sha256_digest(bytes);
        blobs_[digest] = std::move(bytes);
        return digest;
    }
    /// `digest` when it is not that of the bytes: that of the payload of a signed schema1, or a wrong one on
    /// purpose.
    std::string put_manifest(std::string_view name, std::string_view tag, std::string bytes,
                             std::string media_type, std::string digest = {}) {
        if (digest.empty()) digest = sha256_digest(bytes);
        auto& r = repositories_[std::string(name)];
        r.manifests[digest] = {std::move(bytes), std::move(media_type)};
        if (!tag.empty()) r.tags[std::string(tag)] = digest;
        return digest;
    }

    /// The same for one repository only, unless all have it.
    std::string put_blob_in(std::string_view name, std::string bytes, std::string digest = {}) {
        if (digest.empty()) digest = sha256_digest(bytes);
        bool const common = blobs_.contains(digest) && !only_in_.contains(digest);
        blobs_[digest] = std::move(bytes);
        if (!common) only_in_[digest].insert(std::string(name));
        return digest;
    }
    void link_blob(std::string_view digest, std::string_view name) {
        add_repository(name);
        if (auto const at = only_in_.find(digest); at != only_in_.end()) at->second.insert(std::string(name));
    }
    bool remove_blob(std::string_view digest, std::string_view name) {
        if (!blob(digest, name)) return false;
        if (auto const at = only_in_.find(digest); at != only_in_.end()) {
            at->second.erase(std::string(name));
        } else {
            auto& in = only_in_[std::string(digest)];
            for (auto const& [other, r] : repositories_)
                if (other != name) in.insert(other);
        }
        return true;
    }
    bool remove_manifest(std::string_view name, std::string_view digest) {
        auto const at = repositories_.find(name);
        if (at == repositories_.end() || at->second.manifests.erase(std::string(digest)) == 0) return false;
        std::erase_if(at->second.tags, [&](auto const& t) { return t.second == digest; });
        return true;
    }
    bool remove_tag(std::string_view name, std::string_view tag) {
        auto const at = repositories_.find(name);
        return at != repositories_.end() && at->second.tags.erase(std::string(tag)) > 0;
    }
    void add_repository(std::string_view name) { repositories_[std::string(name)]; }
    /// Sorted.
    std::vector<std::string> names() const {
        std::vector<std::string> out;
        out.reserve(repositories_.size());
        for (auto const& [name, r] : repositories_) out.push_back(name);
        return out;
    }

    /// Null when the repository has none.
    std::string const* blob(std::string_view digest, std::string_view name) const {
        auto const found = blobs_.find(digest);
        if (found == blobs_.end()) return nullptr;
        auto const only = only_in_.find(digest);
        return only == only_in_.end() || only->second.contains(name) ? &found->second : nullptr;
    }
    repository const* find(std::string_view name) const {
        auto const found = repositories_.find(name);
        return found == repositories_.end() ? nullptr : &found->second;
    }

  private:
    std::map<std::string, std::string, std::less<>> blobs_;
    std::map<std::string, std::set<std::string, std::less<>>, std::less<>> only_in_; ///< repositories by digest; without, all
    std::map<std::string, repository, std::less<>> repositories_;
};

} // namespace lading::testing
