// SPDX-License-Identifier: BSL-1.0
// Uploads: where they go on, and whatever a registry answers to them.
#include "target.hpp"

#include <lading/hash/openssl_hash.hpp>
#include <lading/http/upload_location.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/operation/upload.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

using namespace lading;
using fuzz::check_error;
using fuzz::must;
using namespace std::string_literals;

namespace {

struct policies {
    using json = strict_json;
    using hash = openssl_hash;
};

std::string const blob = [] {
    std::string out;
    for (std::uint32_t i = 1; out.size() < (160u << 10); i = i * 1664525u + 1013904223u) out.append(reinterpret_cast<char const*>(&i), 4);
    return out;
}();
digest const known = digest_of<openssl_hash>(blob).value();

constexpr std::array statuses{200, 201, 202, 204, 301, 307, 400, 401, 403, 404, 405, 408, 410, 413, 416, 429, 500, 502, 503, 504};
constexpr std::array failures{errc::connection_reset, errc::timeout_header, errc::timeout_write, errc::tls_truncated, errc::connection_refused, errc::http_malformed};
constexpr std::array words{"BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "DIGEST_INVALID", "SIZE_INVALID", "NAME_UNKNOWN", "UNSUPPORTED", "too large"};

} // namespace

FUZZ_TARGET(upload_location, "http",
            {"/v2/a/b/blobs/uploads/U?_state=S", "https://r.example/up?x=%2f&digest=sha256:aa", "http://r.example:5000/up", "//b.test/up", "https://b.test/up", "?s=1", "U", "https://me@r.example/",
             "/v2/a/b/manifests/x", "/v2/a/b/blobs/../manifests/x", "https://b.test:443/%2e%2e/x?digest=1&a=2#f", ""}) {
    header_map h;
    h.add("Location", input);
    std::string const asked = "https://r.example/v2/a/b/blobs/uploads/";
    auto const at = locate_upload(h, asked, "a/b", {"b.test"});
    if (!at) return check_error(at.assume_error());
    auto const u = url::parse(at.assume_value().url);
    must(u.has_value(), "a place is a URL", input);
    must(u.assume_value().scheme() == "https", "https stays https", at.assume_value().url);
    must(u.assume_value().origin().str() == (at.assume_value().elsewhere ? "https://b.test:443" : "https://r.example:443"), "a place is on an origin that is allowed", at.assume_value().url);
    must(u.assume_value().path().find("/manifests/") == std::string::npos, "a blob is not put as a manifest", at.assume_value().url);
    must(at.assume_value().url.size() < 2 * input.size() + 64, "nothing grows");

    auto const closing = closing_url(at.assume_value().url, known);
    auto const end = "digest=" + percent_encode(known.str());
    must(closing.ends_with(end), "the digest is there, last", closing);
    must(closing_url(closing, known) == closing, "and once", closing);
    must(url::parse(closing).has_value() || closing.size() > url::max_size, "the place that closes is a URL", closing);
    auto const open = open_url(closing);
    must(open_url(open) == open && ("&" + open.substr(std::min(open.find('?'), open.size() - 1) + 1)).find("&digest=") == std::string::npos, "no chunk has a digest", open);
}

FUZZ_TARGET(upload_answers, "http",
            {"\0\x09\2/u\x1e\1"s, "\1\x09\2/u\x1e\2\3"s, "\2\2/u\x1e\2/v\x1e\2\x1e\1"s, "\1\x09\2/u\x1e\x40\x09\2/u\x1e\1"s, "\4\2/u\x1e\2\1"s, "\1\x09\2/u\x1e\x0d\3\2/u\x1e\x0d\3"s}) {
    fuzz::input in(input);
    auto const how = in.byte();
    push_options o;
    if (how & 1) o.with_chunks(64u << 10);
    if (how & 2) o.with_mount_from("c/d");
    if (how & 4) o.with_question(false);
    if (how & 8) o.with_single_post();
    if (how & 16) o.with_upload_host("b.test");
    std::size_t at = 0;
    stream_source once([&](std::span<std::byte> into) -> result<std::size_t> {
        auto const n = std::min(into.size(), blob.size() - at);
        std::memcpy(into.data(), blob.data() + at, n);
        at += n;
        return n;
    });
    view_source often(blob);
    body_source& from = how & 32 ? static_cast<body_source&>(once) : often;
    std::optional<descriptor> what(std::in_place, "a/b", known, how & 64 ? descriptor::unknown_size : static_cast<std::int64_t>(blob.size()));
    if (how & 128) what.reset();
    upload_notes notes;
    call_context talk("https://r.example", repository::parse("r.example/a/b").value());
    talk.uploads = &notes;
    upload_operation<policies> op(talk, what, from, o);
    std::size_t requests = 0, waits = 0;
    for (auto next = op.start();;) {
        if (auto* over = std::get_if<done<pushed_blob>>(&next)) {
            if (!over->value()) check_error(over->value().error());
            else must(over->value().value().what.digest == known, "what is pushed is the blob");
            break;
        }
        if (std::get_if<need_delay>(&next)) {
            must(++waits <= 40, "an upload ends");
            next = op.on_delay();
            continue;
        }
        auto& x = std::get<need_exchange>(next);
        must(++requests <= 200, "an upload takes so many requests");
        auto const u = url::parse(x.query.url);
        must(u.has_value(), "what is asked is a URL", x.query.url);
        auto const& host = u.assume_value().host();
        must(host == "r.example" || (host == "b.test" && (how & 16) && !x.routing.may_authorize), "no other host is asked, and credentials stay", x.query.url);
        auto const kind = in.byte();
        response head(statuses[kind % statuses.size()]);
        head.url = x.query.url;
        if (x.query.source) { // all of it, or a part
            auto const most = kind & 0x40 ? std::size_t(1000) : blob.size() + 1;
            std::string sent;
            auto begun = x.query.source->begin();
            if (!begun) {
                next = op.on_response(begun.assume_error());
                continue;
            }
            std::optional<error> wrong;
            while (sent.size() < most && sent.size() != x.query.source->size()) {
                std::array<std::byte, 4096> piece;
                auto const n = x.query.source->read(piece);
                if (!n) wrong = n.assume_error();
                if (!n || n.assume_value() == 0) break;
                sent.append(reinterpret_cast<char const*>(piece.data()), n.assume_value());
            }
            head.sent_whole = sent.size() == x.query.source->size();
            must(blob.find(sent) != std::string::npos, "what is sent is of the blob");
            if (wrong) {
                next = op.on_response(*wrong);
                continue;
            }
        }
        if (kind >= 0xf0) {
            next = op.on_response(error(failures[kind % failures.size()]));
            continue;
        }
        auto const extra = in.byte();
        if (extra & 1) head.headers.add("Location", in.text());
        if (extra & 2) head.headers.add("Range", "0-" + std::to_string(in.byte() * 1024u + in.byte()));
        if (extra & 4) head.headers.add("Docker-Content-Digest", extra & 8 ? known.str() : "sha256:" + std::string(64, 'a'));
        if (extra & 16) head.headers.add("OCI-Chunk-Min-Length", std::to_string(in.byte() * 1024u));
        if (extra & 32) head.headers.add("Retry-After", std::to_string(in.byte()));
        std::string const body = extra & 64 ? R"({"errors":[{"code":")" + std::string(words[in.byte() % words.size()]) + R"("}]})" : std::string();
        auto verdict = x.sink->begin(head, body.size());
        if (verdict && verdict.assume_value() == sink_action::proceed && !body.empty()) verdict = x.sink->write(std::as_bytes(std::span(body)));
        next = verdict ? op.on_response(head) : op.on_response(verdict.assume_error());
    }
}
