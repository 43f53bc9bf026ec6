// SPDX-License-Identifier: BSL-1.0
// The words: references, digests, base64, media types, platforms. Each has one normal form.
#include "target.hpp"

#include <lading/detail/base64.hpp>
#include <lading/hash/constexpr_sha2.hpp>
#include <lading/hash/openssl_hash.hpp>
#include <lading/http/url.hpp>
#include <lading/media_type.hpp>
#include <lading/platform_choice.hpp>
#include <lading/policy/hash.hpp>
#include <lading/protocol/call_context.hpp>
#include <lading/reference.hpp>

using namespace lading;
using fuzz::check_error;
using fuzz::must;

namespace {

/// The path of a request that is made of parsed words (doc/threats.md#r07).
void check_path(std::string const& path) {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/-";
    must(path.starts_with("/v2/"), "a request path begins with /v2/", path);
    must(path.find_first_not_of(allowed) == path.npos, "a request path has only characters of names", path);
    must((path + '/').find("/../") == path.npos && path.find("//") == path.npos, "a request path has no odd segment", path);
}

} // namespace

FUZZ_TARGET(reference, "names",
            {"debian", "docker.io/library/debian:12", "index.docker.io/a/b", "localhost:5000/a", "[::1]:5000/x:y",
             "EXAMPLE/x", "r.example/team/app:v1.2_3@sha256:" + std::string(64, 'a'), "a@sha512:" + std::string(128, '0'),
             "good@evil/x", "a\r\nX-Inj: 1", "../x", "a%2f..", std::string(64, 'f'), "a__b/c---d", "127.1/x:latest",
             "x.y:65536/a", "Scratch/scratch", "library/scratch", std::string(64, 'a') + ".test/" + std::string(128, 'b')}) {
    auto const parsed = reference::parse(input);
    if (!parsed) {
        auto const& e = parsed.assume_error();
        check_error(e);
        must(e == errc::ref_invalid || e == errc::digest_invalid || e == errc::digest_unsupported,
             "a reference is refused by one of three codes", e.message());
        must(e.facts().stop(), "a malformed name ends it all", e.message());
        return;
    }
    auto const& r = parsed.assume_value();
    auto const text = r.str();
    auto const again = reference::parse(text);
    must(again && again.assume_value() == r, "parse(r.str()) == r", input, text);
    must(again.assume_value().str() == text, "str() is a normal form", text, again.assume_value().str());
    auto const& name = r.repository();
    auto const short_form = repository::parse(name.familiar());
    must(short_form && short_form.assume_value() == name, "the familiar name means the same", name.str(), name.familiar());
    must(name.str().size() <= repository::max_size, "a name has at most 255 bytes", name.str());

    call_context const talk("https://" + registry_host(name), name);
    for (auto const& q : {talk.get("manifests", r.target()), talk.get("blobs", "sha256:" + std::string(64, '0'))}) {
        check_path(q.url.substr(talk.base_url.size()));
        if (auto const u = url::parse(q.url))
            must(u.assume_value().target() == q.url.substr(talk.base_url.size()), "the path of the request is kept as it is",
                 q.url, u.assume_value().str());
        else check_error(u.assume_error()); // a host that only the resolver of references takes: no request is made
    }
}

FUZZ_TARGET(digest, "names",
            {"sha256:" + std::string(64, '0'), "sha384:" + std::string(96, 'f'), "sha512:" + std::string(128, 'a'), "md5:00",
             "SHA256:00", "sha256:../../../../etc/passwd", "sha256+b64u:abc", "YWxpY2U6cHc=", "YWI", "YWI=", "_-8", ""}) {
    if (auto const d = digest::parse(input)) {
        must(d.assume_value().str() == input, "a digest has one spelling", input, d.assume_value().str());
        must(d.assume_value().hex().size() == 2 * size_of(d.assume_value().algorithm()), "hex of the exact length", input);
        auto const same = digest::from_bytes(d.assume_value().algorithm(), d.assume_value().bytes());
        must(same && same.assume_value() == d.assume_value(), "from_bytes(d.bytes()) == d", input);
    } else {
        check_error(d.assume_error());
    }
    for (auto const a : {digest_algorithm::sha256, digest_algorithm::sha384, digest_algorithm::sha512}) {
        auto const whole = digest_of<openssl_hash>(input, a);
        auto const other = digest_of<constexpr_sha2>(input, a);
        must(whole && other && whole.assume_value() == other.assume_value(), "two hashes of the same bytes agree", input);
        constexpr_sha2 in_pieces(a);
        for (std::size_t at = 0; at < input.size(); at += 61)
            in_pieces.update(std::as_bytes(std::span(input).subspan(at, std::min<std::size_t>(61, input.size() - at))));
        auto const pieces = in_pieces.finish();
        must(pieces && pieces.assume_value() == whole.assume_value(), "a hash does not depend on the pieces", input);
        if (a == digest_algorithm::sha256 && input.size() > 512) break; // the rest is only slower
    }
    must(detail::base64_decode(detail::base64_encode(input)) == input, "base64 comes back", input);
    must(detail::base64url_decode(detail::base64url_encode(input)) == input, "base64url comes back", input);
    if (auto const bytes = detail::base64_decode(input))
        must(detail::base64_encode(*bytes) == input, "base64 has one spelling", input, detail::base64_encode(*bytes));
    if (auto const bytes = detail::base64url_decode(input))
        must(detail::base64url_encode(*bytes) == input, "base64url has one spelling", input);
}

FUZZ_TARGET(media_type, "types",
            {std::string(media_types::oci_manifest), "text/plain; charset=utf-8", "A/B;x=\"a\\\"b\" ; y=z", "a/b;", "a/b, c/d",
             " application/json ", "application/vnd.docker.distribution.manifest.v2+json;v=1"}) {
    auto const parsed = media_type::parse(input);
    if (!parsed) return check_error(parsed.assume_error());
    auto const essence = std::string(parsed.assume_value().essence());
    must(essence.size() <= media_type::max_size, "a media type is bounded", essence);
    must(essence == detail::lower(essence), "a media type is in lower case", essence);
    for (char const c : essence) must(c == '/' || detail::is_tchar(c), "a media type has no odd character", essence);
    must(std::count(essence.begin(), essence.end(), '/') == 1, "a media type has one slash", essence);
    for (auto const& text : {essence, essence + ";a=b", " " + essence + "\t"}) {
        auto const again = media_type::parse(text);
        must(text.size() >= 1024 || (again && again.assume_value() == parsed.assume_value()), "the essence means the same", text);
    }
}

FUZZ_TARGET(platform, "names",
            {"linux/amd64", "linux/arm/v7\nlinux/arm/v5\nlinux/arm/v6\nlinux/arm64", "windows/amd64:10.0.17763.1\nwindows/amd64:10.0.17763.2",
             "linux/arm64/v8\nlinux/aarch64\nlinux/amd64/v2", "MacOS/x86_64", "linux/armhf\nlinux/arm", "unknown/unknown"}) {
    // The first line is what is wanted, the others are what there is.
    std::vector<platform> said;
    for (auto const line : fuzz::lines_of(input)) {
        auto const p = platform::parse(line);
        if (!p) {
            check_error(p.assume_error());
            continue;
        }
        auto const again = platform::parse(p.assume_value().str());
        must(again && again.assume_value() == p.assume_value(), "parse(p.str()) == p", line, p.assume_value().str());
        auto const normal = normalise(p.assume_value());
        must(normalise(normal) == normal, "a normal form stays", normal.str(), normalise(normal).str());
        said.push_back(p.assume_value());
        if (said.size() > 40) break;
    }
    if (said.empty()) return;
    auto const d = digest::parse("sha256:" + std::string(64, '0')).value();
    std::vector<descriptor> entries;
    for (std::size_t i = 1; i < said.size(); ++i) {
        entries.emplace_back("a/b", d, static_cast<std::int64_t>(i));
        entries.back().platform = said[i];
    }
    auto const any = platform_choice::any().choose(entries);
    for (auto const& choice : {platform_choice::like(said[0]), platform_choice::exact(said[0]), platform_choice::host()}) {
        auto const got = choice.choose(entries);
        if (!got) {
            check_error(got.assume_error());
            must(got.assume_error() == errc::platform_not_found, "what is not there is not found", got.assume_error().message());
            continue;
        }
        must(any.has_value(), "what one finds, any finds");
        auto const at = static_cast<std::size_t>(got.assume_value().size);
        must(at >= 1 && at < said.size() && got.assume_value() == entries[at - 1], "what is chosen is an entry");
        must(normalise(*got.assume_value().platform).os == normalise(choice.str().starts_with("host") ? host_platform() : said[0]).os,
             "the system is never another", got.assume_value().platform->str(), choice.str());
    }
    if (auto const exact = platform_choice::exact(said[0]).choose(entries)) {
        auto const like = platform_choice::like(said[0]).choose(entries);
        must(like.has_value(), "what is there exactly is found", said[0].str());
    }
}
