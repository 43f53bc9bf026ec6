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
/// A list is a claim, which anybody makes who may push. Each manifest on it is read, and one that does not refer to the subject stays, and is named in the
/// summary. What the tag of a list leads to stays if it is no list, or another one by then; where tags are not removed it goes by its digest only if all
/// that it lists refers to the subject: it may have other tags.
///
/// `limits::copied_documents` is the most that is removed so; what refers to a manifest beyond it stays, with its list, and the summary says so.
///
/// Requests: those of `referrers` with verification for each manifest, DELETE for each; for each list HEAD, DELETE of the tag, and of the index where tags
/// are not removed. Errors: those of `remove_manifest` and `referrers` for the first; of the others they are in the summary, but for `cancelled`;
/// there also `precondition_failed` of what a list only claims, and of a list that was changed meanwhile.
template <class Client>
result<removal_summary> remove_with_referrers(Client& registry, reference const& ref, remove_options o = {}, stop_token stop = {}) {
    if (!ref.has_digest()) return error(errc::invalid_argument).with_context("a manifest is removed by its digest: " + ref.str());
    removal_summary out;
    struct entry {
        digest which;
        std::size_t depth;
    };
    struct list {
        digest subject, self;
        bool honest; ///< all that it lists refers to the subject
    };
    std::vector<entry> queue{{*ref.digest(), 0}};
    std::vector<list> lists;
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
            auto referrers = registry.referrers(one, referrers_options().with_verification(), stop);
            if (!referrers) {
                LADING_TRY_V(failed(std::move(referrers).assume_error()));
            } else {
                auto& listed = referrers.assume_value();
                bool const whole = listed.complete && !listed.failure;
                if (listed.failure) {
                    LADING_TRY_V(failed(std::move(*listed.failure)));
                }
                auto const at_most = [&](char const* name, std::size_t n) {
                    out.failures.push_back({which, error(errc::manifest_limit).with_context("what refers to it: some stays").with_values("at most " + std::to_string(n) + " (limits::" + name + ')', "more")});
                };
                if (!whole && !listed.failure) at_most("referrers", limits().referrers);
                if (queue.size() + listed.values.size() > limits().copied_documents) {
                    at_most("copied_documents", limits().copied_documents);
                    listed.values.clear();
                } else if (listed.index && whole) {
                    lists.push_back({which, listed.index->digest, listed.unrelated.empty()});
                }
                for (auto const& d : listed.unrelated)
                    out.failures.push_back({d, error(errc::precondition_failed).with_context("it is listed among the referrers of " + which.str() + " and does not refer to it: it stays")});
                for (auto const& d : listed.values)
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
    for (auto const& l : lists) {
        LADING_TRY(auto const tag, reference::parse(ref.repository().str() + ':' + referrers_tag(l.subject)));
        auto const removed = [&]() -> result<void> {
            LADING_TRY(auto const now, registry.find(tag, stop));
            if (!now) return success();
            if (now->digest != l.self) return error(errc::precondition_failed).with_context("the list of its referrers: it stays").with_values(l.self.str(), now->digest.str());
            auto gone = registry.remove_tag(tag, true, stop);
            if (!gone && gone.assume_error() == errc::unsupported_by_registry && l.honest) {
                LADING_TRY(auto const one, at(l.self));
                gone = registry.remove_manifest(one, remove_options(true).with_listing(false), stop);
            }
            if (!gone) return std::move(gone).assume_error();
            out.removed.push_back(l.self);
            return success();
        }();
        if (!removed && removed.assume_error() == errc::cancelled) return removed.assume_error();
        if (!removed) out.failures.push_back({l.subject, removed.assume_error()});
    }
    return out;
}

} // namespace lading
