// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `remove_with_referrers`: a manifest, and what refers to it.

#include "../detail/stop_token.hpp"
#include "../document/referrer.hpp"
#include "../error_groups.hpp"
#include "../limits.hpp"
#include "../operation/referrers_options.hpp"
#include "../operation/removed.hpp"
#include "../reference.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// What a removal of several manifests has come to.
struct removal_summary {
    struct failure {
        digest which;
        error why;
    };
    std::vector<digest> removed;   ///< in that order, lists of referrers included
    std::vector<failure> failures; ///< of what refers to it

    bool complete() const noexcept { return failures.empty(); }
};

/// Removes the manifest with the digest of the reference, then what refers to it and to that, `limits::referrer_depth` levels, and the lists of
/// referrers that the registry does not make itself. The lists go last, so that a call that ended early can be made again, with `missing_is_fine`.
/// `Client` is blocking: `client` or a `basic_client`.
///
/// Requests: those of `referrers` for each manifest, DELETE for each; for each list HEAD, DELETE of the tag, and of the index where tags are not
/// removed. Errors: those of `remove_manifest` and `referrers` for the first; of the others they are in the summary, but for `cancelled`.
template <class Client>
result<removal_summary> remove_with_referrers(Client& registry, reference const& ref, remove_options o = {}, stop_token stop = {}) {
    if (!ref.has_digest()) return error(errc::invalid_argument).with_context("a manifest is removed by its digest: " + ref.str());
    removal_summary out;
    struct entry {
        digest which;
        std::size_t depth;
    };
    std::vector<entry> queue{{*ref.digest(), 0}};
    std::vector<digest> listed; // by tag
    std::set<digest> seen{*ref.digest()};
    auto const at = [&](digest const& d) { return reference::parse(ref.repository().str() + '@' + d.str()); };
    for (std::size_t i = 0; i < queue.size(); ++i) {
        auto const [which, depth] = queue[i];
        auto const failed = [&, d = which](error e) -> result<void> {
            if (d == *ref.digest() || e == errc::cancelled) return e;
            out.failures.push_back({d, std::move(e)});
            return success();
        };
        LADING_TRY(auto const one, at(which));
        if (depth < limits().referrer_depth) {
            auto referrers = registry.referrers(one, referrers_options(), stop);
            if (!referrers) {
                LADING_TRY_V(failed(std::move(referrers).assume_error()));
            } else {
                auto& list = referrers.assume_value();
                if (list.failure) {
                    LADING_TRY_V(failed(std::move(*list.failure)));
                }
                if (list.by == referrers_by::tag) listed.push_back(which);
                for (auto const& d : list.values)
                    if (seen.insert(d.digest).second) queue.push_back({d.digest, depth + 1});
            }
        }
        auto how = o;
        how.listing = depth == 0 && o.listing; // it may be in a list that stays
        how.missing_is_fine = o.missing_is_fine || depth != 0;
        auto gone = registry.remove_manifest(one, how, stop);
        if (gone && gone.assume_value()) out.removed.push_back(which);
        if (!gone) {
            LADING_TRY_V(failed(std::move(gone).assume_error()));
        }
    }
    for (auto const& d : listed) {
        LADING_TRY(auto const tag, reference::parse(ref.repository().str() + ':' + referrers_tag(d)));
        auto const removed = [&]() -> result<void> {
            LADING_TRY(auto const list, registry.find(tag, stop));
            if (!list) return success();
            auto gone = registry.remove_tag(tag, true, stop);
            if (!gone && gone.assume_error() == errc::unsupported_by_registry) {
                LADING_TRY(auto const one, at(list->digest));
                gone = registry.remove_manifest(one, remove_options(true).with_listing(false), stop);
            }
            if (!gone) return std::move(gone).assume_error();
            out.removed.push_back(list->digest);
            return success();
        }();
        if (!removed && removed.assume_error() == errc::cancelled) return removed.assume_error();
        if (!removed) out.failures.push_back({d, removed.assume_error()});
    }
    return out;
}

} // namespace lading
