// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `memory_store`: images in memory, for tests and small artifacts.

#include "../detail/mutex.hpp"
#include "../document/referrer.hpp"
#include "../json/strict_json.hpp"
#include "content_store.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// Models `content_store`. Everything is kept until the store is destroyed; a blob is at most `limit` bytes (64 MiB unless given), more is
/// `body_too_large`. Threads: any call by several at once. It must outlive its sinks.
class memory_store {
  public:
    static constexpr bool any_call_at_once = true;
    static constexpr bool reads_once = true;
    explicit memory_store(std::size_t limit = std::size_t{64} << 20) : limit_(limit) {}

    result<descriptor> resolve(std::string_view name, stop_token = {}) {
        std::lock_guard const locked(mutex_);
        if (name.empty() && documents_.size() == 1) return documents_.front().second;
        if (name.empty() && documents_.size() > 1) return error(errc::tag_ambiguous).with_available(listed());
        for (auto const& [n, what] : documents_)
            if (n == name || what.digest.str() == name) return what;
        if (auto const found = contents_.find(name); found != contents_.end() && found->second->what) return *found->second->what;
        return error(errc::manifest_unknown).with_available(listed());
    }
    result<std::string> document(descriptor const& what, stop_token = {}) {
        auto const found = find(what);
        if (!found) return error(errc::manifest_unknown).with_context(what.digest.str());
        return found->bytes;
    }
    /// What was written is not hashed again.
    result<void> read(descriptor const& what, blob_sink& out, stop_token = {}) {
        auto const found = find(what);
        if (!found) return error(errc::blob_unknown).with_context(what.digest.str());
        auto const bytes = std::as_bytes(std::span(found->bytes));
        if (what.size >= 0 && bytes.size() != static_cast<std::size_t>(what.size))
            return error(errc::size_mismatch).with_context(what.digest.str()).with_values(std::to_string(what.size) + " bytes", std::to_string(bytes.size()));
        std::size_t at = 0;
        bool same = true;
        auto const kept = out.resume(static_cast<std::int64_t>(bytes.size()), [&](std::span<std::byte const> piece) {
            same = same && piece.size() <= bytes.size() - at && std::equal(piece.begin(), piece.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
            at += piece.size();
            return true;
        });
        if (!kept) return out.suspend(), kept.assume_error();
        at = static_cast<std::size_t>(kept.assume_value());
        auto passed = result<void>(success());
        if (at == 0 || at > bytes.size() || !same) at = 0, passed = out.begin();
        if (passed && at < bytes.size()) passed = out.write(bytes.subspan(at));
        if (!passed) return out.suspend(), std::move(passed);
        return out.commit();
    }
    result<std::vector<std::string>> names(stop_token = {}) {
        std::lock_guard const locked(mutex_);
        return listed();
    }

    result<std::vector<descriptor>> referrers(descriptor const& what, stop_token = {}) {
        std::lock_guard const locked(mutex_);
        std::vector<descriptor> out;
        for (auto const& [d, c] : contents_)
            if (c->refers && c->refers->subject->digest == what.digest) out.push_back(c->refers->entry);
        return out;
    }

    result<bool> has(descriptor const& what, stop_token = {}) {
        std::lock_guard const locked(mutex_);
        auto const found = contents_.find(what.digest.str());
        return found != contents_.end() && (what.size < 0 || found->second->bytes.size() == static_cast<std::size_t>(what.size));
    }
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what) {
        return std::unique_ptr<blob_sink>(std::make_unique<sink>(*this, what));
    }
    result<void> put_document(descriptor const& what, std::string_view bytes) {
        put(what, std::string(bytes), true);
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
        result<void> write(std::span<std::byte const> piece) override {
            if (auto done = memory_.write(piece); done || done.assume_error() != errc::body_too_large) return done;
            return error(errc::body_too_large).with_context(what_.digest.str()).with_values("at most " + std::to_string(of_.limit_) + " bytes (memory_store(limit))", "more");
        }
        result<void> commit() override {
            LADING_TRY_V(memory_.commit());
            of_.put(what_, memory_.take(), false);
            return success();
        }
        void discard() noexcept override { memory_.discard(); }

      private:
        memory_store& of_;
        descriptor what_;
        memory_sink memory_;
    };

    struct content {
        std::string bytes;
        std::optional<descriptor> what;   ///< of a document
        std::optional<referring> refers{}; ///< of one that has a subject
    };
    void put(descriptor const& what, std::string bytes, bool is_document) {
        content one{std::move(bytes), is_document ? std::optional(what) : std::nullopt};
        if (is_document && one.bytes.find("\"subject\"") != std::string::npos)
            if (auto r = referring_of<strict_json>(one.bytes, what); r.subject) one.refers = std::move(r);
        auto kept = std::make_shared<content const>(std::move(one));
        std::lock_guard const locked(mutex_);
        contents_.insert_or_assign(what.digest.str(), std::move(kept));
    }
    std::shared_ptr<content const> find(descriptor const& what) {
        std::lock_guard const locked(mutex_);
        auto const found = contents_.find(what.digest.str());
        return found == contents_.end() ? nullptr : found->second;
    }
    std::vector<std::string> listed() const {
        std::vector<std::string> out;
        for (auto const& d : documents_)
            if (!d.first.empty()) out.push_back(d.first);
        return out;
    }

    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<content const>, std::less<>> contents_; ///< by digest
    std::vector<std::pair<std::string, descriptor>> documents_; ///< that were named, in that order
    std::size_t limit_;
};

} // namespace lading
