// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `byte_ranges`: what a `Range` header asks of a content of known size (RFC 9110, section 14).

#include "../detail/text.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lading::service {

/// Bytes `from` to `from + size - 1`.
struct byte_range {
    std::uint64_t from = 0, size = 0;
    /// "bytes 0-3/120".
    std::string content_range(std::uint64_t whole) const {
        return "bytes " + std::to_string(from) + '-' + std::to_string(from + size - 1) + '/' + std::to_string(whole);
    }
    friend bool operator==(byte_range const&, byte_range const&) = default;
};

struct byte_ranges {
    static constexpr std::size_t most = 16; ///< of one request; for more of them, or for more bytes than there are, all is given

    enum class verdict : unsigned char { whole,      ///< all of it
                                         parts,      ///< `all`, each within the content
                                         beyond,     ///< none of them is
                                         malformed };
    verdict is = verdict::whole;
    std::vector<byte_range> all;

    static byte_ranges of(std::string_view header, std::uint64_t size) {
        byte_ranges out;
        if (!header.starts_with("bytes=")) return out.is = verdict::malformed, out;
        header.remove_prefix(6);
        std::uint64_t sum = 0;
        std::size_t asked = 0;
        for (bool more = true; more;) {
            auto const comma = std::min(header.find(','), header.size());
            auto const one = detail::trim(header.substr(0, comma));
            more = comma < header.size();
            header.remove_prefix(comma + (more ? 1 : 0));
            if (one.empty()) continue;
            auto const dash = one.find('-');
            if (dash == one.npos) return out.is = verdict::malformed, out;
            auto const first = number(detail::trim(one.substr(0, dash))), last = number(detail::trim(one.substr(dash + 1)));
            bool const suffix = detail::trim(one.substr(0, dash)).empty(), open = detail::trim(one.substr(dash + 1)).empty();
            if ((!first && !suffix) || (!last && !open) || (suffix && open) || (first && last && *first > *last)) return out.is = verdict::malformed, out;
            ++asked;
            byte_range r;
            r.from = suffix ? size - std::min(*last, size) : *first;
            if (r.from >= size) continue;
            r.size = (suffix || open ? size : std::min(*last, size - 1) + 1) - r.from;
            sum += r.size;
            if (out.all.size() < most) out.all.push_back(r);
        }
        if (asked == 0) return out.is = verdict::malformed, out;
        if (out.all.empty()) return out.is = verdict::beyond, out;
        out.is = sum > size || asked > most ? verdict::whole : verdict::parts;
        return out;
    }

  private:
    static std::optional<std::uint64_t> number(std::string_view text) {
        if (text.empty() || text.size() > 19) return std::nullopt;
        std::uint64_t out = 0;
        for (char const c : text) {
            if (!detail::is_digit(c)) return std::nullopt;
            out = out * 10 + static_cast<std::uint64_t>(c - '0');
        }
        return out;
    }
};

} // namespace lading::service
