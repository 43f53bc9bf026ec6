// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Words that were mistyped.

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

/// How many letters have to be added, left out, replaced, or exchanged with the next one, to get from one word to the other; of words that are
/// not near at all some large number.
inline std::size_t letters_between(std::string_view a, std::string_view b) {
    constexpr std::size_t far = 4;
    if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) >= far) return far;
    std::vector<std::vector<std::size_t>> steps(a.size() + 1, std::vector<std::size_t>(b.size() + 1)); // from so many letters of `a` to so many of `b`
    for (std::size_t i = 0; i <= a.size(); ++i)
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                steps[i][j] = i + j;
                continue;
            }
            steps[i][j] = std::min({steps[i - 1][j] + 1, steps[i][j - 1] + 1, steps[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) steps[i][j] = std::min(steps[i][j], steps[i - 2][j - 2] + 1);
        }
    return steps[a.size()][b.size()];
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
