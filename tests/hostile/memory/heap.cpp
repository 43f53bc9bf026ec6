// SPDX-License-Identifier: BSL-1.0
#include "heap.hpp"

#include <openssl/crypto.h>

#include <atomic>
#include <cstdlib>
#include <initializer_list>
#include <malloc.h>
#include <new>

namespace heap {

namespace {

thread_local counts mine;
thread_local bool watching = false;
counts everybodys;
std::atomic<bool> everyone{false};
std::atomic_flag counting;

/// Calls `f` with the counts of this thread, or with those that all threads share; false where nobody watches.
template <class F>
bool counted(F f) noexcept {
    if (watching) return f(mine);
    if (!everyone) return false;
    while (counting.test_and_set(std::memory_order_acquire)) {}
    bool const out = f(everybodys);
    counting.clear(std::memory_order_release);
    return out;
}

/// True when this allocation is to fail.
bool refused() noexcept {
    return counted([](counts& c) {
        auto const n = c.calls++;
        bool const fails = n == c.fail_at || (c.ever_after && n > c.fail_at);
        c.fired = c.fired || fails;
        return fails;
    });
}
void taken(void* p) noexcept {
    if (!p) return;
    counted([p](counts& c) {
        ++c.live;
        c.bytes += static_cast<std::ptrdiff_t>(malloc_usable_size(p));
        if (c.bytes > c.peak) c.peak = c.bytes;
        return true;
    });
}
void given_back(void* p) noexcept {
    if (!p) return;
    counted([p](counts& c) {
        --c.live;
        c.bytes -= static_cast<std::ptrdiff_t>(malloc_usable_size(p));
        return true;
    });
}

void* take(std::size_t n) noexcept {
    if (refused()) return nullptr;
    void* const p = std::malloc(n ? n : 1);
    taken(p);
    return p;
}
void* take_aligned(std::size_t n, std::size_t alignment) noexcept {
    if (refused()) return nullptr;
    void* const p = std::aligned_alloc(alignment, (n + alignment - 1) / alignment * alignment);
    taken(p);
    return p;
}
void give_back(void* p) noexcept {
    given_back(p);
    std::free(p);
}
void* must(void* p) {
    if (!p) throw std::bad_alloc();
    return p;
}

void* openssl_take(std::size_t n, char const*, int) { return n ? take(n) : nullptr; }
void openssl_give_back(void* p, char const*, int) { give_back(p); }
void* openssl_resize(void* p, std::size_t n, char const*, int) {
    if (!p) return n ? take(n) : nullptr;
    if (n == 0) return give_back(p), nullptr;
    if (refused()) return nullptr;
    given_back(p);
    void* const q = std::realloc(p, n);
    taken(q ? q : p);
    return q;
}
bool openssl_told = false;
/// Before the globals of any other unit, since Asio's have OpenSSL take memory.
[[gnu::constructor(101)]] void tell_openssl() {
    openssl_told = CRYPTO_set_mem_functions(openssl_take, openssl_resize, openssl_give_back) == 1;
}

} // namespace

watch::watch() : watch(SIZE_MAX) {}
watch::watch(std::size_t fail_at, bool ever_after, bool everywhere) {
    auto& c = everywhere ? everybodys : mine;
    c = counts{};
    c.fail_at = fail_at;
    c.ever_after = ever_after;
    (everywhere ? everyone = true : watching = true);
}
watch::~watch() { watching = everyone = false; }
counts const& watch::now() noexcept { return watching ? mine : everybodys; }
void watch::heal() noexcept {
    for (auto* c : {&mine, &everybodys}) {
        c->fail_at = SIZE_MAX;
        c->ever_after = false;
    }
}

bool openssl_is_watched() noexcept { return openssl_told; }

} // namespace heap

void* operator new(std::size_t n) { return heap::must(heap::take(n)); }
void* operator new[](std::size_t n) { return heap::must(heap::take(n)); }
void* operator new(std::size_t n, std::nothrow_t const&) noexcept { return heap::take(n); }
void* operator new[](std::size_t n, std::nothrow_t const&) noexcept { return heap::take(n); }
void* operator new(std::size_t n, std::align_val_t a) { return heap::must(heap::take_aligned(n, std::size_t(a))); }
void* operator new[](std::size_t n, std::align_val_t a) { return heap::must(heap::take_aligned(n, std::size_t(a))); }
void operator delete(void* p) noexcept { heap::give_back(p); }
void operator delete[](void* p) noexcept { heap::give_back(p); }
void operator delete(void* p, std::size_t) noexcept { heap::give_back(p); }
void operator delete[](void* p, std::size_t) noexcept { heap::give_back(p); }
void operator delete(void* p, std::nothrow_t const&) noexcept { heap::give_back(p); }
void operator delete[](void* p, std::nothrow_t const&) noexcept { heap::give_back(p); }
void operator delete(void* p, std::align_val_t) noexcept { heap::give_back(p); }
void operator delete[](void* p, std::align_val_t) noexcept { heap::give_back(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { heap::give_back(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { heap::give_back(p); }
