// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `verifying_body`: a blob that comes as one answer, checked against its descriptor while it streams.

#include "../descriptor.hpp"
#include "../detail/dependent.hpp"
#include "../policy/hash.hpp"
#include "../protocol/body.hpp"
#include "../store/blob_sink.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace lading {

/// The size and the digest of bytes that come in order, against those of a descriptor. A blob of a size that nobody knows
/// (-1, as in schema1) has at most `limits::blob_bytes`.
template <class P>
class blob_check {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;

  public:
    blob_check(descriptor what, limits const& l) : what_(std::move(what)), most_(l.blob_bytes), hash_(what_.digest.algorithm()) {}

    descriptor const& what() const noexcept { return what_; }
    bool is_sized() const noexcept { return what_.size >= 0; }
    std::uint64_t size() const noexcept { return is_sized() ? static_cast<std::uint64_t>(what_.size) : most_; } ///< or the most
    std::uint64_t count() const noexcept { return count_; }

    void restart() {
        count_ = 0;
        hash_.emplace(what_.digest.algorithm());
    }
    /// Bytes that are known to be no more than the blob has.
    void add(std::span<std::byte const> piece) {
        count_ += piece.size();
        hash_->update(piece);
    }
    /// Bytes that an answer has, behind its head. Errors: `size_mismatch`, `body_too_large`.
    result<void> take(std::span<std::byte const> piece) {
        if (piece.size() > size() - count_) return wrong_size("more");
        add(piece);
        return success();
    }
    /// The head of an answer that is to have the whole, and the length that it announces.
    result<void> begin(response const& head, std::optional<std::uint64_t> content_length) {
        is_page_ = iequal(head.headers.find("Content-Type").value_or("").substr(0, 9), "text/html");
        if (content_coding_of(head.headers) != content_coding::identity) return encoded_body(head.headers, "a blob is wanted as it is stored");
        if (content_length && (is_sized() ? *content_length != size() : *content_length > size()))
            return wrong_size(std::to_string(*content_length));
        return success();
    }
    /// All has come. Nothing but `restart` is called afterwards.
    result<void> verify() {
        if (is_sized() && count_ != size()) return wrong_size(std::to_string(count_));
        LADING_TRY(auto const got, hash_->finish());
        if (got == what_.digest) return success();
        return explained(error(errc::digest_mismatch).with_values(what_.digest.str(), got.str()), count_ == 0);
    }

  private:
    error wrong_size(std::string actual) const {
        if (!is_sized())
            return error(errc::body_too_large)
                .with_context("a blob of unknown size")
                .with_values("at most " + std::to_string(most_) + " bytes (limits::blob_bytes)", std::move(actual));
        bool const empty = actual == "0";
        return explained(error(errc::size_mismatch).with_values(std::to_string(what_.size) + " bytes", std::move(actual)), empty);
    }
    /// What came, where that explains why it is wrong. Another place may have the blob.
    error explained(error e, bool empty) const {
        fallback_facts facts;
        facts.answered = facts.next_endpoint = true;
        e.with_facts(facts);
        if (is_page_) e.with_context("the answer is a web page (text/html), not the blob");
        else if (empty) e.with_context("the answer is empty, not the blob");
        return e;
    }

    descriptor what_;
    std::uint64_t most_; ///< bytes of a blob of unknown size
    std::optional<typename P::hash> hash_;
    std::uint64_t count_ = 0;
    bool is_page_ = false; ///< by its Content-Type
};

/// Passes a 200 to a `blob_sink`; stops at the first byte beyond the size (doc/threats.md#l08).
template <class P>
class verifying_body final : public body_sink {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;

  public:
    verifying_body(descriptor const& what, blob_sink& out, limits const& l) : out_(out), error_body_(0, l), check_(what, l) {}
    verifying_body(verifying_body const&) = delete;
    verifying_body& operator=(verifying_body const&) = delete;
    ~verifying_body() override { // cancelled, or an exception
        if (open_) out_.discard();
    }

    result<sink_action> begin(response const& head, std::optional<std::uint64_t> content_length) override {
        is_blob_ = head.status == 200;
        if (!is_blob_) return error_body_.begin(head, content_length);
        LADING_TRY_V(check_.begin(head, content_length));
        check_.restart();
        open_ = true;
        LADING_TRY_V(out_.begin());
        return sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        if (!is_blob_) return error_body_.write(piece);
        LADING_TRY_V(check_.take(piece));
        LADING_TRY_V(out_.write(piece));
        return sink_action::proceed;
    }

    /// Size, then digest, then commit; anything else discards.
    result<void> finish() {
        auto verified = check_.verify();
        if (!verified) return discard(), std::move(verified);
        auto committed = out_.commit();
        open_ = false;
        return committed;
    }
    void discard() noexcept {
        open_ = false;
        out_.discard();
    }
    std::string const& error_text() const noexcept { return error_body_.text(); }

  private:
    blob_sink& out_;
    response_body error_body_;
    blob_check<P> check_;
    bool is_blob_ = false;
    bool open_ = false; ///< the sink has been begun and not ended
};

} // namespace lading
