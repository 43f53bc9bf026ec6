// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `validate_fields<T>`: whether `decode<T>` would take a JSON value, in constant expressions. Most documents are not
/// literal types, so the rules of `read_value` are applied to the types alone.

#include "read_value.hpp"

namespace lading::detail {

/// What is wrong, and its path.
template <reflected T>
constexpr fault validate_fields(json_view v, errc wrong, limits const& l) {
    decode_state s(l, wrong);
    s.where.code = read_value(v, static_cast<T*>(nullptr), s);
    return s.where;
}

} // namespace lading::detail
