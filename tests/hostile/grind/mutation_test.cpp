// SPDX-License-Identifier: BSL-1.0
// Every byte of heads, manifests, tokens and what else is read of an answer takes every value.
#include "../../support/goldens.hpp"

#include "../../support/catch.hpp"

#include <lading/print/write_json.hpp>

#include <set>

namespace mutation_test {

using namespace lading;

namespace {

/// Calls `run` with every change of one byte; with a sanitizer, with `share` of them, other values for each byte.
template <class Run>
std::size_t each_byte(std::string const& whole, Run&& run) {
    std::size_t runs = 0;
    std::string text = whole;
    for (std::size_t i = 0; i < text.size(); ++i) {
        for (std::size_t v = i % test::share; v < 256; v += test::share) {
            if (static_cast<char>(v) == whole[i]) continue;
            text[i] = static_cast<char>(v);
            run(text, i);
            ++runs;
        }
        text[i] = whole[i];
    }
    return runs;
}

/// The heads of the golden answers, of a body of 30 bytes.
std::set<std::string> heads() {
    auto sessions = test::golden_sessions();
    std::set<std::string> out;
    for (auto const& x : test::golden_exchanges(sessions)) {
        auto head = x.answer.bytes.substr(0, x.answer.bytes.find("\r\n\r\n") + 4);
        if (auto const at = head.find("\nContent-Length: "); at != head.npos) head.replace(at + 17, head.find("\r\n", at) - at - 17, "30");
        out.insert(std::move(head));
    }
    return out;
}

struct string_sink final : body_sink {
    std::string text;
    result<sink_action> begin(response const&, std::optional<std::uint64_t>) override { return text.clear(), sink_action::proceed; }
    result<sink_action> write(std::span<std::byte const> p) override {
        text.append(reinterpret_cast<char const*>(p.data()), p.size());
        return sink_action::proceed;
    }
};

} // namespace

TEST_CASE("a changed head is refused, or its body is as it was", "[G4]") {
    limits const bounds;
    std::string const url = "https://r.test/";
    std::string const body(30, 'b');
    std::size_t runs = 0, accepted = 0, bytes = 0;
    auto const all = heads();
    for (auto const& head : all) {
        bool const in_chunks = head.find("chunked") != head.npos;
        auto const tail = in_chunks ? "1e\r\n" + body + "\r\n0\r\n\r\n" : body;
        bytes += head.size();
        runs += each_byte(head, [&](std::string const& changed, std::size_t i) {
            string_sink sink;
            detail::http1_reader reader(bounds, sink, url, false);
            auto const fed = reader.feed(changed + tail);
            bool const complete = fed && (fed.assume_value() || reader.end(false));
            accepted += complete;
            // A length that became shorter, or none, is a body of that length: its digest will tell. Of a status that
            // has no body there is none.
            if (complete && sink.text.size() > body.size() + 12 + 12) FAIL("byte " << i << " of\n"
                                                                                   << changed << sink.text);
            if (complete && !in_chunks && !std::string_view(body).starts_with(sink.text)) FAIL("byte " << i << " of\n"
                                                                                                       << changed << sink.text);
        });
    }
    WARN(all.size() << " heads, " << bytes << " bytes, " << runs << " parses, " << accepted << " taken");
}

namespace {

/// The fields of a signed schema1 document, as text; empty for others.
std::string fields(basic_manifest<default_manifests> const& m) {
    auto const* d = std::get_if<schema1>(&m.document);
    if (!d) return {};
    std::string out = d->name + ' ' + d->tag + ' ' + d->architecture;
    for (auto const& l : d->fs_layers) out += l.blob_sum.str();
    for (auto const& h : d->history) out += h.v1_compatibility;
    return out;
}

std::vector<std::string> documents() {
    auto const image = test::oci(R"(,"annotations":{"a":"1","b":"\u00e9 \"more\""},"subject":)" + test::entry("x/y", "z"));
    std::string layers = test::entry("application/vnd.oci.image.layer.v1.tar+gzip", "0"), entries = test::entry(media_types::oci_manifest, image, test::on("linux", "amd64"));
    for (char const* which : {"386", "arm64", "riscv64", "loong64"}) {
        layers += ",\n  " + test::entry("application/vnd.oci.image.layer.v1.tar+gzip", which, R"(,"annotations":{"n":"1"})");
        entries += ",\n  " + test::entry(media_types::docker_manifest, which, test::on("linux", which, R"(,"variant":"v8")"));
    }
    return {image,
            test::schema2(),
            R"({"schemaVersion":2,"config":)" + test::entry(media_types::oci_config, test::config_bytes) + R"(,"layers":[)" + layers + "]}",
            test::index(entries),
            test::index(entries, media_types::docker_list),
            test::real::schema2(test::config_bytes, 4),
            test::real::attested_index({{"amd64", image}, {"arm64", test::schema2()}}),
            test::real::attestation(),
            test::real::chart(test::real::chart_config),
            test::sign(test::schema1_text({test::v1('c', 'b', R"(,"os":"linux","config":{"Env":["A=b"]})"), test::v1('b', 'a'), test::v1('a', '-')}))};
}

} // namespace

TEST_CASE("a changed manifest is never the one that its digest names", "[G4]") {
    response const head(200);
    limits const bounds;
    std::size_t runs = 0, by_tag = 0, bytes = 0, resigned = 0;
    for (auto const& whole : documents()) {
        auto const opened = parse_and_verify_manifest<test::policies>(whole, head, {}, bounds);
        REQUIRE(opened);
        auto const& self = opened.value().self;
        auto const signed_fields = fields(opened.value());
        manifest_expectation const wanted(self.digest);
        bytes += whole.size();
        runs += each_byte(whole, [&](std::string const& changed, std::size_t i) {
            // Only the signatures of schema1 are not among the bytes that are named; then every field is as it was.
            if (auto const pinned = parse_and_verify_manifest<test::policies>(changed, head, wanted, bounds)) {
                ++resigned;
                if (signed_fields.empty() || fields(pinned.assume_value()) != signed_fields) FAIL("byte " << i << " of\n"
                                                                                                          << changed);
            }
            if (auto const tagged = parse_and_verify_manifest<test::policies>(changed, head, {}, bounds)) {
                ++by_tag;
                if (tagged.assume_value().bytes != changed) FAIL("other bytes");
                if (signed_fields.empty() && tagged.assume_value().self.digest == self.digest) FAIL("the same digest for\n"
                                                                                                    << changed);
            }
        });
    }
    WARN(bytes << " bytes, " << runs << " changes, each parsed by digest and by tag: " << by_tag << " are another good document by tag, 0 by digest but for "
               << resigned << " in the signatures of schema1");
}

namespace {

std::vector<std::string> tokens() {
    return {R"({"token":"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJyLnRlc3QifQ.c2ln","expires_in":300,"issued_at":"2024-01-02T03:04:05Z"})",
            R"({"access_token":"abc.def","token":"abc.def","refresh_token":"again","expires_in":60,"scope":"x"})", test::real::token()};
}
std::string const page_of_tags = test::real::tags_text({"latest", "3.12-slim", "sha256-0123456789abcdef.sig", "_", "v1.0.0-rc.1"});

} // namespace

TEST_CASE("a changed token answer is refused, or a token that a header can hold", "[G4]") {
    limits const bounds;
    std::size_t runs = 0, taken = 0, bytes = 0;
    for (auto const& whole : tokens()) {
        bytes += whole.size();
        runs += each_byte(whole, [&](std::string const& changed, std::size_t) {
            auto const token = interpret_token<test::policies>(changed, bounds);
            if (!token) return;
            ++taken;
            for (char c : token.assume_value().text)
                if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f) FAIL("a byte that no header holds in " << changed);
            auto const lifetime = token.assume_value().lifetime;
            if (lifetime < std::chrono::seconds(60) || lifetime > std::chrono::hours(1)) FAIL("a lifetime out of bounds in " << changed);
        });
    }
    WARN(bytes << " bytes, " << runs << " parses, " << taken << " taken");
}

TEST_CASE("a changed config is refused, or what is told of it is JSON", "[G4]") {
    limits const bounds;
    std::size_t taken = 0;
    auto const runs = each_byte(test::config_bytes, [&](std::string const& changed, std::size_t) {
        auto const document = json_document::parse<strict_json>(changed, bounds.json);
        if (!document) return;
        auto const config = decode<image_config>(document.assume_value().root(), errc::config_schema, bounds);
        if (!config) return;
        ++taken;
        json_writer w;
        w.begin_object();
        detail::write_image(w, config.assume_value());
        w.end_object();
        if (auto const told = w.take(); !json_document::parse<strict_json>(told, bounds.json)) FAIL(told << " of " << changed);
    });
    WARN(test::config_bytes.size() << " bytes, " << runs << " parses, " << taken << " taken");
}

TEST_CASE("a changed page of tags is refused, or holds tags that can be asked for", "[G4]") {
    std::string const url = "https://r.test/v2/team/app/tags/list?n=1000";
    std::size_t taken = 0;
    auto const runs = each_byte(page_of_tags, [&](std::string const& changed, std::size_t) {
        tags_operation<test::policies> op(call_context("https://r.test", reference::parse("r.test/team/app").value().repository()));
        auto first = op.start();
        auto& asked = std::get<need_exchange>(first);
        response head(200);
        head.url = url;
        REQUIRE(asked.sink->begin(head, changed.size()));
        REQUIRE(asked.sink->write(std::as_bytes(std::span(changed))));
        auto const last = op.on_response(head);
        auto const& tags = std::get<done<tag_list>>(last).value();
        if (!tags) return;
        ++taken;
        for (auto const& t : tags.assume_value().values)
            if (!is_tag(t)) FAIL(t << " of " << changed);
    });
    WARN(page_of_tags.size() << " bytes, " << runs << " parses, " << taken << " taken");
}

TEST_CASE("what a changed refusal says is a bounded line of printable text", "[G4]") {
    limits const bounds;
    std::size_t told = 0;
    auto const runs = each_byte(test::real::denial_text, [&](std::string const& changed, std::size_t) {
        auto const body = parse_error_body<strict_json>(changed, bounds);
        std::size_t size = 0;
        for (auto const& e : body.errors)
            for (auto const* text : {&e.code, &e.message, &e.detail}) {
                size += text->size();
                if (std::any_of(text->begin(), text->end(), [](char c) { return c < 0x20 || c >= 0x7f; })) FAIL(*text << " of " << changed);
            }
        if (size > bounds.error_text || (body.form == refusal_form::unreadable && !body.errors.empty())) FAIL(changed);
        told += !body.errors.empty();
    });
    WARN(test::real::denial_text.size() << " bytes, " << runs << " parses, " << told << " told");
}

TEST_CASE("the texts that are changed are about 20 kB, which makes 5 million changes", "[G4]") {
    std::size_t bytes = test::config_bytes.size() + page_of_tags.size() + test::real::denial_text.size();
    for (auto const& t : heads()) bytes += t.size();
    for (auto const& t : documents()) bytes += t.size();
    for (auto const& t : tokens()) bytes += t.size();
    CHECK(bytes * 255 >= 5'000'000);
    WARN(bytes << " bytes, " << bytes * 255 << " changes of one byte in all" << (test::share > 1 ? ", a share of them in this build" : ""));
}

} // namespace mutation_test
