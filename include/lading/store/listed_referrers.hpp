// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `listed_referrers`: what refers to a document, among those that a store lists.

#include "../detail/mutex.hpp"
#include "../detail/stop_token.hpp"
#include "../document/oci.hpp"
#include "../document/referrer.hpp"
#include "../document/reflect/oci.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading::detail {

/// Remembers the documents that it has looked into, so that each is read once. Threads: any call by several at once.
class listed_referrers {
  public:
    struct entry {
        std::string name;
        descriptor what;
    };

    /// `read(descriptor)` gives the bytes of a document. One that is not there, or damaged, refers to nothing. Other tools keep an index of the
    /// referrers under their tag: what that has counts, too. Errors: `cancelled`.
    template <json_policy J, class Read>
    result<std::vector<descriptor>> of(digest const& subject, std::vector<entry> const& entries, limits const& bounds, stop_token const& stop, Read const& read) {
        std::vector<descriptor> out;
        auto const add = [&](descriptor d) {
            auto const same = [&](auto const& o) { return o.digest == d.digest; };
            if (std::none_of(out.begin(), out.end(), same)) out.push_back(std::move(d));
        };
        auto const tag = referrers_tag(subject);
        for (auto const& e : entries) {
            if (stop.stop_requested()) return error(errc::cancelled);
            if (auto const r = look<J>(e.what, bounds, read); r && r->subject && r->subject->digest == subject) add(r->entry);
            if (e.name != tag) continue;
            auto const text = read(e.what);
            auto const parsed = text ? json_document::parse<J>(text.assume_value(), bounds.json) : result<json_document>(error(errc::manifest_unknown));
            auto list = parsed ? decode<oci_index>(parsed.assume_value().root(), errc::manifest_schema, bounds) : result<oci_index>(parsed.assume_error());
            if (!list || list.assume_value().subject) continue;
            for (auto& m : list.assume_value().manifests) add(std::move(m));
        }
        return out;
    }

  private:
    template <json_policy J, class Read>
    std::optional<referring> look(descriptor const& what, limits const& bounds, Read const& read) {
        {
            std::lock_guard const locked(mutex_);
            if (auto const at = known_.find(what.digest); at != known_.end()) return at->second;
        }
        auto const text = read(what);
        if (!text) return std::nullopt;
        std::optional<referring> out;
        if (text.assume_value().find("\"subject\"") != std::string::npos)
            if (auto r = referring_of<J>(text.assume_value(), what, bounds); r.subject) out = std::move(r);
        std::lock_guard const locked(mutex_);
        known_.emplace(what.digest, out);
        return out;
    }

    std::mutex mutex_;
    std::map<digest, std::optional<referring>> known_;
};

} // namespace lading::detail
