// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `push_artifact` and `attach_artifact`: files and folders of this machine as an artifact in a registry, or in any other store.

#include "../store/packed_artifact.hpp"
#include "../store/registry_repository.hpp"
#include "copy.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace lading {

/// Packs what has been added to `files`, and copies it to a store, under a name. It is `packed_artifact::pack`, then `copy`, with the errors of both.
/// With a digest for a name, that is what the manifest must have. Requests to a registry: HEAD of the tag, then for each file HEAD, POST
/// and PUT, likewise for the config, then PUT of the manifest; nothing but the first where the tag leads to it already.
template <class To, hash_policy H>
result<copy_summary> push_artifact(basic_packed_artifact<H>& files, To& to, std::string_view name, pack_options pack, copy_options o = {}, stop_token stop = {}) {
    LADING_TRY_V(files.pack(std::move(pack)));
    return copy(files, {}, to, name, std::move(o), std::move(stop));
}

/// The same about a document of the store, which is what `subject` leads to there: a signature, a list of parts. It has no name, and is found by the
/// document that it is about. Requests: the document, then as above, without the first.
template <class To, hash_policy H>
result<copy_summary> attach_artifact(basic_packed_artifact<H>& files, To& to, std::string_view subject, pack_options pack, copy_options o = {}, stop_token stop = {}) {
    LADING_TRY_V(files.pack(pack)); // what is wrong with it is said before the store is asked
    detail::will_write(to);
    LADING_TRY(auto about, to.resolve(subject, stop));
    return push_artifact(files, to, {}, std::move(pack.with_subject(std::move(about))), std::move(o), std::move(stop));
}

} // namespace lading
