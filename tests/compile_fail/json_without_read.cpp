// expect: [lading] json policy: J needs a static `template <class Sink> lading::json_status read(
// SPDX-License-Identifier: BSL-1.0
#include <lading/policy/json.hpp>

struct mine {
#if !LADING_BAD
    template <class Sink>
    static lading::json_status read(std::string_view, Sink& sink) {
        return {sink.on_null(), 0};
    }
#endif
};

static_assert(lading::check_json<mine>::ok);
