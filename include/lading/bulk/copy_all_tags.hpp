// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `copy_all_tags`: everything at a source that has a name.

#include "../detail/mutex.hpp"
#include "../http/plain_words.hpp"
#include "copy.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

namespace detail {
/// Stores whose names may be asked for and given by several threads at once; of a registry each has its own.
template <class S>
concept shared_by_copies = requires(S const& s) { s.another(); } || requires { S::any_call_at_once; };
template <class S, class F>
auto with_own(S& store, F&& f) {
    if constexpr (requires { store.another(); }) {
        auto mine = store.another();
        return f(mine);
    } else {
        return f(store);
    }
}
} // namespace detail

/// Copies every name of `from`, under the same name; four at once, where both stores take that, else one after the other. Each is as a `copy`; one that
/// fails does not end the others. With `copy_options::with_no_clobber` names that lead elsewhere stay, and are among the failures as `tag_exists`.
/// A name that the destination cannot give is `ref_invalid` there. Lists of referrers under the tags `sha256-<hex>` are added to those of
/// the destination.
///
/// Errors: those of `names`, of `complete`, and `cancelled`. Threads: as `copy`.
template <class From, class To>
result<copied_tags> copy_all_tags(From& from, To& to, copy_options o = {}, stop_token stop = {}) {
    static_assert(check_content_source<From>::ok && check_content_store<To>::ok);
    detail::will_write(to);
    LADING_TRY(auto names, from.names(stop));
    if (o.names) std::erase_if(names, [&](std::string const& name) { return !o.names(name); });
    copied_tags out;
    for (auto const& name : names) {
        out.tags.emplace_back(detail::printable(name, 160));
        if (detail::digest_tag::parse(name)) ++out.digest_tags;
    }
    bool const completion = std::exchange(o.completion, false);
    std::size_t at_once = 1;
    if constexpr (detail::shared_by_copies<From> && detail::shared_by_copies<To>) {
        at_once = std::min<std::size_t>(4, std::max<std::size_t>(o.lanes, 1));
        if (at_once > 1) o.with_lanes(std::max<std::size_t>(o.lanes / 2, 1));
    }
    if (o.observer && at_once > 1) // which is told of one thing at a time
        o.observer = [mutex = std::make_shared<std::mutex>(), tell = std::move(o.observer)](transfer_event const& e) {
            std::lock_guard const lock(*mutex);
            tell(e);
        };
    auto const mount = detail::mount_between(from, to);
    LADING_TRY_V(detail::copy_lanes(names.size(), at_once, stop, [&](std::size_t i, stop_token const& s) -> result<void> {
        auto copied = detail::with_own(from, [&](auto& f) {
            return detail::with_own(to, [&](auto& t) {
                detail::copy_from_store source(f);
                detail::copy_to_store target(t, mount);
                return detail::copy_name(source, target, names[i], o, s);
            });
        });
        auto& one = out.tags[i];
        if (copied) one.copied = std::move(copied).assume_value();
        else one.failure = std::move(copied).assume_error();
        if (one.failure && *one.failure == errc::cancelled) return *one.failure;
        return success();
    }));
    if (completion) {
        LADING_TRY_V(detail::copy_to_store<To>(to).complete(stop));
    }
    return out;
}

} // namespace lading
