// SPDX-License-Identifier: BSL-1.0
#pragma once

/// A place that documents are written to one by one: a repository, or a layout on disk.

#include "stores.hpp"

#include <lading/store/oci_layout.hpp>
#include <lading/store/registry_repository.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Calls `go(store, name, repository)` with the place that a name of the command line means: what the name is there, and what stands before a
/// tag or a digest when it is printed. `make`: a layout that is not there is made. Errors: those of opening it, and of `go`; `ref_invalid` for an archive.
template <class T, class Go>
lading::result<T> in_place(std::string const& name, registry_access const& args, bool make, Go go) {
    LADING_TRY(auto const where, place_of(name));
    if (!where.on_disk) {
        LADING_TRY(auto at, registry_of(name, args));
        lading::registry_repository<lading::client> store(at.registry, at.ref.repository());
        return go(store, at.ref.target(), at.ref.repository().str());
    }
    auto const& disk = *where.on_disk;
    if (disk.form != image_form::layout)
        return lading::error(lading::errc::ref_invalid).with_context(name + " is written as a whole, by copy; this goes to a registry, or to a layout: oci:FOLDER:NAME");
    auto store = make ? lading::oci_layout::create(disk.path) : lading::oci_layout::open(disk.path);
    if (!store) return std::move(store).assume_error();
    return go(store.assume_value(), disk.words, "oci:" + disk.path);
}

/// "repository:tag@digest", or without what is empty.
inline std::string pinned_in(std::string const& repository, std::string const& name, lading::digest const& d) {
    bool const is_tag = !name.empty() && name.find(':') == name.npos && name.find('@') == name.npos;
    return shown(repository + (is_tag ? ':' + name : std::string())) + '@' + d.str();
}

/// Tags as the command line gives them; the words of the first that is none.
inline std::string wrong_tag(std::vector<std::string> const& tags) {
    for (auto const& tag : tags)
        if (!lading::reference::parse("r.example/n:" + tag)) return tag;
    return {};
}

/// An annotation of the command line: KEY=VALUE.
inline std::pair<std::string, std::string> annotation_of(std::string const& text) {
    auto const at = text.find('=');
    if (at == 0 || at == text.npos) throw CLI::ValidationError("an annotation is KEY=VALUE: " + shown(text));
    return {text.substr(0, at), text.substr(at + 1)};
}
