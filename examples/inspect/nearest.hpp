// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Words that were mistyped.

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

/// How many letters have to be added, left out or replaced to get from one word to the other.
inline std::size_t letters_between(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto above_left = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            auto const above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, above_left + (a[i - 1] != b[j - 1])});
            above_left = above;
        }
    }
    return row[b.size()];
}

/// The one of `known` that `word` was most likely meant to be; empty where none is near.
template <class Words>
std::string_view nearest(std::string_view word, Words const& known) {
    std::string_view best;
    std::size_t least = word.size() < 5 ? 2 : 3; // of letters that may be wrong, and one
    for (std::string_view const k : known)
        if (auto const n = letters_between(word, k); n < least) least = n, best = k;
    return best;
}
