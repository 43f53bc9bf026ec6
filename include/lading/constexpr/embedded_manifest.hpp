// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `embedded_manifest`: a manifest that is part of the program and is decoded, checked and hashed by the compiler.
///
///     inline constexpr std::string_view text = R"({"schemaVersion":2, ...})";
///     using base = lading::embedded_manifest<text>;
///     static_assert(base::digest_is<"sha256:...">());

#include "../detail/inline_string.hpp"
#include "../digest.hpp"
#include "../document/reflect/manifest_list.hpp"
#include "../document/reflect/oci.hpp"
#include "../document/reflect/schema1.hpp"
#include "../document/reflect/schema2.hpp"
#include "../document/set.hpp"
#include "../document/shape.hpp"
#include "../document/validate_fields.hpp"
#include "../hash/constexpr_sha2.hpp"
#include "../json/document.hpp"
#include "../json/strict_json.hpp"
#include "../media_type.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace lading {

/// A descriptor as a constant: what of `descriptor` fits a literal type.
struct constant_descriptor {
    lading::media_type media_type = detail::decode_access::make<lading::media_type>();
    lading::digest digest = detail::decode_access::make<lading::digest>();
    std::int64_t size = 0;
    detail::inline_string<64> os, architecture, variant; ///< of an entry of an index; empty when not said
};

/// The constant form of an image document `D` (schema2, oci_image, an artifact) with `N` layers.
template <class D, std::size_t N>
struct constant_image {
    using document = D;
    constant_descriptor config;
    std::array<constant_descriptor, N> layers;
};

/// The constant form of an index document `D` (manifest_list, oci_index) with `N` entries.
template <class D, std::size_t N>
struct constant_index {
    using document = D;
    std::array<constant_descriptor, N> manifests;
};

namespace detail {

constexpr bool read_platform_part(json_view object, std::string_view key, inline_string<64>& out) {
    auto const v = object.find(key);
    if (!v || v->is_null()) return true;
    auto const text = v->as_string();
    if (!text || text->size() > 64) return false;
    out = inline_string<64>(*text);
    return true;
}

/// Of a descriptor that `validate_fields` takes, what a constant has. False when it does not fit.
constexpr bool read_constant(json_view v, constant_descriptor& out) {
    if (!out.media_type.assign(*v.find("mediaType")->as_string())) return false;
    out.digest.assign(*v.find("digest")->as_string());
    out.size = *v.find("size")->as_int();
    auto const p = v.find("platform");
    return !p || p->is_null() ||
           (read_platform_part(*p, "os", out.os) && read_platform_part(*p, "architecture", out.architecture) &&
            read_platform_part(*p, "variant", out.variant));
}

/// The text of a digest as a template argument, so that a compiler that refuses shows it.
template <digest_algorithm A>
consteval auto text_of(digest const& d) {
    char out[8 + 2 * size_of(A)]{};
    std::size_t n = 0;
    for (char const c : name_of(A)) out[n++] = c;
    out[n++] = ':';
    for (auto const b : d.bytes()) {
        out[n++] = "0123456789abcdef"[static_cast<unsigned>(b) >> 4];
        out[n++] = "0123456789abcdef"[static_cast<unsigned>(b) & 15];
    }
    return fixed_string(out);
}
template <fixed_string Actual, fixed_string Expected>
struct embedded_digest {
    static constexpr bool ok = [] {
        auto const a = Actual;
        auto const b = Expected;
        return a.view() == b.view();
    }();
    static_assert(ok, "[lading] embedded_manifest: the text has another digest; embedded_digest<ACTUAL, EXPECTED> shows both");
};

/// The path of a field that is refused, likewise.
template <fixed_string Path, errc Code>
struct embedded_field {
    static constexpr bool ok = Code == errc::ok;
    static_assert(ok, "[lading] embedded_manifest: a client refuses this field; embedded_field<PATH, CODE> shows it");
};

constexpr std::string_view list_name(bool index) { return index ? "manifests" : "layers"; }

/// What one reading of the text tells.
struct embedded_facts {
    errc json = errc::ok, shape = errc::ok;
    std::size_t document = 0; ///< its place in the variant of the set
    lading::media_type type = decode_access::make<lading::media_type>();
    bool index = false;
    std::size_t descriptors = 0; ///< of `manifests` or `layers`
    fault fields;               ///< of the document
};

/// Everything about an embedded text. The text is read twice, since no allocation outlives a constant expression: once for
/// `facts`, and for `value` once their number is known.
template <auto const& Text, class Set>
struct embedded_reader {
    static constexpr std::string_view text() { return std::string_view(Text); }

    static constexpr embedded_facts facts = [] {
        embedded_facts out;
        json_document d;
        out.json = d.template assign<exact_json>(text()).code;
        if (out.json != errc::ok) return out;
        auto const decided = shape_of(d.root());
        out.shape = decided.wrong.code;
        if (out.shape != errc::ok) return out;
        out.type.assign(decided.shape.media_type);
        out.index = is_index_type(decided.shape.media_type);
        if (auto const list = d.root().find(list_name(out.index)); list && list->is_array()) out.descriptors = list->size();
        Set::dispatch(decided.shape, [&]<class D>(std::type_identity<D>) {
            out.document = Set::template index_of<D>;
            if constexpr (!std::is_same_v<D, opaque> && !std::is_same_v<D, schema1>)
                out.fields = validate_fields<D>(d.root(), errc::manifest_schema, limits());
        });
        return out;
    }();
    using document = std::variant_alternative_t<facts.document, typename Set::variant>;

    static consteval auto path() {
        char out[facts.fields.path.size() + 1]{};
        std::copy_n(facts.fields.path.view().data(), facts.fields.path.size(), out);
        return fixed_string(out);
    }

    template <digest_algorithm A>
    static constexpr lading::digest digest = constant_digest_of(text(), A);

    struct descriptors {
        constant_descriptor config;
        std::array<constant_descriptor, facts.descriptors> list;
        bool good = true;
    };
    static constexpr descriptors read() {
        descriptors out;
        if (facts.fields.code != errc::ok) return out; // `embedded_manifest` says it
        json_document d;
        (void)d.template assign<exact_json>(text());
        // A document of the set need not have all fields of the standard one.
        if constexpr (!default_manifests::contains<document>) {
            using standard = std::conditional_t<facts.index, manifest_list, schema2>;
            out.good = validate_fields<standard>(d.root(), errc::manifest_schema, limits()).code == errc::ok;
            if (!out.good) return out;
        }
        if (!facts.index) out.good = read_constant(*d.root().find("config"), out.config);
        std::size_t i = 0;
        d.root().find(list_name(facts.index))->each_element([&](json_view e) {
            out.good = read_constant(e, out.list[i++]) && out.good;
        });
        return out;
    }
};

/// The constant itself. Not in the reader: only those who ask for it pay for it.
template <class Reader>
inline constexpr auto embedded_descriptors = Reader::read();

} // namespace detail

/// A manifest in the program. `Text` is an object with static storage that a `std::string_view` can be made of. What
/// `parse_and_verify_manifest` would refuse with default limits does not compile, nor does what the set has no document for, and the
/// compiler says what is wrong; schema1, which has another digest than its text, cannot be embedded. Costs nothing when
/// the program runs.
/// Texts of up to 14 KB stay within the default bounds of both compilers; for more raise `-fconstexpr-steps` (clang, by
/// default 1048576; some 70 a byte of the text are needed) or `-fconstexpr-ops-limit` (g++).
template <auto const& Text, class Set = default_manifests>
class embedded_manifest {
    using reader = detail::embedded_reader<Text, Set>;
    static constexpr bool json_ok = reader::facts.json == errc::ok;
    static_assert(json_ok, "[lading] embedded_manifest: the text is not well-formed JSON");
    static constexpr bool shape_ok = reader::facts.shape == errc::ok;
    static_assert(shape_ok, "[lading] embedded_manifest: the JSON is not a manifest, or of two types at once");
    static constexpr bool readable = json_ok && shape_ok;

  public:
    /// The type that a client would decode it to.
    using document = typename reader::document;

  private:
    static_assert(!readable || !std::is_same_v<document, schema1>, "[lading] embedded_manifest: schema1 has no constant form");
    static_assert(!readable || !std::is_same_v<document, opaque>,
                  "[lading] embedded_manifest: the manifest set does not speak this type");
    static_assert(detail::embedded_field<reader::path(), reader::facts.fields.code>::ok);

  public:
    /// The bytes, as they are hashed.
    static constexpr std::string_view bytes() noexcept { return reader::text(); }
    static constexpr std::int64_t size() noexcept { return static_cast<std::int64_t>(reader::text().size()); }
    static consteval lading::digest digest(digest_algorithm a = digest_algorithm::sha256) {
        if (a == digest_algorithm::sha256) return reader::template digest<digest_algorithm::sha256>;
        return constant_digest_of(reader::text(), a);
    }
    /// `static_assert(base::digest_is<"sha256:...">())`: as `digest() == "sha256:..."_digest`, but a compiler that refuses
    /// shows both digests.
    template <detail::fixed_string Expected>
    static consteval bool digest_is() {
        constexpr auto algorithm = digest_literal<Expected>::make().algorithm();
        return detail::embedded_digest<detail::text_of<algorithm>(reader::template digest<algorithm>), Expected>::ok;
    }
    static consteval lading::media_type media_type() { return reader::facts.type; }

    /// A `constant_image` or `constant_index` of the document. A document of your own needs `config` and `layers` for that.
    static consteval auto value() {
        constexpr auto const& read = detail::embedded_descriptors<reader>;
        static_assert(read.good, "[lading] embedded_manifest: no constant form: `config` or `layers` are not those of an "
                                 "image, or a mediaType is none, or a platform has a name of more than 64 bytes");
        if constexpr (reader::facts.index) return constant_index<document, read.list.size()>{read.list};
        else return constant_image<document, read.list.size()>{read.config, read.list};
    }
    /// Calls the visitor with the document type and the value: `f(std::type_identity<schema2>{}, image)`.
    template <class F>
    static constexpr decltype(auto) visit(F&& f) {
        constexpr auto v = value();
        static_assert(std::is_invocable_v<F, std::type_identity<document>, decltype(v)>,
                      "[lading] embedded_manifest: the visitor has no handler for this document");
        return std::forward<F>(f)(std::type_identity<document>{}, v);
    }
};

} // namespace lading
