// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `platform`: where an image runs; its text form and its normal form (doc/protocol.md#platforms).

#include "detail/inline_string.hpp"
#include "detail/text.hpp"
#include "result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

struct platform;
inline platform host_platform();

namespace detail {

/// The systems and architectures that Go names, and what else they are called: what a word alone may be.
inline constexpr std::string_view known_systems[] = {"aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux",
                                                     "macos", "nacl", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows", "zos"};
inline constexpr std::string_view known_architectures[] = {
    "386", "aarch64", "amd64", "amd64p32", "arm", "arm64", "arm64be", "armbe", "armel", "armhf", "i386", "loong64", "mips", "mips64",
    "mips64le", "mips64p32", "mips64p32le", "mipsle", "ppc", "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x", "sparc", "sparc64",
    "wasm", "x86-64", "x86_64"};

/// True when `word`, in whatever case, is one of the list.
template <std::size_t N>
constexpr bool is_one_of(std::string_view word, std::string_view const (&list)[N]) noexcept {
    for (auto const known : list) {
        bool same = known.size() == word.size();
        for (std::size_t i = 0; same && i < word.size(); ++i) same = known[i] == to_lower(word[i]);
        if (same) return true;
    }
    return false;
}

} // namespace detail

/// Where an image runs, as a document spells it.
struct platform {
    platform() = default;
    platform(std::string o, std::string a, std::string v = {})
        : os(std::move(o)), architecture(std::move(a)), variant(std::move(v)) {}

    /// Parses `os/architecture[/variant][:os_version]`, or the name of a known system or architecture alone: then the host
    /// says the other half. Upper case is lower case, and another name of an architecture is the usual one (`x86_64`,
    /// `i386`, `aarch64`; `armhf` is `arm/v7`, `armel` is `arm/v6`; `macos` is `darwin`); each part at most 64 bytes.
    /// Errors: `platform_invalid`, final. `parse(p.str())` is `p` for every result.
    static result<platform> parse(std::string_view text) {
        auto const parts = split(text);
        if (!parts.good)
            return error(errc::platform_invalid)
                .with_values("os/architecture[/variant][:os_version], or a known one of the two", detail::printable(text, 160));
        return from(parts);
    }

    /// "linux/arm/v7", "windows/amd64:10.0.17763.1". Printable and bounded, whatever the document says.
    std::string str() const {
        std::string out = detail::printable(os, 64) + '/' + detail::printable(architecture, 64);
        if (!variant.empty()) out += '/' + detail::printable(variant, 64);
        if (!os_version.empty()) out += ':' + detail::printable(os_version, 64);
        return out;
    }

    /// False when a document leaves out what a machine is told apart by: such an entry is never chosen.
    bool is_complete() const noexcept { return !os.empty() && !architecture.empty(); }

    std::string os;
    std::string architecture;
    std::string variant;
    std::string os_version;
    std::vector<std::string> os_features;
    std::vector<std::string> features;

    friend bool operator==(platform const&, platform const&) = default;

  private:
    template <detail::fixed_string>
    friend struct platform_literal;

    struct parts {
        std::string_view os, architecture, variant, os_version;
        bool good = false;
    };
    /// The grammar; usable in constant expressions.
    static constexpr parts split(std::string_view text) noexcept {
        parts out;
        if (auto const colon = text.find(':'); colon != text.npos) {
            out.os_version = text.substr(colon + 1);
            text = text.substr(0, colon);
            if (out.os_version.empty()) return out;
        }
        std::string_view* const fields[] = {&out.os, &out.architecture, &out.variant};
        std::size_t n = 0;
        for (;; ++n) {
            auto const slash = std::min(text.find('/'), text.size());
            if (n == 3 || slash == 0) return out;
            *fields[n] = text.substr(0, slash);
            if (slash == text.size()) break;
            text.remove_prefix(slash + 1);
        }
        if (n == 0 && !detail::is_one_of(out.os, detail::known_systems)) {
            if (!detail::is_one_of(out.os, detail::known_architectures)) return out;
            out.architecture = std::exchange(out.os, {});
        }
        for (auto const part : {out.os, out.architecture, out.variant, out.os_version}) {
            if (part.size() > 64) return out;
            for (char c : part)
                if (!detail::is_alnum(c) && c != '.' && c != '_' && c != '-') return out;
        }
        out.good = true;
        return out;
    }
    static platform from(parts const& p);
};

namespace detail {

/// The usual name instead of another one; lower case.
inline void resolve_aliases(platform& p) {
    auto& a = p.architecture;
    auto& v = p.variant;
    p.os = lower(p.os);
    a = lower(a);
    v = lower(v);
    if (p.os == "macos") p.os = "darwin";
    if (a == "x86_64" || a == "x86-64")
        a = "amd64";
    else if (a == "i386")
        a = "386", v.clear();
    else if (a == "aarch64")
        a = "arm64";
    else if (a == "armhf")
        a = "arm", v = "v7";
    else if (a == "armel")
        a = "arm", v = "v6";
}

} // namespace detail

inline platform platform::from(parts const& p) {
    platform out{std::string(p.os), std::string(p.architecture), std::string(p.variant)};
    out.os_version = p.os_version;
    if (p.os.empty() || p.architecture.empty()) {
        auto const host = host_platform();
        if (p.os.empty()) out.os = host.os;
        else out.architecture = host.architecture, out.variant = host.variant;
    }
    detail::resolve_aliases(out);
    return out;
}

/// The normal form: aliases of architectures resolved, the variant that every such machine has left out
/// (`aarch64` and `arm64/v8` are `arm64`, `armhf` and bare `arm` are `arm/v7`, `amd64/v1` is `amd64`).
inline platform normalise(platform p) {
    detail::resolve_aliases(p);
    auto& a = p.architecture;
    auto& v = p.variant;
    if (a == "amd64" && v == "v1") v.clear();
    if (a == "arm64" && (v == "8" || v == "v8" || v == "v8.0")) v.clear();
    if (a == "arm") {
        if (v.empty() || v == "7")
            v = "v7";
        else if (v == "5" || v == "6" || v == "8")
            v.insert(0, 1, 'v');
    }
    return p;
}

/// The platform that the program was compiled for.
inline platform host_platform() {
#if defined(_WIN32)
    std::string os = "windows";
#elif defined(__APPLE__)
    std::string os = "darwin";
#elif defined(__FreeBSD__)
    std::string os = "freebsd";
#else
    std::string os = "linux";
#endif
#if defined(__x86_64__) || defined(_M_X64)
    return {os, "amd64"};
#elif defined(__aarch64__) || defined(_M_ARM64)
    return {os, "arm64"};
#elif defined(__arm__) || defined(_M_ARM)
#if defined(__ARM_ARCH) && __ARM_ARCH < 7
    return {os, "arm", __ARM_ARCH < 6 ? "v5" : "v6"};
#else
    return {os, "arm", "v7"};
#endif
#elif defined(__i386__) || defined(_M_IX86)
    return {os, "386"};
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
    return {os, "ppc64le"};
#elif defined(__s390x__)
    return {os, "s390x"};
#elif defined(__riscv) && __riscv_xlen == 64
    return {os, "riscv64"};
#elif defined(__loongarch64)
    return {os, "loong64"};
#else
    return {os, "unknown"};
#endif
}

template <detail::fixed_string Text>
struct platform_literal {
    // Parses a local copy: with -fsanitize=undefined g++ takes no address of a template argument for a constant.
    static consteval bool well_formed() {
        auto const text = Text;
        return platform::split(text.view()).good;
    }
    static platform make() {
        static_assert(well_formed(), "[lading] the _platform literal is not os/architecture[/variant][:os_version], nor a known one of the two");
        return platform::from(platform::split(Text.view()));
    }
};

inline namespace literals {
/// `"linux/arm/v7"_platform`: checked when the program is compiled, made when it runs (a platform holds strings).
template <detail::fixed_string Text>
platform operator""_platform() {
    return platform_literal<Text>::make();
}
} // namespace literals

} // namespace lading
