// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The `Link` header (RFC 8288), as far as paging needs it: the target of `rel="next"` (doc/threats.md#p03).

#include "../detail/dependent.hpp"
#include "../detail/text.hpp"
#include "../result.hpp"
#include "message.hpp"
#include "url.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lading {

namespace detail {

/// True when a space-separated list of relation types, in the wrong quotes too, has "next".
inline bool relates_next(std::string_view list) {
    if (list.starts_with('\'') && list.ends_with('\'') && list.size() > 1) list = list.substr(1, list.size() - 2);
    while (!list.empty()) {
        auto const end = std::min(list.find(' '), list.size());
        if (iequal(list.substr(0, end), "next")) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

/// One `;name=value` of a link; false when malformed.
inline bool link_parameter(std::string_view& rest, std::string& name, std::string& value) {
    name.clear();
    value.clear();
    rest = trim(rest);
    while (!rest.empty() && is_tchar(rest.front())) {
        name += to_lower(rest.front());
        rest.remove_prefix(1);
    }
    rest = trim(rest);
    if (name.empty()) return false;
    if (!rest.starts_with('=')) return true;
    rest.remove_prefix(1);
    rest = trim(rest);
    if (!rest.starts_with('"')) {
        while (!rest.empty() && rest.front() != ';' && rest.front() != ',' && rest.front() != ' ') {
            value += rest.front();
            rest.remove_prefix(1);
        }
        rest = trim(rest);
        return true;
    }
    for (rest.remove_prefix(1); !rest.empty(); rest.remove_prefix(1)) {
        if (rest.front() == '"') {
            rest.remove_prefix(1);
            rest = trim(rest);
            return true;
        }
        if (rest.front() == '\\') {
            rest.remove_prefix(1);
            if (rest.empty()) return false;
        }
        value += rest.front();
    }
    return false;
}

} // namespace detail

/// The target of the first link that relates `next`, as written, or nothing. A target may stand without its brackets, and
/// a lone link without a `rel` is the next one. Errors: `link_invalid` (a bracket or quote without its other, text
/// behind a link, no target, a line over 64 KiB).
inline result<std::optional<std::string>> next_link(std::span<std::string_view const> lines) {
    std::size_t links = 0;
    std::optional<std::string> unrelated; ///< the last one without a `rel`
    for (auto rest : lines) {
        auto refuse = [](char const* why) { return error(errc::link_invalid).with_context(why); };
        if (rest.size() > (64u << 10)) return refuse("longer than 65536 bytes");
        for (;;) {
            while (!rest.empty() && (rest.front() == ',' || rest.front() == ' ' || rest.front() == '\t'))
                rest.remove_prefix(1);
            if (rest.empty()) break;
            std::string target;
            if (rest.front() == '<') {
                auto const close = rest.find('>');
                if (close == rest.npos) return refuse("no '>'");
                target = rest.substr(1, close - 1);
                rest.remove_prefix(close + 1);
            } else {
                auto end = std::min(rest.find_first_of("; \t"), rest.size());
                if (end == 0) return refuse("no target");
                while (rest[end - 1] == ',') --end; // it is not of the target (a comma never begins one here)
                target = rest.substr(0, end);
                rest.remove_prefix(end);
                if (target.find_first_of("<>\"") != target.npos) return refuse("no '<'");
            }
            rest = detail::trim(rest);
            std::string name, value;
            bool next = false, seen_rel = false;
            while (rest.starts_with(';')) {
                rest = detail::trim(rest.substr(1));
                if (rest.empty() || rest.front() == ';' || rest.front() == ',') continue; // a list may end so
                if (!detail::link_parameter(rest, name, value)) return refuse("a malformed parameter");
                if (name == "rel" && !seen_rel) next = detail::relates_next(value), seen_rel = true;
            }
            if (!rest.empty() && rest.front() != ',') return refuse("text after a link");
            ++links;
            if (target.empty() && (next || !seen_rel)) return refuse("an empty target");
            if (next) return std::optional<std::string>(std::move(target));
            if (!seen_rel) unrelated = std::move(target);
        }
    }
    return links == 1 ? std::move(unrelated) : std::nullopt;
}

/// The next page of a list, and the one that named it, maybe where a redirect has led to.
struct next_page {
    url here, there;
};

/// What an answer names as its next page, if anything. Errors: those of `next_link`, `url_invalid`.
template <class Head = response>
detail::dependent<result<std::optional<next_page>>, Head> next_page_of(Head const& head) {
    LADING_TRY(auto const link, next_link(head.headers.all("Link")));
    if (!link) return std::optional<next_page>();
    LADING_TRY(auto here, url::parse(head.url));
    LADING_TRY(auto there, here.resolve(*link));
    return std::optional<next_page>(next_page{std::move(here), std::move(there)});
}

} // namespace lading
