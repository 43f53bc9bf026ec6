// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `layout_index`: the `index.json` of an OCI layout as a value: what it lists, merged, written again with every member that
/// it had.

#include "../descriptor.hpp"
#include "../document/decode.hpp"
#include "../document/encode.hpp"
#include "../document/reflect/oci.hpp"
#include "../json/document.hpp"
#include "../json/writer.hpp"
#include "../media_type.hpp"
#include "image_names.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

namespace detail {
inline constexpr std::string_view ref_name = "org.opencontainers.image.ref.name";
inline constexpr std::string_view containerd_name = "io.containerd.image.name";

/// A name that an entry of a layout may have (image-spec 1.1, "annotations"): words of letters and digits with one of
/// `-._:@+` or `--` between them, `/` between such, at most 255 bytes.
constexpr bool is_layout_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > 255) return false;
    for (std::size_t i = 0;;) {
        auto const word = i;
        while (i < name.size() && is_alnum(name[i])) ++i;
        if (i == word) return false;
        if (i == name.size()) return true;
        if (name[i] == '-' && i + 1 < name.size() && name[i + 1] == '-') i += 2;
        else if (std::string_view("-._:@+/").find(name[i]) != std::string_view::npos) ++i;
        else return false;
    }
}
} // namespace detail

/// `J` models the JSON policy. Thread-safe for reading.
template <json_policy J>
class layout_index {
  public:
    struct entry {
        std::string text;        ///< as JSON
        result<descriptor> what; ///< or what is wrong with it: one bad entry does not hide the others
        detail::image_name name;
    };

    layout_index() = default;

    /// Reads the text of an `index.json`. Errors: `layout_invalid` (no JSON, a key twice, no list of manifests),
    /// `manifest_ambiguous` (it can be read as a manifest too), `manifest_limit` (more than `most` entries).
    static detail::dependent<result<layout_index>, J> parse(std::string_view text, std::size_t most, limits const& l = {}) {
        auto bounds = l;
        bounds.json.bytes = std::max(bounds.json.bytes, text.size()); // the file is bounded by who reads it
        bounds.json.nodes = std::max(bounds.json.nodes, most * 16);
        auto const document = json_document::parse<J>(text, bounds.json);
        if (!document && document.assume_error() == errc::json_limit) return too_many(most);
        if (!document) return bad(document.assume_error().summary());
        auto const root = document.assume_value().root();
        if (!root.is_object()) return bad("no object");
        for (auto const key : {"layers", "config", "fsLayers"})
            if (auto const other = root.find(key); other && !other->is_null())
                return error(errc::manifest_ambiguous).with_context(std::string("an index with the key ") + key);
        auto const manifests = root.find("manifests");
        if (!manifests || (!manifests->is_array() && !manifests->is_null())) return bad("no list of manifests");
        if (manifests->size() > most) return too_many(most);
        layout_index out;
        root.each_member([&](std::string_view name, json_view value) {
            auto& to = name == "schemaVersion" ? out.version_ : name == "mediaType" ? out.type_
                                                                                    : out.others_;
            if (name == "manifests") return;
            if (&to == &out.others_) to += ',' + text_of(json_writer(style).string(name)) + ':';
            to += text_of(json_writer(style).value(value));
        });
        if (manifests->is_array()) // Go writes null for a list without entries
            manifests->each_element([&](json_view element) { out.entries_.push_back(read(element, bounds)); });
        return out;
    }

    std::vector<entry> const& entries() const noexcept { return entries_; }
    /// What the entries are called.
    detail::image_names names() const {
        detail::image_names out;
        for (auto const& e : entries_) out.add(e.name);
        return out;
    }

    /// Lists a document: its media type, digest, size, and if they are known platform and artifact type, under `name`, or without
    /// one. The name leads nowhere else afterwards; an entry that loses it stays, without one, unless `prune` and it says
    /// nothing else. `full`, unless empty, is noted for containerd. The index grows to `most` entries and to `most_bytes` of text, not
    /// further. What fails changes nothing. Errors: `invalid_argument` (no size), `manifest_limit`.
    result<void> add(std::string_view name, descriptor const& what, bool prune = false, std::string_view full = {}, std::size_t most = SIZE_MAX, std::size_t most_bytes = SIZE_MAX) {
        auto const is_named = [&](entry const& e) { return !name.empty() && e.name.own == name; };
        auto const none = entries_.size();
        auto mine = none;
        for (std::size_t i = 0; i < none && mine == none; ++i)
            if (is_named(entries_[i]) && is(entries_[i], what.digest)) mine = i;
        for (std::size_t i = 0; i < none && mine == none; ++i)
            if (is(entries_[i], what.digest) && (name.empty() || entries_[i].name.own.empty())) mine = i;

        std::vector<std::pair<std::size_t, entry>> changed; // without a text: it goes
        for (std::size_t i = 0; i < none; ++i)
            if (is_named(entries_[i]) && i != mine) {
                auto& e = changed.emplace_back(i, renamed(entries_[i], {}, {})).second;
                if (prune && e.what && e.what.assume_value().annotations.empty()) e.text.clear();
            }
        if (mine == none) {
            descriptor listed(what.media_type, what.digest, what.size);
            listed.platform = what.platform;
            listed.artifact_type = what.artifact_type;
            if (!full.empty()) listed.annotations.emplace(detail::containerd_name, full);
            if (!name.empty()) listed.annotations.emplace(detail::ref_name, name);
            LADING_TRY(auto text, encode(listed));
            changed.emplace_back(none, entry{std::move(text), std::move(listed), {std::string(name), std::string(full), {}}});
        } else if (!name.empty() && !is_named(entries_[mine])) {
            changed.emplace_back(mine, renamed(entries_[mine], name, full));
        }
        auto count = none, bytes = size();
        for (auto const& [i, e] : changed) {
            bytes += e.text.size() + 1;
            if (i == none) ++count;
            else bytes -= entries_[i].text.size() + 1;
            if (e.text.empty()) --count;
        }
        if (count > std::max(most, none)) return too_many(most);
        if (bytes > std::max(most_bytes, size()))
            return error(errc::manifest_limit).with_context("index.json").with_values("at most " + std::to_string(most_bytes) + " bytes", "more");
        for (auto at = changed.rbegin(); at != changed.rend(); ++at) { // the one that is new first: there may be no memory for it
            if (at->first == none) entries_.push_back(std::move(at->second));
            else entries_[at->first] = std::move(at->second);
        }
        std::erase_if(entries_, [](entry const& e) { return e.text.empty(); });
        return success();
    }
    /// Removes the entries of this name, or, of "sha256:...", of this digest; false when there are none.
    bool remove(std::string_view name) {
        auto const d = digest::parse(name);
        return std::erase_if(entries_, [&](entry const& e) { return d ? is(e, d.assume_value()) : !name.empty() && e.name.own == name; }) != 0;
    }

    /// As many bytes as the text has, or some more. O(entries).
    std::size_t size() const noexcept {
        std::size_t out = 64 + media_types::oci_index.size() + version_.size() + type_.size() + others_.size();
        for (auto const& e : entries_) out += e.text.size() + 1;
        return out;
    }
    /// The text of the file. O(its size).
    std::string str() const {
        std::string out = R"({"schemaVersion":)" + (version_.empty() ? "2" : version_) + R"(,"mediaType":)" +
                          (type_.empty() ? '"' + std::string(media_types::oci_index) + '"' : type_) + R"(,"manifests":[)";
        for (auto const& e : entries_) out.append(&e == entries_.data() ? "" : ",").append(e.text);
        return out + ']' + others_ + '}';
    }

  private:
    static inline json_style const style{0, true, false, true};

    static error bad(std::string why) { return error(errc::layout_invalid).with_context("index.json: " + std::move(why)); }
    static error too_many(std::size_t most) {
        return error(errc::manifest_limit).with_context("index.json").with_values("at most " + std::to_string(most) + " entries", "more");
    }
    static std::string text_of(json_writer& w) { return w.take(); }
    static bool is(entry const& e, digest const& d) { return e.what && e.what.assume_value().digest == d; }

    static entry read(json_view element, limits const& bounds) {
        entry out{text_of(json_writer(style).value(element)), decode<descriptor>(element, errc::layout_invalid, bounds), {}};
        if (!out.what) return out;
        auto const& annotations = out.what.assume_value().annotations;
        if (auto const own = annotations.find(detail::ref_name); own != annotations.end()) out.name.own = own->second;
        if (auto const full = annotations.find(detail::containerd_name); full != annotations.end()) out.name.full = full->second;
        return out;
    }
    /// The entry with another name, or none; every other member as it was.
    static entry renamed(entry const& e, std::string_view name, std::string_view full) {
        auto const document = json_document::parse<J>(e.text);
        if (!document) return e; // it was parsed before
        json_writer w(style);
        w.begin_object();
        bool written = false;
        auto const annotations = [&](std::optional<json_view> old) {
            std::vector<std::pair<std::string_view, std::string_view>> all;
            if (old)
                old->each_member([&](std::string_view key, json_view value) {
                    if (key != detail::ref_name && (key != detail::containerd_name || full.empty())) all.emplace_back(key, value.as_string().value_or(""));
                });
            if (!full.empty()) all.emplace_back(detail::containerd_name, full);
            if (!name.empty()) all.emplace_back(detail::ref_name, name);
            written = true;
            if (all.empty()) return; // rather than empty
            w.key("annotations").begin_object();
            for (auto const& [key, value] : all) w.key(key).string(value);
            w.end_object();
        };
        auto const root = document.assume_value().root();
        auto const old = root.find("annotations");
        root.each_member([&](std::string_view key, json_view value) {
            bool const behind = key == "data" || key == "platform" || key == "artifactType"; // annotations that are new
            if (!written && (key == "annotations" || (behind && !old))) annotations(old && old->is_object() ? old : std::nullopt);
            if (key != "annotations") w.key(key).value(value);
        });
        if (!written) annotations(std::nullopt);
        w.end_object();
        auto const again = json_document::parse<J>(w.str());
        return again ? read(again.assume_value().root(), {}) : e;
    }

    std::vector<entry> entries_;
    std::string version_, type_; ///< as JSON; empty: not there
    std::string others_;         ///< members that no index has to have, each with a comma before it
};

} // namespace lading
