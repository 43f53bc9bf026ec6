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
#include <cstdint>
#include <functional>
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
/// "1.0.0" and other versions of three numbers, of which the first is 1.
constexpr bool is_layout_version(std::string_view text) noexcept {
    if (!text.starts_with("1.")) return false;
    int points = 0;
    for (text.remove_prefix(2); !text.empty() && (is_digit(text[0]) || (text[0] == '.' && points++ == 0)); text.remove_prefix(1)) {}
    return text.empty() && points == 1;
}
} // namespace detail

/// `J` models the JSON policy. Thread-safe for reading.
template <json_policy J>
class layout_index {
  public:
    /// One of the list: its text, and beside that only what entries are looked for by, since there may be many.
    class entry {
      public:
        std::string_view text() const noexcept { return std::string_view(bytes_).substr(0, text_); } ///< as JSON
        /// What it is called, and what it is called for containerd; empty: nothing.
        std::string_view name() const noexcept { return std::string_view(bytes_).substr(text_, name_); }
        std::string_view full_name() const noexcept { return std::string_view(bytes_).substr(text_ + name_); }
        /// What it says, which is read anew each time, or what is wrong with it: one bad entry does not hide the others.
        detail::dependent<result<descriptor>, J> what(limits const& l = {}) const {
            auto bounds = l;
            bounds.json.bytes = std::max<std::size_t>(bounds.json.bytes, text_); // it has been read as a part of the index
            bounds.json.nodes = std::max<std::size_t>(bounds.json.nodes, text_);
            LADING_TRY(auto const document, json_document::parse<J>(text(), bounds.json));
            return decode<descriptor>(document.root(), errc::layout_invalid, bounds);
        }

      private:
        friend class layout_index;

        entry() = default;
        entry(std::string_view text, std::string_view name, std::string_view full, digest const* d)
            : text_(static_cast<std::uint32_t>(text.size())), name_(static_cast<std::uint32_t>(name.size())), named_(key_of(name)), leads_to_(d ? key_of(*d) : 0) {
            bytes_.reserve(text.size() + name.size() + full.size());
            bytes_.append(text).append(name).append(full);
        }
        /// Never 0.
        static std::uint32_t key_of(digest const& d) noexcept {
            std::uint32_t out = 0;
            for (auto const b : d.bytes().first(4)) out = out << 8 | static_cast<std::uint32_t>(b);
            return std::max<std::uint32_t>(out, 1);
        }
        static std::uint32_t key_of(std::string_view name) noexcept { return static_cast<std::uint32_t>(std::hash<std::string_view>()(name)); }
        /// With the key of what is looked for.
        bool is_named(std::string_view other, std::uint32_t key) const noexcept { return named_ == key && name() == other; }
        bool leads_to(digest const& d, std::uint32_t key) const {
            if (leads_to_ != key) return false;
            auto const mine = what();
            return mine && mine.assume_value().digest == d;
        }

        std::string bytes_; ///< the text and both names
        std::uint32_t text_ = 0, name_ = 0; ///< bytes
        std::uint32_t named_ = 0, leads_to_ = 0; ///< keys of the name and of the digest; 0: it is no descriptor
    };

    layout_index() = default;

    /// Reads the text of an `index.json`. Errors: `layout_invalid` (no JSON, a key twice, no list of manifests),
    /// `manifest_ambiguous` (it can be read as a manifest too), `manifest_limit` (more than `most` entries).
    static detail::dependent<result<layout_index>, J> parse(std::string_view text, std::size_t most, limits const& l = {}) {
        if (text.size() > UINT32_MAX) return too_many(most);
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
        if (!manifests->is_array()) return out; // Go writes null for a list without entries
        out.entries_.reserve(manifests->size());
        manifests->each_element([&](json_view element) { out.entries_.push_back(read(element, bounds)); });
        return out;
    }

    std::vector<entry> const& entries() const noexcept { return entries_; }
    /// What the entries are called.
    detail::image_names names() const {
        detail::image_names out;
        for (auto const& e : entries_) out.add({std::string(e.name()), std::string(e.full_name()), {}});
        return out;
    }
    /// The first entry of this name, and the one after it; null where there is none.
    entry const* find(std::string_view name, entry const* after = nullptr) const noexcept {
        auto const key = entry::key_of(name);
        auto const* const end = entries_.data() + entries_.size();
        auto const* const at = std::find_if(after ? after + 1 : entries_.data(), end, [&](entry const& e) { return e.is_named(name, key); });
        return at == end ? nullptr : at;
    }
    /// The first entry of this digest, or null.
    entry const* find(digest const& d) const {
        auto const key = entry::key_of(d);
        auto const at = std::find_if(entries_.begin(), entries_.end(), [&](entry const& e) { return e.leads_to(d, key); });
        return at == entries_.end() ? nullptr : &*at;
    }

    /// Lists a document: its media type, digest, size, and if they are known platform and artifact type, under `name`, or without
    /// one. The name leads nowhere else afterwards; an entry that loses it stays, without one, unless `prune` and it says
    /// nothing else. `full`, unless empty, is noted for containerd. The index grows to `most` entries and to `most_bytes` of text, not
    /// further. What fails changes nothing. Errors: `invalid_argument` (no size), `manifest_limit`.
    result<void> add(std::string_view name, descriptor const& what, bool prune = false, std::string_view full = {}, std::size_t most = SIZE_MAX, std::size_t most_bytes = SIZE_MAX) {
        auto const name_key = entry::key_of(name), key = entry::key_of(what.digest);
        auto const is_named = [&](entry const& e) { return !name.empty() && e.is_named(name, name_key); };
        auto const none = entries_.size();
        auto mine = none;
        for (std::size_t i = 0; i < none && mine == none; ++i)
            if (is_named(entries_[i]) && entries_[i].leads_to(what.digest, key)) mine = i;
        for (std::size_t i = 0; i < none && mine == none; ++i)
            if ((name.empty() || entries_[i].name().empty()) && entries_[i].leads_to(what.digest, key)) mine = i;

        std::vector<std::pair<std::size_t, entry>> changed; // without a text: it goes
        for (std::size_t i = 0; i < none; ++i)
            if (is_named(entries_[i]) && i != mine) {
                auto& e = changed.emplace_back(i, renamed(entries_[i], {}, {})).second;
                auto const left = e.what();
                if (prune && left && left.assume_value().annotations.empty()) e = entry();
            }
        if (mine == none) {
            descriptor listed(what.media_type, what.digest, what.size);
            listed.platform = what.platform;
            listed.artifact_type = what.artifact_type;
            if (!full.empty()) listed.annotations.emplace(detail::containerd_name, full);
            if (!name.empty()) listed.annotations.emplace(detail::ref_name, name);
            LADING_TRY(auto const text, encode(listed));
            changed.emplace_back(none, entry(text, name, full, &listed.digest));
        } else if (!name.empty() && !is_named(entries_[mine])) {
            changed.emplace_back(mine, renamed(entries_[mine], name, full));
        }
        auto count = none, bytes = size();
        for (auto const& [i, e] : changed) {
            bytes += e.text().size() + 1;
            if (i == none) ++count;
            else bytes -= entries_[i].text().size() + 1;
            if (e.text().empty()) --count;
        }
        if (count > std::max(most, none)) return too_many(most);
        if (bytes > std::max(most_bytes, size()))
            return error(errc::manifest_limit).with_context("index.json").with_values("at most " + std::to_string(most_bytes) + " bytes (layout_options::entries, limits::manifest_bytes)", "more");
        for (auto at = changed.rbegin(); at != changed.rend(); ++at) { // the one that is new first: there may be no memory for it
            if (at->first == none) entries_.push_back(std::move(at->second));
            else entries_[at->first] = std::move(at->second);
        }
        std::erase_if(entries_, [](entry const& e) { return e.text().empty(); });
        return success();
    }
    /// Removes the entries of this name, or, of "sha256:...", of this digest; false when there are none.
    bool remove(std::string_view name) {
        auto const d = digest::parse(name);
        auto const key = d ? entry::key_of(d.assume_value()) : entry::key_of(name);
        return std::erase_if(entries_, [&](entry const& e) { return d ? e.leads_to(d.assume_value(), key) : !name.empty() && e.is_named(name, key); }) != 0;
    }

    /// Takes this name from what it leads to, which stays listed, without a name unless it has another; false when there is none of this name.
    bool unname(std::string_view name) {
        auto const key = entry::key_of(name);
        std::vector<std::pair<std::size_t, entry>> changed; // without a text: it goes
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            auto const& e = entries_[i];
            if (name.empty() || !e.is_named(name, key)) continue;
            auto const what = e.what();
            auto const same = [&](entry const& o) { return what && o.leads_to(what.assume_value().digest, e.leads_to_); };
            bool const listed_again = std::any_of(entries_.begin(), entries_.end(), [&](entry const& o) { return !o.is_named(name, key) && same(o); }) ||
                                      std::any_of(changed.begin(), changed.end(), [&](auto const& c) { return same(c.second); });
            changed.emplace_back(i, listed_again ? entry() : renamed(e, {}, {}, true));
        }
        for (auto& [i, e] : changed) entries_[i] = std::move(e);
        std::erase_if(entries_, [](entry const& e) { return e.text().empty(); });
        return !changed.empty();
    }
    /// Removes entries without a name, those that came first, at most `most`, each of which `may_go(descriptor)`. How many.
    template <class MayGo>
    std::size_t drop_unnamed(std::size_t most, MayGo const& may_go) {
        std::vector<bool> goes(entries_.size());
        std::size_t count = 0;
        for (std::size_t i = 0; i < entries_.size() && count < most; ++i) {
            if (!entries_[i].name().empty() || !entries_[i].full_name().empty()) continue;
            auto const what = entries_[i].what();
            if (what && may_go(what.assume_value())) goes[i] = true, ++count;
        }
        std::size_t i = 0;
        std::erase_if(entries_, [&](entry const&) { return goes[i++]; });
        return count;
    }

    /// As many bytes as the text has, or some more. O(entries).
    std::size_t size() const noexcept {
        std::size_t out = 64 + media_types::oci_index.size() + version_.size() + type_.size() + others_.size();
        for (auto const& e : entries_) out += e.text().size() + 1;
        return out;
    }
    /// The text of the file: passes it to `to` in pieces, as long as that says true; whether it always did. O(its size).
    template <class To>
    bool write(To const& to) const {
        std::string piece = R"({"schemaVersion":)" + (version_.empty() ? "2" : version_) + R"(,"mediaType":)" +
                            (type_.empty() ? '"' + std::string(media_types::oci_index) + '"' : type_) + R"(,"manifests":[)";
        for (auto const& e : entries_) {
            piece.append(&e == entries_.data() ? "" : ",").append(e.text());
            if (piece.size() < 65'536) continue;
            if (!to(std::string_view(piece))) return false;
            piece.clear();
        }
        return to(std::string_view(piece.append("]").append(others_).append("}")));
    }
    std::string str() const {
        std::string out;
        out.reserve(size());
        write([&](std::string_view piece) { return out += piece, true; });
        return out;
    }

  private:
    static inline json_style const style{0, true, false, true};

    static error bad(std::string why) { return error(errc::layout_invalid).with_context("index.json: " + std::move(why)); }
    static error too_many(std::size_t most) {
        return error(errc::manifest_limit).with_context("index.json").with_values("at most " + std::to_string(most) + " entries (layout_options::entries)", "more");
    }
    static std::string text_of(json_writer& w) { return w.take(); }

    static entry read(json_view element, limits const& bounds) {
        auto const text = text_of(json_writer(style).value(element));
        auto const what = decode<descriptor>(element, errc::layout_invalid, bounds);
        if (!what) return entry(text, {}, {}, nullptr);
        auto const& annotations = what.assume_value().annotations;
        auto const called = [&](std::string_view key) {
            auto const at = annotations.find(key);
            return at == annotations.end() ? std::string_view() : std::string_view(at->second);
        };
        return entry(text, called(detail::ref_name), called(detail::containerd_name), &what.assume_value().digest);
    }
    /// The entry with another name, or none; every other member as it was, but for the name for containerd where `plain`.
    static entry renamed(entry const& e, std::string_view name, std::string_view full, bool plain = false) {
        auto const document = json_document::parse<J>(e.text());
        if (!document) return e; // it was parsed before
        json_writer w(style);
        w.begin_object();
        bool written = false;
        auto const annotations = [&](std::optional<json_view> old) {
            std::vector<std::pair<std::string_view, std::string_view>> all;
            if (old)
                old->each_member([&](std::string_view key, json_view value) {
                    if (key != detail::ref_name && (key != detail::containerd_name || (full.empty() && !plain))) all.emplace_back(key, value.as_string().value_or(""));
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
