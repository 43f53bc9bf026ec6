// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `WWW-Authenticate` (RFC 9110, 11.6.1): several challenges a line, token68, quoted strings, white space around `=`
/// (spec 3.3 FIX).

#include "../detail/text.hpp"

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
    static constexpr std::size_t max_challenges = 16, max_params = 32;

    challenge_parser(std::string_view line, parsed_challenges& out) : rest_(line), out_(out) {}

    /// A line is a list of elements; an element is `scheme`, `scheme token68`, `scheme name=value`, or `name=value`
    /// that belongs to the challenge before it. What cannot be read ends the line and drops the challenge it is in.
    void run() {
        for (;;) {
            skip(" \t,");
            if (rest_.empty()) return;
            auto const word = token();
            if (word.empty()) return drop();
            auto const before_space = rest_;
            skip(" \t");
            if (rest_.starts_with('=') && open_) {
                if (!parameter(word)) return drop();
                continue;
            }
            rest_ = before_space;
            if (!begin(word)) return drop();
        }
    }

  private:
    bool begin(std::string_view scheme) {
        if (out_.challenges.size() == max_challenges) return open_ = false;
        bool const ends = rest_.empty() || rest_.front() == ',' || rest_.front() == ' ' || rest_.front() == '\t';
        if (!ends) return open_ = false;
        out_.challenges.emplace_back(lower(scheme));
        open_ = true;
        skip(" \t");
        if (rest_.empty() || rest_.front() == ',') return true;
        auto const at = rest_;
        if (auto const name = token(); !name.empty()) {
            skip(" \t");
            if (rest_.starts_with('=') && !is_token68_tail(rest_)) return parameter(name);
        }
        rest_ = at;
        auto& c = out_.challenges.back();
        auto take_while = [&](auto fits) {
            for (; !rest_.empty() && fits(rest_.front()); rest_.remove_prefix(1)) c.token68 += rest_.front();
        };
        take_while([](char x) { return is_alnum(x) || std::string_view("-._~+/").find(x) != std::string_view::npos; });
        if (c.token68.empty()) return false;
        take_while([](char x) { return x == '='; });
        skip(" \t");
        return rest_.empty() || rest_.front() == ',';
    }
    /// "==" or "=" at the end of an element is the padding of a token68, not a parameter.
    static bool is_token68_tail(std::string_view text) {
        while (text.starts_with('=')) text.remove_prefix(1);
        text = trim(text);
        return text.empty() || text.front() == ',';
    }
    bool parameter(std::string_view name) {
        if (!out_.challenges.back().token68.empty()) return false; // one or the other
        rest_.remove_prefix(1);
        skip(" \t");
        std::string value;
        if (rest_.starts_with('"')) {
            if (!quoted(value)) return false;
        } else {
            value = token();
            if (value.empty()) return false;
        }
        skip(" \t");
        if (!rest_.empty() && rest_.front() != ',') return false;
        auto& c = out_.challenges.back();
        auto key = lower(name);
        if (c.params.size() == max_params || c.param(key)) return false;
        c.params.emplace_back(std::move(key), std::move(value));
        return true;
    }
    bool quoted(std::string& value) {
        for (rest_.remove_prefix(1); !rest_.empty(); rest_.remove_prefix(1)) {
            char c = rest_.front();
            if (c == '"') {
                rest_.remove_prefix(1);
                return true;
            }
            if (c == '\\') {
                rest_.remove_prefix(1);
                if (rest_.empty()) return false;
                c = rest_.front();
            }
            value += c;
        }
        return false;
    }
    std::string_view token() {
        std::size_t n = 0;
        while (n < rest_.size() && is_tchar(rest_[n])) ++n;
        auto const out = rest_.substr(0, n);
        rest_.remove_prefix(n);
        return out;
    }
    void skip(std::string_view set) {
        while (!rest_.empty() && set.find(rest_.front()) != set.npos) rest_.remove_prefix(1);
    }
    void drop() {
        out_.malformed = true;
        if (open_) out_.challenges.pop_back();
    }

    std::string_view rest_;
    parsed_challenges& out_;
    bool open_ = false; ///< the last challenge may take parameters
};

} // namespace detail

/// Reads every challenge of the header lines. A malformed challenge is dropped with the rest of its line; a parameter
/// that comes twice makes its challenge malformed. At most 16 challenges of 32 parameters.
inline parsed_challenges parse_challenges(std::span<std::string_view const> lines) {
    parsed_challenges out;
    for (auto line : lines) detail::challenge_parser(line, out).run();
    return out;
}

} // namespace lading
