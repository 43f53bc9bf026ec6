// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `copy_plan`: what a copy needs next, and in which order. It does no I/O: it is fed with documents, by threads or by an
/// event loop, and says which are to be read, which blobs may be fetched side by side, and what is written at last.

#include "../document/listed_contents.hpp"
#include "../hash/constexpr_sha2.hpp"
#include "../http/url.hpp"
#include "../platform_choice.hpp"
#include "copy_options.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

namespace detail {

/// A blob whose bytes are known without asking for it: the empty one, the empty JSON object, and what a descriptor carries of its own.
/// Nothing where it has to be asked for. Errors: `descriptor_invalid` of an empty blob that should have another digest,
/// `digest_mismatch` of `data` that is not the blob.
inline result<std::optional<std::string>> known_bytes(descriptor const& d, bool is_layer) {
    constexpr std::int64_t most = 1 << 20; // hashed here, and held in memory
    auto const algorithm = d.digest.algorithm();
    bool const of_nothing = d.digest == constant_digest_of("", algorithm);
    if ((d.size == 0) != of_nothing && d.size >= 0)
        return error(errc::descriptor_invalid)
            .with_context("a blob of " + std::to_string(d.size) + " bytes cannot have this digest")
            .with_values({}, d.digest.str());
    if (of_nothing) return std::optional<std::string>(std::string());
    if (d.size == 2 && d.digest == constant_digest_of("{}", algorithm)) return std::optional<std::string>("{}");
    auto const& data = d.data.bytes;
    if (data.empty() || (is_layer && d.size > most)) return std::optional<std::string>();
    auto const wrong = [&](std::string got) {
        return error(errc::digest_mismatch).with_context("the `data` of the descriptor").with_values(d.digest.str(), std::move(got));
    };
    if (d.size != static_cast<std::int64_t>(data.size())) return wrong(std::to_string(data.size()) + " bytes");
    if (auto const is = constant_digest_of(data, algorithm); is != d.digest) return wrong(is.str());
    return std::optional<std::string>(data);
}

/// The host that a URL names, printable.
inline std::string host_of(std::string_view text) {
    auto const u = url::parse(text);
    return u ? u.assume_value().origin().host : printable(text, 80);
}

} // namespace detail

/// First `begin`; then `take_documents` and, of each document that it gave, `add` or `add_missing`, until it gives none. Then
/// `blobs` are fetched, and when all are there `documents` written in their order and the top gets its name. Each digest is
/// there once.
///
/// Errors: of `add`, those of `contents_of`, `platform_not_found`, `would_change_digest` (several platforms and not sparse),
/// `schema1_refused`, `media_type_unknown` (nothing tells what the top is), `descriptor_invalid` (two sizes of one digest, an empty blob of another digest), `digest_mismatch`
/// (`data` that is not the blob), `walk_limit` and `manifest_limit` (see `copy_options::with_limits`). Not synchronised.
class copy_plan {
  public:
    struct document {
        document(descriptor w, std::size_t d) : what(std::move(w)), depth(d) {}
        descriptor what;
        std::string bytes;
        std::vector<std::size_t> lists; ///< the documents among its entries
        std::size_t depth;
        bool known = false;             ///< `bytes` are there
        bool existing = false;          ///< they are at the destination, for the caller to note
    };
    struct blob {
        explicit blob(descriptor w) : what(std::move(w)) {}
        descriptor what;
        std::optional<std::string> bytes; ///< where it need not be asked for
        bool is_config = false;
        bool left_out = false;            ///< it is not to be copied
        std::size_t place = 0;            ///< in the order in which documents list them
    };

    explicit copy_plan(copy_options const& o)
        : bounds_(o.bounds), platforms_(o.platforms), cutter_(o.cutter), sparse_(o.sparse || o.cutter), schema1_(o.schema1), external_(o.external) {}

    /// With the document that the name leads to; its size may be unknown.
    void begin(descriptor top) {
        documents_.clear();
        blobs_.clear();
        found_.clear();
        blob_at_.clear();
        to_read_.clear();
        bytes_ = 0;
        choosing_ = platforms_.size() == 1 && !sparse_;
        put_first(std::move(top), 0);
    }

    /// Those to be read now; they may be read side by side. None: everything is known.
    std::vector<descriptor> take_documents() {
        std::vector<descriptor> out;
        for (auto const i : std::exchange(to_read_, {})) out.push_back(documents_[i].what);
        return out;
    }

    /// The verified bytes of one of them. `existing`: the destination has it.
    result<void> add(descriptor const& what, std::string bytes, bool existing = false) {
        auto const at = found_.at(what.digest);
        bytes_ += bytes.size();
        if (bytes_ > bounds_.copied_document_bytes)
            return error(errc::manifest_limit)
                .with_context("all documents of the copy")
                .with_values("at most " + std::to_string(bounds_.copied_document_bytes) + " bytes (limits::copied_document_bytes)", "more");
        LADING_TRY(auto listed, contents_of(bytes, what.media_type, bounds_));
        if (at == 0 && listed.media_type.empty() && says_nothing(what.media_type)) // it may be the page of a gateway
            return error(errc::media_type_unknown).with_context(what.digest.str());
        {
            auto& d = documents_[at];
            if (d.what.size < 0) d.what.size = static_cast<std::int64_t>(bytes.size());
            if (d.what.media_type.empty()) d.what.media_type = listed.media_type;
            d.bytes = std::move(bytes);
            d.known = true;
            d.existing = existing;
        }
        for (auto& w : listed.warnings) warnings_.push_back(std::move(w));
        if (listed.is == listed_contents::kind::schema1 && !schema1_) return error(errc::schema1_refused).with_context(what.digest.str());
        if (listed.is == listed_contents::kind::index) {
            if (choosing_) return choose_one(at, listed.entries);
            auto all = listed.entries;
            LADING_TRY_V(keep_chosen(listed.entries));
            if (at == 0 && cutter_) {
                LADING_TRY_V(cut(std::move(all), listed.entries));
            }
        }
        if (at == 0) choosing_ = false;
        for (auto& e : listed.entries) {
            LADING_TRY_V(add_entry(at, std::move(e)));
        }
        if (listed.config) {
            LADING_TRY_V(add_blob(std::move(*listed.config), true));
        }
        for (auto& layer : listed.layers) {
            LADING_TRY_V(add_blob(std::move(layer), false));
        }
        return success();
    }
    /// The destination has it, and so all that it lists, which is not looked for. The bytes, of the top, are written again: that gives it its name.
    void add_whole(descriptor const& what, std::string bytes) {
        auto const at = found_.at(what.digest);
        auto& d = documents_[at];
        if (d.what.size < 0) d.what.size = what.size >= 0 ? what.size : static_cast<std::int64_t>(bytes.size());
        if (d.what.media_type.empty()) d.what.media_type = what.media_type;
        d.bytes = std::move(bytes);
        d.known = true;
        d.existing = at != 0;
    }
    /// The source has no document of that digest. An entry of an index that may be either is taken for a blob then; of any other it is
    /// the failure.
    result<void> add_missing(descriptor const& what, error why) {
        auto const at = found_.at(what.digest);
        if (!may_be_blob(at, why)) return why;
        documents_[at].known = true;
        documents_[at].depth = no_document;
        return add_blob(documents_[at].what, false);
    }

    /// What the name leads to at the destination.
    descriptor const& top() const noexcept { return documents_.front().what; }
    std::vector<warning>& warnings() noexcept { return warnings_; }

    /// In the order in which they are best begun: configs, then the large ones.
    std::vector<blob> const& blobs() {
        if (!std::exchange(sorted_, true))
            std::sort(blobs_.begin(), blobs_.end(), [](blob const& a, blob const& b) {
                if (a.is_config != b.is_config) return a.is_config;
                return a.what.size != b.what.size ? a.what.size > b.what.size : a.place < b.place;
            });
        return blobs_;
    }
    /// In the order in which they are to be written: what a document lists comes before it, the top last.
    std::vector<document*> documents() {
        std::vector<document*> out;
        std::vector<char> entered(documents_.size());
        std::vector<std::pair<std::size_t, std::size_t>> path{{0, 0}}; // a document, and how many of its entries were seen to
        entered[0] = true;
        while (!path.empty()) {
            auto& [at, next] = path.back();
            auto& d = documents_[at];
            if (next < d.lists.size()) {
                auto const child = d.lists[next++];
                if (!std::exchange(entered[child], true)) path.emplace_back(child, 0);
                continue;
            }
            if (d.depth != no_document) out.push_back(&d);
            path.pop_back();
        }
        return out;
    }

  private:
    static constexpr std::size_t no_document = static_cast<std::size_t>(-1); ///< as a depth: it is a blob

    void put_first(descriptor top, std::size_t depth) {
        documents_.clear();
        found_.clear();
        found_.emplace(top.digest, 0);
        documents_.emplace_back(std::move(top), depth);
        to_read_.assign(1, 0);
    }

    /// The image of the index takes its place.
    result<void> choose_one(std::size_t at, std::vector<descriptor> const& entries) {
        LADING_TRY(auto image, platform_choice::like(platforms_.front()).choose(entries));
        auto const depth = documents_[at].depth + 1;
        if (depth > bounds_.nesting) return too_deep();
        put_first(std::move(image), depth);
        return success();
    }
    /// Of several platforms, or of one where the index is kept.
    result<void> keep_chosen(std::vector<descriptor>& entries) {
        if (platforms_.empty()) return success();
        std::vector<descriptor> chosen;
        for (auto const& e : entries)
            if (is_index_type(e.media_type)) chosen.push_back(e); // which may have them
        bool const nested = !chosen.empty();
        for (auto const& p : platforms_) {
            auto image = platform_choice::like(p).choose(entries);
            if (image) chosen.push_back(std::move(image).assume_value());
            else if (!nested) return std::move(image).assume_error();
        }
        auto const stays = [&](descriptor const& e) { return std::any_of(chosen.begin(), chosen.end(), [&](auto const& c) { return c.digest == e.digest; }); };
        if (!sparse_ && !std::all_of(entries.begin(), entries.end(), stays))
            return error(errc::would_change_digest).with_context("an index of some of its platforms is another index, unless it may be sparse");
        entries = std::move(chosen);
        return success();
    }

    /// The index of those that are kept takes its place.
    result<void> cut(std::vector<descriptor> all, std::vector<descriptor> const& kept) {
        if (std::any_of(all.begin(), all.end(), [](auto const& e) { return is_index_type(e.media_type); }))
            return error(errc::would_change_digest).with_context("an index that has others in it is not cut");
        std::vector<digest> without;
        for (auto const& e : all)
            if (std::none_of(kept.begin(), kept.end(), [&](auto const& k) { return k.digest == e.digest; })) without.push_back(e.digest);
        if (without.empty()) return success();
        auto& top = documents_.front();
        LADING_TRY(top.bytes, cutter_(top.bytes, top.what.media_type, without));
        found_.erase(top.what.digest);
        top.what.digest = constant_digest_of(top.bytes);
        top.what.size = static_cast<std::int64_t>(top.bytes.size());
        top.existing = false;
        found_.emplace(top.what.digest, 0);
        return success();
    }

    result<void> add_entry(std::size_t parent, descriptor d) {
        if (is_known_blob_type(d.media_type) || (!is_known_manifest_type(d.media_type) && d.size > static_cast<std::int64_t>(bounds_.manifest_bytes)))
            return add_blob(std::move(d), false);
        auto const depth = documents_[parent].depth + 1;
        if (depth > bounds_.nesting) return too_deep();
        if (auto const before = found_.find(d.digest); before != found_.end()) {
            auto& lists = documents_[parent].lists;
            LADING_TRY_V(agree(documents_[before->second].what, d));
            if (before->second != parent && std::find(lists.begin(), lists.end(), before->second) == lists.end()) lists.push_back(before->second);
            return success();
        }
        if (documents_.size() >= bounds_.copied_documents)
            return error(errc::manifest_limit)
                .with_context("the documents of the copy")
                .with_values("at most " + std::to_string(bounds_.copied_documents) + " (limits::copied_documents)", "more");
        documents_[parent].lists.push_back(documents_.size());
        to_read_.push_back(documents_.size());
        found_.emplace(d.digest, documents_.size());
        documents_.emplace_back(std::move(d), depth);
        return success();
    }
    result<void> add_blob(descriptor d, bool is_config) {
        sorted_ = false;
        auto const [at, is_new] = blob_at_.try_emplace(d.digest, blobs_.size());
        if (!is_new) return agree(blobs_[at->second].what, d);
        if (blobs_.size() >= bounds_.copied_blobs)
            return error(errc::manifest_limit)
                .with_context("the blobs of the copy")
                .with_values("at most " + std::to_string(bounds_.copied_blobs) + " (limits::copied_blobs)", "more");
        auto& b = blobs_.emplace_back(std::move(d));
        b.is_config = is_config;
        b.place = blobs_.size();
        b.left_out = external_ == external_layers::leave && is_external(b.what);
        if (b.left_out) return success();
        LADING_TRY(b.bytes, detail::known_bytes(b.what, !is_config));
        return success();
    }
    static bool says_nothing(std::string_view type) { return type.empty() || type == "application/octet-stream" || type.starts_with("text/"); }
    /// One digest has one size.
    static result<void> agree(descriptor& known, descriptor const& again) {
        if (known.size < 0) known.size = again.size;
        if (again.size < 0 || known.size == again.size) return success();
        return error(errc::descriptor_invalid)
            .with_context("two sizes of " + known.digest.str())
            .with_values(std::to_string(known.size) + " bytes", std::to_string(again.size));
    }
    bool may_be_blob(std::size_t at, error const& why) const {
        bool const absent = why == errc::manifest_unknown || why == errc::not_found || why == errc::name_unknown || why == errc::blob_unknown;
        return at != 0 && absent && !is_known_manifest_type(documents_[at].what.media_type);
    }
    error too_deep() const {
        return error(errc::walk_limit).with_values("at most " + std::to_string(bounds_.nesting) + " (limits::nesting)", "more");
    }

    limits bounds_;
    std::vector<platform> platforms_;
    index_cutter cutter_;
    bool sparse_, schema1_;
    external_layers external_;
    bool choosing_ = false;                ///< the top may be an index whose image is meant
    std::vector<document> documents_;      ///< the top first
    std::map<digest, std::size_t> found_;  ///< documents
    std::vector<blob> blobs_;
    std::map<digest, std::size_t> blob_at_;
    std::vector<std::size_t> to_read_;
    std::vector<warning> warnings_;
    std::size_t bytes_ = 0;
    bool sorted_ = false; ///< the blobs
};

} // namespace lading
