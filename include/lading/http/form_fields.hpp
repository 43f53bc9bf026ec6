// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `form_fields`: the fields of a query or a form.

#include "../detail/text.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// %XX decoded, and '+' as a space where forms have it; nothing for a broken escape.
inline std::optional<std::string> percent_decode(std::string_view text, bool form) {
    auto digit = [](char c) { return is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10; };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && form) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return std::nullopt;
            out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        }
    }
    return out;
}

/// The fields of a query or form, in order; broken ones are left out.
class form_fields {
  public:
    explicit form_fields(std::string_view text) {
        while (!text.empty()) {
            auto const one = text.substr(0, text.find('&'));
            text.remove_prefix(std::min(one.size() + 1, text.size()));
            auto const equals = std::min(one.find('='), one.size());
            auto key = percent_decode(one.substr(0, equals), true);
            auto value = percent_decode(one.substr(std::min(equals + 1, one.size())), true);
            if (key && value) fields_.emplace_back(std::move(*key), std::move(*value));
        }
    }
    std::optional<std::string> find(std::string_view key) const {
        for (auto const& [k, v] : fields_)
            if (k == key) return v;
        return std::nullopt;
    }
    std::string get(std::string_view key) const { return find(key).value_or(""); }
    /// The words of all fields of the key.
    std::vector<std::string> words(std::string_view key) const {
        std::vector<std::string> out;
        for (auto const& [k, v] : fields_) {
            std::string_view rest = v;
            while (k == key && !rest.empty()) {
                auto const word = rest.substr(0, rest.find(' '));
                if (!word.empty()) out.emplace_back(word);
                rest.remove_prefix(std::min(word.size() + 1, rest.size()));
            }
        }
        return out;
    }

  private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

} // namespace lading::detail
