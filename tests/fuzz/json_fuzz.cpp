// SPDX-License-Identifier: BSL-1.0
// Our JSON reader against two others: what it accepts both accept, with the same events and the same values; and what both
// accept alike it accepts.
#include "target.hpp"

#include <lading/json/document.hpp>
#include <lading/json/readers/boost_json.hpp>
#include <lading/json/readers/nlohmann_json.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/json/writer.hpp>
#include <lading/testing/check_json.hpp>

#include <boost/json/src.hpp>

using namespace lading;
using fuzz::check_error;
using fuzz::must;

namespace {

constexpr std::size_t depth = 64;

struct reading {
    json_status status;
    std::string events;
};
template <class J>
reading read(std::string_view text) {
    testing::detail::json_transcript sink(SIZE_MAX, depth);
    auto const status = J::read(text, sink);
    return {status, std::move(sink.text)};
}

/// A library that converts numbers may report "-0" as 0: both spellings become one.
std::string without_negative_zero(std::string events) {
    for (auto at = events.find("n-0"); at != events.npos; at = events.find("n-0", at + 1)) events.replace(at, 3, "i0");
    return events;
}

/// The value as the other library's tree has it.
bool same(json_view a, nlohmann::json const& b) {
    switch (a.kind()) {
    case json_kind::null: return b.is_null();
    case json_kind::boolean: return b.is_boolean() && b.get<bool>() == *a.as_bool();
    case json_kind::integer: return b.is_number_integer() && (!b.is_number_unsigned() || *a.as_int() >= 0) && b.get<std::int64_t>() == *a.as_int();
    case json_kind::unsigned_integer: return b.is_number_unsigned() && b.get<std::uint64_t>() == *a.as_uint();
    case json_kind::number: return b.is_number();
    case json_kind::string: return b.is_string() && b.get_ref<std::string const&>() == *a.as_string();
    case json_kind::array: {
        if (!b.is_array() || b.size() != a.size()) return false;
        bool equal = true;
        std::size_t i = 0;
        a.each_element([&](json_view v) { equal = equal && same(v, b[i++]); });
        return equal;
    }
    case json_kind::repeated: return false; // not without `repeated_keys`
    case json_kind::object: break;
    }
    if (!b.is_object() || b.size() != a.size()) return false;
    bool equal = true;
    a.each_member([&](std::string_view name, json_view v) {
        auto const at = b.find(std::string(name));
        equal = equal && at != b.end() && same(v, *at) && a.find(name).has_value();
    });
    return equal;
}

} // namespace

FUZZ_TARGET(json, "json", [] {
    std::vector<std::string> out = {R"({"a":[1,-2,3.5e-1,true,false,null,"\u00e9\ud83d\ude00\n"],"b":{"":{}},"c":18446744073709551615})",
                                    R"({"a":1,"\u0061":2})", "[[[[[[[[]]]]]]]]", "-0", "1e400", "\xef\xbb\xbf{}", "\"\xed\xa0\x80\"",
                                    "\"\\ud800\"", "[1,]", "{} x", "// c", "{\"a\\u0000\":1}", "\"\xf4\x8f\xbf\xbf\"", "[9223372036854775808,-9223372036854775809]"};
    for (auto const& c : testing::detail::json_accepted) out.emplace_back(c.text);
    return out;
}()) {
    auto const ours = read<strict_json>(input), exact = read<exact_json>(input);
    auto const text_of = lading::detail::repaired(input).value_or(std::string(input));
    auto const boost = read<boost_json>(input);
    auto const nlohmann = read<nlohmann_json>(input);
    auto const show = ours.events + " / " + boost.events + " / " + nlohmann.events;
    if (ours.status) {
        auto agrees = [&](reading const& other) {
            if (other.status.code == errc::json_number) return true; // beyond the range of a double
            if (!other.status && exact.status.code == errc::json_utf8) return true; // half a character
            return bool(other.status) && without_negative_zero(other.events) == without_negative_zero(ours.events);
        };
        must(agrees(boost), "what is accepted Boost.JSON accepts, with the same events", input, show);
        must(agrees(nlohmann), "what is accepted nlohmann accepts, with the same events", input, show);
        if (nlohmann.status)
            must(nlohmann::json::accept(text_of.begin(), text_of.end()), "what is accepted nlohmann accepts as it comes", input);
    } else {
        must(!(boost.status && nlohmann.status), "what both others accept is accepted", input, show);
        must(ours.status.offset <= input.size(), "an error is inside the text", input);
    }

    auto const document = json_document::parse<strict_json>(input);
    if (!document) return check_error(document.assume_error());
    must(bool(ours.status), "a document was read", input);
    auto const root = document.assume_value().root();
    if (nlohmann.status)
        must(same(root, nlohmann::json::parse(text_of.begin(), text_of.end())), "the values are those of the other library", input);
    auto const text = json_writer().value(root).take();
    auto const again = json_document::parse<strict_json>(text);
    must(again.has_value(), "what is written is read", input, text);
    must(json_writer().value(again.assume_value().root()).take() == text, "what was written stays", text);
}
