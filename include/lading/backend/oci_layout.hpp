// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `oci_layout`: a transport whose registry is an image on disk: an OCI layout (image-spec 1.1, "image-layout"; a folder
/// or an `oci-archive` tar) or what `docker save` writes. Read-only; no network, no credentials.
///
///     LADING_TRY(auto files, lading::oci_layout::open("dir"));
///     LADING_TRY(auto ref, files.reference("latest"));
///     lading::basic_client<layout_policies> registry(std::move(files)); // layout_policies::transport is oci_layout

#include "../descriptor.hpp"
#include "../http/url.hpp"
#include "../image/config.hpp"
#include "../json/document.hpp"
#include "../json/writer.hpp"
#include "../limits.hpp"
#include "../manifest/decode.hpp"
#include "../manifest/reflect/oci.hpp"
#include "../policy/hash.hpp"
#include "../policy/transport.hpp"
#include "../reference.hpp"
#include "image_files.hpp"
#include "openssl_hash.hpp"
#include "strict_json.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// Models `sync_transport`. `J` and `H` model the JSON and hash policies.
///
/// Answers `/v2/`, tag lists, manifests by tag and digest, and blobs by digest, for every repository name: a layout has one
/// unnamed repository. Tags are the annotations `org.opencontainers.image.ref.name`; of an image that has none, "latest".
/// The manifest of an image in a `docker save` archive of the old form, which has none, is made from its config and layers
/// as other tools make it; that reads the layers once. What is served is verified by the operations like any answer.
/// A manifest by tag is checked against the layout's index. Errors: `timeout`; `size_mismatch`, `digest_mismatch` (a manifest
/// is not what the index says); `layout_invalid` (two images with one tag, a file that became shorter); everything else is
/// an answer. Not synchronised.
template <json_policy J, hash_policy H>
class basic_oci_layout {
  public:
    /// Opens the image. Errors: `layout_invalid` with the path and what is wrong.
    static result<basic_oci_layout> open(std::string path, limits bounds = {}) {
        LADING_TRY(auto files, detail::image_files::open(std::move(path)));
        basic_oci_layout out(std::move(files), std::move(bounds));
        LADING_TRY(auto const index, out.files_.read("index.json", out.bounds_.manifest_bytes));
        if (index) {
            LADING_TRY_V(out.read_index(*index));
            return out;
        }
        LADING_TRY(auto const saved, out.files_.read("manifest.json", out.bounds_.manifest_bytes));
        if (!saved) return out.bad("neither index.json nor manifest.json");
        LADING_TRY_V(out.read_saved(*saved));
        return out;
    }

    /// What can be asked for, in the order of the image's own list.
    std::vector<std::string> tags() const {
        std::vector<std::string> out;
        for (auto const& e : entries_)
            if (std::find(out.begin(), out.end(), e.tag) == out.end()) out.push_back(e.tag);
        return out;
    }
    /// A reference to give to the client. `target` is a tag or a digest; empty: the only image there is. Errors:
    /// `layout_invalid` (several images and no tag; no such tag), `ref_invalid`, `digest_unsupported`.
    result<lading::reference> reference(std::string_view target = {}) const {
        std::string tag(target);
        if (tag.empty()) {
            if (entries_.size() != 1) return bad("holds " + std::to_string(entries_.size()) + " images; name one by its tag");
            tag = is_tag(entries_[0].tag) ? entries_[0].tag : entries_[0].what.digest.str();
        }
        if (!digest::parse(tag) && std::none_of(entries_.begin(), entries_.end(), [&](auto const& e) { return e.tag == tag; })) {
            std::string known;
            for (auto const& t : tags())
                if (known.size() < 200) known += (known.empty() ? "" : ", ") + detail::printable(t, 60);
            return bad("has no tag \"" + detail::printable(tag, 60) + "\"; it has " + (known.empty() ? "none" : known));
        }
        return lading::reference::parse((tag.find(':') == tag.npos ? "localhost/layout:" : "localhost/layout@") + tag);
    }

    result<response> exchange(request const& q, body_sink& out) {
        if (q.deadline && *q.deadline <= std::chrono::steady_clock::now()) return error(errc::timeout);
        LADING_TRY(auto const where, url::parse(q.url));
        if (q.method != "GET" && q.method != "HEAD") return refuse(405, "UNSUPPORTED", q, out);
        auto const path = where.path();
        if (path == "/v2/" || path == "/v2") return give("application/json", {}, std::string("{}"), q, out);
        auto const kind_at = path.rfind('/', path.rfind('/') - 1);
        if (!path.starts_with("/v2/") || kind_at == path.npos || kind_at < 4) return refuse(404, "UNSUPPORTED", q, out);
        auto const kind = std::string_view(path).substr(kind_at + 1);
        if (kind == "tags/list") return give("application/json", {}, tag_list(path.substr(4, kind_at - 4)), q, out);
        if (kind.starts_with("manifests/")) return manifest(kind.substr(10), q, out);
        if (kind.starts_with("blobs/")) return blob(kind.substr(6), q, out);
        return refuse(404, "UNSUPPORTED", q, out);
    }

  private:
    struct entry {
        entry(std::string t, descriptor d) : tag(std::move(t)), what(std::move(d)) {}
        std::string tag;
        descriptor what;
    };

    basic_oci_layout(detail::image_files f, limits l) : files_(std::move(f)), bounds_(std::move(l)) {}

    error bad(std::string why) const { return error(errc::layout_invalid).with_context(files_.path() + ": " + std::move(why)); }
    error bad(std::string const& file, error const& why) const { return bad(file + ": " + why.message()); }
    static bool is_tag(std::string_view text) {
        return lading::reference::parse("localhost/layout:" + std::string(text)).has_value();
    }

    // ---- opening

    result<void> read_index(std::string const& text) {
        auto const parsed = json_document::parse<J>(text, bounds_.json);
        if (!parsed) return bad("index.json", parsed.assume_error());
        auto const index = decode<oci_index>(parsed.assume_value().root(), errc::layout_invalid, bounds_);
        if (!index) return bad("index.json", index.assume_error());
        for (auto const& d : index.assume_value().manifests) {
            auto const name = d.annotations.find("org.opencontainers.image.ref.name");
            std::string tag = name == d.annotations.end() ? std::string("latest") : name->second;
            if (auto const colon = tag.rfind(':'); !is_tag(tag) && colon != tag.npos) tag.erase(0, colon + 1); // a whole name
            entries_.emplace_back(std::move(tag), d);
        }
        return success();
    }
    /// `docker save` without an index: `[{"Config": file, "RepoTags": [...], "Layers": [files]}]`.
    result<void> read_saved(std::string const& text) {
        auto parsed = json_document::parse<J>(text, bounds_.json);
        if (!parsed) return bad("manifest.json", parsed.assume_error());
        if (!parsed.assume_value().root().is_array()) return bad("manifest.json: not an array");
        std::vector<json_view> images;
        parsed.assume_value().root().each_element([&](json_view image) { images.push_back(image); });
        for (auto const& image : images) {
            LADING_TRY_V(read_saved_image(image));
        }
        return success();
    }
    result<void> read_saved_image(json_view image) {
        auto const config = image.is_object() ? image.find("Config") : std::nullopt;
        auto const layers = image.is_object() ? image.find("Layers") : std::nullopt;
        if (!config || !config->is_string() || !layers || !layers->is_array()) return bad("manifest.json: an image without Config or Layers");
        json_writer w;
        w.begin_object().key("schemaVersion").integer(2).key("mediaType").string(media_types::docker_manifest).key("config");
        LADING_TRY_V(describe(*config->as_string(), media_types::docker_config, w));
        w.key("layers").begin_array();
        std::vector<json_view> names;
        layers->each_element([&](json_view layer) { names.push_back(layer); });
        if (names.size() > bounds_.descriptors) return bad("manifest.json: more layers than the limit");
        for (auto const& name : names) {
            if (!name.is_string()) return bad("manifest.json: a layer is not a string");
            LADING_TRY_V(describe(*name.as_string(), media_types::docker_layer, w));
        }
        auto made = w.end_array().end_object().str();
        LADING_TRY(auto const d, digest_of<H>(made));
        descriptor const what(std::string(media_types::docker_manifest), d, static_cast<std::int64_t>(made.size()));
        made_.insert_or_assign(d, std::move(made));
        bool named = false;
        if (auto const tags = image.find("RepoTags"))
            tags->each_element([&](json_view t) {
                auto const name = t.as_string().value_or("");
                if (name.empty()) return;
                entries_.emplace_back(std::string(name.substr(name.rfind(':') + 1)), what);
                named = true;
            });
        if (!named) entries_.emplace_back("latest", what);
        return success();
    }
    /// Hashes a file, remembers it under its digest, and writes its descriptor.
    result<void> describe(std::string_view name, std::string_view type, json_writer& w) {
        auto part = files_.find(name);
        if (!part) return bad("manifest.json names a file that is not there: " + detail::printable(name, 160));
        auto const size = part->size();
        H hash(digest_algorithm::sha256);
        std::vector<char> piece(64u << 10);
        while (auto const n = part->read(piece.data(), piece.size())) hash.update(std::as_bytes(std::span(piece).first(n)));
        if (part->size() != 0) return bad(std::string(name) + " ends early");
        LADING_TRY(auto const d, hash.finish());
        blobs_.insert_or_assign(d, std::string(name));
        w.begin_object().key("mediaType").string(type).key("size").integer(static_cast<std::int64_t>(size)).key("digest").string(d.str()).end_object();
        return success();
    }

    // ---- answers

    std::string tag_list(std::string_view name) const {
        json_writer w;
        w.begin_object().key("name").string(name).key("tags").begin_array();
        for (auto const& t : tags()) w.string(t);
        return w.end_array().end_object().str();
    }
    result<response> manifest(std::string_view target, request const& q, body_sink& out) {
        auto const wanted = digest::parse(target);
        entry const* found = nullptr;
        for (auto const& e : entries_) {
            if (wanted ? e.what.digest != wanted.assume_value() : e.tag != target) continue;
            if (found && found->what.digest != e.what.digest)
                return error(errc::layout_invalid).with_context(files_.path() + ": two images have the tag " + e.tag);
            found = &e;
        }
        if (!found && !wanted) return refuse(404, "MANIFEST_UNKNOWN", q, out);
        auto const& d = found ? found->what.digest : wanted.assume_value();
        LADING_TRY(auto text, manifest_text(d));
        if (!text) return refuse(404, "MANIFEST_UNKNOWN", q, out);
        if (found) { // by tag: nothing but the index says which bytes are meant
            if (static_cast<std::int64_t>(text->size()) != found->what.size)
                return error(errc::size_mismatch).with_context(files_.path()).with_values(std::to_string(found->what.size) + " bytes", std::to_string(text->size()));
            LADING_TRY(auto const actual, digest_of<H>(*text, d.algorithm()));
            if (actual != d) return error(errc::digest_mismatch).with_context(files_.path()).with_values(d.str(), actual.str());
        }
        return give(found ? std::string_view(found->what.media_type) : std::string_view(), d.str(), std::move(*text), q, out);
    }
    result<std::optional<std::string>> manifest_text(digest const& d) const {
        if (auto const made = made_.find(d); made != made_.end()) return std::optional(made->second);
        return files_.read(file_of(d), bounds_.manifest_bytes);
    }
    std::string file_of(digest const& d) const {
        auto const known = blobs_.find(d);
        return known != blobs_.end() ? known->second : "blobs/" + std::string(name_of(d.algorithm())) + '/' + d.hex();
    }
    result<response> blob(std::string_view target, request const& q, body_sink& out) {
        auto const wanted = digest::parse(target);
        auto part = wanted ? files_.find(file_of(wanted.assume_value())) : std::nullopt;
        if (!part) return refuse(404, "BLOB_UNKNOWN", q, out);
        auto head = head_of(200, "application/octet-stream", part->size(), q);
        head.headers.add("Docker-Content-Digest", wanted.assume_value().str());
        LADING_TRY(auto verdict, out.begin(head, part->size()));
        if (q.method == "HEAD") return head;
        std::vector<char> piece(64u << 10);
        while (verdict == flow::more && part->size() > 0) {
            if (q.deadline && *q.deadline <= std::chrono::steady_clock::now()) return error(errc::timeout);
            auto const n = part->read(piece.data(), piece.size());
            if (n == 0) return bad(detail::printable(target, 160) + " ends early");
            LADING_TRY(verdict, out.write(std::as_bytes(std::span(piece).first(n))));
        }
        return head;
    }
    result<response> refuse(int status, std::string_view code, request const& q, body_sink& out) const {
        json_writer w;
        w.begin_object().key("errors").begin_array().begin_object().key("code").string(code).end_object().end_array().end_object();
        return give_text(head_of(status, "application/json", 0, q), w.str(), q, out);
    }
    result<response> give(std::string_view type, std::string const& digest, std::string text, request const& q, body_sink& out) const {
        auto head = head_of(200, type, 0, q);
        if (!digest.empty()) head.headers.add("Docker-Content-Digest", digest);
        return give_text(std::move(head), text, q, out);
    }
    result<response> give_text(response head, std::string const& text, request const& q, body_sink& out) const {
        head.headers.set("Content-Length", std::to_string(text.size()));
        LADING_TRY(auto const verdict, out.begin(head, text.size()));
        if (verdict == flow::more && q.method != "HEAD" && !text.empty()) {
            LADING_TRY_V(out.write(std::as_bytes(std::span(text))));
        }
        return head;
    }
    response head_of(int status, std::string_view type, std::uint64_t size, request const& q) const {
        response head(status);
        head.url = q.url;
        head.headers.add("Docker-Distribution-Api-Version", "registry/2.0");
        if (!type.empty()) head.headers.add("Content-Type", std::string(type));
        head.headers.add("Content-Length", std::to_string(size));
        return head;
    }

    detail::image_files files_;
    limits bounds_;
    std::vector<entry> entries_;
    std::map<digest, std::string> made_;  ///< manifests that are no files
    std::map<digest, std::string> blobs_; ///< files that are not named by their digest
};

/// With the default JSON and hash models.
using oci_layout = basic_oci_layout<strict_json, openssl_hash>;

} // namespace lading
