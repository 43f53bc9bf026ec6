// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The decode layer: undoes the gzip of a document that came so although identity was asked for, with any transport and
/// before anything else sees the body.
///
/// The encoded text is kept until its end and bounded; what comes out of it is bounded by the sink of the document. A digest
/// is of the decoded bytes. A `routing::verbatim` body (a blob) is left as it is; its sink refuses an encoded one.

#include "../http/content_encoding.hpp"
#include "../http/gunzip.hpp"
#include "../http/url.hpp"
#include "../limits.hpp"
#include "../protocol/step.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace lading {

namespace detail {

/// Passes a body on; one in gzip is kept and passed on decoded by `finish`.
class decoding_body final : public body_sink {
  public:
    /// `most` in bytes: of an encoded text.
    explicit decoding_body(std::size_t most) : most_(most) {}

    /// From now on for this sink.
    void aim(body_sink& to, bool verbatim) {
        to_ = &to;
        verbatim_ = verbatim;
        std::string().swap(text_);
        encoded_ = ended_ = false;
    }

    result<sink_action> begin(response const& head, std::optional<std::uint64_t> content_length) override {
        text_.clear();
        ended_ = false;
        is_error_ = head.status >= 300;
        encoded_ = content_coding_of(head.headers) == content_coding::gzip && (!verbatim_ || is_error_);
        if (!encoded_) return to_->begin(head, content_length);
        response plain = head;
        plain.headers.erase("Content-Encoding");
        LADING_TRY(auto const verdict, to_->begin(plain, std::nullopt));
        ended_ = verdict == sink_action::stop;
        return verdict;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        if (!encoded_) return to_->write(piece);
        if (piece.size() > most_ - text_.size()) {
            if (is_error_) return ended_ = true, sink_action::stop;
            return error(errc::body_too_large).with_values("at most " + std::to_string(most_) + " bytes of gzip", "more");
        }
        text_.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        constexpr std::string_view magic = "\x1f\x8b";
        if (text_.starts_with(magic.substr(0, text_.size()))) return sink_action::proceed;
        if (is_error_) return ended_ = true, sink_action::stop; // the status is worth more than the text
        return error(errc::http_content_encoding).with_context("what came is called gzip and is none");
    }

    /// The body has come to its end. True when it was decoded.
    result<bool> finish() {
        if (!encoded_ || ended_) return false;
        auto const read = gunzip(text_, *to_);
        std::string().swap(text_);
        if (!read && !is_error_) return read.assume_error();
        return true;
    }

  private:
    body_sink* to_ = nullptr;
    std::size_t most_;
    std::string text_; ///< encoded
    bool verbatim_ = false, encoded_ = false, is_error_ = false;
    bool ended_ = false; ///< nothing more is wanted, or can be read
};

} // namespace detail

template <class Op>
class decode_middleware : immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, Op>;

  public:
    using value_type = typename Op::value_type;

    /// An encoded text may be as long as the longest document.
    template <class Context, class... Args>
    explicit decode_middleware(Context& context, Args&&... args)
        : body_(longest(context.options.bounds)), inner_(context, std::forward<Args>(args)...) {}

    step<value_type> start() { return take(inner_.start()); }
    step<value_type> on_delay() { return take(inner_.on_delay()); }
    step<value_type> on_response(result<response> answer) {
        if (!answer) return take(inner_.on_response(std::move(answer)));
        auto& head = answer.assume_value();
        auto const finished = body_.finish();
        if (!finished) {
            fallback_facts f = finished.assume_error().facts();
            f.answered = f.next_endpoint = true;
            f.over_tls = head.url.starts_with("https:");
            error e = finished.assume_error();
            e.with_facts(f).with_status(head.status).with_url(safe_url(head.url));
            return take(inner_.on_response(std::move(e)));
        }
        if (finished.assume_value()) {
            head.headers.erase("Content-Encoding");
            head.warnings.emplace_back(warning_code::body_was_encoded, "the answer came as gzip although identity was asked for");
        }
        return take(inner_.on_response(std::move(answer)));
    }
    Op const& inner() const noexcept { return inner_; }

  private:
    static std::size_t longest(limits const& l) { return std::max(std::max(l.manifest_bytes, l.config_bytes), l.tag_page_bytes); }
    step<value_type> take(step<value_type> s) {
        if (auto* const x = std::get_if<need_exchange>(&s)) {
            body_.aim(*x->sink, x->routing.verbatim);
            x->sink = &body_;
        }
        return s;
    }

    detail::decoding_body body_;
    Op inner_;
};

} // namespace lading
