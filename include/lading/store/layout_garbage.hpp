// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `layout_garbage`: which files of an OCI layout nothing leads to any more.

#include "../detail/stop_token.hpp"
#include "../document/listed_contents.hpp"
#include "../document/shape.hpp"
#include "../json/document.hpp"
#include "layout_blobs.hpp"
#include "layout_index.hpp"

#include <dirent.h>

#include <ctime>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// What `oci_layout::gc` may remove.
struct garbage_options {
    std::chrono::seconds blobs{3600};              ///< younger blobs stay: a program may be about to list them
    std::chrono::seconds parts{14 * 24 * 3600};    ///< younger unfinished files stay: a program may resume them
    bool force = false;                             ///< remove also what only an unreadable document might list
};

/// What it has removed.
struct garbage {
    std::size_t files = 0;
    std::uint64_t bytes = 0;
};

namespace detail {

template <json_policy J, hash_policy H>
class layout_garbage {
  public:
    layout_garbage(layout_blobs<H> const& blobs, limits const& l, garbage_options o, stop_token stop) : blobs_(blobs), bounds_(l), options_(o), stop_(std::move(stop)) {}

    /// Marks what the entries lead to. Errors: `layout_invalid` (it cannot be known what), unless forced; `cancelled`.
    result<void> mark(layout_index<J> const& index) {
        for (auto const& e : index.entries()) {
            if (stop_.stop_requested()) return error(errc::cancelled);
            auto const what = e.what(bounds_);
            if (what) walk(what.assume_value().digest, what.assume_value().media_type, 0);
            else doubt("an entry of index.json", what.assume_error());
        }
        if (stop_.stop_requested()) return error(errc::cancelled);
        if (doubt_.empty() || options_.force) return success();
        return blobs_.folder().bad("nothing is removed, for it is not known what is in use: " + doubt_);
    }
    /// Removes what is not marked. Errors: `sink_failed`, `cancelled`.
    result<garbage> sweep() const {
        garbage out;
        for (auto const a : {digest_algorithm::sha256, digest_algorithm::sha384, digest_algorithm::sha512}) {
            LADING_TRY(auto const folder, blobs_.folder().blobs_of(a));
            if (!folder) continue;
            LADING_TRY_V(sweep(folder, blobs_.folder().blobs_name(a), [&](std::string const& name, std::time_t changed) { return is_garbage(a, name, changed); }, out));
        }
        // An index under way is written with the lock, so that one which is there now is nobody's.
        auto const is_left = [](std::string const& name, std::time_t) { return name.starts_with(".index.json.") && name.ends_with(".part"); };
        LADING_TRY_V(sweep(blobs_.folder().root_handle(), blobs_.folder().path() + '/', is_left, out));
        return out;
    }

  private:
    /// Removes the regular files of a folder that `f` says are garbage.
    template <class F>
    result<void> sweep(file_handle const& folder, std::string const& where, F const& f, garbage& out) const {
        std::unique_ptr<DIR, int (*)(DIR*)> const list(::fdopendir(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), &::closedir);
        std::vector<std::string> names;
        while (auto const* const entry = list ? ::readdir(list.get()) : nullptr) names.emplace_back(entry->d_name);
        for (auto const& name : names) {
            if (stop_.stop_requested()) return error(errc::cancelled);
            struct stat about{};
            if (::fstatat(folder.get(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(about.st_mode) || !f(name, about.st_mtime)) continue;
            if (::unlinkat(folder.get(), name.c_str(), 0) != 0) return file_error(where + name, "cannot be removed");
            ++out.files;
            out.bytes += static_cast<std::uint64_t>(about.st_size);
        }
        return success();
    }

    static constexpr std::size_t depth = 8; ///< of documents within documents

    bool is_garbage(digest_algorithm a, std::string const& name, std::time_t changed) const {
        auto const age = std::chrono::seconds(std::time(nullptr) - changed);
        if (name.starts_with('.') && name.ends_with(".part")) return age > options_.parts;
        auto const d = digest::parse(std::string(name_of(a)) + ':' + name);
        return d && !marked_.contains(d.assume_value()) && age > options_.blobs;
    }
    void doubt(std::string const& about, error const& why) {
        if (doubt_.empty()) doubt_ = about + ": " + why.summary();
    }
    /// Content of an unknown type is a blob, unless it can be read as a document.
    void walk(digest const& d, std::string_view type, std::size_t deep) {
        marked_.insert(d);
        if (stop_.stop_requested()) return;
        if (is_known_blob_type(type) || !walked_.insert(d).second) return;
        bool const may_be_blob = !type.empty() && !is_known_manifest_type(type);
        if (deep > depth) return doubt(d.str(), error(errc::walk_limit));
        auto const text = blobs_.document(descriptor({}, d, descriptor::unknown_size));
        if (!text && text.assume_error() == errc::manifest_unknown) return; // not in this layout, nor of use what it leads to
        if (!text && may_be_blob && text.assume_error() == errc::body_too_large) return;
        if (!text) return doubt(d.str(), text.assume_error());
        auto const parsed = json_document::parse<J>(text.assume_value(), bounds_.json);
        if (!parsed && may_be_blob) return;
        if (!parsed) return doubt(d.str(), parsed.assume_error());
        look(parsed.assume_value().root(), deep, false);
    }
    /// Whatever looks like a digest is one that is in use; what is listed as a document is looked into.
    void look(json_view v, std::size_t deep, bool listed) {
        if (v.is_array()) v.each_element([&](json_view e) { look(e, deep, listed); });
        if (!v.is_object()) return;
        auto const member_type = v.find("mediaType");
        auto const type = member_type ? member_type->as_string().value_or("") : std::string_view();
        bool const document = listed || is_known_manifest_type(type);
        v.each_member([&](std::string_view key, json_view member) {
            if (auto const text = member.as_string(); text && (key == "digest" || key == "blobSum")) {
                auto const d = digest::parse(*text);
                if (d && document) walk(d.assume_value(), type, deep + 1);
                else if (d) marked_.insert(d.assume_value());
            }
            look(member, deep, key == "manifests" || key == "subject");
        });
    }

    layout_blobs<H> const& blobs_;
    limits const& bounds_;
    garbage_options options_;
    stop_token stop_;
    std::set<digest> marked_, walked_;
    std::string doubt_;
};

} // namespace detail
} // namespace lading
