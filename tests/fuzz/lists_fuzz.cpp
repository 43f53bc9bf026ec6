// SPDX-License-Identifier: BSL-1.0
// What is read as it comes: pages of tags; and what answers say to people.
#include "target.hpp"

#include <lading/http/plain_words.hpp>
#include <lading/operation/tag_page.hpp>

#include <nlohmann/json.hpp>

using namespace lading;
using fuzz::check_error;
using fuzz::must;

namespace {

/// What comes of a page: its names, and how it ended.
struct page_read {
    std::vector<std::string> names;
    errc how = errc::ok;
    friend bool operator==(page_read const&, page_read const&) = default;
};

page_read read_page(std::string_view text, std::size_t piece, std::size_t most = 100'000) {
    page_read out;
    detail::tag_page page(64);
    auto take = [&](std::optional<std::string_view> name) {
        out.names.push_back(name ? std::string(*name) : "\x01 no string");
        return out.names.size() < most;
    };
    for (std::size_t at = 0; at < text.size() && out.how == errc::ok; at += piece) out.how = page.read(text.substr(at, piece), take);
    must(page.at() <= text.size(), "no more is read than there is");
    if (out.how == errc::ok) out.how = page.finish();
    return out;
}

/// A number that has no value of type double.
bool has_huge_number(std::string_view text) {
    std::size_t digits = 0;
    bool exponent = false;
    for (char const c : text) {
        if (detail::is_digit(c)) ++digits;
        else if (c != '-' && c != '+') exponent = (c == 'e' || c == 'E') && digits > 0, digits = 0;
        if (digits > (exponent ? 2u : 200u)) return true;
    }
    return false;
}

} // namespace

FUZZ_TARGET(tag_page, "json",
            {R"({"name":"r","tags":["1","latest"]})", R"({"tags":null})", R"({"child":[],"manifest":{"sha256:x":{"tag":["a"],"n":[1,2.5e3,{}]}},"name":"r","tags":["a","b"]})",
             R"({"tags":["\u0061\ud83d\ude00\n",1,null,{"tags":["x"]},["y"]]})", R"({"tags":["a"],"tags":["b"]})", R"({"t\u0061gs":["a"]})", R"([])", R"({"tags":{}})", R"({"tags":["a")", "\xef\xbb\xbf{}", "<html>", "",
             R"({"x":-0.0e-1,"y":[true,false,null],"tags":[]})", R"({"a":{"tags":["no"]},"tags":["yes"]} x)"}) {
    auto const whole = read_page(input, input.size() + 1);
    for (std::size_t const piece : {std::size_t(1), std::size_t(2), std::size_t(7), std::size_t(61)})
        must(read_page(input, piece) == whole, "a page does not depend on its pieces", input);
    auto const some = read_page(input, 3, 2);
    must(some.names.size() <= 2, "who has enough is told no more");
    must(std::equal(some.names.begin(), some.names.end(), whole.names.begin(), whole.names.begin() + static_cast<std::ptrdiff_t>(std::min(some.names.size(), whole.names.size()))),
         "the names come in order", input);
    must(some.names.size() == 2 || some.how == whole.how, "the end is the same", input);
    if (whole.how != errc::ok) {
        check_error(error(whole.how));
        return;
    }
    auto const other = nlohmann::json::parse(input, nullptr, false);
    if (other.is_discarded() && has_huge_number(input)) return; // which that reader refuses
    // Text that is no UTF-8, and half of a surrogate pair, are passed over here; that reader refuses both.
    bool const ascii = std::all_of(input.begin(), input.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (other.is_discarded() && (!ascii || input.find("\\u") != input.npos)) return;
    must(other.is_object(), "what is read is JSON, and an object", input);
    std::vector<std::string> names;
    if (auto const tags = other.find("tags"); tags != other.end() && tags->is_array())
        for (auto const& t : *tags) names.push_back(t.is_string() ? t.get<std::string>() : "\x01 no string");
    must(names.size() == whole.names.size(), "as many names as another reader has", input);
    for (std::size_t i = 0; i < names.size(); ++i)
        must(names[i] == whole.names[i] || (whole.names[i].size() > 120 && names[i].starts_with(whole.names[i])),
             "the names that another reader has", names[i], whole.names[i]);
}

FUZZ_TARGET(plain_words, "http",
            {"<!DOCTYPE html><html><head><title>Sign in &amp; go</title></head><body>x", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>", "gone\r\n", "", " \n", "\xef\xbb\xbf<html>",
             "<script>if (a < b) {</script>text", "<h1>502</h1><hr>nginx", "<title", "<title>", "a\x1b[31mb\x07", "&lt;&nbsp;&#39;", "<style>p{}</style>", std::string("a\0b", 3), "<title><title>x</title>"}) {
    for (std::size_t const most : {std::size_t(0), std::size_t(1), std::size_t(20), std::size_t(200)}) {
        auto const text = plain_words(input, most);
        for (char const c : text) must(detail::is_print(c), "what an answer says is printable", text);
        must(text.size() <= most + 3, "what an answer says is bounded", text, std::to_string(most)); // and "..."
    }
    response head(200);
    head.url = "https://a.test/v2/r/manifests/1?token=CANARY-91bc";
    head.headers.add("Content-Type", "text/html; charset=utf-8");
    if (auto const other = answer_of_another_kind(head, input, "a manifest")) {
        check_error(*other);
        must(input.find("CANARY") != input.npos || other->message().find("CANARY-91bc") == std::string::npos, "a query is not shown", other->message());
    }
}
