// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The blob operation: one blob, checked against its descriptor while it streams (doc/protocol.md#blobs).
///
/// Requests: GET `/v2/<name>/blobs/<digest>`, one (layers may add redirects and a token request).

#include "../descriptor.hpp"
#include "../http/status.hpp"
#include "../policy/hash.hpp"
#include "../protocol/body.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"
#include "../store/blob_sink.hpp"

#include <optional>

namespace lading {

/// Passes a 200 to a `blob_sink`, counting and hashing; stops at the first byte beyond the size (doc/threats.md#l08),
/// or, where the descriptor has none (-1, as in schema1), beyond `limits::blob_bytes`.
template <class P>
class verifying_body final : public body_sink {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;

  public:
    verifying_body(descriptor const& what, blob_sink& out, limits const& l)
        : what_(what), out_(out), error_body_(0, l), most_(l.blob_bytes), hash_(what.digest.algorithm()) {}
    verifying_body(verifying_body const&) = delete;
    verifying_body& operator=(verifying_body const&) = delete;
    ~verifying_body() override { // cancelled, or an exception
        if (open_) out_.discard();
    }

    result<sink_action> begin(response const& head, std::optional<std::uint64_t> content_length) override {
        is_blob_ = head.status == 200;
        is_page_ = iequal(head.headers.find("Content-Type").value_or("").substr(0, 9), "text/html");
        if (!is_blob_) return error_body_.begin(head, content_length);
        if (content_coding_of(head.headers) != content_coding::identity)
            return encoded_body(head.headers, "a blob is wanted as it is stored");
        if (content_length && what_.size >= 0 && *content_length != static_cast<std::uint64_t>(what_.size))
            return wrong_size(std::to_string(*content_length));
        if (what_.size < 0 && content_length.value_or(0) > most_) return too_large(std::to_string(*content_length));
        count_ = 0;
        hash_.emplace(what_.digest.algorithm());
        open_ = true;
        LADING_TRY_V(out_.begin());
        return sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        if (!is_blob_) return error_body_.write(piece);
        count_ += static_cast<std::int64_t>(piece.size());
        if (what_.size >= 0 && count_ > what_.size) return wrong_size("more");
        if (what_.size < 0 && static_cast<std::uint64_t>(count_) > most_) return too_large("more");
        hash_->update(piece);
        LADING_TRY_V(out_.write(piece));
        return sink_action::proceed;
    }

    /// Size, then digest, then commit; anything else discards.
    result<void> finish() {
        auto verified = verify();
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
    result<void> verify() {
        if (what_.size >= 0 && count_ != what_.size) return wrong_size(std::to_string(count_));
        LADING_TRY(auto const got, hash_->finish());
        if (got == what_.digest) return success();
        fallback_facts facts;
        facts.answered = facts.next_endpoint = true;
        return explained(error(errc::digest_mismatch).with_values(what_.digest.str(), got.str()).with_facts(facts),
                         count_ == 0);
    }
    error wrong_size(std::string actual) const {
        bool const empty = actual == "0";
        fallback_facts facts;
        facts.answered = facts.next_endpoint = true;
        return explained(error(errc::size_mismatch)
                             .with_values(std::to_string(what_.size) + " bytes", std::move(actual))
                             .with_facts(facts),
                         empty);
    }
    /// What came, where that explains why it is wrong.
    error explained(error e, bool empty) const {
        if (is_page_) e.with_context("the answer is a web page (text/html), not the blob");
        else if (empty) e.with_context("the answer is empty, not the blob");
        return e;
    }

    error too_large(std::string actual) const {
        return error(errc::body_too_large)
            .with_context("a blob of unknown size")
            .with_values("at most " + std::to_string(most_) + " bytes (limits::blob_bytes)", std::move(actual));
    }

    descriptor what_;
    blob_sink& out_;
    response_body error_body_;
    std::uint64_t most_; ///< bytes of a blob of unknown size
    std::optional<typename P::hash> hash_;
    std::int64_t count_ = 0;
    bool is_blob_ = false;
    bool is_page_ = false; ///< by its Content-Type
    bool open_ = false; ///< the sink has been begun and not ended
};

/// Fetches one blob into a sink. The value is the descriptor that was verified.
///
/// Errors: `size_mismatch`, `digest_mismatch`, `body_too_large` (no size known), those of `error_from_response`, of the sink, and of the transport. The
/// sink is committed only when everything holds.
template <class P>
class blob_operation : public operation_base<descriptor, P> {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    blob_operation(call_context c, descriptor what, blob_sink& out)
        : talk_(std::move(c)), what_(std::move(what)), body_(what_, out, talk_.bounds) {}

    step<descriptor> start() {
        auto how = talk_.pull();
        how.verbatim = true; // most blobs are gzip themselves, and called so by mistake
        return need_exchange(talk_.get("blobs", what_.digest.str()), body_, std::move(how));
    }

    step<descriptor> on_response(result<response> answer, auth_note const& shown = {}) {
        return done<descriptor>(interpret(answer, shown));
    }

  private:
    result<descriptor> interpret(result<response>& answer, auth_note const& shown) {
        if (!answer || answer.assume_value().status != 200) body_.discard();
        LADING_TRY(auto const head, std::move(answer));
        if (head.status != 200)
            return error_from_response<typename P::json>(head, body_.error_text(), asked::blob, talk_.bounds, shown);
        LADING_TRY_V(body_.finish());
        return what_;
    }

    call_context talk_;
    descriptor what_;
    verifying_body<P> body_;
};

} // namespace lading
