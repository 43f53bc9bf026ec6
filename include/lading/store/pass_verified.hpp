// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `pass_verified`: how a store on this machine gives a blob to a sink.

#include "../descriptor.hpp"
#include "../detail/stop_token.hpp"
#include "../policy/hash.hpp"
#include "blob_sink.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lading::detail {

/// Passes a blob of `size` bytes to a sink, which is committed when size and digest hold. What the sink has of it is gone on
/// with; where that turns out to be wrong all is passed. `read(at, span)` gives up to that many bytes from a position, 0 for
/// a blob that ends early; positions only grow, but for one time that they may begin again at 0. `from` is said in errors.
/// Errors: `size_mismatch`, `digest_mismatch`, `cancelled`, those of `read` and of the sink.
template <hash_policy H, class Read>
result<void> pass_verified(descriptor const& what, std::uint64_t size, std::string const& from, Read&& read, blob_sink& out, stop_token const& stop) {
    auto const wrong_size = [&](std::uint64_t actual) {
        return error(errc::size_mismatch).with_context(from).with_values(std::to_string(what.size) + " bytes", std::to_string(actual));
    };
    if (what.size >= 0 && size != static_cast<std::uint64_t>(what.size)) return wrong_size(size);
    H hash(what.digest.algorithm());
    auto held = out.resume(static_cast<std::int64_t>(size), [&](std::span<std::byte const> kept) {
        hash.update(kept);
        return !stop.stop_requested();
    });
    if (!held) return out.suspend(), held.assume_error();
    auto at = held.assume_value();
    std::vector<char> piece(static_cast<std::size_t>(std::min<std::uint64_t>(std::max<std::uint64_t>(size, 1), 256u << 10)));
    auto const pass = [&]() -> result<void> {
        while (at < size) {
            if (stop.stop_requested()) return error(errc::cancelled);
            LADING_TRY(auto const n, read(at, std::span(piece).first(static_cast<std::size_t>(std::min<std::uint64_t>(size - at, piece.size())))));
            if (n == 0) return wrong_size(at);
            auto const bytes = std::as_bytes(std::span(piece).first(n));
            hash.update(bytes);
            LADING_TRY_V(out.write(bytes));
            at += n;
        }
        return success();
    };
    for (bool again = at > 0 && at <= size;; again = false) {
        auto passed = again ? result<void>(success()) : out.begin();
        if (!again) at = 0, hash = H(what.digest.algorithm());
        if (passed) passed = pass();
        if (!passed) return out.suspend(), std::move(passed);
        auto const actual = hash.finish();
        if (!actual) return out.suspend(), actual.assume_error();
        if (actual.assume_value() == what.digest) {
            if (!stop.stop_requested()) return out.commit();
            return out.suspend(), error(errc::cancelled); // a sink may take long for it
        }
        if (again) continue;
        out.discard();
        return error(errc::digest_mismatch).with_context(from).with_values(what.digest.str(), actual.assume_value().str());
    }
}

} // namespace lading::detail
