// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `memory_store`: images in memory, for tests and small artifacts.

#include "../detail/mutex.hpp"
#include "content_store.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// Models `content_store`. Everything is kept until the store is destroyed; a blob is at most `limit` bytes, more is
/// `body_too_large`. Threads: any call by several at once. It must outlive its sinks.
class memory_store {
  public:
    explicit memory_store(std::size_t limit = std::size_t{64} << 20) : limit_(limit) {}

    result<descriptor> resolve(std::string_view name, stop_token = {}) {
        std::lock_guard const locked(mutex_);
        if (name.empty() && documents_.size() == 1) return documents_.front().second;
        if (name.empty() && documents_.size() > 1) return error(errc::tag_ambiguous).with_available(listed());
        for (auto const& [n, what] : documents_)
            if (n == name || what.digest.str() == name) return what;
        return error(errc::manifest_unknown).with_available(listed());
    }
    result<std::string> document(descriptor const& what, stop_token = {}) {
        std::lock_guard const locked(mutex_);
        auto const found = contents_.find(what.digest.str());
        if (found == contents_.end()) return error(errc::manifest_unknown).with_context(what.digest.str());
        return found->second;
    }
    result<void> read(descriptor const& what, blob_sink& out, stop_token = {}) {
        auto bytes = document(what);
        if (!bytes) return error(errc::blob_unknown).with_context(what.digest.str());
        auto passed = pass(bytes.assume_value(), out);
        if (!passed) return out.discard(), std::move(passed);
        return out.commit();
    }
    result<std::vector<std::string>> names(stop_token = {}) {
        std::lock_guard const locked(mutex_);
        return listed();
    }

    result<bool> has(descriptor const& what, stop_token = {}) {
        std::lock_guard const locked(mutex_);
        return contents_.contains(what.digest.str());
    }
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what) {
        return std::unique_ptr<blob_sink>(std::make_unique<sink>(*this, what));
    }
    result<void> put_document(descriptor const& what, std::string_view bytes) {
        std::lock_guard const locked(mutex_);
        contents_.insert_or_assign(what.digest.str(), std::string(bytes));
        return success();
    }
    result<void> tag(std::string_view name, descriptor const& what) {
        std::lock_guard const locked(mutex_);
        std::erase_if(documents_, [&](auto const& d) { return d.first == name && (!name.empty() || d.second.digest == what.digest); });
        documents_.emplace_back(name, what);
        return success();
    }
    result<void> complete() { return success(); }

  private:
    class sink final : public blob_sink {
      public:
        sink(memory_store& of, descriptor what) : of_(of), what_(std::move(what)), memory_(of.limit_) {}
        result<void> begin() override { return memory_.begin(); }
        result<void> write(std::span<std::byte const> piece) override { return memory_.write(piece); }
        result<void> commit() override {
            LADING_TRY_V(memory_.commit());
            return of_.put_document(what_, memory_.take());
        }
        void discard() noexcept override { memory_.discard(); }

      private:
        memory_store& of_;
        descriptor what_;
        memory_sink memory_;
    };

    static result<void> pass(std::string const& bytes, blob_sink& out) {
        LADING_TRY_V(out.begin());
        return out.write(std::as_bytes(std::span(bytes)));
    }
    std::vector<std::string> listed() const {
        std::vector<std::string> out;
        for (auto const& d : documents_)
            if (!d.first.empty()) out.push_back(d.first);
        return out;
    }

    std::mutex mutex_;
    std::map<std::string, std::string> contents_;                ///< by digest
    std::vector<std::pair<std::string, descriptor>> documents_; ///< that were named, in that order
    std::size_t limit_;
};

} // namespace lading
