// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/made_images.hpp"

#include <lading/bulk/remove_with_referrers.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace remove_with_referrers_test {

using namespace lading;
using strings = std::vector<std::string>;
using test::image_of;
using test::made;

namespace {

/// What of a client is called.
struct registry {
    std::map<digest, std::vector<descriptor>> referring;
    referrers_by by = referrers_by::tag;
    bool removes_tags = true;
    std::map<std::string, error> fails;
    std::vector<digest> unrelated;
    std::vector<digest> only; ///< these have lists
    bool is_list = true, changes = false;
    strings said;

    result<referrer_list> referrers(reference const& r, referrers_options const& o, stop_token const&) {
        CHECK(o.verify);
        referrer_list out(*r.digest());
        out.by = by;
        out.values = referring[*r.digest()];
        if (by == referrers_by::tag && is_list && (only.empty() || std::find(only.begin(), only.end(), *r.digest()) != only.end())) out.index = list_at(referrers_tag(*r.digest()));
        if (referring.contains(*r.digest())) out.unrelated = unrelated;
        return out;
    }
    result<bool> remove_manifest(reference const& r, remove_options o, stop_token const&) {
        auto const which = r.digest()->str();
        said.push_back(which + (o.listing ? " listed" : ""));
        if (auto const at = fails.find(which); at != fails.end()) return at->second;
        return true;
    }
    result<std::optional<descriptor>> find(reference const& r, stop_token const&) { return std::optional(list_at(std::string(r.tag()) + (changes ? "!" : ""))); }
    result<bool> remove_tag(reference const& r, bool, stop_token const&) {
        said.emplace_back(r.tag());
        if (!removes_tags) return error(errc::unsupported_by_registry);
        return true;
    }
    static descriptor list_at(std::string const& tag) { return made(std::string(media_types::oci_index), tag).self; }
};

struct world {
    made a = image_of("1", {}), b = image_of("2", {}), c = image_of("3", {}), d = image_of("4", {});
    registry there;
    world() {
        there.referring[a.self.digest] = {b.self, c.self};
        there.referring[b.self.digest] = {d.self, a.self}; // which goes round
    }
    reference ref() const { return reference::parse("r.example/a/b@" + a.self.digest.str()).value(); }
};
std::string text(made const& m) { return m.self.digest.str(); }

} // namespace

TEST_CASE("a manifest goes, what refers to it, and then the lists of that", "[remove][DL10]") {
    world w;
    auto const done = remove_with_referrers(w.there, w.ref());
    REQUIRE(done);
    CHECK(done.value().complete());
    CHECK(w.there.said == strings{text(w.a) + " listed", text(w.b), text(w.c), text(w.d), referrers_tag(w.a.self.digest), referrers_tag(w.b.self.digest),
                                  referrers_tag(w.c.self.digest), referrers_tag(w.d.self.digest)});
    CHECK(done.value().removed.size() == 8);
    world api;
    api.there.by = referrers_by::api;
    REQUIRE(remove_with_referrers(api.there, api.ref()));
    CHECK(api.there.said.size() == 4);
}

TEST_CASE("where tags are not removed, the index is by its digest", "[remove][DL10][RF31]") {
    world w;
    w.there.referring.clear();
    w.there.removes_tags = false;
    auto const done = remove_with_referrers(w.there, w.ref());
    REQUIRE(done);
    auto const tag = referrers_tag(w.a.self.digest);
    CHECK(w.there.said == strings{text(w.a) + " listed", tag, registry::list_at(tag).digest.str()});
    CHECK(done.value().complete());
}

TEST_CASE("what a list only claims stays, and so does what is no list", "[remove][DL10][D20][HX19]") {
    world w;
    w.there.referring = {{w.a.self.digest, {}}};
    w.there.unrelated = {w.b.self.digest};
    auto const tag = referrers_tag(w.a.self.digest);
    auto done = remove_with_referrers(w.there, w.ref());
    REQUIRE(done);
    REQUIRE(done.value().failures.size() == 1);
    CHECK(done.value().failures[0].which == w.b.self.digest);
    CHECK(done.value().failures[0].why == errc::precondition_failed);
    CHECK(w.there.said == strings{text(w.a) + " listed", tag});
    // Such a list may be anything, with other tags: it does not go by its digest.
    w.there.said.clear();
    w.there.removes_tags = false;
    done = remove_with_referrers(w.there, w.ref());
    REQUIRE(done);
    CHECK(w.there.said == strings{text(w.a) + " listed", tag});
    CHECK(done.value().failures.size() == 2);
    // One that is another by then has not been read.
    world changed;
    changed.there.referring.clear();
    changed.there.changes = true;
    done = remove_with_referrers(changed.there, changed.ref());
    REQUIRE(done);
    CHECK(changed.there.said == strings{text(changed.a) + " listed"});
    CHECK(done.value().failures.size() == 1);
    world no_list;
    no_list.there.referring.clear();
    no_list.there.is_list = false;
    done = remove_with_referrers(no_list.there, no_list.ref());
    REQUIRE(done);
    CHECK(no_list.there.said == strings{text(no_list.a) + " listed"});
    CHECK(done.value().complete());
}

TEST_CASE("so many manifests are removed in all, and what stays is named with its list", "[remove][DL10][HX16]") {
    world w;
    auto const numbered = [](std::size_t n) { return made(std::string(media_types::oci_manifest), std::to_string(n)).self; };
    std::vector<descriptor> first, second;
    for (std::size_t i = 0; i < limits().copied_documents - 1; ++i) first.push_back(numbered(i));
    for (std::size_t i = 0; i < 2; ++i) second.push_back(numbered(1'000'000 + i));
    w.there.referring = {{w.a.self.digest, first}, {first[0].digest, second}};
    w.there.only = {w.a.self.digest, first[0].digest};
    auto const done = remove_with_referrers(w.there, w.ref());
    REQUIRE(done);
    REQUIRE(done.value().failures.size() == 1);
    CHECK(done.value().failures[0].which == first[0].digest);
    CHECK(done.value().failures[0].why == errc::manifest_limit);
    CHECK(done.value().removed.size() == limits().copied_documents + 1); // and the list of the first
    CHECK(w.there.said.back() == referrers_tag(w.a.self.digest));
}

TEST_CASE("what refers to it and cannot be removed is named", "[remove][DL10]") {
    world w;
    w.there.fails.emplace(text(w.b), error(errc::denied));
    auto const done = remove_with_referrers(w.there, w.ref());
    REQUIRE(done);
    REQUIRE(done.value().failures.size() == 1);
    CHECK(done.value().failures[0].which == w.b.self.digest);
    CHECK(done.value().failures[0].why == errc::denied);
    world first;
    first.there.fails.emplace(text(first.a), error(errc::unsupported_by_registry));
    auto const refused = remove_with_referrers(first.there, first.ref());
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::unsupported_by_registry);
    CHECK(first.there.said.size() == 1);
    CHECK_FALSE(remove_with_referrers(first.there, reference::parse("r.example/a/b:v1").value()));
}

} // namespace remove_with_referrers_test
