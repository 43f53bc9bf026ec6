// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The resolve operation: what a tag or a digest leads to, without the document where that can be had.
///
/// Requests: HEAD `/v2/<name>/manifests/<tag or digest>`; and the GET of the manifest operation where the answer does not tell.

#include "manifest.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

namespace lading {

/// The value is the descriptor of the document: media type and size are as the registry says them, and -1 or empty where it does not.
/// Only of a GET they are those of verified bytes.
///
/// Errors: those of the raw manifest operation, whose GET follows any answer to HEAD but a good one, a refusal (401, 403, 429) and a failure of
/// the server (5xx), so that the registry's own words for an error are known.
template <class P>
class resolve_operation : public operation_base<descriptor, P> {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    /// With `head_only` a 404 is the answer, whatever its words would be.
    resolve_operation(call_context c, reference const& ref, bool head_only = false)
        : talk_(std::move(c)), ref_(ref), body_(talk_.bounds.manifest_bytes, talk_.bounds), fetch_(talk_, ref), head_only_(head_only) {}

    step<descriptor> start() {
        request q = talk_.get("manifests", ref_.target());
        q.method = "HEAD";
        manifest_exchange<P>::add_accept(q, talk_);
        return need_exchange(std::move(q), body_, talk_.pull());
    }
    step<descriptor> on_response(lading::result<response> answer, auth_note const& shown = {}) {
        if (fetching_) return map(fetch_.on_response(std::move(answer), shown));
        LADING_TRY(auto const head, std::move(answer));
        int const s = head.status;
        if ((s == 404 && head_only_) || s == 401 || s == 403 || s == 429 || (s >= 500 && s != 501))
            return error_from_response<typename P::json>(head, body_.text(), ref_.has_digest() ? asked::manifest_by_digest : asked::manifest, talk_.bounds, shown);
        if (s == 200)
            if (auto told = told_by(head)) return done<descriptor>(std::move(*told));
        fetching_ = true;
        return map(fetch_.start());
    }

  private:
    /// What the head says, if that is enough.
    std::optional<descriptor> told_by(response const& head) const {
        auto const said = head.headers.all("Docker-Content-Digest");
        if (said.size() > 1) return std::nullopt;
        auto const parsed = said.empty() ? lading::result<digest>(error(errc::digest_invalid)) : digest::parse(detail::trim(said.front()));
        if (!said.empty() && !parsed) return std::nullopt;
        auto const& wanted = ref_.digest();
        if (!parsed && !wanted) return std::nullopt;
        if (parsed && wanted && parsed.assume_value().algorithm() == wanted->algorithm() && parsed.assume_value() != *wanted) return std::nullopt;
        std::vector<warning> odd; // the document will tell
        descriptor out(detail::content_type(head, odd), wanted ? *wanted : parsed.assume_value(), descriptor::unknown_size);
        if (!is_known_manifest_type(out.media_type)) out.media_type.clear();
        if (auto const length = head.headers.find("Content-Length")) {
            std::int64_t n = 0;
            auto const [end, wrong] = std::from_chars(length->data(), length->data() + length->size(), n);
            if (wrong == std::errc() && end == length->data() + length->size() && n > 0) out.size = n;
        }
        return out;
    }
    static step<descriptor> map(lading::step<manifest_bytes> s) {
        if (auto* x = std::get_if<need_exchange>(&s)) return std::move(*x);
        if (auto* d = std::get_if<need_delay>(&s)) return *d;
        auto got = std::move(std::get<lading::done<manifest_bytes>>(s).value());
        if (!got) return std::move(got).assume_error();
        return done<descriptor>(std::move(got.assume_value().self));
    }

    call_context talk_;
    reference ref_;
    response_body body_;
    raw_manifest_operation<P> fetch_;
    bool fetching_ = false, head_only_;
};

} // namespace lading
