// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `secret_redactor`: what a client has told a server in confidence, hidden again where the server repeats it in what people
/// get to read.

#include "../detail/base64.hpp"
#include "../detail/text.hpp"
#include "../http/url.hpp"
#include "../policy/credentials.hpp"
#include "../result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lading {

/// Hides secrets as they are, as they were sent (base64, percent-encoded), as JSON writes them, and as they look when made
/// printable; also where a text ends in the middle of one. A secret of fewer than four characters is not looked for: it would
/// stand in every other word. Not synchronised.
class secret_redactor {
  public:
    void add(credential const& c) {
        add_forms(c.password);
        add_forms(c.identity_token);
        add_forms(c.registry_token);
        if (!c.password.empty()) add_forms(detail::base64_encode(c.username + ':' + c.password));
    }
    /// The value of an `Authorization` line, without its scheme.
    void add_authorization(std::string_view value) { add_forms(value.substr(value.find(' ') + 1)); }

    void hide_in(std::string& text) const {
        for (auto const& secret : secrets_)
            for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at + 3))
                text.replace(at, secret.size(), "***");
        for (auto const& secret : secrets_) hide_cut(text, secret);
    }
    /// In all that an error says.
    void hide_in(error& e) const {
        if (!secrets_.empty()) e.each_text([this](std::string& text) { hide_in(text); });
    }
    /// In a failure: all that it says. In a value: the remarks that quote a server, where there are some.
    template <class T>
    void hide_in(result<T>& r) const {
        if (secrets_.empty()) return;
        if (!r) return hide_in(r.assume_error());
        if constexpr (requires(T& value) { value.warnings; })
            for (auto& w : r.assume_value().warnings) hide_in(w.text);
        if constexpr (requires(T& value) { value.tags.why; }) hide_in_list(r.assume_value().tags);
        if constexpr (requires(T& value) { value.why, value.failure; }) hide_in_list(r.assume_value());
    }

  private:
    template <class Tags>
    void hide_in_list(Tags& list) const {
        hide_in(list.why);
        if (list.failure) hide_in(*list.failure);
    }
    static constexpr std::size_t shortest = 4; ///< characters, of a secret and of its beginning at the end of a text

    /// The beginning of a secret before the end of a text, or before what ends a quotation in one.
    static void hide_cut(std::string& text, std::string const& secret) {
        auto const head = std::string_view(secret).substr(0, shortest);
        for (auto at = text.find(head); at != text.npos; at = text.find(head, at + 1)) {
            std::size_t n = head.size();
            while (n < secret.size() && at + n < text.size() && text[at + n] == secret[n]) ++n;
            auto const rest = std::string_view(text).substr(at + n);
            bool const ends = rest.empty() || rest.starts_with("...");
            bool const quoted = n >= 2 * shortest && (rest.starts_with(')') || rest.starts_with('"'));
            if (ends || quoted) text.replace(at, n, "***");
        }
    }

    void add_forms(std::string_view secret) {
        if (secret.size() < shortest) return;
        auto const encoded = percent_encode(secret);
        std::string in_lower = encoded, with_plus;
        for (std::size_t i = 0; i < encoded.size(); ++i) {
            if (encoded[i] == '%' && encoded.compare(i, 3, "%20") == 0) with_plus += '+', i += 2;
            else with_plus += encoded[i];
        }
        for (std::size_t i = 0; i + 2 < in_lower.size(); ++i)
            if (in_lower[i] == '%') in_lower[i + 1] = detail::to_lower(in_lower[i + 1]), in_lower[i + 2] = detail::to_lower(in_lower[i + 2]);
        for (auto const& form : {std::string(secret), encoded, in_lower, with_plus, in_json(secret, false), in_json(secret, true)}) {
            add_text(form);
            add_text(detail::printable(form, form.size()));
        }
    }
    /// As the inside of a JSON string; `wide`: in ASCII alone and with `\/`, as some writers do.
    static std::string in_json(std::string_view text, bool wide) {
        std::string out;
        auto hex = [&](unsigned unit) {
            out += "\\u";
            for (int shift = 12; shift >= 0; shift -= 4) out += "0123456789abcdef"[unit >> shift & 15];
        };
        for (std::size_t i = 0; i < text.size(); ++i) {
            char const c = text[i];
            auto const byte = static_cast<unsigned char>(c);
            if (c == '"' || c == '\\' || (wide && c == '/')) out.append("\\").append(1, c);
            else if (byte < 0x20) hex(byte);
            else if (!wide || byte < 0xc2 || byte > 0xf4) out += c;
            else {
                std::size_t const more = byte < 0xe0 ? 1 : byte < 0xf0 ? 2
                                                                       : 3;
                auto point = static_cast<std::uint32_t>(byte & (0x3f >> more));
                for (std::size_t k = 1; k <= more && i + k < text.size(); ++k)
                    point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3fu);
                i += more;
                if (point > 0xffff) hex(0xd800 + ((point - 0x10000) >> 10 & 0x3ff)), hex(0xdc00 + (point & 0x3ff));
                else hex(point);
            }
        }
        return out;
    }
    /// The longest first: one may be a part of another.
    void add_text(std::string_view text) {
        auto at = secrets_.begin();
        for (; at != secrets_.end() && at->size() >= text.size(); ++at)
            if (*at == text) return;
        secrets_.emplace(at, text);
    }

    std::vector<std::string> secrets_;
};

} // namespace lading
