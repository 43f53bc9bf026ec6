// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The redirect layer: follows redirects for any operation, mostly of GET and HEAD (doc/protocol.md#redirects,
/// doc/threats.md#c01).
///
/// Other methods are sent again as they are after 307 and 308 that stay on the origin, three times at most, where the body can
/// begin again; every other redirect is an answer to them.
///
/// 301, 302, 303, 307 and 308 are followed, at most `limits::redirects` times a request. All headers are sent again
/// but credentials: once a hop leaves the origin, no later hop may be authorized, and none may lead to an address inside
/// a network unless the connection to the server that names it led there too. https never becomes http, and no target names a
/// user.
/// A target that carries its own signature gets no `Authorization`, on the registry's own origin either: stores that see
/// both answer 400. What no URL may hold in a `Location` (a space, bytes of UTF-8) is percent-encoded.

#include "../http/url.hpp"
#include "../protocol/step.hpp"

#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace lading {

template <class Op>
class redirect_middleware : immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, Op>;

  public:
    using value_type = typename Op::value_type;

    template <class Context, class... Args>
    explicit redirect_middleware(Context& context, Args&&... args)
        : limit_(context.options.bounds.redirects), inner_(context, std::forward<Args>(args)...) {}

    step<value_type> start() { return remember(inner_.start()); }
    step<value_type> on_delay() { return remember(inner_.on_delay()); }
    step<value_type> on_response(result<response> answer, auth_note const& shown = {}) {
        if (answer) { // what was odd on the way here belongs to where it leads
            auto& w = answer.assume_value().warnings;
            w.insert(w.begin(), std::make_move_iterator(remarks_.begin()), std::make_move_iterator(remarks_.end()));
            remarks_.clear();
        }
        if (!answer || !is_redirect(answer.assume_value())) return remember(detail::respond(inner_, std::move(answer), shown));
        auto hop = follow(answer.assume_value());
        if (!hop) return remember(inner_.on_response(std::move(hop).assume_error()));
        if (!hop.assume_value()) return remember(detail::respond(inner_, std::move(answer), shown));
        last_ = std::move(hop).assume_value();
        remarks_ = std::move(answer.assume_value().warnings);
        return *last_;
    }

  private:
    /// Keeps the request that is about to go out, in case its answer is a redirect.
    step<value_type> remember(step<value_type> s) {
        if (auto* x = std::get_if<need_exchange>(&s)) {
            last_ = *x;
            hops_ = 0;
        }
        return s;
    }
    bool is_redirect(response const& head) const {
        auto const s = head.status;
        if (only_reads()) return s == 301 || s == 302 || s == 303 || s == 307 || s == 308;
        return (s == 307 || s == 308) && hops_ != 3 && last_->routing.may_authorize;
    }
    bool only_reads() const { return last_->query.method == "GET" || last_->query.method == "HEAD"; }
    /// Whether what changes something may go on to there.
    bool may_change(url const& here, result<url> const& there) const {
        if (!there || there.assume_value().origin() != here.origin()) return false;
        // What is removed is in the repository that the caller has named.
        return last_->query.method != "DELETE" || repository_in(there.assume_value().path()) == repository_in(here.path());
    }
    static std::string_view repository_in(std::string_view path) {
        for (std::string_view const part : {"/manifests/", "/blobs/"})
            if (auto const at = path.rfind(part); at != path.npos) return path.substr(0, at);
        return path.substr(0, path.rfind('/'));
    }
    /// A URL that is its own credential, in the forms of S3, of Google's and Azure's stores and of CloudFront.
    static bool is_signed(url const& u) {
        std::string_view rest = u.query();
        while (!rest.empty()) {
            auto const one = rest.substr(0, rest.find('&'));
            auto const key = one.substr(0, one.find('='));
            for (auto name : {"X-Amz-Signature", "X-Goog-Signature", "Signature", "sig"})
                if (key.size() < one.size() && iequal(key, name)) return true;
            rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        }
        return false;
    }
    /// The next request; nothing when the answer is one.
    result<std::optional<need_exchange>> follow(response const& head) {
        LADING_TRY(auto const here, url::parse(last_->query.url));
        auto refuse = [&](errc e, std::string why) {
            fallback_facts facts;
            facts.answered = true;
            facts.next_endpoint = true;
            return error(e).with_context(std::move(why)).with_status(head.status).with_facts(facts).with_url(here.safe());
        };
        auto const where = head.headers.find("Location");
        if (!only_reads() && !may_change(here, here.resolve(where.value_or("")))) return std::optional<need_exchange>();
        if (!where || where->empty()) return refuse(errc::redirect_invalid, "no Location");
        auto const target = percent_encode_stray(*where);
        if (names_user(target)) return refuse(errc::url_invalid, "the target of a redirect names a user");
        auto const there = here.resolve(target);
        if (!there) return refuse(errc::redirect_invalid, there.error().detail().context);
        if (here.scheme() == "https" && there.assume_value().scheme() != "https")
            return refuse(errc::redirect_downgrade, there.assume_value().safe());
        if (++hops_ > limit_) return refuse(errc::redirect_too_many, "more than " + std::to_string(limit_));
        auto next = *last_;
        next.query.url = there.assume_value().str();
        bool const leaves = there.assume_value().origin() != here.origin();
        if (leaves || is_signed(there.assume_value())) {
            next.routing.may_authorize = false;
            next.query.headers.erase("Authorization"); // an operation may have set its own, as v1 does with its token
            if (leaves) {
                next.query.headers.erase("If-Range"); // what it names is of the origin
                next.query.address_policy = policy_from(head, last_->query.address_policy, here.host(), there.assume_value().host());
                if (next.query.named_by.empty()) next.query.named_by = here.authority();
            }
        }
        return std::optional<need_exchange>(std::move(next));
    }

    std::size_t limit_;
    Op inner_;
    std::optional<need_exchange> last_;
    std::size_t hops_ = 0;
    std::vector<warning> remarks_;
};

} // namespace lading
