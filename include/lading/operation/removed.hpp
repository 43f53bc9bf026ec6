// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `removed`: what a call removes; `remove_options`: how.

#include <cstdint>

namespace lading {

/// What is removed.
enum class removed : std::uint8_t { manifest, ///< by its digest, and with it all tags that lead to it
                                    tag,      ///< alone
                                    blob };   ///< by its digest; manifests that list it stay

/// How something is removed. Every setter returns the object.
struct remove_options {
    /// May be given as a bool alone.
    remove_options(bool missing_is_fine_ = false) : missing_is_fine(missing_is_fine_) {}

    /// That it is not there is no failure; the call says so.
    remove_options& with_missing_is_fine(bool yes = true) { return missing_is_fine = yes, *this; }
    /// Off: a manifest is not read before it is removed, so that where it refers to another one it stays in a list of referrers that the
    /// registry does not make itself. There it does no harm.
    remove_options& with_listing(bool on) { return listing = on, *this; }
    /// Of a tag: what it leads to is removed, and with it every other tag that leads there. It is not read before, as a manifest by its digest is.
    remove_options& with_resolution(bool yes = true) { return resolution = yes, *this; }

    bool missing_is_fine = false;
    bool listing = true;
    bool resolution = false;
};

} // namespace lading
