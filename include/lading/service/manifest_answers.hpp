// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a registry answers about manifests and tags.

#include "../hash/constexpr_sha2.hpp"
#include "../media_type.hpp"
#include "../policy/hash.hpp"
#include "../reference.hpp"
#include "asked.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::service::detail {

/// Whether docker-registry would give an OCI document to who accepts this.
inline std::optional<small_answer> unaccepted_2_8(asked const& a, std::string_view type) {
    bool const image = type == media_types::oci_manifest, index = type == media_types::oci_index;
    if (!a.like_2_8() || (!image && !index)) return std::nullopt;
    for (auto const field : a.q.headers.all("Accept"))
        if (field.find(type) != field.npos) return std::nullopt;
    return refusal(404, "MANIFEST_UNKNOWN", image ? "OCI manifest found, but accept header does not support OCI manifests" : "OCI index found, but accept header does not support OCI indexes");
}

inline result<response> read_manifest(asked const& a) {
    auto got = a.in.document(a.name(), a.where.item, a.q.stop);
    if (!got && is_not_there(got.assume_error())) {
        if (a.how.odd.hides_absence && a.q.method == "HEAD") return a.give(refusal(403, "DENIED", "requested access to the resource is denied"));
        return a.give(no_manifest(a));
    }
    LADING_TRY(auto document, std::move(got));
    auto const& what = document.what;
    if (auto refused = unaccepted_2_8(a, what.media_type)) return a.give(std::move(*refused));
    bool const known = names_tag(a.header("If-None-Match"), etag_of(what.digest), true);
    if (!known) return a.give({named(response(200), what.media_type, what.digest), std::move(document.bytes)});
    return a.give({a.like_2_8() ? response(304) : named(response(304), {}, what.digest), {}});
}

/// One PUT of a manifest.
class manifest_writing {
  public:
    explicit manifest_writing(asked const& a) : a_(a), named_(digest::parse(a.where.item)) {}

    result<small_answer> answer() {
        if (!named_ && !is_tag(a_.where.item)) return a_.like_2_8() ? no_page() : refusal(400, "TAG_INVALID", "manifest tag did not match URI", a_.where.item);
        LADING_TRY(bool const fits, read_body());
        if (!fits) return refusal(a_.like_2_8() ? 400 : 413, "MANIFEST_INVALID", "manifest invalid", "http: request body too large");
        auto facts = manifest_facts::of(bytes_);
        if (!facts && a_.how.checks_manifests) return invalid(facts.assume_error().message());
        if (facts) facts_ = std::move(facts).assume_value();
        auto const said = a_.header("Content-Type");
        type_ = std::string(trim(said.substr(0, said.find(';'))));
        if (type_.empty() && !a_.like_2_8()) type_ = facts_.type;
        if (a_.how.checks_manifests)
            if (auto refused = form()) return std::move(*refused);
        auto const algorithm = named_ && !a_.like_2_8() ? named_.assume_value().algorithm() : digest_algorithm::sha256;
        LADING_TRY(auto const d, lading::digest_of<constexpr_sha2>(bytes_, algorithm));
        if (named_ && named_.assume_value() != d) return bad_digest({});
        if (a_.how.checks_manifests) {
            LADING_TRY(auto refused, contents());
            if (refused) return std::move(*refused);
        }
        LADING_TRY(auto refused, conditions(d));
        if (refused) return std::move(*refused);
        return keep(d);
    }

  private:
    /// False: it is too large.
    result<bool> read_body() {
        bool fits = true;
        LADING_TRY_V(each_piece(a_.q, [&](std::span<std::byte const> piece) {
            fits = fits && piece.size() <= a_.how.manifest_bytes - bytes_.size();
            if (fits) bytes_.append(reinterpret_cast<char const*>(piece.data()), piece.size());
            return result<void>(success());
        }));
        return fits;
    }
    static small_answer invalid(std::string_view why) { return refusal(400, "MANIFEST_INVALID", "manifest invalid", why); }

    /// What is wrong with its type and its keys.
    std::optional<small_answer> form() const {
        bool const oci = type_ == media_types::oci_manifest || type_ == media_types::oci_index;
        bool const docker = type_ == media_types::docker_manifest || type_ == media_types::docker_list;
        bool const schema1 = facts_.is_schema1 && type_.find(".manifest.v1+") != type_.npos;
        if (a_.how.odd.wants_media_type && oci && facts_.type.empty()) return refusal(400, "UNSUPPORTED", "Invalid JSON syntax");
        if (!facts_.type.empty() ? facts_.type != type_ : docker || type_.empty() || type_ == "application/json") return schema1 ? std::nullopt : std::optional(invalid("its type is not the one that it says"));
        if (a_.like_2_8() && !oci && !docker && !schema1) return invalid("its type is not known");
        if (facts_.has_layers && facts_.has_manifests) return invalid("both an image and an index");
        if (auto const& types = a_.how.odd.types; !types.empty()) {
            auto const taken = [&](std::string const& t) { return t.empty() || std::find(types.begin(), types.end(), t) != types.end(); };
            for (auto const& c : facts_.contents)
                if (!taken(c.type)) return refusal(415, "MANIFEST_INVALID", "unsupported media type " + c.type);
            if (!taken(type_)) return refusal(415, "MANIFEST_INVALID", "unsupported media type " + type_);
        }
        return std::nullopt;
    }
    /// What it lists and the repository has not, one for each descriptor.
    result<std::optional<small_answer>> contents() {
        std::vector<said_error> lacking;
        int status = 400;
        for (auto const& c : facts_.contents) {
            bool const elsewhere = c.is_foreign() && (!a_.like_2_8() || c.has_urls);
            if (elsewhere && !a_.like_2_8()) continue; // never pushed to a registry
            auto const d = digest::parse(c.digest);
            auto there = result<bool>(false);
            if (d) there = a_.in.has(a_.name(), d.assume_value(), a_.q.stop);
            if (!there) return there.assume_error();
            if (elsewhere) { // docker-registry takes no URL unless it is told which
                status = 500;
                for (int i = 0; i < 2; ++i) lacking.push_back({"UNKNOWN", "unknown error"});
            }
            if (!there.assume_value()) lacking.push_back({"MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", json_text_of(c.digest)});
        }
        if (lacking.empty()) return std::optional<small_answer>();
        return std::optional(refusal_of(status, lacking));
    }
    /// `If-Match` and `If-None-Match`, which docker-registry does not look at; tags that do not move.
    result<std::optional<small_answer>> conditions(digest const& d) {
        auto const only = a_.header("If-Match"), none = a_.header("If-None-Match");
        bool const asks = !a_.like_2_8() && (!only.empty() || !none.empty());
        if (named_ || (!asks && !a_.how.odd.fixed_tags)) return std::optional<small_answer>();
        auto const there = a_.in.document(a_.name(), a_.where.item, a_.q.stop);
        if (!there && !is_not_there(there.assume_error())) return there.assume_error();
        if (there && a_.how.odd.fixed_tags && there.assume_value().what.digest != d) return std::optional(refusal(409, "TAG_INVALID", "the tag is immutable", a_.where.item));
        if (!asks) return std::optional<small_answer>();
        auto const etag = there ? etag_of(there.assume_value().what.digest) : std::string();
        bool const holds = (only.empty() || (there && names_tag(only, etag, false))) && (none.empty() || !there || !names_tag(none, etag, false));
        return holds ? std::optional<small_answer>() : std::optional(refusal(412, "PRECONDITION_FAILED", "the tag leads elsewhere", etag));
    }
    result<small_answer> keep(digest const& d) {
        std::vector<std::string> tags;
        if (!named_) tags.push_back(a_.where.item);
        else if (!a_.like_2_8())
            for (auto const& tag : a_.query.words("tag"))
                if (is_tag(tag) && std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
        LADING_TRY_V(a_.in.put_document(a_.name(), facts_.described(type_, d, bytes_.size()), bytes_, facts_, tags));
        auto out = with(with(text_answer(201, {}, {}), "Location", a_.place("/v2/" + a_.name() + "/manifests/" + d.str())), "Docker-Content-Digest", d.str());
        if (a_.like_2_8()) return out;
        if (named_)
            for (auto const& tag : tags) out.head.headers.add("OCI-Tag", tag);
        if (facts_.subject && a_.how.checks_manifests) out.head.headers.add("OCI-Subject", facts_.subject->str());
        return out;
    }

    asked const& a_;
    result<digest> named_;
    std::string bytes_, type_;
    manifest_facts facts_;
};

inline result<small_answer> remove_manifest(asked const& a) {
    auto const d = digest::parse(a.where.item);
    if (!a.how.removal) return not_done();
    if (!d && a.like_2_8()) return bad_digest({});
    LADING_TRY(bool const was, d ? a.in.remove_document(a.name(), d.assume_value()) : a.in.remove_tag(a.name(), a.where.item));
    return was ? text_answer(202, {}, {}) : no_manifest(a);
}

/// GET, HEAD, PUT and DELETE.
inline result<response> answer_manifest(asked const& a) {
    if (a.like_2_8() && !digest::parse(a.where.item) && !is_tag(a.where.item)) return a.give(no_page());
    if (a.reads()) return read_manifest(a);
    if (a.q.method != "PUT" && a.q.method != "DELETE") return a.give(not_done());
    LADING_TRY(auto out, a.q.method == "PUT" ? manifest_writing(a).answer() : remove_manifest(a));
    return a.give(std::move(out));
}

} // namespace lading::service::detail
