// SPDX-License-Identifier: BSL-1.0
// Every byte of heads, manifests and tokens takes every value.
#include "../../support/goldens.hpp"

#include "../../support/catch.hpp"

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

struct string_sink final : body_sink {
    std::string text;
    result<flow> begin(response const&, std::optional<std::uint64_t>) override { return text.clear(), flow::more; }
    result<flow> write(std::span<std::byte const> p) override {
        text.append(reinterpret_cast<char const*>(p.data()), p.size());
        return flow::more;
    }
};

} // namespace

TEST_CASE("G4: a changed head is refused, or its body is as it was") {
    auto sessions = test::golden_sessions();
    limits const bounds;
    std::string const url = "https://r.test/";
    std::set<std::string> heads;
    for (auto const& x : test::golden_exchanges(sessions)) heads.insert(x.answer.bytes.substr(0, x.answer.bytes.find("\r\n\r\n") + 4));
    std::string const body(30, 'b');
    std::size_t runs = 0, accepted = 0, bytes = 0;
    for (auto head : heads) {
        bool const in_chunks = head.find("chunked") != head.npos;
        if (auto const at = head.find("Content-Length: "); at != head.npos) // the same body for all
            head.replace(at + 16, head.find("\r\n", at) - at - 16, "30");
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
            if (complete && sink.text.size() > body.size() + 12 + 12) FAIL("byte " << i << " of\n" << changed << sink.text);
            if (complete && !in_chunks && !std::string_view(body).starts_with(sink.text)) FAIL("byte " << i << " of\n" << changed << sink.text);
        });
    }
    WARN(heads.size() << " heads, " << bytes << " bytes, " << runs << " parses, " << accepted << " taken");
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
    auto const image = test::oci(R"(,"annotations":{"a":"1","b":"\u00e9 \"more\""},"subject":)" + test::descriptor("x/y", "z"));
    std::string layers = test::descriptor("application/vnd.oci.image.layer.v1.tar+gzip", "0"), entries = test::descriptor(media_types::oci_manifest, image, test::on("linux", "amd64"));
    for (char const* which : {"386", "arm64", "s390x", "riscv64", "mips64le", "ppc64le", "loong64"}) {
        layers += ",\n  " + test::descriptor("application/vnd.oci.image.layer.v1.tar+gzip", which, R"(,"annotations":{"n":"1"})");
        entries += ",\n  " + test::descriptor(media_types::docker_manifest, which, test::on("linux", which, R"(,"variant":"v8")"));
    }
    return {image,
            test::schema2(),
            R"({"schemaVersion":2,"config":)" + test::descriptor(media_types::oci_config, test::config_bytes) + R"(,"layers":[)" + layers + "]}",
            test::index(entries),
            test::index(entries, media_types::docker_list),
            test::sign(test::schema1_text({test::v1('c', 'b', R"(,"os":"linux","config":{"Env":["A=b"]})"), test::v1('b', 'a'), test::v1('a', '-')}))};
}

} // namespace

TEST_CASE("G4: a changed manifest is never the one that its digest names") {
    response const head(200);
    limits const bounds;
    std::size_t runs = 0, by_tag = 0, bytes = 0, resigned = 0;
    for (auto const& whole : documents()) {
        auto const opened = open_manifest<test::policies>(whole, head, {}, bounds);
        REQUIRE(opened);
        auto const& self = opened.value().self;
        auto const signed_fields = fields(opened.value());
        manifest_expectation const wanted(self.digest);
        bytes += whole.size();
        runs += each_byte(whole, [&](std::string const& changed, std::size_t i) {
            // Only the signatures of schema1 are not among the bytes that are named; then every field is as it was.
            if (auto const pinned = open_manifest<test::policies>(changed, head, wanted, bounds)) {
                ++resigned;
                if (signed_fields.empty() || fields(pinned.assume_value()) != signed_fields) FAIL("byte " << i << " of\n" << changed);
            }
            if (auto const tagged = open_manifest<test::policies>(changed, head, {}, bounds)) {
                ++by_tag;
                if (tagged.assume_value().bytes != changed) FAIL("other bytes");
                if (signed_fields.empty() && tagged.assume_value().self.digest == self.digest) FAIL("the same digest for\n" << changed);
            }
        });
    }
    WARN(bytes << " bytes, " << runs << " changes, each parsed by digest and by tag: " << by_tag << " are another good document by tag, 0 by digest but for "
               << resigned << " in the signatures of schema1");
}

TEST_CASE("G4: a changed token answer is refused, or a token that a header can hold") {
    std::string const answers[] = {R"({"token":"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJyLnRlc3QifQ.c2ln","expires_in":300,"issued_at":"2024-01-02T03:04:05Z"})",
                                   R"({"access_token":"abc.def","token":"abc.def","refresh_token":"again","expires_in":60,"scope":"x"})"};
    limits const bounds;
    std::size_t runs = 0, taken = 0;
    for (auto const& whole : answers)
        runs += each_byte(whole, [&](std::string const& changed, std::size_t) {
            auto const token = interpret_token<test::policies>(changed, bounds);
            if (!token) return;
            ++taken;
            for (char c : token.assume_value().text)
                if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f) FAIL("a byte that no header holds in " << changed);
            auto const lifetime = token.assume_value().lifetime;
            if (lifetime < std::chrono::seconds(60) || lifetime > std::chrono::hours(1)) FAIL("a lifetime out of bounds in " << changed);
        });
    WARN(runs << " parses, " << taken << " taken");
}

} // namespace mutation_test
