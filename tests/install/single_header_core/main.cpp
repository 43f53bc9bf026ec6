// SPDX-License-Identifier: BSL-1.0
// A whole client of parts that are not the library's: a transport over a registry in memory, the least JSON reader that
// will do, a SHA-256. Inspects an image, and refuses one whose bytes are not those of its digest.
#include <lading-core.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <map>

namespace {

constexpr std::array<std::uint32_t, 64> rounds{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// Models the hash policy, for sha256 only.
class own_sha256 {
  public:
    explicit own_sha256(lading::digest_algorithm a) : algorithm_(a) {}

    void update(std::span<std::byte const> bytes) {
        for (auto const b : bytes) put(std::to_integer<std::uint8_t>(b));
    }
    lading::result<lading::digest> finish() {
        if (algorithm_ != lading::digest_algorithm::sha256) return lading::error(lading::errc::digest_unsupported);
        std::uint64_t const bits = size_ * 8;
        put(0x80);
        while (size_ % 64 != 56) put(0);
        for (int shift = 56; shift >= 0; shift -= 8) put(static_cast<std::uint8_t>(bits >> shift));
        std::array<std::byte, 32> out{};
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = static_cast<std::byte>(state_[i / 4] >> (24 - i % 4 * 8) & 0xff);
        return lading::digest::from_bytes(algorithm_, out);
    }

  private:
    void put(std::uint8_t b) {
        auto& word = block_[size_ % 64 / 4];
        word = word << 8 | b;
        if (++size_ % 64 == 0) mix();
    }
    void mix() {
        std::array<std::uint32_t, 64> w{};
        for (std::size_t i = 0; i < 16; ++i) w[i] = block_[i];
        for (std::size_t i = 16; i < 64; ++i)
            w[i] = w[i - 16] + w[i - 7] + (std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3) +
                   (std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10);
        auto s = state_;
        for (std::size_t i = 0; i < 64; ++i) {
            auto const one = s[7] + (std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25)) +
                             ((s[4] & s[5]) ^ (~s[4] & s[6])) + rounds[i] + w[i];
            auto const two = (std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22)) +
                             ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            s = {one + two, s[0], s[1], s[2], s[3] + one, s[4], s[5], s[6]};
        }
        for (std::size_t i = 0; i < 8; ++i) state_[i] += s[i];
    }

    lading::digest_algorithm algorithm_;
    std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::uint32_t, 16> block_{};
    std::uint64_t size_ = 0;
};

/// The JSON policy for the documents below and no others: no escapes, no fractions, ASCII only, and 007 is a number.
struct own_json {
    template <class Sink>
    static lading::json_status read(std::string_view text, Sink& sink) {
        reader<Sink> r{text, sink};
        auto code = r.value(0);
        if (code == lading::errc::ok && (r.next(), r.at != text.size())) code = lading::errc::json_syntax;
        return {code, r.at};
    }

  private:
    template <class Sink>
    struct reader {
        std::string_view text;
        Sink& sink;
        std::size_t at = 0;

        /// The next byte that is no white space; NUL at the end.
        char next() {
            at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
            return at < text.size() ? text[at] : '\0';
        }
        bool take(std::string_view word) {
            next();
            bool const here = text.substr(at).starts_with(word);
            if (here) at += word.size();
            return here;
        }
        bool string(std::string_view& out) {
            if (!take("\"")) return false;
            auto const begin = at;
            for (; at < text.size() && text[at] != '"'; ++at)
                if (text[at] < ' ' || text[at] > '~' || text[at] == '\\') return false;
            out = text.substr(begin, at - begin);
            return at < text.size() && text[at++] == '"';
        }
        lading::errc value(int depth) {
            using enum lading::errc;
            if (depth > 100) return json_depth;
            if (take("{")) return members(depth, "}");
            if (take("[")) return members(depth, "]");
            if (take("true")) return sink.on_bool(true);
            if (take("false")) return sink.on_bool(false);
            if (take("null")) return sink.on_null();
            if (std::string_view s; next() == '"') return string(s) ? sink.on_string(s) : json_syntax;
            std::int64_t number = 0;
            auto const [end, bad] = std::from_chars(text.data() + at, text.data() + text.size(), number);
            if (bad != std::errc()) return json_number;
            at = static_cast<std::size_t>(end - text.data());
            return sink.on_int(number);
        }
        /// What is between the brackets of an object or array, and the last one.
        lading::errc members(int depth, std::string_view last) {
            using enum lading::errc;
            bool const object = last == "}";
            if (auto const e = object ? sink.begin_object() : sink.begin_array(); e != ok) return e;
            for (bool first = true; !take(last); first = false) {
                if (!first && !take(",")) return json_syntax;
                if (object) {
                    std::string_view name;
                    if (!string(name)) return json_syntax;
                    if (auto const e = sink.on_key(name); e != ok) return e;
                    if (!take(":")) return json_syntax;
                }
                if (auto const e = value(depth + 1); e != ok) return e;
            }
            return object ? sink.end_object() : sink.end_array();
        }
    };
};

std::string digest_of(std::string_view text) { return lading::digest_of<own_sha256>(text).value().str(); }

struct stored {
    std::string type, body;
};
/// Bodies by path.
using registry = std::map<std::string, stored, std::less<>>;

/// Models the transport policy.
class own_transport {
  public:
    explicit own_transport(registry const& r) : registry_(&r) {}

    lading::result<lading::response> exchange(lading::request const& q, lading::body_sink& out) {
        auto const known = registry_->find(path_of(q.url));
        lading::response head(known == registry_->end() ? 404 : 200);
        head.url = q.url;
        std::string_view body;
        if (head.status == 200) {
            head.headers.add("Content-Type", known->second.type);
            body = known->second.body;
        }
        LADING_TRY(auto const go, out.begin(head, body.size()));
        if (go == lading::sink_action::proceed && !body.empty()) {
            LADING_TRY_V(out.write(std::as_bytes(std::span(body.data(), body.size()))));
        }
        return head;
    }

  private:
    static std::string_view path_of(std::string_view url) {
        url.remove_prefix(url.find("/v2/"));
        return url.substr(0, url.find('?'));
    }

    registry const* registry_;
};

struct own_policies : lading::core_policies {
    using transport = own_transport;
    using json = own_json;
    using hash = own_sha256;
};

/// Every call of the client and every writer, without exceptions. The reference that was inspected.
lading::result<std::string> use_all(lading::basic_client<own_policies>& client, std::string_view name) {
    LADING_TRY(auto const ref, lading::reference::parse(name));
    LADING_TRY_V(client.ping(ref.repository()));
    LADING_TRY(auto const image, client.inspect(ref, lading::inspect_options().with_tags()));
    LADING_TRY(auto const config, client.config(ref));
    LADING_TRY(auto const manifest, client.manifest(ref));
    LADING_TRY(auto const tags, client.tags(ref.repository()));
    lading::memory_sink sink(100);
    LADING_TRY_V(client.blob(ref, image.layers.at(0).blob, sink));
    bool const as_stored = sink.bytes() == "layer" && config.bytes == image.config_bytes && tags.values.size() == 2 &&
                           image.tags.values == tags.values && manifest.bytes == image.manifest_bytes &&
                           image.image && image.image->architecture == "riscv64";
    if (!as_stored) return lading::error(lading::errc::invalid_argument).with_context(lading::to_json(image));
    for (auto const& text : {lading::to_json(image), lading::to_modern(image), lading::to_docker_1_10(image), lading::to_table(image)})
        if (text.find("riscv64") == std::string::npos)
            return lading::error(lading::errc::invalid_argument).with_context("a writer");
    return image.requested.str();
}

} // namespace

int main() {
    if (digest_of("abc") != "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") return 2;
    std::string const base = "/v2/library/debian/", layer = "layer";
    std::string const config = R"({"architecture": "riscv64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [")" +
                               digest_of("layer") + R"("]}})";
    auto const describe = [](std::string const& type, std::string const& body) {
        return R"({"mediaType": ")" + type + R"(", "digest": ")" + digest_of(body) + R"(", "size": )" +
               std::to_string(body.size()) + "}";
    };
    std::string const type = "application/vnd.oci.image.manifest.v1+json";
    std::string const manifest = R"({"schemaVersion": 2, "mediaType": ")" + type + R"(", "config": )" +
                                 describe("application/vnd.oci.image.config.v1+json", config) + R"(, "layers": [)" +
                                 describe("application/vnd.oci.image.layer.v1.tar", layer) + "]}";
    registry served{{"/v2/", {"application/json", "{}"}},
                    {base + "manifests/12", {type, manifest}},
                    {base + "tags/list", {"application/json", R"({"name": "library/debian", "tags": ["11", "12"]})"}},
                    {base + "blobs/" + digest_of(config), {"application/octet-stream", config}},
                    {base + "blobs/" + digest_of(layer), {"application/octet-stream", layer}}};
    lading::basic_client<own_policies> client{own_transport(served)};
    auto const found = use_all(client, "debian:12");
    if (!found) return std::fprintf(stderr, "%s\n", found.error().message().c_str()), 1;

    served[base + "blobs/" + digest_of(layer)].body = "ljyer";
    auto const changed = use_all(client, "debian:12");
    if (changed || changed.error() != lading::errc::digest_mismatch) return 3;
    std::puts(found.value().c_str());
    return 0;
}
