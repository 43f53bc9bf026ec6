#ifdef WITH_ASIO
#include <lading/lading.hpp>
#else
#include <lading/core.hpp>
#endif

#include <cstdio>

int main() {
#ifdef WITH_ASIO
    lading::client registry;
#endif
    auto const parsed = lading::reference::parse("debian:12");
    if (!parsed) return 1;
    std::puts(parsed.value().str().c_str());
    return 0;
}
