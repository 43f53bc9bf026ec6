// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `listed_referrers`: what refers to a document, among those that a store lists.

#include "../detail/mutex.hpp"
#include "../detail/stop_token.hpp"
#include "../document/oci.hpp"
#include "../document/referrer.hpp"
#include "../document/reflect/oci.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lading::detail {

/// Remembers what the documents that are listed refer to, so that each is read once. What the entries of referrers say is kept too, up to `most_kept`
/// bytes in all; beyond that those that refer to what is asked about are read again. Threads: any call by several at once.
class listed_referrers {
  public:
    static constexpr std::size_t most_kept = std::size_t{4} << 20;

    struct entry {
        std::string name;
        descriptor what;
    };

    /// `entries` are all that the store lists; `read(descriptor)` gives the bytes of a document. One that is not there, or damaged, refers to nothing. Other tools
    /// keep an index of the referrers under their tag: what that has counts, too. Errors: `cancelled`.
    template <json_policy J, class Read>
    result<std::vector<descriptor>> of(digest const& subject, std::vector<entry> const& entries, limits const& bounds, stop_token const& stop, Read const& read) {
        std::vector<descriptor> out;
        std::set<digest> seen;
        auto const add = [&](descriptor d) {
            if (seen.insert(d.digest).second) out.push_back(std::move(d));
        };
        auto const tag = referrers_tag(subject);
        for (auto const& e : entries) {
            if (stop.stop_requested()) return error(errc::cancelled);
            if (auto r = look<J>(subject, e.what, bounds, read)) add(std::move(*r));
            if (e.name != tag) continue;
            auto const text = read(e.what);
            auto const parsed = text ? json_document::parse<J>(text.assume_value(), bounds.json) : result<json_document>(error(errc::manifest_unknown));
            auto list = parsed ? decode<oci_index>(parsed.assume_value().root(), errc::manifest_schema, bounds) : result<oci_index>(parsed.assume_error());
            if (!list || list.assume_value().subject) continue;
            for (auto& m : list.assume_value().manifests) add(std::move(m));
        }
        forget(entries);
        return out;
    }
    /// How many documents are remembered; how many bytes are kept of what they say.
    std::size_t documents() {
        std::lock_guard const locked(mutex_);
        return known_.size();
    }
    std::size_t bytes() {
        std::lock_guard const locked(mutex_);
        return kept_;
    }

  private:
    struct known {
        std::optional<digest> subject;
        std::optional<descriptor> entry; ///< of one with a subject, where it is kept
        std::size_t bytes = 0;           ///< of `entry`
    };
    /// What a list says of a document, if it refers to the subject.
    template <json_policy J, class Read>
    std::optional<descriptor> look(digest const& subject, descriptor const& what, limits const& bounds, Read const& read) {
        {
            std::lock_guard const locked(mutex_);
            auto const at = known_.find(what.digest);
            bool const is_known = at != known_.end();
            if (is_known && at->second.subject != subject) return std::nullopt;
            if (is_known && at->second.entry) return at->second.entry;
        }
        auto const text = read(what);
        if (!text) return std::nullopt;
        known found;
        std::optional<descriptor> out;
        if (text.assume_value().find("\"subject\"") != std::string::npos)
            if (auto r = referring_of<J>(text.assume_value(), what, bounds); r.subject) {
                found.subject = r.subject->digest;
                if (*found.subject == subject) out = r.entry;
                found.entry = std::move(r.entry);
                found.bytes = size_of(*found.entry);
            }
        std::lock_guard const locked(mutex_);
        if (kept_ + found.bytes > most_kept) found.entry.reset(), found.bytes = 0;
        auto const [at, is_new] = known_.emplace(what.digest, std::move(found));
        if (is_new) kept_ += at->second.bytes;
        return out;
    }
    /// What is listed no longer, when there is much of it.
    void forget(std::vector<entry> const& entries) {
        std::lock_guard const locked(mutex_);
        if (known_.size() <= entries.size() + 256 && kept_ <= most_kept / 2) return;
        std::set<digest> listed;
        for (auto const& e : entries) listed.insert(e.what.digest);
        std::erase_if(known_, [&](auto const& k) {
            if (listed.contains(k.first)) return false;
            kept_ -= k.second.bytes;
            return true;
        });
    }
    static std::size_t size_of(descriptor const& d) {
        std::size_t out = 256 + d.media_type.size() + d.artifact_type.size();
        for (auto const& [key, value] : d.annotations) out += 64 + key.size() + value.size();
        return out;
    }

    std::mutex mutex_;
    std::map<digest, known> known_;
    std::size_t kept_ = 0;
};

} // namespace lading::detail
