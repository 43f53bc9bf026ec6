// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `decode<T>`: fills any reflected document from a JSON value. Types and ranges are enforced here, for every JSON
/// backend and every document; unknown members are ignored; `null` counts as absent. By default every doubt is an error;
/// a caller who takes remarks gets documents with an odd part too.

#include "read_value.hpp"

#include <vector>

namespace lading {

/// Fills a `T` from a JSON value.
///
/// `wrong` is the code for a missing field or a wrong type (`manifest_schema`, `config_schema`, ...); descriptors have
/// their own: `descriptor_invalid`, `digest_unsupported`. More entries than `limits.descriptors` is `manifest_limit`, a
/// field that is there twice `json_duplicate_key`. The context of the error is the path of the field. Linear in the size
/// of the value times the fields of `T`.
///
/// With a place for remarks, `odd`: a required list that is absent or null is empty (`missing_layers`,
/// `missing_manifests`, `missing_list`); an entry of an index that is no descriptor is in its `odd_entries`, and a
/// platform may lack its parts (`odd_entries`); null in a list is an empty text or an entry that says nothing.
template <reflected T>
result<T> decode(json_view v, errc wrong = errc::manifest_schema, limits const& l = {}, std::vector<warning>* odd = nullptr) {
    T out = detail::decode_access::make<T>();
    detail::decode_state s(l, wrong, odd);
    if (errc const e = detail::read_value(v, &out, s); e != errc::ok) return detail::decode_error(e, s);
    return out;
}

} // namespace lading
