// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `open_manifest`: from the bytes of an answer to a verified, typed manifest. The order is fixed: size, digest, type,
/// fields; nothing is returned unless all hold.

#include "../http/message.hpp"
#include "../policy/hash.hpp"
#include "decode.hpp"
#include "reflect/manifest_list.hpp"
#include "reflect/oci.hpp"
#include "reflect/schema1.hpp"
#include "reflect/schema2.hpp"
#include "schema1_payload.hpp"
#include "set.hpp"

#include <optional>
#include <string>
#include <utility>

namespace lading {

/// A fetched document: the bytes as received, what they are, and the decoded view.
template <class Set>
struct basic_manifest {
    basic_manifest(std::string b, descriptor d, typename Set::variant v)
        : bytes(std::move(b)), self(std::move(d)), document(std::move(v)) {}

    std::string bytes; ///< exactly what was received
    descriptor self;   ///< media type, digest (the requested one, else sha256) and size in bytes
    typename Set::variant document;
    std::vector<warning> warnings;
};

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

/// A type that was announced (by a header or a parent) may only agree with the bytes.
inline result<void> check_announced(std::string_view announced, std::string_view actual, std::string_view by) {
    if (announced == actual || (is_schema1_type(announced) && is_schema1_type(actual))) return success();
    return error(errc::media_type_mismatch)
        .with_context(std::string(by))
        .with_values(std::string(announced), std::string(actual));
}

inline result<void> check_content_type(response const& head, std::string_view actual) {
    auto const value = head.headers.find("Content-Type");
    if (!value || value->empty()) return success();
    LADING_TRY(auto const type, media_type::parse(*value));
    if (!is_known_manifest_type(type.essence())) return success();
    return check_announced(type.essence(), actual, "the Content-Type header");
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

} // namespace detail

/// Opens a manifest. `P` names the policies `json`, `hash` and `manifests`; `head` is the answer it came with.
///
/// Errors: `size_mismatch`, `digest_mismatch` (fact `next_endpoint`: a mirror may have served it), those of
/// `json_document::parse`, `decide_shape` and `decode`, `media_type_mismatch`, `schema1_refused` (the set has no
/// schema1), `schema1_format`. Linear in the size. Thread-safe.
template <class P>
result<basic_manifest<typename P::manifests>> open_manifest(std::string bytes, response const& head,
                                                            manifest_expectation const& want, limits const& l) {
    using set = typename P::manifests;
    using json = typename P::json;
    using opened = basic_manifest<set>;

    if (want.size && *want.size != static_cast<std::int64_t>(bytes.size()))
        return error(errc::size_mismatch)
            .with_values(std::to_string(*want.size) + " bytes", std::to_string(bytes.size()));

    LADING_TRY(auto raw_digest, detail::identity_of<P>(bytes, want.digest));
    bool const raw_matches = !want.digest || raw_digest == *want.digest;

    // Only a signed schema1 document is named by other bytes than all of its own, so only then is a document read
    // whose raw digest is not the wanted one.
    auto parsed = json_document::parse<json>(bytes, l.json);
    if (!parsed && !raw_matches) return detail::mismatch(*want.digest, raw_digest);
    LADING_TRY(auto document, std::move(parsed));
    auto decided = decide_shape(document.root());
    bool const schema1_document = decided && is_schema1_type(decided.assume_value().media_type);
    if (!schema1_document && !raw_matches) return detail::mismatch(*want.digest, raw_digest);
    if (!decided) return std::move(decided).assume_error();
    auto const shape = decided.assume_value();

    std::string payload;
    if (schema1_document) {
        if constexpr (!set::template contains<schema1>) {
            return error(errc::schema1_refused);
        } else {
            LADING_TRY(payload, schema1_payload<json>(bytes, l));
            LADING_TRY(raw_digest, detail::identity_of<P>(payload, want.digest));
            if (want.digest && raw_digest != *want.digest) return detail::mismatch(*want.digest, raw_digest);
        }
    }

    LADING_TRY_V(detail::check_content_type(head, shape.media_type));
    if (!want.media_type.empty()) {
        LADING_TRY_V(detail::check_announced(want.media_type, shape.media_type, "the descriptor in the index"));
    }

    descriptor self(std::string(shape.media_type), raw_digest, static_cast<std::int64_t>(bytes.size()));
    self.artifact_type = shape.artifact_type;
    return set::dispatch(shape, [&]<class D>(std::type_identity<D>) -> result<opened> {
        if constexpr (std::is_same_v<D, opaque>) {
            return opened(std::move(bytes), self,
                          opaque{std::string(shape.media_type), std::string(shape.artifact_type)});
        } else if constexpr (std::is_same_v<D, schema1>) {
            LADING_TRY(auto inner, json_document::parse<json>(payload, l.json));
            LADING_TRY(auto value, decode<D>(inner.root(), errc::manifest_schema, l));
            return opened(std::move(bytes), self, std::move(value));
        } else {
            LADING_TRY(auto value, decode<D>(document.root(), errc::manifest_schema, l));
            return opened(std::move(bytes), self, std::move(value));
        }
    });
}

} // namespace lading
