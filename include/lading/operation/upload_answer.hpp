// SPDX-License-Identifier: BSL-1.0
#pragma once

/// How the answers to requests that write are read (doc/protocol.md#uploads).

#include "../digest.hpp"
#include "../error_groups.hpp"
#include "../http/content_encoding.hpp"
#include "../http/status.hpp"
#include "../http/url.hpp"
#include "../limits.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// What an answer to a request that writes says in words, of which no more is read than of an error body. The length that an answer
/// to HEAD announces is that of something else.
class answer_text final : public body_sink {
  public:
    explicit answer_text(limits const& l) : most_(l.error_bytes) {}

    result<sink_action> begin(response const& head, std::optional<std::uint64_t>) override {
        text_.clear();
        return content_coding_of(head.headers) == content_coding::identity ? sink_action::proceed : sink_action::stop;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        text_.append(reinterpret_cast<char const*>(piece.data()), std::min(piece.size(), most_ - text_.size()));
        return text_.size() < most_ ? sink_action::proceed : sink_action::stop;
    }
    std::string const& text() const noexcept { return text_; }

  private:
    std::string text_;
    std::size_t most_;
};

/// The same failure under another code.
inline error with_code(error const& e, errc code) {
    auto const& d = e.detail();
    error out = error(code).with_values(d.expected, d.actual).with_facts(e.facts()).with_status(e.http_status());
    out.with_context(d.context).with_url(d.url).with_rate(d.rate).with_registry_errors(d.registry_errors);
    return out;
}

inline bool says_code(error const& e, std::string_view code) {
    auto const& all = e.detail().registry_errors;
    return std::any_of(all.begin(), all.end(), [&](auto const& one) { return one.code == code; });
}
/// Whether one of the words is in what the registry says, codes included.
inline bool says_any(error const& e, std::initializer_list<std::string_view> words) {
    for (auto const& one : e.detail().registry_errors) {
        auto const text = lower(one.code + ' ' + one.message + ' ' + one.detail);
        for (auto const word : words)
            if (text.find(word) != text.npos) return true;
    }
    return false;
}

/// A failure of an exchange after which a request without a body may simply be sent again.
constexpr bool is_passing(errc code) noexcept {
    switch (code) {
    case errc::connection_reset:
    case errc::http_body_truncated:
    case errc::tls_truncated:
    case errc::timeout_header:
    case errc::timeout_body:
    case errc::timeout_write: return true;
    default: return false;
    }
}

/// The digest that an answer names; nothing for none, two, or what is none.
inline std::optional<digest> digest_said(response const& head) {
    auto const said = head.headers.all("Docker-Content-Digest");
    if (said.size() != 1) return std::nullopt;
    auto const d = digest::parse(trim(said.front()));
    return d ? std::optional(d.assume_value()) : std::nullopt;
}
/// What is wrong when an answer names another digest of the same algorithm.
inline std::optional<error> named_otherwise(response const& head, digest const& ours) {
    auto const said = digest_said(head);
    if (!said || said->algorithm() != ours.algorithm() || *said == ours) return std::nullopt;
    fallback_facts facts;
    facts.answered = true;
    facts.over_tls = head.url.starts_with("https:");
    auto out = error(errc::digest_mismatch).with_context("what the registry has kept").with_values(ours.str(), said->str());
    out.with_status(head.status).with_url(safe_url(head.url)).with_facts(facts);
    return out;
}

/// A refusal of the request's size: smaller ones may be taken.
inline bool refuses_size(response const& head, std::string_view body) {
    if (head.status == 413) return true;
    auto const text = lower(body);
    auto const has = [&](std::string_view word) { return text.find(word) != text.npos; };
    if (head.status == 416) return has("size") || has("too large") || has("exceed") || has("larger");
    return head.status == 400 && (has("size_invalid") || has("too large"));
}
/// Who stands before the registry had no patience with a request of so many bytes. The registry may have taken it for all that.
inline bool may_refuse_size(response const& head, std::uint64_t size) {
    return (head.status == 502 || head.status == 504) && size > 100'000'000;
}

/// The error of an answer to a request that writes.
template <json_policy J>
error upload_refusal(response const& head, std::string_view body, limits const& l, auth_note const& shown) {
    auto e = error_from_response<J>(head, body, asked::blob, l, shown);
    int const s = head.status;
    if (s == 401 || s == 429) return e;
    if (says_code(e, "NAME_UNKNOWN")) {
        e = with_code(e, errc::name_unknown);
        return e.with_context("the repository has to be made first"), e;
    }
    if (says_code(e, "NAME_INVALID")) return with_code(e, errc::ref_invalid);
    if (s == 405 || s == 501 || (s < 500 && says_code(e, "UNSUPPORTED"))) return with_code(e, errc::unsupported_by_registry);
    if (s == 404) return with_code(e, errc::not_found);
    if (s == 411) return with_code(e, errc::http_unexpected_status); // every body has a length
    if (s == 412) return with_code(e, errc::precondition_failed);
    return e;
}

/// `Warning: 299` of an answer (RFC 7234, section 5.5), once each, at most 4 KiB in all.
inline void add_registry_warnings(response const& head, std::vector<warning>& to) {
    std::size_t room = 4u << 10;
    for (auto const text : head.headers.all("Warning")) {
        if (!text.starts_with("299 ")) continue;
        auto const quote = text.find('"');
        auto words = quote == text.npos ? text.substr(4) : text.substr(quote + 1);
        if (words.ends_with('"')) words.remove_suffix(1);
        warning w(warning_code::registry_warning, printable(words.substr(0, room), room));
        room -= std::min(room, w.text.size());
        if (!w.text.empty() && std::find(to.begin(), to.end(), w) == to.end() && to.size() < 32) to.push_back(std::move(w));
    }
}

} // namespace lading::detail
