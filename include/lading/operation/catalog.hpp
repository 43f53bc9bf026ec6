// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The catalog operation: the repositories of a registry, page by page, bounded.
///
/// Requests: GET `/v2/_catalog?n=<page size>`, then one a page as `Link` says, on the registry's own origin only.

#include "../detail/reference_grammar.hpp"
#include "../http/link.hpp"
#include "../http/plain_words.hpp"
#include "../http/url.hpp"
#include "../json/document.hpp"
#include "../protocol/body.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"
#include "repository_list.hpp"
#include "upload_answer.hpp"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// Errors: `unsupported_by_registry` where a registry does not list repositories; `denied`, `auth_*`; those of tag lists. What came before a
/// failure is the list.
template <class P>
class catalog_operation : public operation_base<repository_list, P> {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    explicit catalog_operation(call_context c) : talk_(std::move(c)), body_(talk_.bounds.manifest_bytes, talk_.bounds), n_(talk_.bounds.page_size) {}

    step<repository_list> start() { return first(); }
    step<repository_list> on_response(result<response> answer, auth_note const& shown = {}) {
        auto more = after(std::move(answer), shown);
        if (more && more.assume_value()) return std::move(*more.assume_value());
        if (!more) {
            auto e = std::move(more).assume_error();
            if (list_.values.empty() || e == errc::cancelled || e == errc::out_of_memory) return e;
            list_.failure = std::move(e);
            list_.complete = false;
        }
        return done<repository_list>(std::move(list_));
    }

  private:
    need_exchange first() { return ask(talk_.base_url + "/v2/_catalog" + (n_ ? "?n=" + std::to_string(n_) : "")); }
    need_exchange ask(std::string url) {
        auto q = talk_.send("GET", std::move(url));
        q.headers.add("Accept", "application/json");
        return need_exchange(std::move(q), body_, routing("registry:catalog:*"));
    }

    result<std::optional<need_exchange>> after(result<response> answer, auth_note const& shown) {
        LADING_TRY(auto const head, std::move(answer));
        if (head.status != 200) {
            auto e = detail::upload_refusal<typename P::json>(head, body_.text(), talk_.bounds, shown);
            if (head.status == 400 && list_.values.empty() && n_ != 0) { // too many at once, perhaps
                n_ = n_ > 100 ? 100 : 0;
                return std::optional<need_exchange>(first());
            }
            if (head.status == 404 || head.status == 405 || head.status == 501) {
                e = detail::with_code(e, errc::unsupported_by_registry);
                e.with_context("it does not list its repositories");
            }
            return e;
        }
        auto const before = list_.values.size();
        LADING_TRY(auto const full, add(head));
        if (full) return std::optional<need_exchange>();
        LADING_TRY(auto const page, next_page_of(head));
        if (!page) return std::optional<need_exchange>();
        auto const& [here, there] = *page;
        if (there.origin() != talk_.home) return error(errc::page_cross_origin).with_values(talk_.home.str(), there.origin().str());
        barren_ = list_.values.size() == before ? barren_ + 1 : 0;
        if (there.str() == here.str() || !seen_.insert(there.str()).second || barren_ == 3) return error(errc::page_loop).with_url(there.safe());
        if (seen_.size() >= talk_.bounds.pages) return error(errc::page_limit).with_values(std::to_string(talk_.bounds.pages) + " pages", "more");
        return std::optional<need_exchange>(ask(there.str()));
    }
    /// The names of a page. True when a limit is met.
    result<bool> add(response const& head) {
        auto const text = body_.take();
        auto parsed = json_document::parse<typename P::json>(text, talk_.bounds.json);
        if (!parsed)
            if (auto other = answer_of_another_kind(head, text, "a list of repositories")) return std::move(*other);
        LADING_TRY(auto const page, std::move(parsed));
        auto const names = page.root().is_object() ? page.root().find("repositories") : std::nullopt;
        if (!names || (!names->is_array() && !names->is_null())) return error(errc::tags_invalid).with_context("no list of repositories").with_url(safe_url(head.url));
        if (names->is_null()) return false;
        bool full = false;
        names->each_element([&](json_view one) {
            auto const name = one.as_string();
            if (name && !detail::check_path(*name, 0)) {
                full = full || list_.values.size() == talk_.bounds.tags || bytes_ + name->size() > talk_.bounds.tags_bytes;
                if (full) return;
                bytes_ += name->size();
                list_.values.emplace_back(*name);
            } else if (list_.odd.size() < 100) {
                list_.odd.push_back(name ? detail::printable(*name, 256) : "no string");
            }
        });
        if (full) list_.complete = false;
        return full;
    }

    call_context talk_;
    response_body body_;
    repository_list list_;
    std::size_t n_; ///< entries a page; 0: the registry decides
    std::size_t bytes_ = 0, barren_ = 0;
    std::set<std::string> seen_;
};

} // namespace lading
