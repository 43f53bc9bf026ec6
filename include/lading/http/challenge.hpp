// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `WWW-Authenticate` (RFC 9110, 11.6.1): several challenges a line, token68, quoted strings, white space around `=`; and what
/// servers write instead: values without quotes or with quotes in them, parameters without commas between them or twice.

#include "../detail/text.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// One challenge: a scheme with either a token68 or parameters.
struct challenge {
    explicit challenge(std::string s) : scheme(std::move(s)) {}
    std::string scheme; ///< lower case
    std::string token68;
    std::vector<std::pair<std::string, std::string>> params; ///< names in lower case

    std::optional<std::string_view> param(std::string_view name) const {
        for (auto const& [n, v] : params)
            if (n == name) return std::string_view(v);
        return std::nullopt;
    }
};

/// What could be read, and whether something could not.
struct parsed_challenges {
    std::vector<challenge> challenges;
    bool malformed = false;
};

namespace detail {

class challenge_parser {
  public:
    static constexpr std::size_t max_challenges = 16, max_params = 32, max_value = 16u << 10;

    challenge_parser(std::string_view line, parsed_challenges& out) : rest_(line), out_(out) {}

    /// A line is a list of elements; an element is `scheme`, `scheme token68`, `scheme name=value`, or `name=value`
    /// that belongs to the challenge before it. What cannot be read is left out up to the next comma.
    void run() {
        for (;;) {
            skip(" \t,;");
            if (rest_.empty()) return;
            auto const word = token(rest_);
            if (word.empty()) {
                leave_out();
                continue;
            }
            auto const behind = rest_;
            skip(blanks);
            if (rest_.starts_with('=') && open_) {
                parameter(word);
                continue;
            }
            rest_ = behind;
            if (!rest_.empty() && rest_.front() != ',' && !is_blank(rest_.front())) leave_out();
            else if (out_.challenges.size() == max_challenges) out_.malformed = true, rest_ = {};
            else begin(word);
        }
    }

  private:
    static constexpr std::string_view blanks = " \t";
    static bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

    void begin(std::string_view scheme) {
        out_.challenges.emplace_back(lower(scheme));
        open_ = true;
        skip(blanks);
        if (rest_.empty() || rest_.front() == ',') return;
        auto const at = rest_;
        if (auto const name = token(rest_); !name.empty()) {
            skip(blanks);
            if (rest_.starts_with('=') && !is_token68_tail(rest_)) return parameter(name);
        }
        rest_ = at;
        std::string text;
        auto take_while = [&](auto fits) {
            for (; !rest_.empty() && fits(rest_.front()); rest_.remove_prefix(1)) text += rest_.front();
        };
        take_while([](char x) { return is_alnum(x) || std::string_view("-._~+/").find(x) != std::string_view::npos; });
        if (!text.empty()) take_while([](char x) { return x == '='; });
        skip(blanks);
        bool const whole = !text.empty() && (rest_.empty() || rest_.front() == ',');
        if (whole && text.size() <= max_value) out_.challenges.back().token68 = std::move(text);
        else leave_out();
    }
    /// "==" or "=" at the end of an element is the padding of a token68, not a parameter.
    static bool is_token68_tail(std::string_view text) {
        while (text.starts_with('=')) text.remove_prefix(1);
        text = trim(text);
        return text.empty() || text.front() == ',';
    }

    void parameter(std::string_view name) {
        rest_.remove_prefix(1);
        skip(blanks);
        std::string value;
        bool good = true;
        if (rest_.starts_with('"')) good = quoted(value);
        else value = unquoted();
        for (char c : value) good = good && c >= 0 ? c >= 0x20 && c != 0x7f : good;
        good = good && value.size() <= max_value && out_.challenges.back().token68.empty(); // one or the other
        auto& params = out_.challenges.back().params;
        auto key = lower(name);
        for (auto& [known, was] : params) {
            if (known != key) continue;
            out_.malformed = true; // the first one counts; scopes are a list
            if (good && key == "scope" && was.size() + value.size() < max_value) was.append(was.empty() ? "" : " ").append(value);
            return;
        }
        if (good && params.size() < max_params) params.emplace_back(std::move(key), std::move(value));
        else out_.malformed = true;
    }
    /// Up to the quote that ends the element. One that does not is a part of the value.
    bool quoted(std::string& value) {
        for (rest_.remove_prefix(1); !rest_.empty(); rest_.remove_prefix(1)) {
            char c = rest_.front();
            if (c == '"' && ends_element(rest_.substr(1))) {
                rest_.remove_prefix(1);
                return true;
            }
            if (c == '"') out_.malformed = true;
            if (c == '\\') {
                rest_.remove_prefix(1);
                if (rest_.empty()) return false;
                c = rest_.front();
            }
            value += c;
        }
        return false;
    }
    /// Up to a comma, or to a blank with the next element behind it.
    std::string unquoted() {
        auto const parts = [](char c) { return is_blank(c) || c == ';'; };
        std::size_t n = 0;
        while (n < rest_.size() && rest_[n] != ',') {
            if (parts(rest_[n]) && ends_element(rest_.substr(n))) break;
            for (++n; n < rest_.size() && parts(rest_[n - 1]) && parts(rest_[n]);) ++n; // a run of blanks is judged once
        }
        std::string out(trim(rest_.substr(0, n)));
        rest_.remove_prefix(n);
        return out;
    }
    /// The line ends here, or another element begins behind a separator.
    static bool ends_element(std::string_view text) {
        std::size_t n = 0;
        while (n < text.size() && (is_blank(text[n]) || text[n] == ';')) ++n;
        if (n == text.size() || text[n] == ',') return true;
        if (n == 0) return false;
        text.remove_prefix(n);
        auto const word = token(text);
        if (word.empty()) return false;
        bool const blank = !text.empty() && is_blank(text.front());
        text = trim(text);
        if (text.starts_with('=')) return true;
        if (!blank || !is_scheme(word) || token(text).empty()) return false;
        return trim(text).starts_with('=');
    }
    static bool is_scheme(std::string_view word) {
        auto const w = lower(word);
        return w == "basic" || w == "bearer" || w == "digest" || w == "negotiate";
    }
    /// Takes the token at the beginning of a text off it.
    static std::string_view token(std::string_view& text) {
        std::size_t n = 0;
        while (n < text.size() && is_tchar(text[n])) ++n;
        auto const out = text.substr(0, n);
        text.remove_prefix(n);
        return out;
    }
    void skip(std::string_view set) {
        while (!rest_.empty() && set.find(rest_.front()) != set.npos) rest_.remove_prefix(1);
    }
    void leave_out() {
        out_.malformed = true;
        rest_.remove_prefix(std::min(rest_.find(','), rest_.size()));
    }

    std::string_view rest_;
    parsed_challenges& out_;
    bool open_ = false; ///< the last challenge may take parameters
};

} // namespace detail

/// Reads every challenge of the header lines: its scheme, and of its parameters what can be read. A parameter whose value has
/// a control character or is longer than 16 KiB is left out; of one that comes twice the first counts, `scope` is joined. At
/// most 16 challenges of 32 parameters.
inline parsed_challenges parse_challenges(std::span<std::string_view const> lines) {
    parsed_challenges out;
    for (auto line : lines) detail::challenge_parser(detail::trim(line), out).run();
    return out;
}

/// What a token must allow, where a challenge says that the one that was shown does not suffice (RFC 6750, 3.1); empty where none
/// says so. Printable, at most 1 KiB.
inline std::string scope_that_suffices(parsed_challenges const& offered) {
    for (auto const& c : offered.challenges) {
        if (c.scheme != "bearer" || c.param("error") != "insufficient_scope") continue;
        auto const named = c.param("scope").value_or("");
        if (named.size() <= 1024 && std::all_of(named.begin(), named.end(), detail::is_print)) return std::string(named);
    }
    return {};
}

} // namespace lading
