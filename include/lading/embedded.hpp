// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `embedded_manifest`: a manifest that is part of the program and is decoded, checked and hashed by the compiler.
///
///     inline constexpr std::string_view text = R"({"schemaVersion":2, ...})";
///     using base = lading::embedded_manifest<text>;
///     static_assert(base::digest_is<"sha256:...">());

#include "backend/constexpr_sha2.hpp"
#include "backend/strict_json.hpp"
#include "detail/inline_string.hpp"
#include "digest.hpp"
#include "json/document.hpp"
#include "manifest/set.hpp"
#include "manifest/shape.hpp"
#include "media_type.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

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

/// The rules of `decode<descriptor>` for the fields that a constant has.
constexpr bool read_constant(json_view v, constant_descriptor& out) {
    if (!v.is_object()) return false;
    auto const type = v.find("mediaType"), name = v.find("digest"), size = v.find("size");
    auto const text = type ? type->as_string() : std::nullopt, hash = name ? name->as_string() : std::nullopt;
    auto const bytes = size ? size->as_int() : std::nullopt;
    if (!text || !hash || !bytes || *bytes < 0 || !out.media_type.assign(*text) || out.digest.assign(*hash) != errc::ok) return false;
    out.size = *bytes;
    auto const p = v.find("platform");
    return !p || p->is_null() ||
           (p->is_object() && read_platform_part(*p, "os", out.os) && read_platform_part(*p, "architecture", out.architecture) &&
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

/// Everything about an embedded text; each member reads it anew, because no allocation outlives a constant expression.
template <auto const& Text>
struct embedded_reader {
    static constexpr std::string_view text() { return std::string_view(Text); }

    static consteval json_status status() {
        json_document d;
        return d.template assign<strict_json>(text());
    }
    template <class F>
    static consteval auto with_root(F f) {
        json_document d;
        (void)d.template assign<strict_json>(text());
        return f(d.root());
    }
    static consteval errc shape_code() {
        return with_root([](json_view root) { return judge_shape(root).code; });
    }
    template <class Set>
    static consteval auto document() {
        constexpr std::size_t which = with_root([](json_view root) {
            return Set::dispatch(judge_shape(root).shape, []<class D>(std::type_identity<D>) { return Set::template index_of<D>; });
        });
        return std::type_identity<std::variant_alternative_t<which, typename Set::variant>>();
    }
    static consteval auto media_type() {
        return with_root([](json_view root) {
            auto out = decode_access::make<lading::media_type>();
            out.assign(judge_shape(root).shape.media_type);
            return out;
        });
    }
    static consteval bool is_array(std::string_view key) {
        return with_root([&](json_view root) {
            auto const v = root.find(key);
            return v && v->is_array();
        });
    }
    static consteval std::size_t count(std::string_view key) {
        return with_root([&](json_view root) {
            auto const v = root.find(key);
            return v ? v->size() : 0;
        });
    }
    template <std::size_t N>
    struct read_array {
        std::array<constant_descriptor, N> values;
        bool good = true;
    };
    template <std::size_t N>
    static consteval read_array<N> array(std::string_view key) {
        return with_root([&](json_view root) {
            read_array<N> out;
            std::size_t i = 0;
            root.find(key)->each_element([&](json_view e) { out.good = read_constant(e, out.values[i++]) && out.good; });
            return out;
        });
    }
    static consteval read_array<1> config() {
        return with_root([](json_view root) {
            read_array<1> out;
            auto const v = root.find("config");
            out.good = v && read_constant(*v, out.values[0]);
            return out;
        });
    }
};

} // namespace detail

/// A manifest in the program. `Text` is an object with static storage that a `std::string_view` can be made of. A text that
/// is no manifest of the set does not compile, and the compiler says what is wrong. Costs nothing when the program runs.
/// Texts of some kilobytes stay within the compilers' default bounds of constant evaluation; for more raise
/// `-fconstexpr-ops-limit` (g++) or `-fconstexpr-steps` (clang).
template <auto const& Text, class Set = default_manifests>
class embedded_manifest {
    using reader = detail::embedded_reader<Text>;
    static_assert(reader::status().code == errc::ok, "[lading] embedded_manifest: the text is not well-formed JSON");
    static_assert(reader::status().code != errc::ok || reader::shape_code() == errc::ok,
                  "[lading] embedded_manifest: the JSON is not a manifest, or of two types at once");

  public:
    /// The type that a client would decode it to.
    using document = typename decltype(reader::template document<Set>())::type;

    /// The bytes, as they are hashed.
    static constexpr std::string_view bytes() noexcept { return reader::text(); }
    static constexpr std::int64_t size() noexcept { return static_cast<std::int64_t>(reader::text().size()); }
    static consteval lading::digest digest(digest_algorithm a = digest_algorithm::sha256) {
        return constant_digest_of(reader::text(), a);
    }
    /// `static_assert(base::digest_is<"sha256:...">())`: as `digest() == "sha256:..."_digest`, but a compiler that refuses
    /// shows both digests.
    template <detail::fixed_string Expected>
    static consteval bool digest_is() {
        constexpr auto expected = digest_literal<Expected>::make();
        return detail::embedded_digest<detail::text_of<expected.algorithm()>(digest(expected.algorithm())), Expected>::ok;
    }
    static consteval lading::media_type media_type() { return reader::media_type(); }

    /// A `constant_image` or `constant_index` of the document.
    static consteval auto value() {
        static_assert(!std::is_same_v<document, schema1>, "[lading] embedded_manifest: schema1 has no constant form");
        static_assert(!std::is_same_v<document, opaque>, "[lading] embedded_manifest: the manifest set does not speak this type");
        if constexpr (is_index_type(media_type().essence())) {
            static_assert(reader::is_array("manifests"), "[lading] embedded_manifest: `manifests` is not an array");
            constexpr auto entries = reader::template array<reader::count("manifests")>("manifests");
            static_assert(entries.good, "[lading] embedded_manifest: an entry of `manifests` is no well-formed descriptor");
            return constant_index<document, entries.values.size()>{entries.values};
        } else {
            static_assert(reader::is_array("layers"), "[lading] embedded_manifest: `layers` is not an array");
            constexpr auto config = reader::config();
            static_assert(config.good, "[lading] embedded_manifest: `config` is no well-formed descriptor");
            constexpr auto layers = reader::template array<reader::count("layers")>("layers");
            static_assert(layers.good, "[lading] embedded_manifest: an entry of `layers` is no well-formed descriptor");
            return constant_image<document, layers.values.size()>{config.values[0], layers.values};
        }
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
