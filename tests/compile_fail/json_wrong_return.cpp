// expect: [lading] json policy: J needs a static `template <class Sink> lading::json_status read(
// SPDX-License-Identifier: BSL-1.0
#include <lading/policy/json.hpp>

struct mine {
    template <class Sink>
    static auto read(std::string_view, Sink& sink) {
#if LADING_BAD
        return sink.on_null() == lading::errc::ok;
#else
        return lading::json_status{sink.on_null(), 0};
#endif
    }
};

static_assert(lading::check_json<mine>::ok);
