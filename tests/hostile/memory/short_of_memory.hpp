// SPDX-License-Identifier: BSL-1.0
#pragma once

/// One run of a client that is short of memory, and what the runs came to.

#include "../../support/catch.hpp"
#include "../../support/goldens.hpp"
#include "exhaustion.hpp"

#include <openssl/crypto.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <string>

namespace test {

/// `make` makes a client, `call` is its work: with failing memory once, then, healed, once more with the same client.
template <class Make, class Call, class After>
heap::outcome run_short_of_memory(std::size_t n, bool ever_after, verdict const& whole, Make const& make, Call const& call, After const& after) {
    heap::outcome out;
    OPENSSL_thread_stop(); // what OpenSSL keeps for a thread is made, and freed, within the run
    heap::watch const w(n, ever_after);
    try {
        auto c = make();
        try {
            auto const got = call(*c);
            out.failed = got.failure != lading::errc::ok && got != whole;
            if (got.failure == lading::errc::ok && got != whole) out.wrong = "took something else for the answer: " + got.value;
        } catch (std::bad_alloc const&) {
            out.threw = true;
        }
        out.fired = heap::watch::now().fired;
        if (!ever_after) {
            heap::watch::heal();
            if (auto const again = call(*c); !(again == whole)) out.wrong = "does not work afterwards: " + std::string(lading::name_of(again.failure));
        }
    } catch (std::bad_alloc const&) {
        out.threw = true; // there is no client
    } catch (std::exception const& e) {
        heap::watch::heal();
        out.wrong = std::string("threw ") + e.what();
    }
    out.fired = heap::watch::now().fired;
    heap::watch::heal();
    OPENSSL_thread_stop();
    after();
    auto const kept = heap::watch::now().live;
    if (out.wrong.empty() && kept > 0) out.wrong = "leaks " + std::to_string(kept) + " blocks";
    return out;
}

inline void report(std::string const& name, heap::summary const& s) {
    INFO(name);
    for (auto const& w : s.wrong) UNSCOPED_INFO(w);
    CHECK(s.wrong.empty());
    CHECK(s.threw > 0);
    std::printf("%-52s%8zu runs: %zu thrown, %zu returned, %zu unharmed\n", name.c_str(), s.runs, s.threw, s.failed, s.unharmed);
}

} // namespace test
