// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Small images made by hand, and stores that keep a journal of what is asked of them.

#include <lading/hash/constexpr_sha2.hpp>
#include <lading/media_type.hpp>
#include <lading/platform.hpp>
#include <lading/store/memory_store.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test {

/// A content and its descriptor.
struct made {
    made(std::string type, std::string b)
        : bytes(std::move(b)), self(std::move(type), lading::constant_digest_of(bytes), static_cast<std::int64_t>(bytes.size())) {}
    std::string bytes;
    lading::descriptor self;
};

inline made layer_of(std::string bytes) { return made(std::string(lading::media_types::oci_layer), std::move(bytes)); }
inline made config_of(std::string bytes) { return made(std::string(lading::media_types::oci_config), std::move(bytes)); }

/// A descriptor as documents have it; `more` is JSON that follows its members, with a comma before it.
inline std::string json_of(lading::descriptor const& d, std::string_view more = {}) {
    return R"({"mediaType":")" + d.media_type + R"(","digest":")" + d.digest.str() + R"(","size":)" + std::to_string(d.size) + std::string(more) + '}';
}
/// An OCI image of descriptors as JSON.
inline made image_of(std::string_view config, std::vector<std::string> const& layers, std::string_view more = {}) {
    std::string list;
    for (auto const& l : layers) list.append(list.empty() ? "" : ",").append(l);
    std::string const type(lading::media_types::oci_manifest);
    return made(type, R"({"schemaVersion":2,"mediaType":")" + type + R"(","config":)" + std::string(config) + R"(,"layers":[)" + list + ']' + std::string(more) + '}');
}
inline made image_of(made const& config, std::vector<made> const& layers) {
    std::vector<std::string> list;
    for (auto const& l : layers) list.push_back(json_of(l.self));
    return image_of(json_of(config.self), list);
}
/// An OCI index of descriptors as JSON.
inline made index_of(std::vector<std::string> const& entries) {
    std::string list;
    for (auto const& e : entries) list.append(list.empty() ? "" : ",").append(e);
    std::string const type(lading::media_types::oci_index);
    return made(type, R"({"schemaVersion":2,"mediaType":")" + type + R"(","manifests":[)" + list + "]}");
}
inline std::string entry_for(made const& image, std::string_view os, std::string_view architecture) {
    return json_of(image.self, R"(,"platform":{"os":")" + std::string(os) + R"(","architecture":")" + std::string(architecture) + R"("})");
}

/// A store in memory that says what was asked of it, and fails where it is told to.
class journal_store {
  public:
    /// Called before each call, with a word for it and the digest or name; an error ends the call.
    std::function<lading::result<void>(std::string_view what, std::string_view which)> before;

    template <class Made>
    void put(Made const& m) {
        (void)inside_.put_document(m.self, m.bytes);
    }
    template <class... Made>
    void put_all(Made const&... m) {
        (put(m), ...);
    }
    void name(std::string_view n, made const& m) { (void)inside_.tag(n, m.self); }
    lading::memory_store& inside() noexcept { return inside_; }

    std::size_t count(std::string_view what) const {
        std::lock_guard const lock(mutex_);
        return static_cast<std::size_t>(std::count_if(journal_.begin(), journal_.end(), [&](auto const& e) { return e.first == what; }));
    }
    std::vector<std::string> of(std::string_view what) const {
        std::lock_guard const lock(mutex_);
        std::vector<std::string> out;
        for (auto const& [w, which] : journal_)
            if (w == what) out.push_back(which);
        return out;
    }
    std::vector<std::pair<std::string, std::string>> journal() const {
        std::lock_guard const lock(mutex_);
        return journal_;
    }
    void clear() {
        std::lock_guard const lock(mutex_);
        journal_.clear();
    }

    lading::result<lading::descriptor> resolve(std::string_view n, lading::stop_token stop) {
        LADING_TRY_V(note("resolve", n));
        return inside_.resolve(n, stop);
    }
    lading::result<std::string> document(lading::descriptor const& d, lading::stop_token stop) {
        LADING_TRY_V(note("document", d.digest.str()));
        return inside_.document(d, stop);
    }
    lading::result<void> read(lading::descriptor const& d, lading::blob_sink& out, lading::stop_token stop) {
        if (auto noted = note("read", d.digest.str()); !noted) return out.suspend(), std::move(noted);
        return inside_.read(d, out, stop);
    }
    lading::result<std::vector<std::string>> names(lading::stop_token stop) { return inside_.names(stop); }
    lading::result<std::vector<lading::descriptor>> referrers(lading::descriptor const& d, lading::stop_token stop) {
        LADING_TRY_V(note("referrers", d.digest.str()));
        return inside_.referrers(d, stop);
    }
    lading::result<bool> has(lading::descriptor const& d, lading::stop_token stop) { return inside_.has(d, stop); }
    lading::result<std::unique_ptr<lading::blob_sink>> writer(lading::descriptor const& d) {
        LADING_TRY_V(note("write", d.digest.str()));
        return inside_.writer(d);
    }
    lading::result<void> put_document(lading::descriptor const& d, std::string_view bytes) {
        LADING_TRY_V(note("put", d.digest.str()));
        return inside_.put_document(d, bytes);
    }
    lading::result<void> tag(std::string_view n, lading::descriptor const& d) {
        LADING_TRY_V(note("tag", n));
        return inside_.tag(n, d);
    }
    lading::result<void> complete() {
        LADING_TRY_V(note("complete", ""));
        return inside_.complete();
    }

  private:
    lading::result<void> note(std::string_view what, std::string_view which) {
        {
            std::lock_guard const lock(mutex_);
            journal_.emplace_back(what, which);
        }
        if (before) return before(what, which);
        return lading::success();
    }

    lading::memory_store inside_;
    mutable std::mutex mutex_;
    std::vector<std::pair<std::string, std::string>> journal_;
};

} // namespace test
