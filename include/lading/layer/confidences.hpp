// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `confidences`: what a client has told a server in confidence, hidden again where the server repeats it in what people
/// get to read (hostile.md C19).

#include "../detail/base64.hpp"
#include "../policy/credentials.hpp"
#include "../result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lading {

/// Hides secrets as they are and as they were sent. A secret of fewer than four characters is not looked for: it would
/// stand in every other word. Not synchronised.
class confidences {
  public:
    void add(credential const& c) {
        add_text(c.password);
        add_text(c.identity_token);
        add_text(c.registry_token);
        if (!c.password.empty()) add_text(detail::base64_encode(c.username + ':' + c.password));
    }
    /// The value of an `Authorization` line, without its scheme.
    void add_authorization(std::string_view value) { add_text(value.substr(value.find(' ') + 1)); }

    void hide_in(std::string& text) const {
        for (auto const& secret : secrets_)
            for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at + 3))
                text.replace(at, secret.size(), "***");
    }
    /// In all that an error says.
    void hide_in(error& e) const {
        if (!secrets_.empty()) e.each_text([this](std::string& text) { hide_in(text); });
    }
    /// In a failure: all that it says. In a value: the remarks that quote a server, where there are some.
    template <class T>
    void hide_in(result<T>& r) const {
        if (secrets_.empty()) return;
        if (!r) {
            hide_in(r.assume_error());
        } else if constexpr (requires(T& value) { value.warnings, value.tags.why; }) {
            for (auto& w : r.assume_value().warnings) hide_in(w.text);
            hide_in_list(r.assume_value().tags);
        } else if constexpr (requires(T& value) { value.why, value.failure; }) {
            hide_in_list(r.assume_value());
        }
    }

  private:
    template <class Tags>
    void hide_in_list(Tags& list) const {
        hide_in(list.why);
        if (list.failure) hide_in(*list.failure);
    }
    void add_text(std::string_view text) {
        if (text.size() < 4) return;
        for (auto const& known : secrets_)
            if (known == text) return;
        secrets_.emplace_back(text);
    }

    std::vector<std::string> secrets_;
};

} // namespace lading
