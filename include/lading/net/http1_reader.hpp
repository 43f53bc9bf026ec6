// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `http1_reader`: one answer, from bytes to a `response` and a `body_sink`. Does no I/O. Messages are parsed by
/// Boost.Beast's `basic_parser`; the head is checked by `http1_head.hpp` first, and chunk lines here, because Beast
/// is more lenient than doc/threats.md#h01 asks.

#include "../http/message.hpp"
#include "../limits.hpp"
#include "http1_head.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace lading::detail {

/// Beast's parser, with the events of one message passed on.
class http1_parser final : public boost::beast::http::basic_parser<false> {
  public:
    using error_code = boost::beast::error_code;
    using string_view = boost::beast::string_view;

    http1_parser(limits const& l, http1_framing const& f, bool head_only, body_sink& sink, std::string const& url)
        : framing_(f), sink_(sink) {
        head_.url = url;
        head_.headers.reserve(f.lines, f.bytes);
        this->eager(false); // one chunk line a call, so that each can be checked before
        this->header_limit(static_cast<std::uint32_t>(l.header_bytes + l.trailer_bytes + l.chunk_extensions));
        this->body_limit(boost::none);
        this->skip(head_only);
    }

    response& head() noexcept { return head_; }
    int status() const noexcept { return head_.status; }
    std::optional<error>& failure() noexcept { return failure_; }
    bool stopped() const noexcept { return stopped_; }
    /// The head said that the connection is kept, and the body does not end with it.
    bool keeps() const noexcept { return keeps_; }
    bool informational() const noexcept { return head_.status < 200; }
    /// The next bytes are a chunk line; `first_chunk` tells whether a CRLF ends the chunk before it.
    bool at_chunk_line() const { return framing_.chunked && in_body_ && !is_done() && chunk_left_ == 0 && !need_eof(); }
    bool first_chunk() const noexcept { return first_chunk_; }
    /// Bytes of the extensions of all chunks so far.
    std::size_t extensions() const noexcept { return extensions_; }

  private:
    void fail(error e, error_code& ec) {
        failure_ = std::move(e);
        ec = boost::beast::http::error::bad_value; // ends Beast's loop; the reason is in failure_
    }
    void obey(result<sink_action> verdict, error_code& ec) {
        if (!verdict) return fail(std::move(verdict).assume_error(), ec);
        if (verdict.assume_value() == sink_action::proceed) return;
        stopped_ = true;
        ec = boost::beast::http::error::bad_value;
    }
    std::size_t body(string_view piece, error_code& ec) {
        obey(sink_.write(std::as_bytes(std::span(piece.data(), piece.size()))), ec);
        return piece.size();
    }

    void on_request_impl(boost::beast::http::verb, string_view, string_view, int, error_code&) override {}
    void on_response_impl(int code, string_view, int, error_code& ec) override {
        head_.status = code;
        ec = {};
    }
    void on_field_impl(boost::beast::http::field, string_view name, string_view value, error_code& ec) override {
        ec = {};
        if (!in_body_) head_.headers.add({name.data(), name.size()}, {value.data(), value.size()});
        // Trailers are dropped: they never override a header.
    }
    void on_header_impl(error_code& ec) override {
        ec = {};
        in_body_ = true;
        keeps_ = keep_alive(); // now: Beast would let a trailer change it
        if (head_.status == 101)
            return fail(error(errc::http_unexpected_status).with_context("nothing was to be upgraded").with_status(101),
                        ec);
        if (informational()) return;
        obey(sink_.begin(head_, framing_.content_length), ec);
    }
    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code& ec) override { ec = {}; }
    std::size_t on_body_impl(string_view piece, error_code& ec) override {
        ec = {};
        return body(piece, ec);
    }
    void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& ec) override {
        ec = {};
        chunk_left_ = size;
        first_chunk_ = false;
        extensions_ += extensions.size();
        if (size > static_cast<std::uint64_t>(INT64_MAX)) fail(malformed("chunk_size"), ec);
    }
    std::size_t on_chunk_body_impl(std::uint64_t, string_view piece, error_code& ec) override {
        ec = {};
        chunk_left_ -= piece.size();
        return body(piece, ec);
    }
    void on_finish_impl(error_code& ec) override { ec = {}; }

    http1_framing framing_;
    body_sink& sink_;
    response head_;
    std::optional<error> failure_;
    std::size_t extensions_ = 0;
    std::uint64_t chunk_left_ = 0;
    bool in_body_ = false, keeps_ = false, stopped_ = false, first_chunk_ = true;
};

class http1_reader {
  public:
    /// The limits, the sink and the URL outlive the reader.
    http1_reader(limits const& l, body_sink& sink, std::string const& url, bool head_only)
        : limits_(l), sink_(sink), url_(url), head_only_(head_only) {}

    /// Takes bytes as they come, and passes a body on from where it lies. True when the answer is complete (or the sink
    /// has had enough). Errors: `http_*`, those of the sink. After an error the connection is of no further use.
    result<bool> feed(std::string_view bytes) {
        started_ = started_ || !bytes.empty();
        if (!pending_.empty()) bytes = pending_.append(bytes); // the rest of a head or of a chunk line was left
        rest_ = bytes;
        LADING_TRY(auto const over, parse());
        std::string left(rest_);
        pending_.swap(left);
        return over;
    }

    /// The peer has closed. Success when that ends the body; `truncated` says that TLS was cut off without its
    /// closing message. Errors: `connection_reset` (no head yet), `http_body_truncated`, `tls_truncated`.
    result<void> end(bool truncated) {
        if (!has_head()) return error(errc::connection_reset).with_context("before a complete answer head");
        if (parser_->need_eof() && !parser_->chunked()) {
            if (truncated) return error(errc::tls_truncated);
            return success();
        }
        return error(errc::http_body_truncated)
            .with_values(framing_.content_length ? std::to_string(*framing_.content_length) + " bytes" : "a last chunk",
                         "the end of the connection");
    }

    bool started() const noexcept { return started_; }
    bool has_head() const noexcept { return parser_ && parser_->is_header_done() && !parser_->informational(); }
    /// The connection may carry another request: the answer said so and nothing follows it.
    bool reusable() const { return at_end() && parser_->keeps(); }
    /// The answer is complete and nothing follows it.
    bool at_end() const { return parser_ && parser_->is_done() && pending_.empty(); }
    int status() const noexcept { return parser_->status(); }
    /// 1xx answers so far.
    std::size_t informational() const noexcept { return informational_; }
    response take_head() { return std::move(parser_->head()); }

  private:
    result<bool> parse() {
        for (;;) {
            if (!parser_) {
                LADING_TRY(auto const have_head, begin_message());
                if (!have_head) return false;
            }
            LADING_TRY(auto const over, advance());
            if (!over) return false;
            if (!parser_->informational() || parser_->stopped()) return true;
            if (++informational_ > limits_.informational)
                return error(errc::http_too_many_informational)
                    .with_values("at most " + std::to_string(limits_.informational) + " (limits::informational)", "more");
            parser_.reset();
        }
    }

    /// True when a complete, acceptable head is at the front of `rest_`.
    result<bool> begin_message() {
        constexpr std::string_view start = "HTTP/";
        if (!rest_.starts_with(start.substr(0, rest_.size()))) return malformed("status line");
        auto const end = rest_.find("\r\n\r\n", checked_ > 3 ? checked_ - 3 : 0);
        auto const limit = end == rest_.npos ? rest_.size() : end + 4;
        for (auto at = rest_.find('\n', checked_); at < limit; at = rest_.find('\n', at + 1))
            if (rest_[at - 1] != '\r') return bare_line_feed();
        checked_ = limit;
        if (limit > limits_.header_bytes)
            return error(errc::http_header_too_large)
                .with_values("at most " + std::to_string(limits_.header_bytes) + " bytes (limits::header_bytes)", "more");
        if (end == rest_.npos) return false;
        LADING_TRY(framing_, check_head(rest_.substr(0, limit), limits_));
        if (rest_[12] == '\r') { // Beast wants the space that goes before no reason
            std::string spaced(rest_);
            pending_ = std::move(spaced.insert(12, 1, ' '));
            rest_ = pending_;
        }
        checked_ = 0;
        parser_.emplace(limits_, framing_, head_only_, sink_, url_);
        return true;
    }

    /// Gives Beast what is there. True when the message is complete.
    result<bool> advance() {
        while (!rest_.empty() && !parser_->is_done()) {
            boost::beast::error_code ec;
            bool const at_line = parser_->at_chunk_line();
            if (at_line) {
                LADING_TRY(auto const ready, check_chunk_line(rest_));
                if (!ready) break;
            }
            rest_.remove_prefix(parser_->put({rest_.data(), rest_.size()}, ec));
            if (parser_->stopped()) return true;
            if (parser_->failure()) return *parser_->failure();
            // Beast has the whole line: what it would wait for is the end of a quoted string that the line does not close.
            if (at_line && ec == boost::beast::http::error::need_more) return malformed("chunk_ext");
            if (ec == boost::beast::http::error::need_more) break;
            if (ec) return malformed(framing_.chunked ? "chunk (" + ec.message() + ")" : ec.message());
        }
        return parser_->is_done();
    }

    /// `[CRLF] 1*16HEXDIG ( ";" / CR )`, as far as it is there, and bounded. True when Beast may have it: the whole
    /// line, and after the last chunk the trailers too. Beast would wait for either however long it gets, and asserts
    /// when it is given a last chunk in pieces.
    result<bool> check_chunk_line(std::string_view rest) const {
        if (!parser_->first_chunk()) {
            if (!std::string_view("\r\n").starts_with(rest.substr(0, 2))) return malformed("chunk_data");
            rest.remove_prefix(std::min<std::size_t>(2, rest.size()));
        }
        std::size_t digits = 0;
        while (digits < rest.size() && is_hex(rest[digits])) ++digits;
        if (digits > 16 || (digits < rest.size() && (digits == 0 || (rest[digits] != ';' && rest[digits] != '\r'))))
            return malformed("chunk_size");
        auto const line = rest.find('\n');
        auto const extension = (line == rest.npos ? rest.size() : line) - digits; // and a CR
        if (parser_->extensions() + extension > limits_.chunk_extensions + 1) return malformed("chunk_ext");
        if (line == rest.npos) return false;
        if (rest[line - 1] != '\r') return malformed("chunk_size");
        bool const last = digits == std::min(rest.find_first_not_of('0'), rest.size());
        if (!last) return true;
        auto const end = rest.find("\r\n\r\n", line - 1);
        auto const trailers = end == rest.npos ? rest.size() - line : end + 3 - line; // and two bytes
        if (trailers > limits_.trailer_bytes + 2)
            return error(errc::http_header_too_large)
                .with_context("trailers")
                .with_values("at most " + std::to_string(limits_.trailer_bytes) + " bytes (limits::trailer_bytes)", "more");
        return end != rest.npos;
    }

    limits const& limits_;
    body_sink& sink_;
    std::string const& url_;
    bool head_only_;
    std::string pending_;   ///< not parsed yet, between two calls
    std::string_view rest_; ///< not parsed yet, within a call: in `pending_` or in what was given
    std::size_t checked_ = 0; ///< how far `rest_` has been searched for the end of the head
    http1_framing framing_;
    std::optional<http1_parser> parser_;
    std::size_t informational_ = 0;
    bool started_ = false;
};

} // namespace lading::detail
