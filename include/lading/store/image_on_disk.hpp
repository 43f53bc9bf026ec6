// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `image_on_disk`: a source that is an image on disk, as any tool has written it: an OCI layout (image-spec 1.1, "image-layout"), what
/// `docker save` writes, or skopeo's `dir:`; a folder, a tar archive, or a compressed one. Read-only. `store_transport` lets a client inspect it.
///
///     LADING_TRY(auto files, lading::image_on_disk::open("image.tar"));
///     LADING_TRY(auto what, files.resolve("latest"));

#include "../descriptor.hpp"
#include "../detail/mutex.hpp"
#include "../document/decode.hpp"
#include "../document/listed_contents.hpp"
#include "../document/reflect/oci.hpp"
#include "../error_groups.hpp"
#include "../hash/openssl_hash.hpp"
#include "../json/document.hpp"
#include "../json/strict_json.hpp"
#include "../json/writer.hpp"
#include "../limits.hpp"
#include "../platform_choice.hpp"
#include "../policy/hash.hpp"
#include "../reference.hpp"
#include "content_store.hpp"
#include "image_files.hpp"
#include "image_names.hpp"
#include "image_on_disk_options.hpp"
#include "listed_referrers.hpp"
#include "pass_verified.hpp"
#include "saved_images.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// Models `content_source`. `J` and `H` model the JSON and hash policies.
///
/// Names are the annotations `org.opencontainers.image.ref.name` and `io.containerd.image.name`, and `RepoTags`. The manifest of an image in a
/// `docker save` archive of the old form, which has none, is made from its config and layers as other tools make it (layers
/// by what they are uncompressed, where that can be undone); that reads each of its files once, when it is first asked for.
/// What is given is verified, and a manifest that the index lists is checked against it. Errors: `timeout`; `size_mismatch`, `digest_mismatch`;
/// `tag_ambiguous`; `layout_invalid` (a file that leads out of the image, is no regular one or became shorter).
/// Threads: `document` and `read` may be called by several at once, the others one at a time.
template <json_policy J, hash_policy H>
class basic_image_on_disk : public detail::store_remarks {
  public:
    /// Opens the image. Errors: `layout_invalid` with the path and what is wrong; `timeout`, `cancelled`.
    static result<basic_image_on_disk> open(std::string path, image_on_disk_options o = {}, stop_token stop = {}) {
        detail::time_limit const until{o.deadline, std::move(stop)};
        LADING_TRY(auto files, detail::image_files::open(std::move(path), o.decompressions, o.bounds, until));
        basic_image_on_disk out(std::move(files), std::move(o));
        LADING_TRY(auto const index, out.files_.read("index.json", out.bounds_.manifest_bytes));
        if (index) {
            LADING_TRY_V(out.read_index(*index));
            out.read_names(until);
        } else {
            LADING_TRY(auto saved, out.files_.read("manifest.json", out.bounds_.manifest_bytes));
            if (!saved) {
                LADING_TRY(auto const old, out.files_.find("repositories"));
                if (old) return out.bad_list("there is none, as before Docker 1.10: its images cannot be read");
                return out.bad("neither index.json nor manifest.json");
            }
            LADING_TRY_V(out.read_saved(std::move(*saved)));
        }
        if (out.images_.empty()) return out.bad("holds no image");
        return out;
    }

    /// What the images are called, as it is written there, in their order; "@N" (the position from 0) where one has no name.
    std::vector<std::string> names() const { return names_.list(); }
    /// The tags among the names, once each.
    std::vector<std::string> tags() const { return names_.tags({}); }

    /// A reference to give to the client, by digest, that keeps the name for the record. `words` are a name, whole or a
    /// tag; "@N"; a digest; or nothing, which means the only image there is. Of several images with one name, one for each
    /// platform, `which` chooses. Of what `docker save` wrote the files of the image are hashed. Errors: `manifest_unknown`
    /// with the names that are there; `tag_ambiguous` with the digests; `layout_invalid` (the image's files are not all
    /// there); `digest_unsupported`; `timeout`.
    result<lading::reference> reference(std::string_view words = {}, platform_choice const& which = platform_choice::host()) {
        detail::time_limit const until{deadline_, {}};
        LADING_TRY(auto const meant, find(words, which, until));
        if (!meant.image) return by_digest(*meant.digest, words.substr(0, meant.name), until);
        LADING_TRY(auto const what, describe(*meant.image, until));
        return names_.called(*meant.image, words).with_digest(what.digest);
    }

    /// Finds an image by the same words. Errors: those of `reference`; `cancelled`.
    result<descriptor> resolve(std::string_view words, stop_token stop = {}) {
        std::lock_guard const locked(*mutex_);
        detail::time_limit const until{deadline_, std::move(stop)};
        LADING_TRY(auto const meant, find(words, platform_choice::host(), until));
        auto at = meant.image;
        if (!at) {
            LADING_TRY(at, position_of(*meant.digest, until));
        }
        if (at) return describe(*at, until);
        LADING_TRY(auto const text, manifest_text(*meant.digest));
        if (!text) return error(errc::manifest_unknown).with_context(files_.path() + ": no such image: " + quoted(words)).with_available(names_.shown());
        descriptor out({}, *meant.digest, static_cast<std::int64_t>(text->size()));
        LADING_TRY_V(verify(out, *text));
        LADING_TRY(auto const parsed, json_document::parse<J>(*text, bounds_.json));
        LADING_TRY(auto const shape, decide_shape(parsed.root()));
        return out.media_type = shape.media_type, out;
    }
    /// Errors: `manifest_unknown`, `size_mismatch`, `digest_mismatch`, `layout_invalid` (no regular file; more than
    /// `limits::manifest_bytes`).
    result<std::string> document(descriptor const& what, stop_token = {}) {
        std::optional<std::string> text;
        {
            std::lock_guard const locked(*mutex_);
            LADING_TRY(text, manifest_text(what.digest));
        }
        if (!text) return error(errc::manifest_unknown).with_context(files_.path() + " has no " + what.digest.str());
        LADING_TRY_V(verify(what, *text));
        return std::move(*text);
    }
    /// Errors: `blob_unknown`, `external_layer` (it is only to be had from elsewhere), `size_mismatch`, `digest_mismatch`, `layout_invalid`
    /// (no regular file, or a damaged compressed one), `cancelled`, those of the sink.
    result<void> read(descriptor const& what, blob_sink& out, stop_token stop = {}) {
        std::optional<detail::file_part> part;
        std::optional<std::uint64_t> unpacked;
        {
            std::lock_guard const locked(*mutex_);
            if (auto const* const saved = parts_.find(what.digest)) unpacked = saved->size;
            LADING_TRY(part, files_.find(file_of(what.digest), reach_of(what.digest)));
        }
        auto const from = files_.path() + ": " + what.digest.str();
        if (!part) return error(is_external(what) ? errc::external_layer : errc::blob_unknown).with_context(from + " is not there");
        auto const size = unpacked.value_or(part->size());
        auto const& known = unpacked ? decompressions_ : no_decompressions;
        detail::unpacked_part bytes(*part, known);
        std::uint64_t next = 0;
        auto const read_at = [&](std::uint64_t at, std::span<char> to) -> result<std::size_t> {
            if (at < next) bytes = detail::unpacked_part(*part, known), next = 0;
            while (next < at) { // what the sink has
                LADING_TRY(auto const n, bytes.read(to.first(static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), at - next)))));
                if (n == 0) return n;
                next += n;
            }
            LADING_TRY(auto const n, bytes.read(to));
            next += n;
            return n;
        };
        return detail::pass_verified<H>(what, size, from, read_at, out, stop);
    }
    /// The same names, without the positions of images that have none. Never fails.
    result<std::vector<std::string>> names(stop_token) {
        auto out = names();
        std::erase_if(out, [](auto const& name) { return detail::image_names::position(name).has_value(); });
        return out;
    }

    /// What refers to a document, among those that the index lists. Errors: `cancelled`.
    result<std::vector<descriptor>> referrers(descriptor const& what, stop_token stop = {}) {
        std::vector<detail::listed_referrers::entry> entries;
        for (std::size_t i = 0; i < images_.size(); ++i)
            if (images_[i].what) entries.push_back({names_[i].own, images_[i].what.assume_value()});
        return referrers_->of<J>(what.digest, entries, bounds_, stop, [this](descriptor const& d) { return document(d); });
    }

  private:
    static inline std::vector<decompression> const no_decompressions;
    /// What somebody's words mean: an image of the list, or a digest, behind the first `name` bytes of the words.
    struct meaning {
        std::optional<std::size_t> image;
        std::optional<lading::digest> digest;
        std::size_t name = 0;
    };
    struct listed_image {
        result<descriptor> what; ///< or why it is not known: not asked for yet, or not to be had
        std::optional<detail::saved_image> saved;
    };
    basic_image_on_disk(detail::image_files f, image_on_disk_options o)
        : files_(std::move(f)), bounds_(std::move(o.bounds)), decompressions_(std::move(o.decompressions)), deadline_(o.deadline), kind_(o.made) {}

    error bad(std::string why) const { return error(errc::layout_invalid).with_context(files_.path() + ": " + std::move(why)); }
    error bad(std::string const& file, error const& why) const { return bad(file + ": " + why.summary()); }
    error bad_list(std::string const& why) const { return error(errc::archive_invalid).with_context(files_.path() + ": manifest.json: " + why); }
    static std::string quoted(std::string_view words) { return '"' + detail::printable(words, 160) + '"'; }

    // ---- opening

    result<void> read_index(std::string const& text) {
        auto const parsed = json_document::parse<J>(text, bounds_.json);
        if (!parsed) return bad("index.json", parsed.assume_error());
        auto const root = parsed.assume_value().root();
        auto const manifests = root.is_object() ? root.find("manifests") : std::nullopt;
        if (manifests && manifests->is_null()) return success(); // umoci init, and what else Go writes of a list without entries
        if (!manifests || !manifests->is_array()) return bad("index.json: no list of manifests");
        manifests->each_element([&](json_view element) { // one that cannot be read does not hide the others
            auto d = decode<descriptor>(element, errc::layout_invalid, bounds_);
            detail::image_name name;
            if (d)
                for (auto const& [key, value] : d.assume_value().annotations) {
                    if (key == "org.opencontainers.image.ref.name") name.own = value;
                    if (key == "io.containerd.image.name") name.full = value;
                }
            else d = bad("index.json, manifest " + std::to_string(images_.size()), d.assume_error());
            names_.add(std::move(name));
            images_.push_back({std::move(d), std::nullopt});
        });
        return success();
    }
    /// The names that `docker save` wrote beside an index, for images that have none for containerd. They are matched by the
    /// configs, `blobs/sha256/HEX`, of up to `most_compared` images.
    void read_names(detail::time_limit const& until) {
        auto const saved = files_.read("manifest.json", bounds_.manifest_bytes);
        if (!saved || !saved.assume_value() || images_.size() > most_compared) return;
        auto const parsed = json_document::parse<J>(*saved.assume_value(), bounds_.json);
        if (!parsed || !parsed.assume_value().root().is_array()) return;
        std::map<std::string, std::vector<std::string>> tags;
        parsed.assume_value().root().each_element([&](json_view element) {
            detail::image_name name;
            if (auto const image = detail::read_saved_image(element, name)) {
                auto& all = tags[image->config.substr(image->config.rfind('/') + 1)];
                all.insert(all.end(), name.tags.begin(), name.tags.end());
            }
        });
        for (std::size_t i = 0; i < images_.size(); ++i) {
            if (!until.check({}, {})) return;
            if (!names_[i].full.empty() || !images_[i].what) continue;
            auto const config = config_of(images_[i].what.assume_value());
            if (auto const at = tags.find(config.substr(config.find(':') + 1)); at != tags.end()) names_.add_tags(i, at->second);
        }
    }
    /// Without an index: `[{"Config": file, "RepoTags": [...], "Layers": [files]}]` of `docker save`, or the one manifest of
    /// skopeo's `dir:`, whose blobs are files named by the digits of their digests.
    result<void> read_saved(std::string text) {
        auto parsed = json_document::parse<J>(text, bounds_.json);
        if (!parsed) return bad_list(parsed.assume_error().summary());
        auto const root = parsed.assume_value().root();
        if (root.is_object() && root.find("schemaVersion")) {
            LADING_TRY(auto const d, digest_of<H>(text));
            auto const type = root.find("mediaType");
            names_.add({});
            images_.push_back({descriptor(std::string(type ? type->as_string().value_or("") : ""), d, static_cast<std::int64_t>(text.size())), std::nullopt});
            made_.insert_or_assign(d, std::move(text));
            flat_ = true;
            return success();
        }
        if (!root.is_array()) return bad_list("neither a manifest nor what docker save writes");
        root.each_element([&](json_view element) {
            detail::image_name name;
            auto saved = detail::read_saved_image(element, name);
            names_.add(std::move(name));
            auto const at = std::to_string(images_.size());
            images_.push_back({bad_list("image " + at + ": " + (saved ? "not asked for" : "without Config or Layers")), std::move(saved)});
        });
        return success();
    }
    // ---- which image

    result<meaning> find(std::string_view words, platform_choice const& which, detail::time_limit const& until) {
        auto found = words.empty() ? every_image() : names_.find(words);
        if (auto const at = words.rfind('@'); found.empty() && at != words.npos) {
            auto const d = digest::parse(words.substr(at + 1));
            if (d) return meaning{{}, d.assume_value(), at};
            if (d.assume_error() == errc::digest_unsupported) return d.assume_error();
        }
        if (found.empty() && words.find(':') != words.npos)
            if (auto const d = digest::parse(words)) return meaning{{}, d.assume_value(), 0};
        if (found.empty())
            return error(errc::manifest_unknown)
                .with_context(files_.path() + ": no such image: " + quoted(words))
                .with_available(names_.shown());
        LADING_TRY(auto const i, choose(found, words, which, until));
        return meaning{i, {}, 0};
    }
    result<void> verify(descriptor const& what, std::string const& text) const {
        if (what.size >= 0 && text.size() != static_cast<std::uint64_t>(what.size))
            return error(errc::size_mismatch).with_context(files_.path()).with_values(std::to_string(what.size) + " bytes", std::to_string(text.size()));
        LADING_TRY(auto const actual, digest_of<H>(text, what.digest.algorithm()));
        if (actual != what.digest) return error(errc::digest_mismatch).with_context(files_.path()).with_values(what.digest.str(), actual.str());
        return success();
    }
    std::vector<std::size_t> every_image() const {
        std::vector<std::size_t> out(images_.size());
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = i;
        return out;
    }
    result<lading::reference> by_digest(lading::digest const& wanted, std::string_view words, detail::time_limit const& until) {
        LADING_TRY(auto const i, position_of(wanted, until));
        return (i ? names_.called(*i, words) : lading::reference::parse("localhost/layout").assume_value()).with_digest(wanted);
    }
    /// The image of this digest among those that the file lists.
    result<std::optional<std::size_t>> position_of(digest const& d, detail::time_limit const& until) {
        for (bool const make : {false, true})
            for (std::size_t i = 0; i < images_.size(); ++i) {
                if (make && images_[i].saved)
                    if (auto const made = describe(i, until); !made && is_given_up(made.assume_error())) return made.assume_error();
                if (images_[i].what && images_[i].what.assume_value().digest == d) return std::optional(i);
            }
        return std::optional<std::size_t>();
    }
    /// One of the images that the words mean. Several of them must be one image, or one for each platform.
    result<std::size_t> choose(std::vector<std::size_t> const& found, std::string_view words, platform_choice const& which, detail::time_limit const& until) {
        if (found.size() == 1) return found[0];
        std::vector<std::size_t> several;
        std::vector<descriptor> offered;
        bool one_name = true;
        for (auto const i : found) {
            LADING_TRY_V(until.check("choosing among the images of", files_.path()));
            if (offered.size() == most_compared) return ambiguous(found, words, until);
            auto what = describe(i, until);
            if (!what) {
                if (is_given_up(what.assume_error())) return std::move(what).assume_error();
                continue; // listed, and not to be had
            }
            auto& d = what.assume_value();
            if (std::any_of(offered.begin(), offered.end(), [&](auto const& o) { return o.digest == d.digest; })) continue;
            one_name = one_name && (several.empty() || names_[several[0]] == names_[i]);
            if (!d.platform) d.platform = platform_of(d);
            several.push_back(i);
            offered.push_back(std::move(d));
            if (offered.size() > 1 && !one_name) break;
        }
        if (several.empty()) return describe(found[0], until).assume_error();
        if (several.size() == 1) return several[0];
        if (one_name)
            if (auto const best = which.choose(offered)) {
                auto const& chosen = best.assume_value();
                std::size_t equal = 0, at = 0;
                for (std::size_t k = 0; k < offered.size(); ++k) {
                    if (offered[k].digest == chosen.digest) at = k;
                    equal += offered[k].platform == chosen.platform;
                }
                if (equal == 1 && chosen.platform) return several[at];
            }
        if (words.empty() && !one_name)
            return error(errc::tag_ambiguous)
                .with_context(files_.path() + " holds " + std::to_string(images_.size()) + " images: name one")
                .with_available(names_.shown());
        return ambiguous(found, words, until);
    }
    error ambiguous(std::vector<std::size_t> const& found, std::string_view words, detail::time_limit const& until) {
        std::vector<std::string> out;
        for (auto const i : found) {
            if (out.size() == 20) {
                out.push_back("and " + std::to_string(found.size() - 20) + " more");
                break;
            }
            auto const what = describe(i, until);
            if (!what && is_given_up(what.assume_error())) break; // the names that are known by now will do
            if (!what) continue;
            auto const p = what.assume_value().platform ? what.assume_value().platform : platform_of(what.assume_value());
            auto const& n = names_[i];
            auto const& name = !n.tags.empty() ? n.tags[0] : n.full.empty() ? n.own
                                                                            : n.full;
            out.push_back('@' + std::to_string(i) + ' ' + what.assume_value().digest.str() + (name.empty() ? "" : " " + detail::printable(name, 160)) +
                          (p ? " for " + p->str() : ""));
        }
        return error(errc::tag_ambiguous)
            .with_context(files_.path() + (words.empty() ? std::string() : ": " + quoted(words)) + ": name one by its digest, its position or its whole name")
            .with_available(std::move(out));
    }
    /// A document of the image, for what is told by nothing else; nothing where it cannot be had.
    std::optional<json_document> document_of(digest const& d) const {
        auto const text = manifest_text(d);
        if (!text || !text.assume_value()) return std::nullopt;
        auto parsed = json_document::parse<J>(*text.assume_value(), bounds_.json);
        return parsed && parsed.assume_value().root().is_object() ? std::optional(std::move(parsed).assume_value()) : std::nullopt;
    }
    static std::string text_of(json_view object, std::string_view name) {
        auto const member = object.find(name);
        return std::string(member ? member->as_string().value_or("") : "");
    }
    std::string config_of(descriptor const& d) const {
        auto const manifest = document_of(d.digest);
        auto const config = manifest ? manifest->root().find("config") : std::nullopt;
        return config && config->is_object() ? text_of(*config, "digest") : std::string();
    }
    std::optional<platform> platform_of(descriptor const& d) const {
        auto const named = digest::parse(config_of(d));
        auto const config = named ? document_of(named.assume_value()) : std::nullopt;
        if (!config) return std::nullopt;
        platform out(text_of(config->root(), "os"), text_of(config->root(), "architecture"), text_of(config->root(), "variant"));
        return out.os.empty() || out.architecture.empty() ? std::nullopt : std::optional(std::move(out));
    }

    // ---- what docker save wrote

    /// What the image is. Of what `docker save` wrote its manifest is made, once.
    result<descriptor> describe(std::size_t i, detail::time_limit const& until) {
        auto& image = images_[i];
        if (image.saved) {
            auto made = make(*image.saved, until);
            if (!made && is_given_up(made.assume_error())) return made; // to be tried again
            image.what = std::move(made);
            image.saved.reset();
        }
        return image.what;
    }
    result<descriptor> make(detail::saved_image const& image, detail::time_limit const& until) {
        LADING_TRY(auto text, parts_.template manifest_of<J>(files_, image, kind_, decompressions_, bounds_, until, [this](warning w) { remark(std::move(w)); }));
        LADING_TRY(auto const d, digest_of<H>(text));
        descriptor what(std::string(kind_ == made_manifest::oci ? media_types::oci_manifest : media_types::docker_manifest), d, static_cast<std::int64_t>(text.size()));
        made_.insert_or_assign(d, std::move(text));
        return what;
    }

    result<std::optional<std::string>> manifest_text(digest const& d) const {
        if (auto const made = made_.find(d); made != made_.end()) return std::optional(made->second);
        if (flat_) {
            LADING_TRY(auto text, files_.read(d.hex() + ".manifest.json", bounds_.manifest_bytes));
            if (text) return text;
        }
        return files_.read(file_of(d), bounds_.manifest_bytes, reach_of(d));
    }
    std::string file_of(digest const& d) const {
        if (auto const* const known = parts_.find(d)) return known->name;
        return flat_ ? d.hex() : "blobs/" + std::string(name_of(d.algorithm())) + '/' + d.hex();
    }
    /// A blob is what its digest says, wherever a builder keeps it; of what `docker save` names nothing else is known.
    detail::links reach_of(digest const& d) const { return parts_.find(d) ? detail::links::inside : detail::links::anywhere; }

    std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>(); ///< of what is found out while it is read
    std::shared_ptr<detail::listed_referrers> referrers_ = std::make_shared<detail::listed_referrers>();
    detail::image_files files_;
    limits bounds_;
    std::vector<decompression> decompressions_;
    std::optional<std::chrono::steady_clock::time_point> deadline_;
    made_manifest kind_;
    detail::image_names names_;
    static constexpr std::size_t most_compared = 1000; ///< images whose documents are read to tell them apart
    std::vector<listed_image> images_; ///< as many as names
    bool flat_ = false;         ///< blobs are named by the digits of their digests alone
    std::map<digest, std::string> made_;  ///< manifests that are no files of that name
    detail::saved_parts<H> parts_;        ///< files that are not named by their digest
};

/// With the default JSON and hash models.
using image_on_disk = basic_image_on_disk<strict_json, openssl_hash>;

} // namespace lading
