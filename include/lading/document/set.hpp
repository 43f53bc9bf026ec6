// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `manifest_set`: the documents that a client speaks, as a compile-time list. It makes the variant, the `Accept`
/// header and the dispatch from bytes to type.
///
/// A document is a type with reflected fields (`BOOST_HANA_ADAPT_STRUCT`) and one of
///  * `static constexpr std::array media_types{...}`: it is the document of these media types;
///  * `static constexpr std::string_view matches_config_type`: it is an image manifest with this config type;
///  * `static constexpr std::string_view matches_artifact_type`: it is an OCI image manifest with this artifactType.
/// The last two refine a standard document and win over it.

#include "manifest_list.hpp"
#include "oci.hpp"
#include "opaque.hpp"
#include "schema1.hpp"
#include "schema2.hpp"
#include "shape.hpp"

#include <array>
#include <string_view>
#include <variant>

namespace lading {

namespace detail {

template <class D>
concept has_media_types = requires { D::media_types.size(); };
template <class D>
concept has_config_media_type = requires { std::string_view(D::matches_config_type); };
template <class D>
concept has_artifact_type = requires { std::string_view(D::matches_artifact_type); };

template <class D>
constexpr std::size_t count_of_types() {
    if constexpr (has_media_types<D>) return D::media_types.size();
    else return 0;
}

/// Every name by which the documents are found, in order; the three kinds of names cannot collide with each other.
template <class... Ds>
constexpr auto claimed_names() {
    std::array<std::string_view, ((count_of_types<Ds>() + 2) + ... + 0)> out{};
    std::size_t n = 0;
    auto one = [&]<class D>(std::type_identity<D>) {
        if constexpr (has_media_types<D>)
            for (auto t : D::media_types) out[n++] = t;
        if constexpr (has_config_media_type<D>) out[n++] = D::matches_config_type;
        if constexpr (has_artifact_type<D>) out[n++] = D::matches_artifact_type;
    };
    (one(std::type_identity<Ds>{}), ...);
    return out;
}

template <class... Ds>
constexpr bool names_are_unique() {
    auto const names = claimed_names<Ds...>();
    for (std::size_t i = 0; i < names.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (!names[i].empty() && names[i] == names[j]) return false;
    return true;
}

template <class D>
struct check_document {
    static_assert(has_media_types<D> || has_config_media_type<D> || has_artifact_type<D>,
                  "[lading] manifest_set: a document needs `media_types`, `matches_config_type` or `matches_artifact_type`");
    static constexpr bool ok = true;
};

} // namespace detail

template <class... Ds>
struct manifest_set {
    static_assert((detail::check_document<Ds>::ok && ...));
    static_assert(detail::names_are_unique<Ds...>(),
                  "[lading] manifest_set: two documents claim the same media type");

    /// A decoded document; `opaque` is last.
    using variant = std::variant<Ds..., opaque>;

    /// The value of the `Accept` header: one line, made at compile time (several lines are misread by servers).
    static constexpr std::string_view accept() noexcept { return {accept_text.data(), accept_text.size()}; }

    /// Calls `f(std::type_identity<D>{})` for the document of this shape, or with `opaque` when the set has none.
    template <class F>
    static constexpr auto dispatch(manifest_shape const& shape, F&& f) {
        return first<0, Ds...>(shape, f);
    }

    template <class D>
    static constexpr bool contains = (std::is_same_v<D, Ds> || ...);
    /// The place of a document in the variant; `opaque` is last.
    template <class D>
    static constexpr std::size_t index_of = [] {
        std::size_t n = 0;
        (void)((std::is_same_v<D, Ds> ? true : (++n, false)) || ...);
        return n;
    }();

  private:
    template <class D>
    static constexpr bool refines(manifest_shape const& s) {
        bool const image = s.media_type == media_types::oci_manifest || s.media_type == media_types::docker_manifest;
        if constexpr (detail::has_config_media_type<D>)
            if (image && s.config_media_type == D::matches_config_type) return true;
        if constexpr (detail::has_artifact_type<D>)
            if (s.media_type == media_types::oci_manifest && s.artifact_type == D::matches_artifact_type) return true;
        return false;
    }
    template <class D>
    static constexpr bool is(manifest_shape const& s) {
        if constexpr (detail::has_media_types<D>)
            for (auto t : D::media_types)
                if (t == s.media_type) return true;
        return false;
    }
    /// Pass 0 looks for a refinement, pass 1 for the media type.
    template <int Pass, class D, class... Rest, class F>
    static constexpr auto first(manifest_shape const& shape, F& f) {
        if (Pass == 0 ? refines<D>(shape) : is<D>(shape)) return f(std::type_identity<D>{});
        if constexpr (sizeof...(Rest) > 0) return first<Pass, Rest...>(shape, f);
        else if constexpr (Pass == 0) return first<1, Ds...>(shape, f);
        else return f(std::type_identity<opaque>{});
    }

    static constexpr std::size_t accept_size = [] {
        std::size_t n = 0;
        auto one = [&]<class D>(std::type_identity<D>) {
            if constexpr (detail::has_media_types<D>)
                for (auto t : D::media_types) n += t.size() + (n ? 2 : 0);
        };
        (one(std::type_identity<Ds>{}), ...);
        return n;
    }();
    static constexpr std::array<char, accept_size> accept_text = [] {
        std::array<char, accept_size> out{};
        std::size_t n = 0;
        auto add = [&](std::string_view text) {
            for (char c : text) out[n++] = c;
        };
        auto one = [&]<class D>(std::type_identity<D>) {
            if constexpr (detail::has_media_types<D>)
                for (auto t : D::media_types) {
                    if (n) add(", ");
                    add(t);
                }
        };
        (one(std::type_identity<Ds>{}), ...);
        return out;
    }();
};

namespace detail {
template <class Set, class New>
struct extend;
template <class... Ds, class New>
struct extend<manifest_set<Ds...>, New> {
    using type = manifest_set<Ds..., New>;
};
} // namespace detail

/// A set with one more document, without a change in the library.
template <class Set, class New>
using extend_t = typename detail::extend<Set, New>::type;

/// What the client speaks unless told otherwise, in the order of preference that `Accept` states.
using default_manifests = manifest_set<oci_image, schema2, oci_index, manifest_list, schema1>;

} // namespace lading
