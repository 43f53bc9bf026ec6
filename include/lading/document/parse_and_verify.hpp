// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `parse_and_verify_manifest`: from the bytes of an answer to a verified, typed manifest; `verify_manifest_bytes`: to verified bytes.
///
/// The order is fixed: size, digest, type, fields. Bytes that do not have the size and the digest they should have are
/// never returned. What they are is another question: bytes that the digest asked for vouches for, or the one that the
/// registry announces, are returned whatever they are, as `opaque` with a warning where they cannot be read. An answer
/// that nothing vouches for must make sense by itself: it may be the page of a gateway.

#include "../http/message.hpp"
#include "../policy/hash.hpp"
#include "basic_manifest.hpp"
#include "decode.hpp"
#include "reflect/manifest_list.hpp"
#include "reflect/oci.hpp"
#include "reflect/schema1.hpp"
#include "reflect/schema2.hpp"
#include "schema1/schema1_payload.hpp"
#include "set.hpp"

#include <optional>
#include <string>
#include <utility>

namespace lading {

/// What is known of a manifest before it is fetched. Empty parts expect nothing.
struct manifest_expectation {
    manifest_expectation() = default;
    explicit manifest_expectation(std::optional<lading::digest> d) : digest(d) {}
    /// A child: its digest, size and type are all binding.
    explicit manifest_expectation(descriptor const& d) : digest(d.digest), size(d.size), media_type(d.media_type) {}

    std::optional<lading::digest> digest;
    std::optional<std::int64_t> size;
    std::string media_type;
};

namespace detail {

/// The type that a header or an index announces may only agree with the document.
inline result<void> check_announced(std::string_view announced, std::string_view actual, std::string_view by) {
    if (announced == actual || (is_schema1_type(announced) && is_schema1_type(actual))) return success();
    return error(errc::media_type_mismatch)
        .with_context(std::string(by))
        .with_values(printable(announced, 160), printable(actual, 160));
}

/// The media type of the header, in lower case; empty where there is none, or none that can be read: that is a remark.
inline std::string content_type(response const& head, std::vector<warning>& odd) {
    auto const lines = head.headers.all("Content-Type");
    if (lines.empty() || (lines.size() == 1 && trim(lines.front()).empty())) return {};
    if (lines.size() == 1)
        if (auto const type = media_type::parse(lines.front())) return std::string(type.assume_value().essence());
    odd.emplace_back(warning_code::content_type_ignored,
                     "the Content-Type header is no media type: " + printable(lines.front(), 160) + (lines.size() > 1 ? ", and more" : ""));
    return {};
}

/// The digest of `text` by the algorithm of `want`, or by sha256 when nothing is wanted.
template <class P>
result<digest> identity_of(std::string_view text, std::optional<digest> const& want) {
    return digest_of<typename P::hash>(text, want ? want->algorithm() : digest_algorithm::sha256);
}

inline error mismatch(digest const& want, digest const& got) {
    return error(errc::digest_mismatch).with_values(want.str(), got.str()).with_facts([] {
        fallback_facts f;
        f.answered = f.next_endpoint = true;
        return f;
    }());
}

/// Bytes of the size and digest they should have, and what of their form had to be looked at for that.
struct identified {
    explicit identified(lading::digest d) : digest(std::move(d)) {}

    lading::digest digest;
    bool vouched = false;              ///< the digest was asked for, or is announced by the registry
    bool readable = false;             ///< there is a document
    std::optional<error> wrong;        ///< why there is no shape
    json_document document;            ///< the shape is of it
    manifest_shape shape;
    std::string payload;               ///< of a schema1 document: what is signed

    /// What the bytes are called where nobody knows better than the document.
    std::string media_type_or(std::string_view otherwise) const {
        if (!wrong) return std::string(shape.media_type);
        if (readable)
            if (auto const said = document.root().find("mediaType"); said && said->as_string()) return std::string(*said->as_string());
        return std::string(otherwise.empty() ? "application/octet-stream" : otherwise);
    }
};

/// Checks size and digest. Errors: `size_mismatch`, `digest_mismatch`, `schema1_format`.
template <class P>
result<identified> identify(std::string_view bytes, response const& head, manifest_expectation const& want, limits const& l) {
    using json = typename P::json;
    if (want.size && *want.size != static_cast<std::int64_t>(bytes.size()))
        return error(errc::size_mismatch)
            .with_values(std::to_string(*want.size) + " bytes", std::to_string(bytes.size()));

    LADING_TRY(auto raw_digest, identity_of<P>(bytes, want.digest));
    bool const raw_matches = !want.digest || raw_digest == *want.digest;
    identified out(std::move(raw_digest));

    // Only a signed schema1 document is named by other bytes than all of its own, so only then is a document read
    // whose raw digest is not the wanted one.
    auto bounds = l.json;
    bounds.repeated_keys = true;
    auto parsed = json_document::parse<json>(bytes, bounds);
    if (!parsed) {
        out.wrong = std::move(parsed).assume_error();
    } else {
        out.document = std::move(parsed).assume_value();
        out.readable = true;
        auto decided = decide_shape(out.document.root());
        if (decided) out.shape = decided.assume_value();
        else out.wrong = std::move(decided).assume_error();
    }
    if (!out.wrong && is_schema1_type(out.shape.media_type)) {
        auto payload = schema1_payload<json>(bytes, l);
        if (payload) {
            out.payload = std::move(payload).assume_value();
            LADING_TRY(out.digest, identity_of<P>(out.payload, want.digest));
            if (want.digest && out.digest != *want.digest) return mismatch(*want.digest, out.digest);
        } else {
            if (!want.digest || !raw_matches) return std::move(payload).assume_error();
            out.wrong = std::move(payload).assume_error();
        }
    } else if (!raw_matches) {
        return mismatch(*want.digest, out.digest);
    }
    out.vouched = want.digest || head.headers.find("Docker-Content-Digest") == out.digest.str();
    return out;
}

} // namespace detail

/// Checks size and digest, and nothing else. `P` names the policies `json` and `hash`; `head` is the answer the bytes came
/// with.
///
/// Errors: `size_mismatch`, `digest_mismatch` (fact `next_endpoint`: a mirror may have served it), `schema1_format` (a
/// signed document whose digest cannot be computed). Linear in the size. Thread-safe.
template <class P>
detail::dependent<result<manifest_bytes>, P> verify_manifest_bytes(std::string bytes, response const& head, manifest_expectation const& want,
                                                                   limits const& l) {
    LADING_TRY(auto const known, detail::identify<P>(bytes, head, want, l));
    std::vector<warning> odd; // of no interest here
    auto const announced = detail::content_type(head, odd);
    descriptor self(known.media_type_or(want.media_type.empty() ? announced : want.media_type), known.digest,
                    static_cast<std::int64_t>(bytes.size()));
    return manifest_bytes(std::move(bytes), std::move(self));
}

/// Opens a manifest. `P` names the policies `json`, `hash` and `manifests`; `head` is the answer it came with.
///
/// What is odd is in the warnings: lists that are not there, entries of an index that are no descriptors, a Content-Type
/// that says nothing, a type that only the index or the header says (`media_type_assumed`). What cannot be read at all is
/// `opaque` with `document_unreadable` where a digest vouches for the bytes.
///
/// Errors: `size_mismatch`, `digest_mismatch` (fact `next_endpoint`: a mirror may have served it), `media_type_mismatch`
/// (the index says another type), `schema1_refused` (the set has no schema1), `schema1_format`. Of bytes that no digest
/// vouches for also those of `json_document::parse`, `decide_shape` and `decode`, and `media_type_mismatch` for the
/// header. Linear in the size. Thread-safe.
template <class P>
result<basic_manifest<typename P::manifests>> parse_and_verify_manifest(std::string bytes, response const& head,
                                                                        manifest_expectation const& want, limits const& l) {
    using set = typename P::manifests;
    using json = typename P::json;
    using opened = basic_manifest<set>;

    LADING_TRY(auto known, detail::identify<P>(bytes, head, want, l));
    std::vector<warning> odd;
    auto const announced = detail::content_type(head, odd);
    auto const size = static_cast<std::int64_t>(bytes.size());
    auto unreadable = [&](error const& why) {
        descriptor self(known.media_type_or(want.media_type.empty() ? announced : want.media_type), known.digest, size);
        auto type = self.media_type;
        opened out(std::move(bytes), std::move(self), opaque{std::move(type), std::string(known.shape.artifact_type)});
        odd.emplace_back(warning_code::document_unreadable, "the manifest cannot be read: " + why.summary());
        out.warnings = std::move(odd);
        return out;
    };
    if (known.wrong) {
        if (!known.vouched) return std::move(*known.wrong);
        return unreadable(*known.wrong);
    }

    auto& shape = known.shape;
    bool const schema1_document = is_schema1_type(shape.media_type);
    if (schema1_document && !set::template contains<schema1>) return error(errc::schema1_refused);
    if (!shape.says_type) {
        auto const type = in_family_of(want.media_type.empty() ? announced : want.media_type, shape.media_type);
        if (type != shape.media_type)
            odd.emplace_back(warning_code::media_type_assumed, "the manifest does not say its type; it is taken for " + std::string(type) +
                                                                   (want.media_type.empty() ? ", as the Content-Type says" : ", as the index says"));
        shape.media_type = type;
    }
    if (!want.media_type.empty()) {
        LADING_TRY_V(detail::check_announced(want.media_type, shape.media_type, "the descriptor in the index"));
    }
    if (is_known_manifest_type(announced)) {
        auto agrees = detail::check_announced(announced, shape.media_type, "the Content-Type header");
        if (!agrees && !known.vouched) return std::move(agrees).assume_error();
        if (!agrees)
            odd.emplace_back(warning_code::content_type_ignored, "the Content-Type header says " + announced + ", the manifest is " +
                                                                     detail::printable(shape.media_type, 160));
    }

    auto read = set::dispatch(shape, [&]<class D>(std::type_identity<D>) -> result<typename set::variant> {
        if constexpr (std::is_same_v<D, opaque>) {
            return typename set::variant(opaque{std::string(shape.media_type), std::string(shape.artifact_type)});
        } else if constexpr (std::is_same_v<D, schema1>) {
            LADING_TRY(auto inner, json_document::parse<json>(known.payload, l.json));
            LADING_TRY(auto value, decode<D>(inner.root(), errc::manifest_schema, l));
            return typename set::variant(std::move(value));
        } else {
            LADING_TRY(auto value, decode<D>(known.document.root(), errc::manifest_schema, l, &odd));
            return typename set::variant(std::move(value));
        }
    });
    if (!read) {
        if (!known.vouched) return std::move(read).assume_error();
        return unreadable(read.assume_error());
    }
    descriptor self(std::string(shape.media_type), known.digest, size);
    self.artifact_type = shape.artifact_type;
    opened out(std::move(bytes), std::move(self), std::move(read).assume_value());
    out.warnings = std::move(odd);
    return out;
}

} // namespace lading
