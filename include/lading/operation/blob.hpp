// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The blob operation: one blob, checked against its descriptor while it streams (doc/protocol.md#blobs).
///
/// Requests: GET `/v2/<name>/blobs/<digest>` (layers may add redirects and a token request), and once more after each
/// connection that was lost, for the bytes that are missing. None for an empty blob, for `{}`, and where the sink has it all.

#include "../http/status.hpp"
#include "../protocol/call_context.hpp"
#include "blob_transfer.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace lading {

namespace detail {
/// The bytes of a blob that everybody has: none, and the empty JSON object of artifacts without a config.
inline std::optional<std::string_view> known_blob(descriptor const& what) {
    constexpr std::string_view object = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    if (what.size == 0) return std::string_view();
    if ((what.size == 2 || what.size < 0) && what.digest.str() == object) return std::string_view("{}");
    return std::nullopt;
}
/// Whether a transfer may be resumed after this: the connection was lost or, once bytes have come, the network was away for a moment.
constexpr bool may_go_on(errc code, bool has_begun) noexcept {
    if (is_lost_connection(code)) return true;
    if (!has_begun) return false; // another place is asked sooner
    switch (code) {
    case errc::timeout_body:
    case errc::too_slow:
    case errc::timeout_header:
    case errc::timeout_write:
    case errc::connect_timeout:
    case errc::connection_refused:
    case errc::host_not_found:
    case errc::tls_timeout: return true;
    default: return false;
    }
}
} // namespace detail

/// Fetches one blob into a sink. The value is the descriptor that was verified.
///
/// After a lost connection, a body that is too slow, or a status that is worth a retry, it resumes from the byte that it has (`Range`). It
/// gives up after as many tries in a row as `retry_rules` allow without 64 KiB of progress. If an answer does not continue there, or
/// the bytes of several answers are not the blob, it starts once more from the beginning.
///
/// Errors: `size_mismatch`, `digest_mismatch`, `descriptor_invalid` (empty, by its size only), `body_too_large` (no size known),
/// `range_mismatch`, `resume_exhausted`, those of `error_from_response`, of the sink, and of the transport. The sink is committed
/// only when everything holds.
template <class P>
class blob_operation : immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    using value_type = descriptor;
    /// What the operations of one call share, each of them at another place.
    using transfer_type = blob_transfer<P>;

    blob_operation(call_context c, std::shared_ptr<transfer_type> t) : talk_(std::move(c)), transfer_(std::move(t)) {}

    step<descriptor> start() {
        auto& t = *transfer_;
        if (t.is_open()) return t.move_on(), ask();
        if (auto const bytes = detail::known_blob(t.what())) return known(*bytes);
        auto opened = t.open();
        if (!opened) {
            auto& e = opened.assume_error();
            if (e == errc::part_in_use)
                if (auto const pause = t.wait_for_part(talk_.deadline)) return need_delay(*pause);
            return t.failed(std::move(e));
        }
        return t.is_whole() ? finish() : ask();
    }
    step<descriptor> on_delay() { return transfer_->is_open() ? ask() : start(); }

    step<descriptor> on_response(result<response> answer, auth_note const& shown = {}) {
        auto& t = *transfer_;
        if (!answer) return lost(std::move(answer).assume_error(), shown);
        if (t.refusal()) return refused(answer.assume_value(), shown);
        if (t.is_short()) return go_on(error(errc::http_body_truncated).with_context("less than Content-Range says"));
        if (t.is_partial()) {
            if (t.has_progressed()) return ask();
            return go_on(error(errc::http_body_truncated).with_context("a part of what was asked for"));
        }
        return finish();
    }

  private:
    step<descriptor> ask() {
        auto const& urls = transfer_->urls();
        while (at_ < urls.size() && !urls[at_].starts_with("https://")) ++at_;
        if (!urls.empty() && at_ >= urls.size()) return transfer_->failed(error(errc::external_layer).with_context("no URL that is gone to: " + detail::printable(urls.front(), 160)));
        auto q = urls.empty() ? talk_.get("blobs", transfer_->what().digest.str()) : talk_.send("GET", urls[at_]);
        transfer_->ask(q);
        auto how = urls.empty() ? talk_.pull() : routing::without_credentials();
        if (!urls.empty()) {
            q.address_policy = address_policy::outside;
            q.named_by = std::string(talk_.name.host());
        }
        how.verbatim = true; // most blobs are gzip themselves, and called so by mistake
        how.goes_on = true;
        return need_exchange(std::move(q), *transfer_, std::move(how));
    }
    /// The error of the call, unless another URL has the blob.
    step<descriptor> fail(error why) {
        if (is_callers_own(why) || at_ + 1 >= transfer_->urls().size()) return transfer_->failed(std::move(why));
        ++at_;
        transfer_->move_on();
        return ask();
    }
    step<descriptor> known(std::string_view bytes) {
        auto kept = transfer_->finish_with(bytes);
        if (kept) return done<descriptor>(transfer_->what());
        if (kept.assume_error() != errc::digest_mismatch) return transfer_->failed(std::move(kept).assume_error());
        return transfer_->failed(error(errc::descriptor_invalid).with_context("a blob without bytes that has the digest of others").with_values(kept.assume_error().detail().actual, kept.assume_error().detail().expected));
    }
    step<descriptor> finish() {
        bool const patched = transfer_->is_patched();
        auto kept = transfer_->finish();
        if (kept) return done<descriptor>(transfer_->what());
        if (patched && kept.assume_error() == errc::digest_mismatch) return begin_again(std::move(kept).assume_error());
        return transfer_->failed(std::move(kept).assume_error());
    }
    step<descriptor> begin_again(error why) { return transfer_->begin_again(why) ? ask() : transfer_->failed(std::move(why)); }
    step<descriptor> go_on(error why) {
        auto const wait = transfer_->wait(why, [&](auto& schedule) { return schedule.next(talk_.deadline); });
        if (wait) return need_delay(*wait);
        if (transfer_->count() == 0) return transfer_->failed(std::move(why));
        auto const url = why.detail().url;
        auto const facts = why.facts();
        return transfer_->failed(error(errc::resume_exhausted)
                                     .with_context("at byte " + std::to_string(transfer_->count()) + ", the last time: " + why.with_url({}).summary())
                                     .with_facts(facts)
                                     .with_url(url));
    }

    /// An exchange that failed: by what it brought, or without an end.
    step<descriptor> lost(error why, auth_note const& shown) {
        using trouble = typename transfer_type::trouble;
        switch (transfer_->what_was_wrong()) {
        case trouble::sink:
        case trouble::content: return transfer_->failed(std::move(why));
        case trouble::range: return begin_again(std::move(why));
        case trouble::none: break;
        }
        // The text of an answer may be cut short, and its status counts; if it is the head of this exchange, and not of one before.
        auto const& head = transfer_->refusal();
        bool const is_answer = head && head->status == why.http_status() && head->status >= 400 && head->status != 401;
        if (is_answer && is_lost_connection(why.kind())) return refused(response(*head), shown);
        if (!detail::may_go_on(why.kind(), transfer_->count() > 0)) return fail(std::move(why));
        return transfer_->is_whole() ? finish() : go_on(std::move(why)); // the end may be missing, and nothing else
    }
    /// An answer that has nothing of the blob.
    step<descriptor> refused(response const& head, auth_note const& shown) {
        auto why = error_from_response<typename P::json>(head, transfer_->error_text(), asked::blob, talk_.bounds, shown);
        bool const resumes = transfer_->asked_from() > 0;
        if (head.status == 416 && resumes) {
            auto const range = content_range_of(head.headers);
            bool const all = transfer_->what().size < 0 && range && !range->satisfied && range->total == transfer_->count();
            return all ? finish() : begin_again(std::move(why));
        }
        if (head.status == 412 && resumes) return begin_again(std::move(why));
        // The address that a redirect led to may have been good for a while only: the registry knows another.
        bool const expired = head.status == 400 || head.status == 403 || head.status == 404;
        if (resumes && expired && transfer_->came_from_elsewhere(head)) return go_on(std::move(why));
        auto const wait = transfer_->wait(why, [&](auto& schedule) { return schedule.after(head, talk_.deadline); });
        return wait ? step<descriptor>(need_delay(*wait)) : fail(std::move(why));
    }

    call_context talk_;
    std::shared_ptr<transfer_type> transfer_;
    std::size_t at_ = 0; ///< of its URLs, where it has any
};

} // namespace lading
