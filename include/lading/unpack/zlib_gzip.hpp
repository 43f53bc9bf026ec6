// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `zlib_gzip` and `zlib_gzip_writer`: gzip (RFC 1952) by zlib. Link `lading::zlib`.

#include "compressor.hpp"
#include "decompressor.hpp"

#include <zlib.h>

#include <algorithm>

namespace lading {

/// Models `decompressor`. Several members in a row are one stream, as parallel compressors write it.
class zlib_gzip final : public decompressor {
  public:
    /// What to give to those who take a `decompression`.
    static decompression model() {
        return {detail::known_compressions[0].magic, []() -> std::unique_ptr<decompressor> {
                    std::unique_ptr<zlib_gzip> out(new zlib_gzip);
                    if (!out->good_) return nullptr;
                    return out;
                }};
    }
    zlib_gzip(zlib_gzip const&) = delete;
    zlib_gzip& operator=(zlib_gzip const&) = delete;
    ~zlib_gzip() override { ::inflateEnd(&stream_); }

    result<std::size_t> read(std::span<std::byte const>& in, std::span<std::byte> out) override {
        constexpr std::size_t most = 1u << 30;
        std::size_t written = 0;
        do {
            if (ended_) { // another member, or the zeros that a tape is filled with
                while (!in.empty() && in.front() == std::byte{0}) in = in.subspan(1);
                if (in.empty()) return std::size_t{0};
                ::inflateReset(&stream_);
            }
            auto const given = std::min(in.size(), most), room = std::min(out.size(), most);
            stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
            stream_.avail_in = static_cast<uInt>(given);
            stream_.next_out = reinterpret_cast<Bytef*>(out.data());
            stream_.avail_out = static_cast<uInt>(room);
            int const status = ::inflate(&stream_, Z_NO_FLUSH);
            if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
                return error(errc::layout_invalid).with_context("damaged gzip data");
            ended_ = status == Z_STREAM_END;
            in = in.subspan(given - stream_.avail_in);
            written = room - stream_.avail_out;
        } while (written == 0 && !in.empty());
        return written;
    }
    bool complete() const noexcept override { return ended_; }

  private:
    zlib_gzip() : good_(::inflateInit2(&stream_, 15 + 16) == Z_OK) {} // 16: gzip, and nothing else

    z_stream stream_{};
    bool good_, ended_ = false;
};

/// Models `compressor`: one member of the level 6, without a time, a name or a system in its head. Another version of zlib may write other bytes.
class zlib_gzip_writer final : public compressor {
  public:
    /// What to give to those who take a `compressor_model`.
    static compressor_model model() {
        return {"gzip", []() -> std::unique_ptr<compressor> {
                    std::unique_ptr<zlib_gzip_writer> out(new zlib_gzip_writer);
                    if (!out->good_) return nullptr;
                    return out;
                }};
    }
    zlib_gzip_writer(zlib_gzip_writer const&) = delete;
    zlib_gzip_writer& operator=(zlib_gzip_writer const&) = delete;
    ~zlib_gzip_writer() override { ::deflateEnd(&stream_); }

    result<void> write(std::span<std::byte const> in, bool last, std::string& out) override {
        char room[16'384];
        do {
            auto const piece = in.first(std::min<std::size_t>(in.size(), 1u << 30));
            in = in.subspan(piece.size());
            stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(piece.data()));
            stream_.avail_in = static_cast<uInt>(piece.size());
            do {
                stream_.next_out = reinterpret_cast<Bytef*>(room);
                stream_.avail_out = sizeof room;
                if (::deflate(&stream_, last && in.empty() ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR)
                    return error(errc::invalid_argument).with_context("zlib was given more after the end of a stream");
                out.append(room, sizeof room - stream_.avail_out);
            } while (stream_.avail_out == 0);
        } while (!in.empty());
        return success();
    }

  private:
    zlib_gzip_writer() : good_(::deflateInit2(&stream_, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK) {
        head_.os = 255; // unknown
        good_ = good_ && ::deflateSetHeader(&stream_, &head_) == Z_OK;
    }

    z_stream stream_{};
    gz_header head_{};
    bool good_;
};

} // namespace lading
