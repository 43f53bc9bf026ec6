// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `zstd_frames`: zstd (RFC 8878) by libzstd. Link `lading::zstd`.

#include "decompressor.hpp"

#include <zstd.h>

#include <string>

namespace lading {

/// Models `decompressor`. Several frames in a row are one stream; skippable ones are skipped. A window of more than
/// 128 MiB is refused: it is memory that the compressor asks for.
class zstd_frames final : public decompressor {
  public:
    /// What to give to those who take a `decompression`.
    static decompression model() {
        return {detail::known_compressions[1].magic, []() -> std::unique_ptr<decompressor> {
                    std::unique_ptr<zstd_frames> out(new zstd_frames);
                    if (!out->stream_) return nullptr;
                    return out;
                }};
    }
    zstd_frames(zstd_frames const&) = delete;
    zstd_frames& operator=(zstd_frames const&) = delete;
    ~zstd_frames() override { ::ZSTD_freeDStream(stream_); }

    result<std::size_t> read(std::span<std::byte const>& in, std::span<std::byte> out) override {
        if (in.empty() && ended_) return std::size_t{0};
        ZSTD_outBuffer to{out.data(), out.size(), 0};
        do {
            ZSTD_inBuffer from{in.data(), in.size(), 0};
            auto const left = ::ZSTD_decompressStream(stream_, &to, &from);
            if (::ZSTD_isError(left))
                return error(errc::layout_invalid).with_context(std::string("damaged zstd data: ") + ::ZSTD_getErrorName(left));
            in = in.subspan(from.pos);
            ended_ = left == 0;
        } while (to.pos == 0 && !in.empty());
        return to.pos;
    }
    bool complete() const noexcept override { return ended_; }

  private:
    zstd_frames() : stream_(::ZSTD_createDStream()) {}

    ZSTD_DStream* stream_;
    bool ended_ = false;
};

} // namespace lading
