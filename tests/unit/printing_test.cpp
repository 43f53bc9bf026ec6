// SPDX-License-Identifier: BSL-1.0
#include <lading/error_groups.hpp>
#include <lading/format.hpp>
#include <lading/ostream.hpp>
#include <lading/std_hash.hpp>

#include "catch.hpp"

#include <sstream>
#include <string>
#include <unordered_set>

namespace printing_test {

using namespace lading;

namespace {
template <class T>
std::string streamed(T const& value) {
    std::ostringstream out;
    out << value;
    return out.str();
}
std::string const hex(64, 'a');
} // namespace

TEST_CASE("words and errors are printed to streams", "[V19]") {
    auto const ref = reference::parse("r.example/team/app:1.2@sha256:" + hex).value();
    CHECK(streamed(ref) == "r.example/team/app:1.2@sha256:" + hex);
    CHECK(streamed(ref.repository()) == "r.example/team/app");
    CHECK(streamed(*ref.digest()) == "sha256:" + hex);
    CHECK(streamed(platform("linux", "arm64", "v8")) == "linux/arm64/v8");
    CHECK(streamed(errc::digest_mismatch) == "digest_mismatch");
    CHECK(streamed(error(errc::digest_mismatch)) == error(errc::digest_mismatch).message());
    CHECK(streamed(warning(warning_code::missing_rootfs, "none")) == "missing_rootfs: none");
}

TEST_CASE("words are keys of unordered containers", "[V19]") {
    std::unordered_set<reference> refs;
    for (auto const* text : {"a:1", "docker.io/library/a:1", "a:2"}) refs.insert(reference::parse(text).value());
    CHECK(refs.size() == 2);
    std::unordered_set<repository> names;
    std::unordered_set<digest> digests;
    for (auto const& r : refs) names.insert(r.repository());
    for (char const c : {'a', 'b', 'a'}) digests.insert(digest::parse("sha256:" + std::string(64, c)).value());
    CHECK(names.size() == 1);
    CHECK(digests.size() == 2);
}

#if defined(__cpp_lib_format)
TEST_CASE("words and errors are formatted", "[V19]") {
    auto const ref = reference::parse("r.example/app:1").value();
    CHECK(std::format("{} {} {:>9}", ref, ref.repository(), errc::timeout) == "r.example/app:1 r.example/app   timeout");
    CHECK(std::format("{}", platform("linux", "amd64")) == "linux/amd64");
    CHECK(std::format("{}", error(errc::timeout)) == error(errc::timeout).message());
}
#endif

TEST_CASE("a line of an error says what is wrong, and what a list is", "[V19]") {
    CHECK(error(errc::invalid_argument).summary() == "invalid_argument: an argument is out of range");
    CHECK(error(errc::invalid_argument).with_context("--listen is HOST:PORT").summary() == "invalid_argument: --listen is HOST:PORT");
    CHECK(error(errc::manifest_blob_unknown).with_available({"sha256:a"}).summary().ends_with("; missing: sha256:a"));
    CHECK(error(errc::manifest_unknown).with_available({"v1"}).summary().ends_with("; available: v1"));
}

TEST_CASE("groups of codes", "[V20]") {
    for (auto const e : {errc::manifest_unknown, errc::name_unknown, errc::blob_unknown, errc::not_found, errc::platform_not_found})
        CHECK((is_not_found(e) && !is_auth(e) && !is_content(e)));
    for (auto const e : {errc::auth_required, errc::auth_denied, errc::credential_helper_failed, errc::plaintext_credentials_refused, errc::denied})
        CHECK((is_auth(error(e)) && !is_not_found(e) && !is_content(e)));
    for (auto const e : {errc::digest_mismatch, errc::size_mismatch, errc::manifest_schema, errc::json_syntax, errc::json_type})
        CHECK((is_content(error(e)) && !is_auth(e)));
    for (auto const e : {errc::ok, errc::timeout, errc::ref_invalid, errc::sink_failed, errc::out_of_memory, errc::rate_limited})
        CHECK_FALSE((is_not_found(e) || is_auth(e) || is_content(e)));
    for (auto const e : {errc::cancelled, errc::timeout, errc::sink_failed, errc::config_invalid, errc::credential_helper_output})
        CHECK(is_callers_own(error(e)));
    for (auto const e : {errc::connection_reset, errc::url_invalid, errc::auth_denied, errc::server_error})
        CHECK_FALSE(is_callers_own(e));
    CHECK_FALSE(is_transient(error(errc::timeout)));
    fallback_facts facts;
    facts.retry = true;
    CHECK(is_transient(error(errc::connection_reset).with_facts(facts)));
}

} // namespace printing_test
