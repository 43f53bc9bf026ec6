// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `gunzip`: a small gzip text in memory (RFC 1952, RFC 1951) into a sink.
///
/// Our own because the core has no library but Boost's headers, and what it is for does not deserve one: now and then a
/// registry, or what stands before it, sends a document of at most a few MB as gzip although identity was asked for.
/// Straight and not fast (a bit at a time). Layers are never unpacked here.

#include "../detail/algorithm.hpp"
#include "message.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lading {

namespace detail {

/// Reads one gzip text. Memory: 64 KiB. Time: linear in what is read and what is written; the sink bounds the latter.
class gzip_reader {
  public:
    gzip_reader(std::string_view text, body_sink& to) : in_(text), to_(to) {
        for (std::uint32_t i = 0; i < 16; ++i) {
            auto c = i;
            for (int bit = 0; bit < 4; ++bit) c = (c >> 1) ^ (c & 1 ? 0xedb88320u : 0u);
            crc_of_nibble_[i] = c;
        }
    }

    /// One member after the other. `stop` as soon as the sink has enough.
    result<sink_action> run() {
        while (at_ < in_.size()) {
            if (!skip_header()) return bad("the header");
            crc_ = 0xffffffffu;
            size_ = 0;
            window_.clear();
            given_ = 0;
            for (bool last = false; !last;) {
                last = bits(1) == 1;
                LADING_TRY(auto const sound, block(bits(2)));
                if (!sound) return bad(short_ ? "it ends too early" : "a block");
                if (stopped_) return sink_action::stop;
            }
            LADING_TRY_V(give());
            if (stopped_) return sink_action::stop;
            held_ = 0; // to the next whole byte
            auto const crc = word(), size = word();
            if (short_) return bad("it ends too early");
            if (crc != ~crc_ || size != size_) return bad("the checksum");
        }
        return sink_action::proceed;
    }

  private:
    static constexpr std::size_t history = 32u << 10;
    static constexpr int longest = 15; ///< bits of a code

    /// A Huffman code (RFC 1951, 3.2.2): how many symbols have each length, and the symbols in the order of their codes.
    struct code {
        std::array<std::uint16_t, longest + 1> count{};
        std::array<std::uint16_t, 288> symbols{};

        /// False when the lengths give more codes than there are, or leave some unused: allowed where there is no symbol, and
        /// `if_single` where there is one.
        bool make(std::span<std::uint8_t const> lengths, bool if_single = true) {
            count.fill(0);
            for (auto const n : lengths) ++count[n];
            std::array<std::uint16_t, longest + 2> next{};
            int room = 1, used = 0;
            for (std::size_t n = 1; n <= longest; ++n) {
                room = room * 2 - count[n];
                if (room < 0) return false;
                used += count[n];
                next[n + 1] = static_cast<std::uint16_t>(next[n] + count[n]);
            }
            for (std::size_t i = 0; i < lengths.size(); ++i)
                if (lengths[i]) symbols[next[lengths[i]]++] = static_cast<std::uint16_t>(i);
            return room == 0 || used == 0 || (used == 1 && count[1] == 1 && if_single);
        }
    };

    error bad(char const* where) const {
        return error(errc::http_content_encoding).with_context(std::string("the gzip that came cannot be read: ") + where);
    }

    std::uint32_t byte() {
        if (at_ >= in_.size()) return short_ = true, 0;
        return static_cast<unsigned char>(in_[at_++]);
    }
    std::uint32_t bits(int n) {
        std::uint32_t out = 0;
        for (int i = 0; i < n; ++i) {
            if (held_ == 0) hold_ = byte(), held_ = 8;
            out |= (hold_ & 1) << i;
            hold_ >>= 1;
            --held_;
        }
        return out;
    }
    std::uint32_t word() { // each byte in turn: the order is the language's only in separate statements
        std::uint32_t out = 0;
        for (int shift = 0; shift < 32; shift += 8) out |= byte() << shift;
        return out;
    }
    /// -1 for none.
    int symbol(code const& c) {
        int at = 0, first = 0, index = 0; // the code so far; the first of its length, and its place
        for (std::size_t n = 1; n <= longest && !short_; ++n) {
            at = at << 1 | static_cast<int>(bits(1));
            int const here = c.count[n];
            if (at - first < here) return c.symbols[static_cast<std::size_t>(index + at - first)];
            first = (first + here) << 1;
            index += here;
        }
        return -1;
    }

    bool skip_header() {
        auto const start = at_;
        if (byte() != 0x1f || byte() != 0x8b || byte() != 8) return false;
        auto const flags = byte();
        if (flags & 0xe0) return false; // reserved
        for (int i = 0; i < 6; ++i) byte(); // time, compression, system
        if (flags & 4) {
            auto extra = byte();
            for (extra |= byte() << 8; extra > 0 && !short_; --extra) byte();
        }
        for (auto const name : {8u, 16u}) // and comment
            if (flags & name)
                while (byte() != 0 && !short_) {}
        if (flags & 2) {
            std::uint32_t crc = 0xffffffffu;
            count_in(crc, in_.substr(start, at_ - start));
            auto said = byte();
            said |= byte() << 8;
            return !short_ && said == (~crc & 0xffff);
        }
        return !short_;
    }

    /// False when it is malformed or ends too early.
    result<bool> block(std::uint32_t type) {
        if (type == 0) return stored();
        if (type == 3 || short_) return false;
        if (type == 1) {
            std::array<std::uint8_t, 288> lengths;
            for (std::size_t i = 0; i < 288; ++i) lengths[i] = i < 144 ? 8 : i < 256 ? 9
                                                                         : i < 280   ? 7
                                                                                     : 8;
            std::array<std::uint8_t, 30> distances;
            distances.fill(5);
            literals_.make(lengths);
            distances_.make(distances); // two of its codes are used by none: they are refused when they come
        } else if (!read_codes()) {
            return false;
        }
        return compressed();
    }
    result<bool> stored() {
        held_ = 0;
        auto const low = byte(), high = byte(), low_again = byte(), high_again = byte();
        auto n = low | high << 8;
        if (short_ || (low_again | high_again << 8) != (~n & 0xffff)) return false;
        for (; n > 0 && !stopped_; --n) {
            auto const c = byte();
            if (short_) return false;
            LADING_TRY_V(put(static_cast<char>(c)));
        }
        return true;
    }
    bool read_codes() {
        static constexpr std::uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
        auto const n_literals = bits(5) + 257, n_distances = bits(5) + 1, n_lengths = bits(4) + 4;
        if (n_literals > 286 || n_distances > 30) return false;
        std::array<std::uint8_t, 320> lengths{};
        for (std::size_t i = 0; i < n_lengths; ++i) lengths[order[i]] = static_cast<std::uint8_t>(bits(3));
        code of_lengths;
        if (!of_lengths.make(std::span(lengths).first(19), false)) return false;
        lengths.fill(0);
        auto const all = n_literals + n_distances;
        for (std::size_t i = 0; i < all;) {
            int const s = symbol(of_lengths);
            if (s < 0 || short_) return false;
            if (s < 16) {
                lengths[i++] = static_cast<std::uint8_t>(s);
                continue;
            }
            if (s == 16 && i == 0) return false;
            auto const value = s == 16 ? lengths[i - 1] : std::uint8_t(0);
            auto times = s == 16 ? 3 + bits(2) : s == 17 ? 3 + bits(3)
                                                         : 11 + bits(7);
            if (short_ || times > all - i) return false;
            for (; times > 0; --times) lengths[i++] = value;
        }
        if (lengths[256] == 0) return false; // it would never end
        return literals_.make(std::span(lengths).first(n_literals)) &&
               distances_.make(std::span(lengths).subspan(n_literals, n_distances));
    }
    result<bool> compressed() {
        static constexpr std::uint16_t length_base[29] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27,
                                                          31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
        static constexpr std::uint16_t distance_base[30] = {1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129,
                                                            193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
        while (!stopped_) {
            int const s = symbol(literals_);
            if (s < 0 || short_ || s > 285) return false;
            if (s == 256) return true;
            if (s < 256) {
                LADING_TRY_V(put(static_cast<char>(s)));
                continue;
            }
            auto const l = static_cast<std::size_t>(s - 257);
            auto const length = length_base[l] + bits(l < 8 || l == 28 ? 0 : static_cast<int>(l / 4) - 1);
            int const d = symbol(distances_);
            if (d < 0 || d > 29) return false;
            auto const distance = distance_base[d] + bits(d < 4 ? 0 : d / 2 - 1);
            if (short_ || distance > window_.size()) return false;
            for (std::uint32_t i = 0; i < length && !stopped_; ++i) {
                LADING_TRY_V(put(window_[window_.size() - distance]));
            }
        }
        return true;
    }

    void count_in(std::uint32_t& crc, std::string_view text) const {
        for (char const c : text) {
            crc ^= static_cast<unsigned char>(c);
            for (int half = 0; half < 2; ++half) crc = (crc >> 4) ^ crc_of_nibble_[crc & 15];
        }
    }
    result<void> put(char c) {
        if (window_.size() == 2 * history) {
            LADING_TRY_V(give());
            window_.erase(0, history);
            given_ = window_.size();
        }
        window_ += c;
        return success();
    }
    /// Gives the sink what it has not got yet.
    result<void> give() {
        auto const piece = std::string_view(window_).substr(given_);
        given_ = window_.size();
        if (piece.empty() || stopped_) return success();
        count_in(crc_, piece);
        size_ += static_cast<std::uint32_t>(piece.size());
        LADING_TRY(auto const verdict, to_.write(std::as_bytes(std::span(piece))));
        stopped_ = verdict == sink_action::stop;
        return success();
    }

    std::string_view in_;
    body_sink& to_;
    std::size_t at_ = 0;
    std::uint32_t hold_ = 0;
    int held_ = 0; ///< bits in it
    bool short_ = false, stopped_ = false;
    code literals_, distances_;
    std::string window_; ///< the history, and what has not been given
    std::size_t given_ = 0;
    std::uint32_t crc_ = 0, size_ = 0;
    std::array<std::uint32_t, 16> crc_of_nibble_{};
};

} // namespace detail

/// Writes what a gzip text holds into `to`, in pieces of at most 64 KiB; `begin` is the caller's. An empty text holds
/// nothing. The value is `sink_action::stop` when the sink has had enough. Errors: those of the sink; `http_content_encoding`
/// when the text cannot be read to its end or its checksums do not hold, after pieces may have been written.
inline result<sink_action> gunzip(std::string_view text, body_sink& to) { return detail::gzip_reader(text, to).run(); }

} // namespace lading
