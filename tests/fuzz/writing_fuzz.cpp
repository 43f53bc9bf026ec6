// SPDX-License-Identifier: BSL-1.0
// Writing against registries that keep what they are sent, and fail in between; lists of referrers, whatever a tag leads to; and what a registry of our own is
// asked.
#include "target.hpp"

#include <lading/client/policies.hpp>
#include <lading/hash/openssl_hash.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/operation/referrers.hpp>
#include <lading/operation/referrers_tag.hpp>
#include <lading/operation/upload.hpp>
#include <lading/service/answer.hpp>
#include <lading/testing/registry_repositories.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <span>

using namespace lading;
using fuzz::check_error;
using fuzz::must;
using namespace std::string_literals;

namespace {

struct policies {
    using json = strict_json;
    using hash = openssl_hash;
    using manifests = default_manifests;
};

std::string const blob = [] {
    std::string out;
    for (std::uint32_t i = 7; out.size() < (70u << 10); i = i * 1664525u + 1013904223u) out.append(reinterpret_cast<char const*>(&i), 4);
    return out;
}();
digest const known = digest_of<openssl_hash>(blob).value();

/// A registry with sessions, which believes nobody.
struct upload_registry {
    bool stale_places; ///< a place is good until more has come, as at docker-registry 2.8
    std::map<std::string, std::string> sessions;
    std::optional<std::string> kept;
    std::size_t begun = 0;
    bool damaged = false; ///< a session was closed that had other bytes

    std::string place(std::string const& id) const { return "/v2/a/b/blobs/uploads/" + id + "?_state=" + (stale_places ? std::to_string(sessions.at(id).size()) : "s"); }
    response session(int status, request const& q, std::string const& id) const {
        response out(status);
        out.url = q.url;
        out.headers.add("Location", place(id));
        auto const n = sessions.at(id).size();
        out.headers.add("Range", "0-" + std::to_string(n == 0 ? 0 : n - 1));
        return out;
    }
    response plain(int status, request const& q) const {
        response out(status);
        out.url = q.url;
        return out;
    }
    /// `most`: bytes of a chunk that are taken.
    response answer(request const& q, std::string const& body, std::size_t most) {
        auto const u = url::parse(q.url).value();
        if (q.method == "HEAD") {
            auto out = plain(kept ? 200 : 404, q);
            if (kept) out.headers.add("Content-Length", std::to_string(kept->size()));
            return out;
        }
        if (q.method == "POST") {
            auto const id = "U" + std::to_string(begun++);
            sessions[id];
            return session(202, q, id);
        }
        auto const path = std::string(u.path());
        auto const id = path.substr(path.rfind('/') + 1);
        auto const at = sessions.find(id);
        auto const query = std::string(u.query());
        if (at == sessions.end() || query.substr(0, query.find('&')) != place(id).substr(place(id).find('?') + 1)) return plain(404, q);
        if (q.method == "GET") return session(204, q, id);
        if (q.method == "DELETE") return sessions.erase(at), plain(204, q);
        at->second.append(body, 0, q.method == "PATCH" ? most : body.size());
        if (q.method == "PATCH") return session(202, q, id);
        if (at->second != blob) return damaged = true, plain(400, q);
        kept = std::move(at->second);
        sessions.erase(at);
        auto out = plain(201, q);
        out.headers.add("Docker-Content-Digest", known.str());
        return out;
    }
};

enum class mishap : unsigned { none,
                               before,
                               in_the_body,
                               after,
                               answer_500,
                               after_502,
                               answer_429,
                               answer_404,
                               restart,
                               in_part,
                               without_range,
                               answer_413 };

} // namespace

FUZZ_TARGET(upload_world, "http", {""s, "\1"s, "\3\0\0\0\3"s, "\1\0\0\0\3\1"s, "\1\0\0\0\x09\x50\0\x09\x01"s, "\3\0\0\0\5\5\x08\1"s, "\5\0\0\2"s, "\x0b\0\0\0\3\3\3"s, "\0\0\0\3\3"s, "\x11\0\3\3\3"s, "\0\0\0\x0b\0\0"s}) {
    fuzz::input in(input);
    auto const how = in.byte();
    upload_registry registry{(how & 2) != 0, {}, {}};
    std::size_t at = 0;
    stream_source once([&](std::span<std::byte> into) -> result<std::size_t> {
        auto const n = std::min(into.size(), blob.size() - at);
        std::memcpy(into.data(), blob.data() + at, n);
        at += n;
        return n;
    });
    view_source often(blob);
    body_source& from = how & 4 ? static_cast<body_source&>(once) : often;
    std::optional<descriptor> what(std::in_place, "a/b", known, how & 8 ? descriptor::unknown_size : static_cast<std::int64_t>(blob.size()));
    if (how & 16) what.reset();
    upload_notes notes;
    call_context talk("https://r.example", repository::parse("r.example/a/b").value());
    talk.uploads = &notes;
    upload_operation<policies> op(talk, what, from, push_options().with_chunks(how & 1 ? 64u << 10 : 0));
    std::size_t requests = 0, waits = 0;
    bool failed = false, told_less = false;
    for (auto next = op.start();;) {
        if (auto* over = std::get_if<done<pushed_blob>>(&next)) {
            if (!over->value()) check_error(over->value().error());
            else must(registry.kept.has_value(), "what is said to be pushed is there");
            must(over->value().has_value() || failed, "without a fault it is pushed");
            break;
        }
        if (std::get_if<need_delay>(&next)) {
            must(++waits <= 40, "an upload ends");
            next = op.on_delay();
            continue;
        }
        auto& x = std::get<need_exchange>(next);
        must(++requests <= 200, "an upload takes so many requests");
        auto const chosen = static_cast<mishap>(in.byte() % 12);
        failed = failed || chosen != mishap::none;
        auto const lost = [&] { next = op.on_response(error(errc::connection_reset)); };
        std::string body;
        std::optional<error> wrong;
        if (x.query.source && chosen != mishap::before) {
            if (auto begun = x.query.source->begin(); !begun) wrong = begun.assume_error();
            while (!wrong) {
                std::array<std::byte, 8192> piece;
                auto const n = x.query.source->read(piece);
                if (!n) wrong = n.assume_error();
                if (!n || n.assume_value() == 0) break;
                body.append(reinterpret_cast<char const*>(piece.data()), n.assume_value());
                if (chosen == mishap::in_the_body) wrong = error(errc::connection_reset);
            }
        }
        if (wrong) {
            next = op.on_response(*wrong);
            continue;
        }
        if (chosen == mishap::before || chosen == mishap::in_the_body) {
            lost();
            continue;
        }
        if (chosen == mishap::restart) registry.sessions.clear();
        auto head = registry.plain(500, x.query);
        bool const instead = chosen == mishap::answer_500 || chosen == mishap::answer_429 || chosen == mishap::answer_404 || chosen == mishap::answer_413;
        if (instead) head.status = chosen == mishap::answer_500 ? 500 : chosen == mishap::answer_429 ? 429
                                                                    : chosen == mishap::answer_413   ? 413
                                                                                                     : 404;
        else head = registry.answer(x.query, body, chosen == mishap::in_part ? in.byte() * 300u : body.size());
        if (chosen == mishap::in_part && x.query.method == "PATCH") told_less = true;
        if (chosen == mishap::after) {
            lost();
            continue;
        }
        if (chosen == mishap::after_502) head = registry.plain(502, x.query);
        if (chosen == mishap::without_range) head.headers.erase("Range");
        head.sent_whole = !instead;
        auto verdict = x.sink->begin(head, 0);
        next = verdict ? op.on_response(head) : op.on_response(verdict.assume_error());
    }
    // A part of a chunk whose size nobody tells, or tells as none, may be taken for the whole: then the digest says so.
    must(!registry.damaged || told_less, "no session is closed that has other bytes");
}

namespace {

digest const subject = digest::parse("sha256:" + std::string(64, 'a')).value();
descriptor const ours(std::string(media_types::oci_manifest), digest::parse("sha256:" + std::string(64, 'b')).value(), 7);

std::string entry(char c) { return R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:)" + std::string(64, c) + R"(","size":5})"; }
std::string list(std::string const& entries, std::string const& more = "") {
    return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" + entries + "]" + more + "}";
}
/// The digests that an index lists; nothing for what is none.
std::optional<std::set<std::string>> listed(std::string const& text) {
    auto const parsed = json_document::parse<strict_json>(text, json_limits());
    if (!parsed) return std::nullopt;
    auto const index = decode<oci_index>(parsed.assume_value().root(), errc::manifest_schema, limits());
    if (!index) return std::nullopt;
    std::set<std::string> out;
    for (auto const& m : index.assume_value().manifests) out.insert(m.digest.str());
    return out;
}

} // namespace

FUZZ_TARGET(referrers_tag, "documents", {"\0"s, "\0\0\0\0\0\x1e"s + list(""), "\0\1\3\0\0\x1e"s + list(entry('c')), "\1\0\0\0\0\x1e"s + list(entry('b') + ',' + entry('c'), R"(,"annotations":{"a":"b"},"x":[1])"), "\0\4\4\5\0\x1e"s + list(entry('c'), R"(,"subject":)" + entry('d')), "\0\0\0\0\0\x1e{\"layers\":[]}"s}) {
    auto const end = std::min(input.find('\x1e'), input.size());
    fuzz::input in(input.substr(0, end));
    std::optional<std::string> document;
    if (end < input.size()) document.emplace(input.substr(end + 1));
    auto const before = document;
    auto const had = document ? listed(*document) : std::optional<std::set<std::string>>(std::in_place);
    bool const removes = in.byte() & 1;
    auto change = referrers_change(subject);
    removes ? change.with_removed(ours.digest) : change.with_added(ours);
    call_context talk("https://r.example", repository::parse("r.example/a/b").value());
    referrers_tag_operation<policies> op(talk, change, false);
    std::size_t requests = 0;
    bool failed = false;
    for (auto next = op.start();;) {
        if (auto* over = std::get_if<done<referrers_listing>>(&next)) {
            if (!over->value()) {
                check_error(over->value().error());
                if (!failed) must(document == before, "what fails by itself changes nothing");
                if (!had) must(document == before, "what is no list is left as it is");
                break;
            }
            auto const has = document ? listed(*document) : std::optional<std::set<std::string>>(std::in_place);
            must(has.has_value(), "what is written is a list", document.value_or(""));
            must(has->contains(ours.digest.str()) != removes, "the change is there");
            for (auto const& d : *had)
                if (d != ours.digest.str()) must(has->contains(d), "nothing of others is lost", d);
            break;
        }
        if (std::get_if<need_delay>(&next)) {
            next = op.on_delay();
            continue;
        }
        auto& x = std::get<need_exchange>(next);
        must(++requests <= 400, "a change ends");
        must(x.query.url.starts_with("https://r.example/v2/a/b/manifests/sha256-aaaa"), "nobody else is asked", x.query.url);
        auto const chosen = in.byte() % 8;
        failed = failed || chosen != 0;
        std::string body;
        if (x.query.source) {
            (void)x.query.source->begin();
            std::array<std::byte, 4096> piece;
            for (;;) {
                auto const n = x.query.source->read(piece);
                if (!n || n.assume_value() == 0) break;
                body.append(reinterpret_cast<char const*>(piece.data()), n.assume_value());
            }
        }
        if (chosen == 1) {
            next = op.on_response(error(errc::connection_reset));
            continue;
        }
        response head(chosen == 4 ? 500 : chosen == 5 ? 429
                                                      : 201);
        head.url = x.query.url;
        std::string text;
        if (chosen < 4) {
            if (x.query.method == "PUT") document = body;
            else if (x.query.method == "DELETE") document.reset(), head.status = 202;
            else if (document) head.status = 200, text = *document, head.headers.add("Content-Type", media_types::oci_index);
            else head.status = 404;
        } else if (chosen > 5) {
            head.status = chosen == 6 ? 403 : 412;
        }
        if (chosen == 3) {
            next = op.on_response(error(errc::connection_reset));
            continue;
        }
        auto verdict = x.sink->begin(head, text.size());
        if (verdict && verdict.assume_value() == sink_action::proceed && !text.empty()) verdict = x.sink->write(std::as_bytes(std::span(text)));
        next = verdict ? op.on_response(head) : op.on_response(verdict.assume_error());
    }
}

FUZZ_TARGET(referrer_lists, "documents", {"\0\x01"s + list(entry('c')) + "\x1e"s, "\1\x03"s + list(entry('c')) + "\x1e</v2/a/b/referrers/x?n=2>; rel=\"next\"\x1e\x01"s + list(entry('d')) + "\x1e"s, "\2\x08{}\x1e\x01"s + list(entry('c') + ',' + entry('c')) + "\x1e"s, "\4\x01"s + list(entry('c')) + "\x1e\x01{\"subject\":"s + entry('a') + "}\x1e"s, "\0\x03"s + list("") + "\x1e<https://b.test/x>; rel=\"next\"\x1e"s}) {
    fuzz::input in(input);
    auto const how = in.byte();
    referrers_options o;
    if (how & 1) o.with_artifact_type("a/b");
    if (how & 2) o.with_missing_types();
    if (how & 4) o.with_verification();
    call_context talk("https://r.example", repository::parse("r.example/a/b").value());
    talk.bounds.referrers = 20;
    talk.bounds.referrer_pages = 10;
    referrers_operation<policies> op(talk, reference::parse("r.example/a/b@" + subject.str()).value(), o);
    std::size_t requests = 0;
    for (auto next = op.start();;) {
        if (auto* over = std::get_if<done<referrer_list>>(&next)) {
            if (!over->value()) {
                check_error(over->value().error());
                break;
            }
            auto const& got = over->value().value();
            if (got.failure) check_error(*got.failure);
            std::set<std::string> seen;
            must(got.values.size() <= 20, "a list has so many");
            for (auto const& d : got.values) {
                must(seen.insert(d.digest.str()).second, "each is listed once");
                must(d.urls.empty() && d.data.bytes.empty(), "what nobody has verified is not given");
                must(!(how & 1) || d.artifact_type == "a/b", "the filter holds");
            }
            for (auto const& w : got.warnings)
                for (char const c : w.text) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a warning is printable", w.text);
            break;
        }
        auto& x = std::get<need_exchange>(next);
        must(++requests <= 60, "a list ends");
        must(x.query.url.starts_with("https://r.example/"), "nobody else is asked", x.query.url);
        auto const kind = in.byte();
        std::string const text(in.text());
        constexpr std::array statuses{200, 404, 400, 401, 403, 405, 429, 500};
        response head(statuses[(kind >> 2) % statuses.size()]);
        head.url = x.query.url;
        if (kind & 1) head.headers.add("Content-Type", media_types::oci_index);
        if (kind & 2) head.headers.add("Link", in.text());
        if (kind == 0xff) {
            next = op.on_response(error(errc::connection_reset));
            continue;
        }
        auto verdict = x.sink->begin(head, text.size());
        if (verdict && verdict.assume_value() == sink_action::proceed && !text.empty()) verdict = x.sink->write(std::as_bytes(std::span(text)));
        next = verdict ? op.on_response(head) : op.on_response(verdict.assume_error());
    }
}

namespace {

/// Takes an answer, as a server does.
struct answer_sink final : body_sink {
    std::optional<response> head;
    std::optional<std::uint64_t> length;
    std::string text;
    result<sink_action> begin(response const& h, std::optional<std::uint64_t> n) override {
        must(!head, "an answer begins once");
        head = h;
        length = n;
        return sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        must(head.has_value(), "a body has a head");
        text.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return sink_action::proceed;
    }
};

} // namespace

// Requests, one after the other: a method, then target, body and a field of each kind as texts. In a target `@` is the place that was named last, `#` the digest of
// the last body that was sent.
FUZZ_TARGET(service_requests, "http",
            {"\0\0/v2/\x1e\x1e\0\0"s, "\7\1/v2/a/blobs/uploads/\x1e\x1e\0\2@&digest=#\x1e"
                                      "blob\x1e\0\0/v2/a/blobs/#\x1e\x1e\0"s,
             "\7\1/v2/a/blobs/uploads/\x1e\x1e\0\3@\x1e"
             "abc\x1e\1"
             "0-2\x1e\3@\x1e"
             "def\x1e\1"
             "3-5\x1e\2@&digest=#\x1e"
             "x\x1e\0"s,
             "\3\2/v2/a/manifests/v1\x1e{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}\x1e\2application/vnd.oci.image.index.v1+json\x1e\0/v2/a/manifests/v1\x1e\x1e\0\0/v2/a/tags/list?n=1\x1e\x1e\0\4/v2/a/manifests/#\x1e\x1e\0"s,
             "\7\0/v2/a/referrers/sha256:" + std::string(64, 'a') + "?artifactType=x\x1e\x1e\0\0/v2/_catalog?n=2&last=%2f\x1e\x1e\0"s, "\1\1/v2/b/blobs/uploads/?mount=#&from=a\x1e\x1e\0\1/v2/a/blobs/uploads/?digest=#\x1e"
                                                                                                                                       "x\x1e\0"s,
             "\7\0/v2/a/blobs/#\x1e\x1e\4"
             "bytes=0-1\x1e"s}) {
    fuzz::input in(input);
    auto const how = in.byte();
    testing::registry_store store;
    testing::detail::registry_repositories repositories(store);
    service::upload_sessions sessions;
    auto o = service::options().with_personality(how & 1 ? service::personality::registry_2_8 : service::personality::spec).with_page(how & 8 ? 1 : 0);
    if (how & 2) o.with_writes();
    if (how & 4) o.with_removal();
    if (how & 16) o.with_relative_places();
    if (how & 32) o.odd.most_chunk = 2;
    if (how & 64) o.odd.short_session_path = true;
    std::string place = "/v2/a/blobs/uploads/none?_state=x", last = digest_of<openssl_hash>("").value().str();
    for (int n = 0; n < 40 && !in.empty(); ++n) {
        constexpr std::array methods{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get"};
        std::string const method = methods[in.byte() % methods.size()];
        std::string target(in.text());
        std::string const body(in.text());
        if (!body.empty()) last = digest_of<openssl_hash>(body).value().str();
        if (auto const at = target.find('@'); at != target.npos) target.replace(at, 1, place);
        if (auto const at = target.find('#'); at != target.npos) target.replace(at, 1, last);
        request q(method, "http://r.test:5000" + target);
        auto const fields = in.byte();
        constexpr std::array names{"Content-Range", "Content-Type", "Range", "If-None-Match", "Content-Length", "Accept"};
        for (std::size_t i = 0; i < names.size(); ++i)
            if (fields & (1u << i)) q.headers.add(names[i], in.text());
        view_source from(body);
        if (!(fields & 64)) q.source = &from;
        answer_sink out;
        auto const got = service::answer(q, repositories, out, o, &sessions);
        if (!got) {
            check_error(got.assume_error());
            continue;
        }
        auto const& head = got.assume_value();
        must(head.status >= 200 && head.status < 600, "an answer has a status");
        must(out.head && out.head->status == head.status, "an answer was begun");
        for (auto const& [name, value] : head.headers)
            for (char const c : value) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a field has no control character", value);
        if (method != "HEAD" && out.length) must(out.text.size() <= *out.length, "a body is as long as was said");
        auto const said = head.headers.find("Location");
        if (said && head.status == 202) {
            auto const there = url::parse(q.url).value().resolve(*said);
            must(there.has_value(), "a place is one", *said);
            must(there.assume_value().origin() == url::parse(q.url).value().origin(), "a place is here", *said);
            place = there.assume_value().target();
        }
        auto const d = head.headers.find("Docker-Content-Digest");
        if (method == "GET" && head.status == 200 && d && d->starts_with("sha256:")) must(testing::sha256_digest(out.text) == *d, "what is given is what it is called", *d);
    }
    for (auto const& name : store.names()) {
        must(reference::parse("r.test/" + name + ":x").has_value(), "a repository has a name", name);
        auto const* const r = store.find(name);
        for (auto const& [d, m] : r->manifests)
            if (d.starts_with("sha256:")) must(testing::sha256_digest(m.bytes) == d, "a manifest has its digest", d);
        for (auto const& [tag, d] : r->tags) must(r->manifests.contains(d), "a tag leads somewhere", tag);
    }
}
