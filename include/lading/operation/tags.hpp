// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The tags operation: every page of a repository's tag list, bounded (spec 4.1, hostile.md P01-P03, L06).
///
/// Requests: GET `/v2/<name>/tags/list?n=<page size>`, then one a page as `Link` says, on the
/// registry's own origin only, whoever answered.

#include "../http/link.hpp"
#include "../http/status.hpp"
#include "../http/url.hpp"
#include "../image/inspection.hpp"
#include "../json/document.hpp"
#include "body.hpp"
#include "conversation.hpp"
#include "step.hpp"

#include <optional>
#include <set>

namespace lading {

/// Collects pages. Used by the tags operation and, when tags are asked for, by inspect.
template <class P>
class tag_listing {
    template <class T>
    using result = detail::late<lading::result<T>, P>;

  public:
    explicit tag_listing(conversation const& c) : talk_(c), body_(c.bounds.tag_page_bytes, c.bounds) {}

    need_exchange first() {
        return ask(talk_.get("tags", "list?n=" + std::to_string(talk_.bounds.page_size)));
    }

    /// Takes the answer to the last request; the next one, or nothing when the list is there.
    result<std::optional<need_exchange>> next(result<response> answer) {
        LADING_TRY(auto const head, std::move(answer));
        if (head.status != 200)
            return error_from_response<typename P::json>(head, body_.text(), asked::tags, talk_.bounds);
        auto const before = tags_.values.size();
        LADING_TRY_V(take_page(body_.take()));
        if (tags_.state == tags_state::truncated) return std::optional<need_exchange>();
        LADING_TRY(auto const link, next_link(head.headers.all("Link")));
        if (!link) return std::optional<need_exchange>();

        LADING_TRY(auto const here, url::parse(head.url)); // maybe where a redirect led to
        LADING_TRY(auto const registry, url::parse(talk_.base_url));
        LADING_TRY(auto const there, here.resolve(*link));
        if (there.origin() != registry.origin())
            return error(errc::page_cross_origin).with_values(registry.origin().str(), there.origin().str());
        barren_ = tags_.values.size() == before ? barren_ + 1 : 0;
        if (!seen_.insert(std::hash<std::string>{}(there.str())).second || there.str() == here.str() || barren_ == 3)
            return error(errc::page_loop).with_url(there.safe());
        if (seen_.size() >= talk_.bounds.pages)
            return error(errc::page_limit).with_values(std::to_string(talk_.bounds.pages) + " pages", "more");
        request q = talk_.get("tags", "list");
        q.url = there.str();
        return std::optional<need_exchange>(ask(std::move(q)));
    }

    tag_list take() {
        if (tags_.state == tags_state::not_requested) tags_.state = tags_state::complete;
        return std::move(tags_);
    }

  private:
    need_exchange ask(request q) {
        q.headers.set("Accept", "application/json");
        return need_exchange(std::move(q), body_);
    }

    /// Empty names are dropped, and names that are digests (some registries list those); any other name that is not a
    /// tag makes the list malformed, because it could not be asked for.
    result<void> take_page(std::string text) {
        LADING_TRY(auto const page, json_document::parse<typename P::json>(text, page_limits()));
        std::string().swap(text); // the tags are copied from the document
        auto const list = page.root().find("tags");
        if (!page.root().is_object() || (list && !list->is_null() && !list->is_array()))
            return error(errc::tags_invalid).with_context("no list of tags");
        if (!list) return success();
        result<void> verdict = success();
        list->each_element([&](json_view element) {
            if (!verdict || tags_.state == tags_state::truncated) return;
            auto const tag = element.as_string();
            if (tag && (tag->empty() || digest::parse(*tag))) return;
            if (!tag || !is_tag(*tag)) {
                verdict = error(errc::tags_invalid).with_values("a tag", tag ? detail::printable(*tag, 160) : "no string");
            } else if (tags_.values.size() >= talk_.bounds.tags || bytes_ + tag->size() > talk_.bounds.tags_bytes) {
                tags_.state = tags_state::truncated;
                tags_.why = "at " + std::to_string(tags_.values.size());
            } else {
                bytes_ += tag->size();
                tags_.values.emplace_back(*tag);
            }
        });
        return verdict;
    }
    json_limits page_limits() const {
        json_limits l = talk_.bounds.json;
        l.bytes = talk_.bounds.tag_page_bytes;
        return l;
    }

    conversation talk_;
    response_body body_;
    tag_list tags_;
    std::size_t bytes_ = 0;
    std::size_t barren_ = 0;
    std::set<std::size_t> seen_; ///< hashes of the pages' URLs: bounded by `limits::pages`, whatever their length
};

/// Lists the tags of a repository. The value's state is `complete` or `truncated`.
/// Errors: `page_loop`, `page_limit`, `page_cross_origin`, `link_invalid`, `tags_invalid`, `json_*`, those of
/// `error_from_response` and the transport.
template <class P>
class tags_operation : pinned {
    template <class T>
    using result = detail::late<lading::result<T>, P>;
    template <class T>
    using step = detail::late<lading::step<T>, P>;
    template <class T>
    using done = detail::late<lading::done<T>, P>;

  public:
    using value_type = tag_list;

    explicit tags_operation(conversation const& c) : listing_(c) {}

    step<tag_list> start() { return listing_.first(); }
    step<tag_list> on_response(result<response> answer) {
        auto next = listing_.next(std::move(answer));
        if (!next) return done<tag_list>(std::move(next).assume_error());
        if (next.assume_value()) return std::move(*next.assume_value());
        return done<tag_list>(listing_.take());
    }
    step<tag_list> on_delay() { return done<tag_list>(error(errc::invalid_argument)); }

  private:
    tag_listing<P> listing_;
};

} // namespace lading
