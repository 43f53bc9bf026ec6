// SPDX-License-Identifier: BSL-1.0
// A whole client against three origins: a list of calls and a list of answers. Whatever is answered, a call ends within
// bounds with a verified value or a typed error, secrets stay where they belong, only verified bytes are committed, and the
// client goes on working.
#include "session_world.hpp"

using namespace lading;
using fuzz::check_error;
using fuzz::must;
using fuzz::reply;
using fuzz::world;

namespace {

/// Bounds that inputs can reach.
limits session_limits() {
    limits l;
    l.manifest_bytes = l.config_bytes = l.tag_page_bytes = 16u << 10;
    l.token_bytes = l.error_bytes = 4u << 10;
    l.token_length = 1u << 10;
    l.tags = 64;
    l.pages = 8;
    l.nesting = 3;
    l.redirects = 3;
    l.header_bytes = 4u << 10;
    return l;
}
constexpr unsigned tries = 3;

/// The most requests of one call: each of its own (an index a level, a config, pages of tags) may be redirected, be refused
/// and asked again, cost tokens by two methods; each of these may be sent `tries` times; for two endpoints.
constexpr std::size_t most_requests = 2 * (4 + 1 + 9) * ((3 + 1) * 3 + 4) * tries;
/// The most bytes of one body: the largest bound, and a piece.
constexpr std::size_t most_bytes = (16u << 10) + (16u << 10);

struct counting_sink final : body_sink {
    explicit counting_sink(body_sink& o) : out(o) {}
    result<sink_action> begin(response const& head, std::optional<std::uint64_t> n) override { return out.begin(head, n); }
    result<sink_action> write(std::span<std::byte const> piece) override {
        count += piece.size();
        must(count <= most_bytes, "no more than the limit is read", std::to_string(count));
        return out.write(piece);
    }
    body_sink& out;
    std::size_t count = 0;
};

/// Texts that a server may put into headers: each of its own kind of elsewhere. `{p}` is the path that was asked.
constexpr std::string_view places[] = {"https://b.test{p}", "https://a.test:5001{p}", "http://a.test{p}", "https://sub.a.test{p}",
                                       "https://a.test.{p}", "//b.test{p}", "{p}", "https://u:p@b.test{p}",
                                       "https://c.test{p}", "https://A.TEST:443{p}", "http://b.test{p}", "?again",
                                       "https://127.0.0.1{p}", "https://test{p}", "https://a.test@b.test{p}", "https:b.test"};
constexpr std::string_view challenges[] = {
    "Bearer realm=\"https://a.test/token\",service=\"s\"", "Bearer realm=\"https://b.test/token\",service=\"s\"",
    "Bearer realm=\"https://c.test/token\",service=\"s\"", "Bearer realm=\"/token\"",
    "Bearer realm=\"http://a.test/token\"", "Basic realm=\"x\"",
    "Basic realm=\"x\", Bearer realm=\"https://b.test/token\"", "Negotiate",
    "Bearer realm=\"https://a.test/token?x=y\",scope=\"repository:other:pull,push\"", "Bearer realm=\"https://u:p@c.test/token\""};
constexpr errc failures[] = {errc::connection_reset, errc::http_body_truncated, errc::tls_truncated, errc::connect_timeout, errc::too_slow,
                             errc::timeout_header, errc::host_not_found, errc::http_malformed};

std::string at_path(std::string_view place, std::string_view path) {
    std::string out(place);
    if (auto const at = out.find("{p}"); at != out.npos) out.replace(at, 3, path);
    return out;
}

/// The next answer of the input, which knows what an honest one would be.
reply next_reply(world& w, request const& q) {
    auto out = w.honest(q);
    if (!w.answers || w.answers->empty()) return out;
    ++w.scripted;
    auto& in = *w.answers;
    auto const path = url::parse(q.url).value().path();
    auto const kind = in.byte();
    switch (kind % 16) {
    case 1: { // a byte is another
        auto const at = in.byte() | in.byte() << 8;
        if (!out.body.empty()) out.body[at % out.body.size()] = static_cast<char>(in.byte());
        break;
    }
    case 2: out.body.resize(out.body.size() * in.byte() / 128); break; // cut, or NULs behind
    case 3: out.repeat = 1 + in.byte() * 64; break;                    // without end
    case 4:
        out = reply(std::array{301, 302, 303, 307, 308, 300, 304}[in.byte() % 7]);
        out.head.headers.add("Location", at_path(places[in.byte() % std::size(places)], path));
        break;
    case 5: out = reply(307).with("Location", std::string(in.text())); break;
    case 6: out = reply(401).with("WWW-Authenticate", std::string(challenges[in.byte() % std::size(challenges)])); break;
    case 7: out = reply(401).with("WWW-Authenticate", std::string(in.text())); break;
    case 8: {
        out.failure.emplace(failures[in.byte() % std::size(failures)]);
        fallback_facts f;
        f.next_endpoint = f.retry = true;
        f.plaintext = in.byte() & 1;
        out.failure->with_facts(f);
        break;
    }
    case 9: out.head.headers.add("Link", '<' + at_path(places[in.byte() % std::size(places)], path) + ">; rel=\"next\""); break;
    case 10: { // more headers, as lines
        for (auto const line : fuzz::lines_of(in.text()))
            if (auto const colon = line.find(':'); colon != line.npos) out.head.headers.add(std::string(line.substr(0, colon)), std::string(detail::trim(line.substr(colon + 1))));
        break;
    }
    case 11: { // another status, with a body
        auto const status = 100 + static_cast<int>(in.byte() | in.byte() << 8) % 500;
        out = reply(status, std::string(in.text()));
        break;
    }
    case 12: out = reply(200, std::string(in.text())); break;
    case 13: out = reply(std::array{429, 503, 500, 408}[in.byte() % 4]).with("Retry-After", std::to_string(in.byte())); break;
    case 14: out.raw = std::string(in.text()); break;
    case 15: { // another document of ours, honest but for the place
        out = reply(200, fuzz::images().manifests[in.byte() % fuzz::images().manifests.size()]);
        break;
    }
    default: break;
    }
    return out;
}

class hostile_transport {
  public:
    explicit hostile_transport(world& w) : world_(&w) {}

    result<response> exchange(request const& q, body_sink& out) {
        world_->check_request(q);
        must(++world_->requests <= most_requests, "one call makes no more requests than its bounds allow", std::to_string(world_->requests));
        counting_sink counted(out);
        auto r = next_reply(*world_, q);
        if (r.failure) return std::move(*r.failure);
        if (r.raw) return as_bytes(*r.raw, q, counted);
        r.head.url = q.url;
        auto const announced = r.repeat == 1 ? std::optional<std::uint64_t>(r.body.size()) : std::nullopt;
        LADING_TRY(auto const verdict, counted.begin(r.head, announced));
        LADING_TRY_V(fuzz::pour(r.body, r.repeat, world_->how.bytewise ? 1 : 0, counted, verdict));
        return std::move(r.head);
    }

  private:
    result<response> as_bytes(std::string_view bytes, request const& q, body_sink& out) {
        static limits const l = session_limits();
        detail::http1_reader reader(l, out, q.url, q.method == "HEAD");
        for (std::size_t at = 0; at < bytes.size(); at += 100) {
            LADING_TRY(auto const over, reader.feed(bytes.substr(at, 100)));
            if (over) return reader.take_head();
        }
        LADING_TRY_V(reader.end(false));
        return reader.take_head();
    }
    world* world_;
};

struct session_policies : test::policies {
    using transport = hostile_transport;
};

struct observer final : exchange_observer {
    explicit observer(world& w) : world_(w) {}
    void on_exchange(exchange_record const& what) override {
        world_.told = what.method + ' ' + what.url + ' ' + what.failure.message();
        must(!world_.what.shows_any(world_.told), "an observer is told no secret", world_.told);
    }
    world& world_;
};

/// Commits once, after it has begun, and nothing but what was written.
struct checking_sink final : blob_sink {
    result<void> begin() override {
        must(!committed, "nothing begins after a commit");
        bytes.clear();
        open = true;
        return success();
    }
    result<void> write(std::span<std::byte const> piece) override {
        must(open && !committed, "bytes come between begin and commit");
        bytes.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return success();
    }
    result<void> commit() override {
        must(open && !committed, "a commit comes once, and last");
        committed = true;
        return success();
    }
    void discard() noexcept override { open = false; }
    std::string bytes;
    bool open = false, committed = false;
};

class session {
  public:
    session(world& w) : world_(w), observer_(w), client_(hostile_transport(w), options(w, observer_), fixed_credentials(login(w), "a.test")) {}

    /// One call: what came of it. Verified by the oracle.
    errc call(unsigned kind) {
        world_.requests = 0;
        auto const r = reference::parse("a.test/r:1").value();
        switch (kind % 8) {
        case 1: return inspected(client_.inspect(r, choices().with_tags()), r);
        case 2: return opened(client_.manifest(r));
        case 3: return configured(client_.config(r, platform()));
        case 4: return listed(client_.tags(r.repository()));
        case 5: return stored();
        case 6: return finish(client_.ping(r.repository()));
        case 7: { // by digest
            auto const& bytes = world_.how.image == 4 ? fuzz::images().schema1_payload : fuzz::images().manifests[world_.how.image];
            auto const pinned = r.with_digest(digest::parse(test::digest_of(bytes)).value());
            return inspected(client_.inspect(pinned, choices()), pinned);
        }
        default: return inspected(client_.inspect(r, choices()), r);
        }
    }

  private:
    static client_options options(world const& w, observer& o) {
        client_options out;
        out.with_limits(session_limits()).with_retry(retry_rules(tries)).with_observer(o).with_secrets_over_http(w.how.secrets_over_http);
        out.auth.oauth_password = w.how.oauth;
        if (w.how.trusts_c) out.with_trusted_realm("https://c.test");
        if (w.how.plain) out.with_plaintext("a.test");
        if (w.how.mirrored) out.with_mirror("a.test", mirror("b.test"));
        return out;
    }
    static credential login(world const& w) {
        switch (w.how.who) {
        case fuzz::login::password: return {"alice", w.what.password};
        case fuzz::login::identity: return credential::identity(w.what.refresh);
        case fuzz::login::registry_token: return credential::bearer(w.what.registry);
        case fuzz::login::none: break;
        }
        return {};
    }
    platform_choice platform() const {
        switch (world_.how.platform) {
        case 0: return platform_choice::any();
        case 1: return platform_choice::like({"linux", "arm", "v8"});
        case 2: return platform_choice::exact({"linux", "arm", "v7"});
        default: return platform_choice::like({"linux", "amd64"});
        }
    }
    inspect_options choices() const { return inspect_options().with_platform(platform()); }

    void check_text(std::string_view text) const {
        must(!world_.what.shows_any(text), "no secret is in what the caller is told", text);
    }
    template <class T>
    errc finish(result<T> const& got) const {
        if (got) return errc::ok;
        auto const& e = got.assume_error();
        check_error(e);
        check_text(e.message());
        for (auto const& a : e.detail().attempts) check_text(a.what + a.endpoint);
        return e.kind();
    }
    static void check_digest(digest const& d, std::string_view bytes, std::string_view sentence) {
        must(test::digest_of(bytes, d.algorithm()) == d.str(), sentence, d.str(), bytes);
    }
    /// A document is named by its bytes, a signed schema1 by its payload.
    static void check_document(descriptor const& self, std::string const& bytes) {
        if (self.media_type != media_types::docker_schema1_signed) return check_digest(self.digest, bytes, "a document has the digest that is said");
        auto const payload = schema1_payload<strict_json>(bytes);
        must(payload.has_value(), "a signed document has a payload", bytes);
        check_digest(self.digest, payload.assume_value(), "a signed document has the digest of its payload");
    }

    errc inspected(result<inspection> const& got, reference const& asked) const {
        if (!got) return finish(got);
        auto const& i = got.assume_value();
        check_document(i.resolved, i.manifest_bytes);
        if (asked.digest()) must(i.resolved.digest == *asked.digest(), "what was asked for by digest has it", i.resolved.digest.str());
        if (i.chosen) {
            check_document(*i.chosen, i.chosen_bytes);
            must(i.manifest_bytes.find(i.chosen->digest.str()) != std::string::npos || session_limits().nesting > 1, "a child is named by its parent");
        }
        if (i.config && i.image) check_digest(i.config->digest, i.config_bytes, "a config has the digest that its manifest says");
        must(i.tags.values.size() <= session_limits().tags, "tags are bounded");
        for (auto const& w : i.warnings) {
            check_text(w.text);
            for (char const c : w.text) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a warning has no control character", w.text);
        }
        auto const table = to_table(i);
        for (char const c : table) must(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f), "a table has no control character", table);
        for (auto const& text : {to_json(i), to_modern(i), to_docker_1_10(i)}) {
            check_text(text);
            must(json_document::parse<strict_json>(text, wide()).has_value(), "a record is written as JSON", text);
        }
        return errc::ok;
    }
    static json_limits wide() {
        json_limits l;
        l.depth = 64;
        return l;
    }
    errc opened(result<basic_manifest<default_manifests>> const& got) const {
        if (got) check_document(got.assume_value().self, got.assume_value().bytes);
        return finish(got);
    }
    errc configured(result<config_document> const& got) const {
        if (got && !is_schema1_type(got.assume_value().self.media_type)) // of a schema1 it is made, and has no name
            check_digest(got.assume_value().self.digest, got.assume_value().bytes, "a config has its digest");
        return finish(got);
    }
    errc listed(result<tag_list> const& got) const {
        if (got)
            for (auto const& t : got.assume_value().values) must(is_tag(t), "a tag can be asked for", t);
        return finish(got);
    }
    errc stored() {
        descriptor const what("a/b", digest::parse(test::digest_of(test::config_bytes)).value(), static_cast<std::int64_t>(test::config_bytes.size()));
        checking_sink sink;
        auto const got = client_.blob(reference::parse("a.test/r").value().repository(), what, sink);
        must(sink.committed == got.has_value(), "a blob is committed when, and only when, the call succeeds");
        if (got) must(sink.bytes == test::config_bytes, "what is committed is what the descriptor names", sink.bytes);
        else must(!sink.open, "what is not committed is discarded");
        return finish(got);
    }

    world& world_;
    observer observer_;
    basic_client<session_policies> client_;
};

/// What a client that met nothing but honest servers gets. Depends on nothing but the two bytes of the setup.
errc honest_result(unsigned first, unsigned second) {
    static std::map<unsigned, errc> known;
    auto const key = first << 8 | second;
    if (auto const at = known.find(key); at != known.end()) return at->second;
    world w(fuzz::setup(first, second), fuzz::secrets("honest"), nullptr);
    return known[key] = session(w).call(0);
}

std::vector<std::string> session_seeds() {
    auto const text = [](std::string_view t) { return std::string(t) + fuzz::input::separator; };
    std::vector<std::string> out;
    // Every setup of login and protection with honest servers; then each kind of answer once in each.
    for (unsigned first = 0; first < 64; ++first)
        out.push_back(std::string{static_cast<char>(first), static_cast<char>(first % 8 | 0xc0), '\x01', '\x01'});
    std::string const answers[] = {
        std::string("\x01\x05\x00x", 4),
        std::string("\x02\x40", 2),
        std::string("\x03\xff", 2),
        std::string("\x04\x03\x00", 3),
        std::string("\x04\x03\x06", 3),
        "\x05" + text("https://b.test/x?X-Amz-Signature=1"),
        std::string("\x06\x01", 2),
        "\x07" + text("Bearer realm=\"https://b.test/token\",service=\"s\",scope=\"repository:x:pull\""),
        std::string("\x08\x00\x00", 3),
        std::string("\x09\x00", 2),
        "\x0a" + text("Content-Type: application/json\nDocker-Content-Digest: sha256:00\nLink: </v2/r/tags/list?last=2>; rel=\"next\""),
        std::string("\x0b\x90\x01", 3) + text(R"({"errors":[{"code":"DENIED","message":"no"}]})"),
        "\x0c" + text(R"({"token":"t","expires_in":1})"),
        "\x0c" + text(R"({"token":"t","refresh_token":"r"})"),
        "\x0c" + text(R"({"tags":["1","../x"]})"),
        std::string("\x0d\x00\x01", 3),
        "\x0e" + text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        std::string("\x0f\x03", 2),
    };
    unsigned n = 0;
    for (auto const& a : answers)
        for (unsigned const first : {0x05u, 0x19u, 0x0au, 0x2du, 0xc5u}) {
            std::string s{static_cast<char>(first), static_cast<char>(n % 8 | (n % 4 << 6)), '\x03', '\x01', '\x05', '\x04', '\x00'};
            s += std::string(n++ % 3, '\0'); // honest answers before it
            out.push_back(s + a + a);
        }
    return out;
}

} // namespace

FUZZ_TARGET(session, "session", session_seeds()) {
    fuzz::input in(input);
    auto const first = in.byte(), second = in.byte();
    auto const calls = 1 + in.byte() % 4;
    unsigned kinds[4] = {};
    for (unsigned i = 0; i < calls; ++i) kinds[i] = in.byte();
    world w(fuzz::setup(first, second), fuzz::secrets(input), &in);
    session one(w);
    for (unsigned i = 0; i < calls; ++i) one.call(kinds[i]);
    must(w.scripted <= 4 * most_requests, "every answer was asked for");

    // The client that met all this does what a new one does. It may have learnt of a realm that a new one is not sent to.
    w.answers = nullptr;
    auto const expected = honest_result(first, second), got = one.call(0);
    bool const unauthorized = expected == errc::auth_realm_refused || expected == errc::auth_required || expected == errc::auth_denied;
    must(expected == got || unauthorized, "a client that met bad answers goes on working", name_of(expected), name_of(got));
}
