// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The tags operation: every page of a repository's tag list, bounded (doc/protocol.md#tags, doc/threats.md#p01).
///
/// Requests: GET `/v2/<name>/tags/list?n=<page size>`, then one a page as `Link` says, on the
/// registry's own origin only, whoever answered: a link to the same list under another name is read as its place there.

#include "../http/link.hpp"
#include "../http/plain_words.hpp"
#include "../http/status.hpp"
#include "../http/url.hpp"
#include "../inspection.hpp"
#include "../protocol/body.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"
#include "tag_page.hpp"

#include <optional>
#include <set>

namespace lading {

namespace detail {

/// Reads pages into a list, name by name as they come: what is not kept is not held either, and does not count. A page that
/// is sent again begins again.
class tag_body final : public body_sink {
  public:
    explicit tag_body(limits const& l) : bounds_(l), error_body_(0, l), page_(l.json.depth) {}

    result<sink_action> begin(response const& head, std::optional<std::uint64_t> content_length) override {
        is_page_ = head.status == 200;
        if (!is_page_) return error_body_.begin(head, content_length);
        while (tags_.size() > before_) bytes_ -= tags_.back().size(), tags_.pop_back();
        page_ = tag_page(bounds_.json.depth);
        start_.clear();
        status_ = errc::ok;
        full_ = false;
        return sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        if (!is_page_) return error_body_.write(piece);
        std::string_view const text(reinterpret_cast<char const*>(piece.data()), piece.size());
        start_ += text.substr(0, shown - std::min(shown, start_.size()));
        auto const room = bounds_.tag_page_bytes - static_cast<std::size_t>(page_.at());
        status_ = page_.read(text.substr(0, room), [this](std::optional<std::string_view> name) { return add(name); });
        if (status_ == errc::ok && !full_ && text.size() > room) status_ = errc::body_too_large;
        return status_ == errc::ok && !full_ ? sink_action::proceed : sink_action::stop;
    }

    /// The page that `head` belongs to is over; what is wrong with it.
    std::optional<error> page_over(response const& head) {
        if (status_ == errc::ok) status_ = page_.finish();
        before_ = tags_.size();
        if (full_ || status_ == errc::ok) return std::nullopt;
        if (status_ == errc::body_too_large)
            return error(status_).with_values("a page of at most " + std::to_string(bounds_.tag_page_bytes) + " bytes (limits::tag_page_bytes)", "more");
        if (status_ == errc::tags_invalid) return error(status_).with_context("no list of tags");
        if (auto other = answer_of_another_kind(head, start_, "a tag list")) return other;
        return error(status_).with_context("at byte " + std::to_string(page_.at()));
    }
    std::string const& error_text() const noexcept { return error_body_.text(); }
    std::vector<std::string>& tags() noexcept { return tags_; }
    /// A limit of the list is met: nothing more is wanted.
    bool full() const noexcept { return full_; }
    /// The first entry that is no tag, if there was one.
    std::optional<error> const& odd() const noexcept { return odd_; }

  private:
    /// Empty names are dropped, and names that are digests (some registries list those). Any other that is no tag could not
    /// be asked for: it is left out, and the list is not a complete one.
    bool add(std::optional<std::string_view> name) {
        if (name && (name->empty() || digest::parse(*name))) return true;
        if (!name || !is_tag(*name)) {
            if (!odd_) odd_ = error(errc::tags_invalid).with_values("a tag", name ? printable(*name, 160) : "no string");
            return true;
        }
        full_ = tags_.size() >= bounds_.tags || bytes_ + name->size() > bounds_.tags_bytes;
        if (full_) return false;
        bytes_ += name->size();
        tags_.emplace_back(*name);
        return true;
    }

    static constexpr std::size_t shown = 512; ///< of a page: enough to say what it is when it is none

    limits bounds_;
    response_body error_body_;
    tag_page page_;
    std::vector<std::string> tags_;
    std::string start_;
    std::optional<error> odd_;
    std::size_t bytes_ = 0;
    std::size_t before_ = 0; ///< names of the pages before
    errc status_ = errc::ok;
    bool full_ = false, is_page_ = false;
};

} // namespace detail

/// Collects pages. Used by the tags operation and, when tags are asked for, by inspect.
template <class P>
class tag_listing {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;

  public:
    explicit tag_listing(call_context const& c) : talk_(c), body_(c.bounds) {}

    need_exchange first() {
        auto q = talk_.get("tags", "list?n=" + std::to_string(talk_.bounds.page_size));
        own_path_ = talk_.get("tags", "list").url.substr(talk_.base_url.size());
        return ask(std::move(q));
    }

    /// Takes the answer to the last request; the next one, or nothing when the list is over.
    std::optional<need_exchange> next(result<response> answer, auth_note const& shown = {}) {
        auto next = after(std::move(answer), shown);
        if (next) return std::move(next).assume_value();
        failure_ = std::move(next).assume_error();
        return std::nullopt;
    }

    /// The list, when it is over. A failure is the error only where not one name has come before it, or when the call was
    /// cancelled or found no memory: else what came is the list, `truncated`.
    result<tag_list> take() {
        if (!failure_) failure_ = body_.odd();
        if (failure_ && (body_.tags().empty() || *failure_ == errc::cancelled || *failure_ == errc::out_of_memory))
            return std::move(*failure_);
        tag_list out;
        out.values = std::move(body_.tags());
        out.state = failure_ || body_.full() ? tags_state::truncated : tags_state::complete;
        if (failure_) out.why = failure_->summary();
        else if (body_.full()) out.why = "at " + std::to_string(out.values.size());
        out.failure = std::move(failure_);
        return out;
    }

  private:
    need_exchange ask(request q) {
        q.headers.set("Accept", "application/json");
        return need_exchange(std::move(q), body_, talk_.pull());
    }

    result<std::optional<need_exchange>> after(result<response> answer, auth_note const& shown) {
        auto const before = std::exchange(known_, body_.tags().size());
        LADING_TRY(auto const head, std::move(answer));
        if (head.status != 200)
            return error_from_response<typename P::json>(head, body_.error_text(), asked::tags, talk_.bounds, shown);
        if (auto wrong = body_.page_over(head)) return std::move(*wrong);
        if (body_.full()) return std::optional<need_exchange>();
        LADING_TRY(auto page, next_page_of(head));
        if (!page) return std::optional<need_exchange>();
        auto& [here, there] = *page;
        if (there.origin() != talk_.home) {
            // A server behind a gateway knows itself by another name: the place in its list is meant, not the name.
            if (there.path() != own_path_ && there.path() != here.path())
                return error(errc::page_cross_origin).with_values(talk_.home.str(), there.origin().str());
            there = there.at(talk_.home, own_path_);
        }
        barren_ = body_.tags().size() == before ? barren_ + 1 : 0;
        if (!seen_.insert(std::hash<std::string>{}(there.str())).second || there.str() == here.str() || barren_ == 3)
            return error(errc::page_loop).with_url(there.safe());
        if (seen_.size() >= talk_.bounds.pages)
            return error(errc::page_limit).with_values(std::to_string(talk_.bounds.pages) + " pages", "more");
        request q = talk_.get("tags", "list");
        q.url = there.str();
        return std::optional<need_exchange>(ask(std::move(q)));
    }

    call_context talk_;
    detail::tag_body body_;
    std::string own_path_;
    std::optional<error> failure_;
    std::size_t known_ = 0; ///< names when the last page was over
    std::size_t barren_ = 0;
    std::set<std::size_t> seen_; ///< hashes of the pages' URLs: bounded by `limits::pages`, whatever their length
};

/// Lists the tags of a repository. The value's state is `complete` or `truncated`: at a limit, or because of a failure
/// after the first name (`tag_list::failure`).
/// Errors: `page_loop`, `page_limit`, `page_cross_origin`, `link_invalid`, `tags_invalid`, `json_*`, `body_too_large`,
/// `not_a_registry`, those of `error_from_response` and the transport.
template <class P>
class tags_operation : public operation_base<tag_list, P> {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    explicit tags_operation(call_context const& c) : listing_(c) {}

    step<tag_list> start() { return listing_.first(); }
    step<tag_list> on_response(result<response> answer, auth_note const& shown = {}) {
        if (auto more = listing_.next(std::move(answer), shown)) return std::move(*more);
        return done<tag_list>(listing_.take());
    }

  private:
    tag_listing<P> listing_;
};

} // namespace lading
