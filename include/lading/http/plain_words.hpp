// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What an answer says to people when it is not the document that was asked for: a web page of a portal or a proxy, XML of
/// an object store, a line of text, or nothing.

#include "../detail/text.hpp"
#include "../result.hpp"
#include "message.hpp"
#include "url.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lading {

namespace detail {

constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Without a byte order mark and white space at its front.
constexpr std::string_view skip_space(std::string_view text) noexcept {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    return text;
}

/// Where `word` (in lower case) begins in `text`, ignoring case.
constexpr std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0) noexcept {
    for (auto at = from; at + word.size() <= text.size(); ++at)
        if (iequal(text.substr(at, word.size()), word)) return at;
    return text.npos;
}

/// What is between `<name ...>` and the next tag; nothing when there is no such element.
inline std::optional<std::string_view> element(std::string_view text, std::string_view name) {
    for (auto at = text.find('<'); at != text.npos; at = text.find('<', at + 1)) {
        auto rest = text.substr(at + 1);
        if (!iequal(rest.substr(0, name.size()), name)) continue;
        rest.remove_prefix(name.size());
        if (rest.empty() || (rest.front() != '>' && !is_space(rest.front()))) continue;
        auto const begin = rest.find('>');
        if (begin == rest.npos) return std::nullopt;
        rest.remove_prefix(begin + 1);
        return rest.substr(0, rest.find('<'));
    }
    return std::nullopt;
}

/// Text of a peer on one line: white space and tags become one space, the usual entities their characters; at most `most`
/// characters, printable. Empty if the body is not text.
inline std::string one_line(std::string_view text, std::size_t most, bool markup) {
    constexpr std::pair<std::string_view, char> entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&#39;", '\''}, {"&nbsp;", ' '}};
    std::string out;
    bool gap = false;
    while (!text.empty() && out.size() <= most) {
        char c = text.front();
        std::size_t length = 1;
        if (c == '\0') return {};
        if (markup && c == '<') {
            auto skipped = text.find('>');
            for (std::string_view const hidden : {"script", "style"}) // their contents are not for people
                if (iequal(text.substr(1, hidden.size()), hidden))
                    skipped = text.find('>', find_word(text, "</" + std::string(hidden)));
            length = skipped == text.npos ? text.size() : skipped + 1;
            c = ' ';
        } else if (markup && c == '&') {
            for (auto const& [name, character] : entities)
                if (text.starts_with(name)) c = character, length = name.size();
        }
        text.remove_prefix(length);
        if (is_space(c)) {
            gap = !out.empty();
            continue;
        }
        if (std::exchange(gap, false)) out += ' ';
        out += c;
    }
    return printable(out, most);
}

/// Both in one text, of at most `most` characters.
inline std::string code_and_words(std::string code, std::string_view words, std::size_t most) {
    if (!code.empty() && !words.empty()) code += ": ";
    return printable(code.append(words), most);
}

/// A web page, by its first bytes (a header may say anything).
inline bool is_web_page(std::string_view body) {
    auto const start = skip_space(body).substr(0, 1024);
    if (!start.starts_with('<')) return false;
    for (std::string_view const mark : {"<!doctype html", "<html", "<head", "<body", "<title", "<h1", "<center", "<script"})
        if (find_word(start, mark) != start.npos) return true;
    return false;
}

} // namespace detail

/// The words of an answer that is no JSON: the title of a web page (or its heading, or its text), `<Code>` and `<Message>`
/// of XML, or the text; at most `most` characters, printable, on one line.
inline std::string plain_words(std::string_view body, std::size_t most) {
    bool const markup = detail::skip_space(body).starts_with('<');
    auto const inside = [&](char const* name) {
        auto const found = markup ? detail::element(body, name) : std::nullopt;
        return found ? detail::one_line(*found, most, true) : std::string();
    };
    bool const page = markup && detail::is_web_page(body);
    auto out = markup && !page ? detail::code_and_words(inside("code"), inside("message"), most) : inside("title");
    if (out.empty() && page) out = inside("h1");
    return out.empty() ? detail::one_line(detail::skip_space(body), most, markup) : out;
}

/// What a 200 is instead of the `wanted` ("a manifest"), with its words: `not_a_registry` for a web page, XML or nothing,
/// `json_syntax` for text that begins like no JSON; or nothing when its body may be what was asked for. The facts say
/// that another endpoint may answer differently.
inline std::optional<error> answer_of_another_kind(response const& head, std::string_view body, std::string_view wanted) {
    auto const start = detail::skip_space(body);
    bool const markup = start.starts_with('<');
    if (!start.empty() && !markup && (std::string_view("{[\"-").find(start.front()) != start.npos || detail::is_digit(start.front())))
        return std::nullopt;
    std::string what = "empty";
    if (!start.empty()) {
        what = detail::is_web_page(body) ? "a web page" : markup ? "XML or HTML"
                                                                 : "text";
        auto const type = head.headers.find("Content-Type").value_or("");
        if (!type.empty()) what += " (" + detail::printable(detail::trim(type.substr(0, type.find(';'))), 60) + ')';
    }
    fallback_facts facts;
    facts.answered = facts.next_endpoint = true;
    facts.over_tls = head.url.starts_with("https:");
    error out(start.empty() || markup ? errc::not_a_registry : errc::json_syntax);
    out.with_context("the answer is " + what + ", not " + std::string(wanted)).with_facts(facts);
    out.with_status(head.status).with_url(safe_url(head.url));
    if (auto words = plain_words(body, 200); !words.empty()) out.with_registry_errors({{"", std::move(words), ""}});
    return out;
}

} // namespace lading
