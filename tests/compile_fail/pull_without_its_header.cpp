// expect: [lading] client: pull needs <lading/bulk/pull.hpp>
// SPDX-License-Identifier: BSL-1.0
#include <lading/client/client.hpp>
#include <lading/store/memory_store.hpp>

#if !LADING_BAD
#include <lading/bulk/pull.hpp>
#endif

void ask(lading::client& registry, lading::memory_store& to) { (void)registry.pull("r.example/x", to); }
