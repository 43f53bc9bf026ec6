// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `new_layout`: a layout that there is when something comes into it.

#include <lading/store/oci_layout.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Models `content_store`. The folder is made for the first thing that is written: a command that fails before, as for an image that is not there,
/// leaves none. Errors: those of `oci_layout`, and of making it. Threads: any call by several at once.
class new_layout {
  public:
    static constexpr bool any_call_at_once = true;

    explicit new_layout(std::string path) : path_(std::move(path)) {}

    lading::result<lading::descriptor> resolve(std::string_view name, lading::stop_token stop = {}) {
        if (auto* const files = there()) return files->resolve(name, std::move(stop));
        return nothing();
    }
    lading::result<std::optional<lading::descriptor>> named(std::string_view name, lading::stop_token stop = {}) {
        if (auto* const files = there()) return files->named(name, std::move(stop));
        return std::optional<lading::descriptor>();
    }
    lading::result<std::string> document(lading::descriptor const& what, lading::stop_token stop = {}) {
        if (auto* const files = there()) return files->document(what, std::move(stop));
        return nothing();
    }
    lading::result<void> read(lading::descriptor const& what, lading::blob_sink& out, lading::stop_token stop = {}) {
        if (auto* const files = there()) return files->read(what, out, std::move(stop));
        return nothing();
    }
    lading::result<std::vector<std::string>> names(lading::stop_token stop = {}) {
        if (auto* const files = there()) return files->names(std::move(stop));
        return std::vector<std::string>();
    }
    lading::result<std::vector<lading::descriptor>> referrers(lading::descriptor const& what, lading::stop_token stop = {}) {
        if (auto* const files = there()) return files->referrers(what, std::move(stop));
        return std::vector<lading::descriptor>();
    }
    lading::result<bool> has(lading::descriptor const& what, lading::stop_token stop = {}) {
        if (auto* const files = there()) return files->has(what, std::move(stop));
        return false;
    }
    lading::result<std::unique_ptr<lading::blob_sink>> writer(lading::descriptor const& what) {
        LADING_TRY(auto* const files, made());
        return files->writer(what);
    }
    lading::result<std::unique_ptr<lading::blob_sink>> writer(lading::descriptor const& what, std::chrono::milliseconds wait) {
        LADING_TRY(auto* const files, made());
        return files->writer(what, wait);
    }
    lading::result<void> put_document(lading::descriptor const& what, std::string_view bytes) {
        LADING_TRY(auto* const files, made());
        return files->put_document(what, bytes);
    }
    lading::result<void> tag(std::string_view name, lading::descriptor const& what, lading::stop_token stop = {}) {
        LADING_TRY(auto* const files, made());
        return files->tag(name, what, std::move(stop));
    }
    lading::result<lading::garbage> gc() {
        LADING_TRY(auto* const files, made());
        return files->gc();
    }
    lading::result<void> complete() { return lading::success(); }

  private:
    lading::error nothing() const { return lading::error(lading::errc::manifest_unknown).with_context(path_ + ": no image"); }
    lading::oci_layout* there() {
        std::lock_guard const lock(mutex_);
        return files_ ? &*files_ : nullptr;
    }
    lading::result<lading::oci_layout*> made() {
        std::lock_guard const lock(mutex_);
        if (!files_) {
            LADING_TRY(auto files, lading::oci_layout::create(path_));
            files_.emplace(std::move(files));
        }
        return &*files_;
    }

    std::string path_;
    std::mutex mutex_;
    std::optional<lading::oci_layout> files_; ///< never another one
};
