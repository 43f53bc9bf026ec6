// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Parts of documents that several output formats hold, as Docker 1.10 wrote them: the `config` object, a history entry,
/// lists and maps.

#include "reflect/config.hpp"
#include "write_fields.hpp"

#include <array>
#include <string_view>

namespace lading::detail {

/// The fields that Docker 1.10 leaves out when they say nothing; the others are always there, null where a list is absent.
template <class T>
inline constexpr std::array<std::string_view, 0> left_out_by_docker_1_10{};
template <>
inline constexpr std::array<std::string_view, 6> left_out_by_docker_1_10<container_config>{"ExposedPorts", "PublishService", "ArgsEscaped",
                                                                                           "NetworkDisabled", "MacAddress", "StopSignal"};
template <>
inline constexpr std::array<std::string_view, 5> left_out_by_docker_1_10<history_entry>{"created", "author", "created_by", "comment", "empty_layer"};

/// The fields as they are reflected, which is Docker's order.
struct docker_1_10_form {
    static constexpr bool strict = false;
    template <class T, class F>
    static void for_each(F&& f) {
        for_each_accessor<T>([&](std::string_view name, bool, auto const& access) {
            auto const& out = left_out_by_docker_1_10<T>;
            f(name, std::find(out.begin(), out.end(), name) == out.end(), access);
        });
    }
};

/// Text that is no UTF-8 is written with U+FFFD.
template <class T>
void write_value(json_writer& w, T const& value) {
    document_writer<docker_1_10_form>(w).write(value);
}

inline void write_unless_empty(json_writer& w, std::string_view key, std::string_view text) {
    if (!text.empty()) w.key(key).string(text);
}

} // namespace lading::detail
