// SPDX-License-Identifier: BSL-1.0
#include <lading/protocol/accept_notes.hpp>

#include "catch.hpp"
#include <string>
#include <thread>

namespace accept_notes_test {

using lading::accept_notes;
using form = accept_notes::form;

TEST_CASE("A note about an origin is found under that origin, and a later one replaces it") {
    accept_notes notes;
    CHECK(notes.find("https://a.test") == form::unknown);
    notes.note("https://a.test", form::line_a_type);
    CHECK(notes.find("https://a.test") == form::line_a_type);
    CHECK(notes.find("https://b.test") == form::unknown);
    notes.note("https://a.test", form::one_line);
    CHECK(notes.find("https://a.test") == form::one_line);
}

TEST_CASE("Notes are bounded: what was noted stays, and more is not noted") {
    accept_notes notes;
    auto const origin = [](std::size_t i) { return "https://r" + std::to_string(i) + ".test"; };
    for (std::size_t i = 0; i < accept_notes::most + 100; ++i) notes.note(origin(i), form::one_line);
    CHECK(notes.find(origin(0)) == form::one_line);
    CHECK(notes.find(origin(accept_notes::most - 1)) == form::one_line);
    CHECK(notes.find(origin(accept_notes::most)) == form::unknown);
}

TEST_CASE("Threads that note the same origins at once find one note each") {
    accept_notes notes;
    auto const work = [&](form f) {
        for (std::size_t i = 0; i < 20'000; ++i) {
            auto const origin = std::to_string(i % 200);
            notes.note(origin, f);
            if (notes.find(origin) == form::unknown) std::terminate();
        }
    };
    std::thread other(work, form::line_a_type);
    work(form::one_line);
    other.join();
    for (std::size_t i = 0; i < 200; ++i) CHECK(notes.find(std::to_string(i)) != form::unknown);
}

} // namespace accept_notes_test
