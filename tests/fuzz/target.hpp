// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a fuzz target is: a name, an oracle over bytes, seeds of its own, and the dictionary that fits. All targets are
/// one program; see main.cpp for how one is chosen.

#include <lading/error.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

struct target {
    std::string_view name;
    std::string_view dictionary; ///< tests/fuzz/NAME.dict
    void (*run)(std::string_view input);
    std::vector<std::string> (*seeds)();
};

/// Every target of the program.
inline std::vector<target>& all_targets() {
    static std::vector<target> all;
    return all;
}
struct add_target {
    explicit add_target(target t) { all_targets().push_back(t); }
};

/// Ends the program with the sentence that does not hold, and the values that it is about.
inline void must(bool holds, std::string_view sentence, std::string_view a = {}, std::string_view b = {}) {
    if (holds) return;
    auto show = [](char const* name, std::string_view text) {
        if (text.empty()) return;
        std::fprintf(stderr, "%s: ", name);
        for (char const c : text.substr(0, 2000)) {
            if (c >= 0x20 && c < 0x7f && c != '\\') std::fputc(c, stderr);
            else std::fprintf(stderr, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
        }
        std::fputc('\n', stderr);
    };
    std::fprintf(stderr, "\nDoes not hold: %.*s\n", static_cast<int>(sentence.size()), sentence.data());
    show("a", a);
    show("b", b);
    std::abort();
}

/// What every failure must be: typed, and one printable line.
inline void check_error(lading::error const& e) {
    must(e.kind() != lading::errc::ok, "a failure has a code of the library", e.code().message());
    auto const line = e.message();
    for (char const c : line)
        must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "the message of an error has no control character", line);
    must(line.size() < (64u << 10), "the message of an error is bounded", line);
}

/// Reads a structured input: bytes that choose, and texts that end at the byte 0x1e. At the end every byte is 0 and
/// every text empty, so that any input is one.
class input {
  public:
    explicit input(std::string_view bytes) : rest_(bytes) {}
    bool empty() const noexcept { return rest_.empty(); }
    unsigned byte() {
        if (rest_.empty()) return 0;
        auto const out = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return out;
    }
    std::string_view text() {
        auto const end = std::min(rest_.find(separator), rest_.size());
        auto const out = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return out;
    }
    std::string_view rest() const noexcept { return rest_; }

    static constexpr char separator = '\x1e';

  private:
    std::string_view rest_;
};

/// The parts between line feeds.
inline std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> out;
    for (;;) {
        auto const end = text.find('\n');
        out.push_back(text.substr(0, end));
        if (end == text.npos) return out;
        text.remove_prefix(end + 1);
    }
}

} // namespace fuzz

/// `FUZZ_TARGET(name, "dictionary", {seeds...}) { ... input ... }`: defines a target.
#define FUZZ_TARGET(NAME, DICTIONARY, ...)                                                         \
    static void run_##NAME(std::string_view input);                                                \
    static std::vector<std::string> seeds_of_##NAME() { return __VA_ARGS__; }                      \
    static fuzz::add_target const target_##NAME({#NAME, DICTIONARY, run_##NAME, seeds_of_##NAME}); \
    static void run_##NAME([[maybe_unused]] std::string_view input)
