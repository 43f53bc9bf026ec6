// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Texts for the JSON kit that nobody wrote by hand, the same in every run: generated documents, the documents of
/// registries, and both cut off or damaged, each with what the default reader makes of it.

#include "../../json/strict_json.hpp"
#include "transcript.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing::detail {

/// Numbers that depend on the seed alone.
class json_dice {
  public:
    explicit json_dice(std::uint64_t seed) : state_(seed) {}
    /// xorshift64*.
    std::uint64_t bits() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1d;
    }
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(bits() >> 33) % n; }

  private:
    std::uint64_t state_;
};

/// Writes JSON documents of every shape: all escapes, UTF-8 of all lengths, integers of all widths, long names.
class json_generator {
  public:
    explicit json_generator(json_dice& dice) : dice_(dice) {}

    /// One document of `size` bytes or some more.
    std::string document(std::size_t size) {
        out_.clear();
        size_ = size;
        container(0);
        return std::move(out_);
    }

  private:
    void container(std::size_t depth) {
        bool const object = dice_.below(2) == 0;
        out_ += object ? '{' : '[';
        for (std::size_t n = 0; depth == 0 ? out_.size() < size_ : out_.size() < size_ && dice_.below(6) != 0; ++n) {
            if (n > 0) space(), out_ += ',';
            space();
            if (object) {
                text(dice_.below(12) == 0 ? 60 : 2);
                space();
                out_ += ':';
                space();
            }
            value(depth + 1);
        }
        space();
        out_ += object ? '}' : ']';
    }
    void value(std::size_t depth) {
        switch (dice_.below(8)) {
        case 0:
        case 1: return depth < 20 ? container(depth) : text(1);
        case 2: return text(dice_.below(20) == 0 ? 100 : 3);
        case 3: return text(3);
        case 4:
        case 5: return integer();
        case 6: return fraction();
        default: break;
        }
        constexpr std::string_view words[] = {"true", "false", "null"};
        out_ += words[dice_.below(3)];
    }
    void space() {
        if (dice_.below(4) == 0) out_ += " \t\r\n"[dice_.below(4)];
    }
    void text(std::size_t pieces) {
        constexpr std::string_view piece[] = {"a", "name", "application/vnd.oci.image.layer.v1.tar+gzip", "{}[],:", "0123456789", " ", "\\\"", "\\\\",
                                              "\\/", "\\b\\f", "\\n\\r\\t", "\\u0041", "\\u00e9", "\\u20AC", "\\ud83d\\ude00", "\\u0000", "\xc3\xa9",
                                              "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\x7f"};
        out_ += '"';
        for (auto n = dice_.below(pieces * 2); n > 0; --n) out_ += piece[dice_.below(std::size(piece))];
        out_ += '"';
    }
    void integer() {
        auto const width = dice_.below(64);
        bool const negative = width > 0 && dice_.below(3) == 0;
        auto const value = (dice_.bits() | std::uint64_t(1) << 63) >> (63 - width); // exactly `width + 1` bits
        out_ += negative ? '-' + std::to_string(value >> (width == 63)) : std::to_string(value);
    }
    void fraction() {
        out_ += (dice_.below(3) == 0 ? "-" : "") + std::to_string(dice_.below(1000)) + '.' + std::to_string(dice_.below(1'000'000));
        if (dice_.below(2) == 0) out_ += (dice_.below(2) == 0 ? "e-" : "E+") + std::to_string(dice_.below(30));
    }

    json_dice& dice_;
    std::string out_;
    std::size_t size_ = 0;
};

/// What registries serve: a manifest, an index, a schema1 document, a config.
inline constexpr std::string_view json_documents[] = {
    R"({
   "schemaVersion": 2,
   "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
   "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1472,
      "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
   "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 29124181,
      "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "urls": []}]
})",
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":9007199254740993,"platform":{"architecture":"arm","os":"linux","variant":"v7","os.features":["x"]}}],"annotations":{"org.opencontainers.image.title":"d\u00e9mo \ud83d\ude00"}})",
    R"({
   "schemaVersion": 1, "name": "library/app", "tag": "latest", "architecture": "amd64",
   "fsLayers": [{"blobSum": "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4"}],
   "history": [{"v1Compatibility": "{\"id\":\"9f\",\"created\":\"2024-05-06T07:08:09.5Z\",\"config\":{\"Cmd\":[\"\/bin\/sh\",\"-c\",\"echo \\\"a\\\\n\\\"\"]},\"throwaway\":true}\n"}],
   "signatures": [{"header": {"jwk": {"crv": "P-256", "kty": "EC"}, "alg": "ES256"}, "signature": "b2s", "protected": "e30"}]
})",
    R"({"created":"2024-05-06T07:08:09Z","architecture":"amd64","os":"linux","config":{"Env":["PATH=/usr/bin:/bin"],"Cmd":["/bin/sh"],"Labels":null,"ExposedPorts":{"80/tcp":{}},"Healthcheck":{"Interval":30000000000,"Retries":3}},"rootfs":{"type":"layers","diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]},"history":[{"created_by":"/bin/sh -c #(nop) CMD [\"sh\"]","empty_layer":true}],"x":-1.5e-3})",
};

/// A text, and what `strict_json` makes of it.
struct json_sample {
    explicit json_sample(std::string t) : text(std::move(t)) {
        accepted = bool(strict_json::read(text, events));
        json_transcript exactly;
        no_text = exact_json::read(text, exactly).code == errc::json_utf8;
    }
    std::string text;
    json_transcript events;
    bool accepted = false;
    bool no_text = false; ///< a string of it is none, and a model may refuse it
};

inline std::vector<json_sample> make_json_corpus() {
    std::vector<json_sample> out;
    json_dice dice(20240506);
    json_generator generator(dice);
    auto const damaged = [&](std::string text, std::size_t times) {
        constexpr std::string_view bytes = "\"\\{}[]:,0-.e xu/\n\x01\x80\xc3\xed\xff";
        for (std::size_t n = 0; n < times; ++n) {
            std::string copy = text;
            auto const at = dice.below(copy.size());
            auto const byte = bytes[dice.below(bytes.size())];
            switch (dice.below(5)) {
            case 0: copy.resize(at); break;
            case 1: copy.erase(at, 1); break;
            case 2: copy.insert(at, 1, byte); break;
            case 3: copy += byte; break;
            default: copy[at] = byte;
            }
            out.emplace_back(std::move(copy));
        }
        out.emplace_back(text + 'x');
        out.emplace_back(std::move(text));
    };
    for (std::size_t n = 0; n < 300; ++n) damaged(generator.document(n % 30 == 0 ? 1500 + 10 * n : 10 + n), n % 30 == 0 ? 3 : 8);
    for (auto const document : json_documents) {
        for (std::size_t size = 0; size < document.size(); size += 5) out.emplace_back(std::string(document.substr(0, size)));
        damaged(std::string(document), 100);
    }
    return out;
}
/// Made once a program.
inline std::vector<json_sample> const& json_corpus() {
    static auto const corpus = make_json_corpus();
    return corpus;
}

} // namespace lading::testing::detail
