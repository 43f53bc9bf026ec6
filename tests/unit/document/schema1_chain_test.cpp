// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "schema1_documents.hpp"
#include <lading/document/schema1/schema1_chain.hpp>

namespace schema1_chain_test {

using namespace lading;
using test::id;
using test::v1;

namespace {

/// "A[B] A[B] B", newest first.
std::vector<std::string> entries(std::string_view layers) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < layers.size();) {
        char const name = detail::to_lower(layers[i++]);
        char parent = '-';
        if (i < layers.size() && layers[i] == '[') parent = detail::to_lower(layers[i + 1]), i += 3;
        while (i < layers.size() && layers[i] == ' ') ++i;
        out.push_back(v1(name, parent));
    }
    return out;
}
result<schema1_chain> check(std::vector<std::string> const& list,
                            schema1_rules rules = schema1_rules::modern) {
    return check_schema1<strict_json>(test::schema1_of(list), limits(), rules);
}
/// The ids that are left, or the code.
std::string left(std::string_view layers, schema1_rules rules) {
    auto const document = test::schema1_of(entries(layers));
    auto const chain = check_schema1<strict_json>(document, limits(), rules);
    if (!chain) return std::string(name_of(chain.error().kind())) + " " + chain.error().detail().context;
    std::string out;
    for (auto i : chain.assume_value().kept)
        out += detail::lower(chain.assume_value().entries[i].id.substr(0, 1));
    CHECK(document.history.size() == chain.assume_value().entries.size());
    return out;
}
std::string original(std::string_view layers) { return left(layers, schema1_rules::docker_1_10); }
std::string modern(std::string_view layers) { return left(layers, schema1_rules::modern); }

std::string entry(std::string_view more) { return v1('a', '-', more); }
std::string refusal(std::vector<std::string> const& list, errc code) {
    auto const r = check(list);
    if (r) return "ok";
    CHECK(r.error().kind() == code);
    CHECK(r.error().facts().stop());
    return r.error().detail().context;
}
std::string shape_refusal(std::string const& one) { return refusal({one}, errc::manifest_schema); }

constexpr std::string_view where = "history[0].v1Compatibility: ";
std::string at_top(std::string_view what) { return std::string(where) + std::string(what); }
std::string at(std::size_t i, std::string_view what) {
    return "schema1_chain history[" + std::to_string(i) + "].v1Compatibility: " + std::string(what);
}
constexpr std::string_view parent_rule = "the parent is not the entry below",
                           base_rule = "the oldest entry has a parent", twice_rule = "the id is there before";

} // namespace

TEST_CASE("the version is 1", "[spec-5.4][row-2]") {
    for (auto version : {"2", "0", "-1"}) {
        auto const r = check_schema1<strict_json>(test::decoded(test::schema1_text({}, "", version, 1)));
        CHECK(r.error() == errc::manifest_schema); // before the counts, which do not agree either
        CHECK(r.error().detail().context == "schemaVersion");
    }
}

TEST_CASE("as many layers as history entries", "[spec-5.4][S09][row-3]") {
    for (std::size_t layers : {0u, 2u, 5u}) {
        auto const r =
            check_schema1<strict_json>(test::decoded(test::schema1_text({"not JSON"}, "", "1", layers)));
        CHECK(r.error() == errc::manifest_schema);
        CHECK(r.error().detail().context == "fsLayers and history are of equal length");
        CHECK(r.error().detail().actual == std::to_string(layers));
    }
}

TEST_CASE("at least one layer", "[spec-5.4][row-4]") {
    CHECK(refusal({}, errc::manifest_schema) == "fsLayers is not empty");
}

TEST_CASE("every v1Compatibility is a V1 image", "[spec-5.4][row-5]") {
    CHECK(shape_refusal("not JSON").starts_with(at_top("json_syntax")));
    CHECK(shape_refusal("").starts_with(at_top("json_syntax")));
    CHECK(shape_refusal("[]") == at_top("not an object"));
    CHECK(shape_refusal("null") == at_top("not an object"));
    CHECK(shape_refusal(std::string(100'000, '[')).starts_with(at_top("json_depth")));
    CHECK(shape_refusal(entry(R"(,"os":"a","os":"b")")).starts_with(at_top("json_duplicate_key")));
    for (std::string const key : {"comment", "author", "docker_version", "architecture", "os", "container"})
        CHECK(shape_refusal(entry(",\"" + key + "\":3")) == at_top(key + " is not a string"));
    CHECK(shape_refusal(R"({"id":7})") == at_top("id is not a string"));
    CHECK(shape_refusal(R"({"id":")" + id('a') + R"(","parent":[]})") == at_top("parent is not a string"));
    CHECK(shape_refusal(entry(R"(,"Size":"1")")) == at_top("Size is not an integer"));
    CHECK(shape_refusal(entry(R"(,"Size":1.5)")) == at_top("Size is not an integer"));
    CHECK(shape_refusal(entry(R"(,"config":[])")) == at_top("config at the top level"));
    CHECK(shape_refusal(entry(R"(,"config":{"Env":"x"})")) == at_top("config at Env"));
    CHECK(shape_refusal(entry(R"(,"container_config":{"Tty":"yes"})")) == at_top("container_config at Tty"));
    for (auto created : {"\"\"", "\"yesterday\"", "\"2016-01-02\"", "\"2016-02-30T00:00:00Z\""})
        CHECK(shape_refusal(R"({"id":")" + id('a') + R"(","created":)" + created + "}") ==
              at_top("created is not an RFC 3339 timestamp"));
    CHECK(shape_refusal(R"({"id":")" + id('a') + R"(","created":1})") == at_top("created is not a string"));
}

TEST_CASE("what an entry says", "[spec-5.4][row-5]") {
    auto const chain =
        check({v1('a', 'b',
                  R"(,"author":"me","comment":"c","architecture":"arm","os":"linux",)"
                  R"("docker_version":"1.9","throwaway":true,"unknown":1,)"
                  R"("container_config":{"Cmd":["/bin/sh","-c","x  y"]})"),
               R"({"id":")" + id('b') + R"(","parent":null,"created":null,"config":null,"Size":null,)" +
                   R"("throwaway":null,"container_config":{"Cmd":"one word"}})"})
            .value();
    auto const& top = chain.entries.at(0);
    CHECK(top.id == id('a'));
    CHECK(top.parent == id('b'));
    CHECK(top.created == "2016-01-02T03:04:05Z");
    CHECK(top.author == "me");
    CHECK(top.comment == "c");
    CHECK(top.architecture == "arm");
    CHECK(top.os == "linux");
    CHECK(top.docker_version == "1.9");
    CHECK(top.created_by == "/bin/sh -c x  y");
    CHECK(top.throwaway);
    auto const& base = chain.entries.at(1);
    CHECK(base.created.empty());
    CHECK(base.created_by == "one word");
    CHECK_FALSE(base.throwaway);
    CHECK(base.architecture.empty());
}

TEST_CASE("an id is 64 lower-case hex digits", "[spec-5.4][S10][row-6]") {
    for (auto const& bad : {std::string(), std::string(64, 'A'), std::string(63, 'a'), std::string(65, 'a'),
                            std::string(64, 'g'), id('a') + "\\n", std::string("../../../etc/passwd")})
        CHECK(refusal({R"({"id":")" + bad + "\"}"}, errc::schema1_chain) ==
              at_top("id is not 64 lower-case hex digits"));
    CHECK(refusal({"{}"}, errc::schema1_chain) == at_top("id is not 64 lower-case hex digits"));
}

TEST_CASE("the rules of an entry and of its id interleave from top to bottom", "[spec-5.4][row-5][row-6]") {
    CHECK(refusal({"{}", "not JSON"}, errc::schema1_chain).starts_with("history[0]"));
    CHECK(refusal({"not JSON", "{}"}, errc::manifest_schema).starts_with("history[0]"));
    CHECK(refusal({v1('a', 'b'), "not JSON"}, errc::manifest_schema).starts_with("history[1]"));
}

TEST_CASE("the oldest entry has no parent, unless the image is for Windows", "[spec-5.4][row-7]") {
    CHECK(modern("A[B]") == at(0, base_rule));
    CHECK(modern("A[B] B[C]") == at(1, base_rule));
    CHECK(check({v1('a', 'b', R"(,"os":"windows")"), v1('b', 'c')}));
    CHECK_FALSE(check({v1('a', 'b', R"(,"os":"linux")"), v1('b', 'c')}));
    CHECK(modern("A[B] C[D] A") == at(2, twice_rule)); // row 7 holds, row 8 comes before row 9
    CHECK(modern("A A[B]") == at(1, base_rule));       // row 7 comes before row 8 and 9
}

TEST_CASE("an id is there once or in adjacent entries", "[spec-5.4][row-8]") {
    CHECK(modern("A[B] B[A] A") == at(2, twice_rule));
    CHECK(modern("A[A] A[B] B[C] C[A] A") == at(4, twice_rule));
    std::vector<std::string> many{v1('f', '-')};
    char name = '0';
    for (int i = 0; i < 1000; ++i) many.push_back(v1(name = name == '0' ? '1' : '0', '-'));
    CHECK(refusal(many, errc::schema1_chain) == "history[3].v1Compatibility: the id is there before");
}

TEST_CASE("the parent of an entry is the next one", "[spec-5.4][row-9]") {
    CHECK(modern("A[B] B[C] C") == "abc");
    CHECK(modern("A[C] B[C] C") == at(0, parent_rule));
    CHECK(modern("A[B] B C") == at(1, parent_rule));
    auto const r = check(entries("A B"));
    CHECK(r.error().detail().expected == id('b'));
    CHECK(r.error().detail().actual == "no parent");
}

TEST_CASE("throwaway is a boolean, checked last", "[spec-5.4][row-10]") {
    for (auto value : {"\"yes\"", "1", "{}"})
        CHECK(shape_refusal(entry(",\"throwaway\":" + std::string(value))) ==
              at_top("throwaway is not a boolean"));
    CHECK(refusal({v1('a', 'c', R"(,"throwaway":"yes")"), v1('b', '-')}, errc::schema1_chain) ==
          at_top(parent_rule));
}

TEST_CASE("adjacent duplicates, the older stays", "[spec-5.5]") {
    for (auto rules : {schema1_rules::docker_1_10, schema1_rules::modern}) {
        auto ids = [&](std::string_view layers) { return left(layers, rules); };
        CHECK(ids("A[B] B") == "ab");                   // row 1
        CHECK(ids("A[B] A[B] B") == "ab");              // row 2
        CHECK(ids("A[B] A[B] A[B] B") == "ab");         // row 3
        CHECK(ids("A[B] B B") == "ab");                 // row 5
        CHECK(ids("A B") == at(0, parent_rule));        // row 7
        CHECK(ids("A[C] B") == at(0, parent_rule));     // row 8
        CHECK(ids("A[B] B[A] A") == at(2, twice_rule)); // row 9
        CHECK(ids("A[B] B[C]") == at(1, base_rule));    // row 10
        CHECK(ids("A[B]") == at(0, base_rule));         // row 10
        CHECK(ids("A") == "a");
    }
}

TEST_CASE("the parent of a dropped entry", "[spec-5.5][row-4][row-6][spec-10.28]") {
    CHECK(original("A[C] A[B] B") == "ab");
    CHECK(original("A[B] B[C] B") == "ab");
    CHECK(modern("A[C] A[B] B") == at(0, parent_rule));
    CHECK(modern("A[B] B[C] B") == at(1, parent_rule));
}

TEST_CASE("what is left is left by a second run", "[spec-5.5][row-11]") {
    for (std::string_view layers : {"A[B] A[B] A[B] B[C] B[C] C C", "A[B] B", "A A A"}) {
        auto const all = entries(layers);
        auto const once = check(all, schema1_rules::docker_1_10).value();
        std::vector<std::string> rest;
        for (auto i : once.kept) rest.push_back(all[i]);
        auto const twice = check(rest, schema1_rules::docker_1_10).value();
        CHECK(twice.kept.size() == once.kept.size());
        CHECK(rest.size() == once.kept.size());
    }
}

TEST_CASE("the entry of the config", "[spec-5.5][spec-10.28]") {
    auto const layers = entries("A[B] A[B] A[B] B");
    CHECK(check(layers, schema1_rules::modern).value().config_entry == 0);
    CHECK(check(layers, schema1_rules::docker_1_10).value().config_entry == 2);
    CHECK(check(layers).value().kept == std::vector<std::size_t>{2, 3}); // the older of the duplicates
}

} // namespace schema1_chain_test
