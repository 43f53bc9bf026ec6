// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a registry answers about blobs.

#include "../hash/constexpr_sha2.hpp"
#include "asked.hpp"
#include "byte_ranges.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::service::detail {

/// Learns how large a blob is, and nothing else.
class size_probe final : public blob_sink {
  public:
    result<std::uint64_t> resume(std::int64_t size, held_bytes const&) override {
        size_ = size;
        asked_ = true;
        return error(errc::cancelled);
    }
    result<void> begin() override { return asked_ = true, error(errc::cancelled); }
    result<void> write(std::span<std::byte const>) override { return error(errc::cancelled); }
    result<void> commit() override { return error(errc::cancelled); }
    void discard() noexcept override {}
    bool asked() const noexcept { return asked_; } ///< the blob is there
    std::int64_t size() const noexcept { return size_; }

  private:
    std::int64_t size_ = -1;
    bool asked_ = false;
};

/// Hashes a blob.
class hash_sink final : public blob_sink {
  public:
    explicit hash_sink(digest_algorithm a) : hash_(a), algorithm_(a) {}
    result<void> begin() override { return hash_ = constexpr_sha2(algorithm_), success(); }
    result<void> write(std::span<std::byte const> piece) override { return hash_.update(piece), success(); }
    result<void> commit() override { return success(); }
    void discard() noexcept override {}
    result<digest> finish() { return hash_.finish(); }

  private:
    constexpr_sha2 hash_;
    digest_algorithm algorithm_;
};

/// Passes a blob, or a part of it, to the body of an answer. The end of a whole blob is held back until it is verified.
class passing_sink final : public blob_sink {
  public:
    passing_sink(request const& q, body_sink& out, std::optional<byte_range> part, std::int64_t size) : q_(q), out_(out), part_(part), size_(size) {}

    result<std::uint64_t> resume(std::int64_t, held_bytes const&) override {
        at_ = part_ ? part_->from : 0; // what is before it counts as had
        return at_;
    }
    result<void> begin() override {
        if (passed_ > 0) return error(errc::sink_failed).with_context("a body cannot begin again");
        at_ = 0;
        return success();
    }
    result<void> write(std::span<std::byte const> piece) override {
        if (part_) {
            auto const skipped = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), part_->from > at_ ? part_->from - at_ : 0));
            at_ += piece.size();
            piece = piece.subspan(skipped);
            piece = piece.first(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), part_->size - passed_)));
            LADING_TRY_V(pass(piece));
            return passed_ == part_->size ? enough() : success();
        }
        at_ += piece.size();
        LADING_TRY_V(pass_held());
        if (size_ < 0 || at_ < static_cast<std::uint64_t>(size_)) return pass(piece);
        held_.assign(reinterpret_cast<char const*>(piece.data()), piece.size());
        return success();
    }
    result<void> commit() override {
        if (part_) return error(errc::size_mismatch).with_context("a blob that became shorter");
        return pass_held();
    }
    void discard() noexcept override {}
    /// All that was wanted has been passed, or the body has said that it wants no more.
    bool ended() const noexcept { return ended_; }
    /// The body has said that it wants no more.
    bool is_refused() const noexcept { return refused_; }

  private:
    result<void> enough() { return ended_ = true, error(errc::cancelled); }
    result<void> pass(std::span<std::byte const> piece) {
        if (piece.empty()) return success();
        if (q_.stop.stop_requested()) return error(errc::cancelled);
        if (q_.deadline && *q_.deadline <= std::chrono::steady_clock::now()) return error(errc::timeout);
        passed_ += piece.size();
        LADING_TRY(auto const verdict, out_.write(piece));
        refused_ = verdict == sink_action::stop;
        return refused_ ? enough() : success();
    }
    result<void> pass_held() {
        auto const held = std::exchange(held_, {});
        return pass(std::as_bytes(std::span(held)));
    }

    request const& q_;
    body_sink& out_;
    std::optional<byte_range> part_;
    std::int64_t size_;
    std::uint64_t at_ = 0, passed_ = 0;
    std::string held_;
    bool ended_ = false, refused_ = false;
};

/// GET and HEAD of one blob.
class blob_reading {
  public:
    blob_reading(asked const& a, digest d) : a_(a), digest_(std::move(d)) {}

    result<response> answer() {
        size_probe probe;
        if (auto const there = a_.in.read(a_.name(), digest_, probe, a_.q.stop); !probe.asked()) {
            if (there || is_not_there(there.assume_error())) return a_.give(no_blob(a_.where.item));
            return there.assume_error();
        }
        size_ = probe.size();
        LADING_TRY(auto const called, canonical());
        auto head = named(response(200), "application/octet-stream", called);
        auto const etag = etag_of(called);
        if (auto const only = a_.header("If-Match"); !only.empty() && !names_tag(only, etag, false)) {
            head.status = 412;
            return refused({std::move(head), {}}, called);
        }
        if (names_tag(a_.header("If-None-Match"), etag, false)) return a_.give(with({named(response(304), {}, called), {}}, "Cache-Control", kept_for));
        head.headers.add("Accept-Ranges", "bytes");
        head.headers.add("Cache-Control", kept_for);
        auto const range = a_.header("Range"), only = a_.header("If-Range");
        if (range.empty() || size_ < 0 || (!only.empty() && only != etag)) return whole(std::move(head));
        auto const size = static_cast<std::uint64_t>(size_);
        auto const parts = byte_ranges::of(range, size);
        using verdict = byte_ranges::verdict;
        if (parts.is == verdict::whole) return whole(std::move(head));
        if (parts.is == verdict::malformed) return refused(said("invalid range\n"), called);
        if (parts.is == verdict::beyond) return refused(with(said("invalid range: failed to overlap\n"), "Content-Range", "bytes */" + std::to_string(size)), called);
        head.status = 206;
        return parts.all.size() == 1 ? part(std::move(head), parts.all[0]) : several(std::move(head), parts.all);
    }

  private:
    static constexpr std::string_view kept_for = "max-age=31536000";
    static small_answer said(std::string text) { return text_answer(416, "text/plain; charset=utf-8", std::move(text)); }
    /// docker-registry announces the length of the blob and what else it knows of it, sends less, and closes the connection.
    result<response> refused(small_answer answer, digest const& called) {
        if (!a_.like_2_8()) return a_.give(std::move(answer));
        if (!answer.head.headers.find("Etag")) answer.head = named(std::move(answer.head), {}, called);
        answer.head.headers.add("Cache-Control", kept_for);
        return a_.give(std::move(answer), static_cast<std::uint64_t>(std::max<std::int64_t>(size_, 0)));
    }
    /// What the blob is called in answers: by docker-registry always by its sha256.
    result<digest> canonical() {
        if (!a_.like_2_8() || digest_.algorithm() == digest_algorithm::sha256) return digest_;
        hash_sink hash(digest_algorithm::sha256);
        LADING_TRY_V(a_.in.read(a_.name(), digest_, hash, a_.q.stop));
        return hash.finish();
    }
    /// Begins a body of `size` bytes, -1 if that is not known.
    result<response> begun(response head, std::int64_t size) {
        head = a_.finished(std::move(head));
        if (size >= 0) head.headers.set("Content-Length", std::to_string(size));
        LADING_TRY(auto const verdict, a_.out.begin(head, size < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(size))));
        wanted_ = verdict == sink_action::proceed && a_.q.method != "HEAD";
        return head;
    }
    result<void> pass(std::optional<byte_range> part) {
        if (!wanted_) return success();
        passing_sink to(a_.q, a_.out, part, size_);
        auto passed = a_.in.read(a_.name(), digest_, to, a_.q.stop);
        if (!passed && !to.ended()) return passed;
        wanted_ = !to.is_refused();
        return success();
    }
    result<response> whole(response head) {
        LADING_TRY(auto out, begun(std::move(head), size_));
        LADING_TRY_V(pass(std::nullopt));
        return out;
    }
    result<response> part(response head, byte_range const& r) {
        head.headers.add("Content-Range", r.content_range(static_cast<std::uint64_t>(size_)));
        LADING_TRY(auto out, begun(std::move(head), static_cast<std::int64_t>(r.size)));
        LADING_TRY_V(pass(r));
        return out;
    }
    /// RFC 9110, section 14.6.
    result<response> several(response head, std::vector<byte_range> const& all) {
        static constexpr std::string_view boundary = "6f1ed002ab5595859014ebf0951522d9";
        std::string const end = "\r\n--" + std::string(boundary) + "--\r\n";
        std::vector<std::string> heads;
        std::uint64_t length = end.size();
        for (auto const& r : all) {
            heads.push_back((heads.empty() ? "--" : "\r\n--") + std::string(boundary) + "\r\nContent-Range: " + r.content_range(static_cast<std::uint64_t>(size_)) +
                            "\r\nContent-Type: application/octet-stream\r\n\r\n");
            length += heads.back().size() + r.size;
        }
        head.headers.set("Content-Type", "multipart/byteranges; boundary=" + std::string(boundary));
        LADING_TRY(auto out, begun(std::move(head), static_cast<std::int64_t>(length)));
        for (std::size_t i = 0; i < all.size(); ++i) {
            LADING_TRY_V(pass_text(heads[i]));
            LADING_TRY_V(pass(all[i]));
        }
        LADING_TRY_V(pass_text(end));
        return out;
    }
    result<void> pass_text(std::string_view text) {
        if (!wanted_) return success();
        LADING_TRY(auto const verdict, a_.out.write(std::as_bytes(std::span(text))));
        wanted_ = verdict == sink_action::proceed;
        return success();
    }

    asked const& a_;
    digest digest_;
    std::int64_t size_ = -1;
    bool wanted_ = true; ///< more of the body
};

/// GET, HEAD and DELETE.
inline result<response> answer_blob(asked const& a) {
    auto const d = digest::parse(a.where.item);
    if (a.reads()) return d ? blob_reading(a, d.assume_value()).answer() : a.give(no_blob(a.where.item));
    if (a.q.method != "DELETE" || !a.how.removal) return a.give(not_done());
    if (!d) return a.give(no_blob(a.where.item));
    LADING_TRY(auto const was, a.in.remove_blob(a.name(), d.assume_value()));
    return a.give(was ? text_answer(202, {}, {}) : no_blob({}));
}

} // namespace lading::service::detail
