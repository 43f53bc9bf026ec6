// SPDX-License-Identifier: BSL-1.0
// What goes with an image: referrers, digest tags, all tags.

#include "../../support/catch.hpp"
#include "../../support/made_images.hpp"

#include <lading/bulk/copy_all_tags.hpp>
#include <lading/bulk/cut_index.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace copy_followers_test {

using namespace lading;
using strings = std::vector<std::string>;
using test::config_of;
using test::entry_for;
using test::image_of;
using test::index_of;
using test::journal_store;
using test::json_of;
using test::layer_of;
using test::made;

namespace {

std::string subject_of(made const& m, std::string const& type = "application/vnd.example.sig") {
    return R"(,"artifactType":")" + type + R"(","subject":)" + json_of(m.self);
}
std::string text(made const& m) { return m.self.digest.str(); }
std::string tag_of(made const& m, std::string const& suffix = {}) { return "sha256-" + m.self.digest.hex() + suffix; }

struct world {
    made layer = layer_of("layer"), config_a = config_of(R"({"os":"linux"})"), config_b = config_of(R"({"os":"linux" })");
    made image_a = image_of(config_a, {layer}), image_b = image_of(config_b, {layer});
    made index = index_of({entry_for(image_a, "linux", "amd64"), entry_for(image_b, "linux", "arm64")});
    made empty = config_of("{}"), proof = layer_of("proof"), second = layer_of("second proof");
    made of_index = image_of(json_of(empty.self), {json_of(proof.self)}, subject_of(index));
    made of_a = image_of(json_of(empty.self), {json_of(second.self)}, subject_of(image_a, "application/vnd.example.sbom"));
    made of_of_a = image_of(json_of(empty.self), {json_of(proof.self)}, subject_of(of_a));
    journal_store from, to;

    world() {
        from.put_all(layer, config_a, config_b, image_a, image_b, index, empty, proof, second, of_index, of_a, of_of_a);
        from.name("image", image_a);
        from.name("index", index);
    }
    bool holds(made const& m) { return to.inside().has(m.self).value(); }
    result<copy_summary> copied(std::string const& name, copy_options o) { return copy(from, name, to, name, o.with_lanes(1)); }
};
strings what(copy_summary const& s) {
    strings out;
    for (auto const& f : s.followers) out.push_back(f.what.digest.str());
    return out;
}

} // namespace

TEST_CASE("copy: what refers to an image comes behind it, where that is asked for", "[copy][CP21][CP26][CP28]") {
    world w;
    REQUIRE(w.copied("index", {}));
    CHECK_FALSE(w.holds(w.of_index));
    CHECK(w.from.count("referrers") == 0);
    // Also where the image is there already.
    CHECK(what(w.copied("index", copy_options().with_referrers()).value()).size() == 3);
    CHECK(w.holds(w.of_index));
}

TEST_CASE("copy: referrers come after their subjects, and are named by none", "[copy][CP21]") {
    world w;
    auto const done = w.copied("index", copy_options().with_referrers());
    REQUIRE(done);
    CHECK(done.value().complete());
    CHECK(what(done.value()) == strings{text(w.of_a), text(w.of_index), text(w.of_of_a)});
    CHECK(done.value().followers[0].subject == w.image_a.self.digest);
    CHECK(done.value().followers[0].what.artifact_type == "application/vnd.example.sbom");
    for (auto const* m : {&w.of_index, &w.of_a, &w.of_of_a, &w.proof, &w.second}) CHECK(w.holds(*m));
    auto const put = w.to.of("put");
    auto const at = [&](made const& m) { return std::find(put.begin(), put.end(), text(m)) - put.begin(); };
    CHECK(at(w.index) < at(w.of_index));
    CHECK(at(w.of_a) < at(w.of_of_a)); // after their subjects
    CHECK(w.to.inside().names().value() == strings{"index"});
    CHECK(w.to.journal().back().first == "complete");
    CHECK(w.to.count("complete") == 1);
    CHECK(w.to.inside().referrers(w.image_a.self).value().size() == 1);
}

TEST_CASE("copy: only referrers of a type, and of a platform those of its image", "[copy][CP21][CP26]") {
    world w;
    auto const done = w.copied("index", copy_options().with_referrer_type("application/vnd.example.sig"));
    REQUIRE(done);
    CHECK(what(done.value()) == strings{text(w.of_index)});
    world other;
    auto const one = other.copied("index", copy_options().with_platform("linux/amd64"_platform).with_referrers());
    REQUIRE(one);
    CHECK(what(one.value()) == strings{text(other.of_a), text(other.of_of_a)});
    CHECK_FALSE(other.holds(other.index));
}

TEST_CASE("copy: referrers that cannot come are named, and undo nothing", "[copy][HX17][CP21]") {
    world w;
    w.from.before = [&](std::string_view word, std::string_view which) -> result<void> {
        if (word == "resolve" && which == text(w.of_a)) return error(errc::manifest_unknown).with_context(std::string(which));
        return success();
    };
    auto const done = w.copied("index", copy_options().with_referrers());
    REQUIRE(done);
    CHECK_FALSE(done.value().complete());
    CHECK(w.to.inside().resolve("index").value().digest == w.index.self.digest);
    REQUIRE(done.value().followers.size() == 2);
    CHECK(done.value().followers[0].failure->kind() == errc::manifest_unknown);
    CHECK(w.holds(w.of_index));
    // And so is a list that cannot be had.
    world other;
    other.from.before = [&](std::string_view word, std::string_view which) -> result<void> {
        if (word == "referrers" && which == text(other.image_a)) return error(errc::server_error);
        return success();
    };
    auto const some = other.copied("index", copy_options().with_referrers());
    REQUIRE(some);
    CHECK_FALSE(some.value().complete());
    CHECK(other.holds(other.of_index));
    // A copy that is stopped is stopped.
    world stopped;
    stop_source stop;
    stopped.from.before = [&](std::string_view word, std::string_view) -> result<void> {
        if (word == "referrers") stop.request_stop();
        return success();
    };
    auto const none = copy(stopped.from, "index", stopped.to, "index", copy_options().with_referrers(), stop.get_token());
    REQUIRE_FALSE(none);
    CHECK(none.error().kind() == errc::cancelled);
    CHECK(stopped.to.inside().resolve("index"));
}

TEST_CASE("copy: referrers of referrers, to a depth and each once", "[copy][HX16][CP05]") {
    world w;
    std::vector<made> chain{w.image_a};
    for (int i = 0; i < 6; ++i) {
        chain.push_back(image_of(json_of(w.empty.self), {json_of(w.proof.self)}, subject_of(chain.back()) + R"(,"annotations":{"n":")" + std::to_string(i) + "\"}"));
        w.from.put(chain.back());
    }
    auto const done = w.copied("image", copy_options().with_referrers());
    REQUIRE(done);
    CHECK(w.holds(chain[4]));
    CHECK_FALSE(w.holds(chain[5]));
    // An index that lists its own subject, of which it is a referrer, goes round.
    world round;
    made const ring(round.index.self.media_type, R"({"schemaVersion":2,"mediaType":")" + round.index.self.media_type + R"(","manifests":[)" + json_of(round.image_a.self) + R"(],"subject":)" +
                                                     json_of(round.image_a.self) + "}");
    round.from.put(ring);
    auto const once = round.copied("image", copy_options().with_referrers());
    REQUIRE(once);
    auto const all = what(once.value());
    CHECK(std::count(all.begin(), all.end(), text(ring)) == 1);
    // More than are copied.
    world many;
    auto few = copy_options().with_referrers();
    few.bounds.referrers = 1;
    many.from.put(image_of(json_of(many.empty.self), {json_of(many.proof.self)}, subject_of(many.image_a)));
    auto const cut = many.copied("image", few);
    REQUIRE(cut);
    REQUIRE(cut.value().followers.size() == 1);
    CHECK(cut.value().followers[0].failure->kind() == errc::manifest_limit);
    // So many in all, whatever each has.
    world endless;
    std::vector<made> level{endless.image_a};
    for (int depth = 0; depth < 3; ++depth) {
        std::vector<made> next;
        for (auto const& of : level)
            for (int i = 0; i < 3; ++i) next.push_back(image_of(json_of(endless.empty.self), {json_of(endless.proof.self)}, subject_of(of) + R"(,"annotations":{"n":")" + std::to_string(i) + "\"}"));
        for (auto const& one : next) endless.from.put(one);
        level = std::move(next);
    }
    auto ten = copy_options().with_referrers();
    ten.bounds.copied_documents = 10;
    auto const bounded = endless.copied("image", ten);
    REQUIRE(bounded);
    auto const& all_of_it = bounded.value().followers;
    CHECK(std::count_if(all_of_it.begin(), all_of_it.end(), [](auto const& f) { return !f.failure; }) == 10);
    REQUIRE(std::count_if(all_of_it.begin(), all_of_it.end(), [](auto const& f) { return f.failure.has_value(); }) == 1);
    CHECK(all_of_it.back().failure->kind() == errc::manifest_limit);
}

TEST_CASE("copy: what has the digest of a copied image as its tag", "[copy][CP22][MD07]") {
    world w;
    made const sig = image_of(w.config_a, {w.proof}), sbom = image_of(w.config_b, {w.second});
    w.from.put_all(sig, sbom);
    w.from.name(tag_of(w.image_a, ".sig"), sig);
    w.from.name(tag_of(w.index, ".sbom"), sbom);
    w.from.name(tag_of(w.index, ".NO"), sbom);
    w.from.name(tag_of(w.index, "-sig"), sbom);
    w.from.name(tag_of(sig, ".sig"), sbom); // of nothing that is copied
    // A list under the tag is merged.
    made const list = index_of({json_of(w.of_index.self)});
    w.from.put(list);
    w.from.name(tag_of(w.index), list);

    auto const done = w.copied("index", copy_options().with_digest_tags());
    REQUIRE(done);
    CHECK(done.value().complete());
    auto names = w.to.inside().names().value();
    std::sort(names.begin(), names.end());
    strings expected{"index", tag_of(w.image_a, ".sig"), tag_of(w.index, ".sbom")};
    std::sort(expected.begin(), expected.end());
    CHECK(names == expected);
    CHECK_FALSE(w.holds(list));
    CHECK(w.holds(w.of_index));
    CHECK_FALSE(w.holds(w.of_a)); // not a list of tags
}

TEST_CASE("copy: a digest tag is no more moved than a name, where that is asked for", "[copy][CP18][CP22]") {
    world w;
    made const sig = image_of(w.config_a, {w.proof}), other = image_of(w.config_b, {w.second});
    w.from.put_all(sig, other);
    w.from.name(tag_of(w.image_a, ".sig"), sig);
    REQUIRE(w.copied("image", copy_options().with_digest_tags()));
    w.from.name(tag_of(w.image_a, ".sig"), other);
    auto const kept = w.copied("image", copy_options().with_digest_tags().with_no_clobber());
    REQUIRE(kept);
    REQUIRE(kept.value().followers.size() == 1);
    CHECK(kept.value().followers[0].failure->kind() == errc::tag_exists);
    CHECK(w.to.inside().resolve(tag_of(w.image_a, ".sig")).value().digest == sig.self.digest);
    REQUIRE(w.copied("image", copy_options().with_digest_tags()));
    CHECK(w.to.inside().resolve(tag_of(w.image_a, ".sig")).value().digest == other.self.digest);
}

TEST_CASE("copy: a digest tag that fails does not undo the image", "[copy][HX22]") {
    world w;
    strings entries;
    for (int i = 0; i < 5000; ++i) entries.push_back(json_of(image_of(json_of(w.empty.self), {}, R"(,"annotations":{"n":")" + std::to_string(i) + "\"}").self));
    made const huge = index_of(entries);
    w.from.put(huge);
    w.from.name(tag_of(w.image_a, ".sig"), huge);
    auto const done = w.copied("image", copy_options().with_signatures());
    REQUIRE(done);
    CHECK_FALSE(done.value().complete());
    CHECK(w.to.inside().resolve("image"));
    CHECK_FALSE(w.to.inside().resolve(tag_of(w.image_a, ".sig")));
    auto const& f = done.value().followers;
    auto const failed = std::find_if(f.begin(), f.end(), [](auto const& one) { return one.failure.has_value(); });
    REQUIRE(failed != f.end());
    CHECK(failed->tag == tag_of(w.image_a, ".sig"));
    CHECK(failed->failure->kind() == errc::manifest_limit);
}

TEST_CASE("copy: a name that leads elsewhere is left, where that is asked for", "[copy][CP18]") {
    world w;
    w.to.put(w.image_b);
    w.to.name("image", w.image_b);
    auto const refused = w.copied("image", copy_options().with_no_clobber());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind() == errc::tag_exists);
    CHECK(refused.error().detail().actual == text(w.image_b));
    CHECK(w.to.count("write") == 0);
    CHECK(w.to.inside().resolve("image").value().digest == w.image_b.self.digest);
    CHECK(w.copied("index", copy_options().with_no_clobber()));
    CHECK(w.copied("index", copy_options().with_no_clobber())); // it leads to the same
    CHECK(w.copied("image", {}));
}

TEST_CASE("copy_all_tags: everything that has a name, and what fails is among it", "[copy][CP18][CP23][HX21]") {
    world w;
    w.from.put(made(w.image_a.self.media_type, "broken"));
    w.from.name("broken", made(w.image_a.self.media_type, "broken"));
    w.from.name("\x1b[2J/../x", w.image_b);
    made const sig = image_of(w.config_a, {w.proof}), list = index_of({json_of(w.of_index.self)});
    w.from.put_all(sig, list);
    w.from.name(tag_of(w.image_a, ".sig"), sig);
    w.from.name(tag_of(w.index), list);
    w.to.before = [&](std::string_view word, std::string_view which) -> result<void> {
        if (word == "tag" && which.starts_with('\x1b')) return error(errc::ref_invalid);
        return success();
    };
    auto const done = copy_all_tags(w.from, w.to, copy_options());
    REQUIRE(done);
    auto const& tags = done.value().tags;
    REQUIRE(tags.size() == 6);
    CHECK(done.value().digest_tags == 2);
    std::size_t failed = 0;
    for (auto const& t : tags) {
        if (!t.failure) continue;
        ++failed;
        CHECK((t.name == "broken" || t.failure->kind() == errc::ref_invalid));
        CHECK(t.name.find('\x1b') == std::string::npos);
    }
    CHECK(failed == 2);
    auto names = w.to.inside().names().value();
    std::sort(names.begin(), names.end());
    CHECK(names == strings{"image", "index", tag_of(w.image_a, ".sig")});
    CHECK(w.holds(w.of_index)); // of the list, which is none of the names
    CHECK_FALSE(w.holds(list));
    CHECK(w.to.count("complete") == 1);
    // Those that lead elsewhere can be left.
    w.to.name("image", w.image_b);
    auto const kept = copy_all_tags(w.from, w.to, copy_options().with_no_clobber());
    REQUIRE(kept);
    auto const image = std::find_if(kept.value().tags.begin(), kept.value().tags.end(), [](auto const& t) { return t.name == "image"; });
    CHECK(image->failure->kind() == errc::tag_exists);
}

TEST_CASE("copy_all_tags: side by side where both stores take that", "[copy][CP18]") {
    memory_store from, to;
    made const layer = layer_of("layer");
    REQUIRE(from.put_document(layer.self, layer.bytes));
    for (int i = 0; i < 40; ++i) {
        made const config = config_of(R"({"n":)" + std::to_string(i) + "}"), image = image_of(config, {layer});
        REQUIRE(from.put_document(config.self, config.bytes));
        REQUIRE(from.put_document(image.self, image.bytes));
        REQUIRE(from.tag("v" + std::to_string(i), image.self));
    }
    std::size_t told = 0; // one at a time
    auto const done = copy_all_tags(from, to, copy_options().with_observer([&](transfer_event const&) { ++told; }));
    REQUIRE(done);
    CHECK(std::none_of(done.value().tags.begin(), done.value().tags.end(), [](auto const& t) { return t.failure.has_value(); }));
    CHECK(to.names().value().size() == 40);
    CHECK(told >= 120);
    stop_source stop;
    stop.request_stop();
    auto const stopped = copy_all_tags(from, to, copy_options(), stop.get_token());
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().kind() == errc::cancelled);
}

namespace {
/// A registry as a copy sees it: a name there leads to something whole, and so does a digest.
struct registry_like : journal_store {
    static constexpr bool names_are_complete = true;
    result<std::optional<descriptor>> named(std::string_view n, stop_token s) {
        auto found = resolve(n, s);
        if (found) return std::optional(std::move(found).assume_value());
        return std::optional<descriptor>();
    }
    result<bool> has(descriptor const& d, stop_token s) { return is_known_manifest_type(d.media_type) ? false : journal_store::has(d, s); }
};
} // namespace

TEST_CASE("copy: what a registry has by its digest is not looked into", "[copy][CP08][CP32]") {
    world w;
    registry_like to;
    auto const go = [&](std::string const& name, std::string const& as) { return copy(w.from, name, to, as, copy_options().with_lanes(1)); };
    REQUIRE(go("index", "v1"));
    CHECK(to.of("resolve") == strings{"v1"}); // nobody asks for the parts of what is new
    // The name leads elsewhere, one of the images is there.
    made const next = index_of({entry_for(w.image_a, "linux", "amd64"), json_of(w.of_a.self)});
    w.from.put(next);
    w.from.name("next", next);
    w.from.clear(), to.clear();
    auto const done = go("next", "v1");
    REQUIRE(done);
    CHECK(to.of("resolve") == strings{"v1", text(next), text(w.image_a), text(w.of_a)});
    CHECK(w.from.of("document") == strings{text(next), text(w.of_a)});
    CHECK(to.of("put") == strings{text(w.of_a), text(next)});
    CHECK(done.value().existing.contents == 1);
    // Back again: all of it is there.
    w.from.clear(), to.clear();
    REQUIRE(go("index", "v1"));
    CHECK(w.from.of("document") == strings{text(w.index)});
    CHECK(to.of("put") == strings{text(w.index)});
    CHECK(to.inside().resolve("v1").value().digest == w.index.self.digest);
}

TEST_CASE("copy: an index that a sparse copy has left is made whole by another", "[copy][CP03][CP07]") {
    world w;
    registry_like to;
    auto const go = [&](copy_options o = {}) {
        w.from.clear(), to.clear();
        auto const done = copy(w.from, "index", to, "v1", o.with_lanes(1));
        REQUIRE(done);
        CHECK(to.inside().resolve("v1").value().digest == w.index.self.digest);
        return done.value();
    };
    auto const has = [&](made const& m) { return to.inside().has(m.self).value(); };
    go(copy_options().with_sparse().with_platform("linux/amd64"_platform));
    CHECK((has(w.image_a) && !has(w.image_b)));
    // The same again is one question for its image, another brings its own.
    go(copy_options().with_sparse().with_platform("linux/amd64"_platform));
    CHECK(to.of("resolve") == strings{"v1", text(w.image_a)});
    CHECK(to.count("put") == 0);
    CHECK(to.count("write") == 0);
    registry_like other;
    REQUIRE(copy(w.from, "index", other, "v1", copy_options().with_sparse().with_platform("linux/amd64"_platform)));
    REQUIRE(copy(w.from, "index", other, "v1", copy_options().with_sparse().with_platform("linux/arm64"_platform)));
    CHECK(other.inside().has(w.image_b.self).value());
    go();
    CHECK(has(w.image_b));
    CHECK(to.of("put") == strings{text(w.image_b)});
    // And then all of it is there.
    auto const again = go();
    CHECK(again.fetched.contents == 0);
    CHECK(to.of("resolve") == strings{"v1", text(w.image_a), text(w.image_b)});
    CHECK(to.count("put") == 0);
    // By its digest, too.
    registry_like nameless;
    auto const by_digest = [&](copy_options o = {}) { REQUIRE(copy(w.from, text(w.index), nameless, "", o.with_lanes(1))); };
    by_digest(copy_options().with_sparse().with_platform("linux/amd64"_platform));
    by_digest();
    CHECK(nameless.inside().has(w.image_b.self).value());
    // Within another index.
    registry_like outer_to;
    made const outer = index_of({json_of(w.index.self)});
    w.from.put(outer);
    w.from.name("outer", outer);
    for (auto const& o : {copy_options().with_sparse().with_platform("linux/amd64"_platform), copy_options()}) REQUIRE(copy(w.from, "outer", outer_to, "v1", o));
    CHECK(outer_to.inside().has(w.image_b.self).value());
}

TEST_CASE("copy: what a copy has left elsewhere comes where it is asked for", "[copy][CP07][CP10]") {
    world w;
    made const held("application/vnd.oci.image.layer.nondistributable.v1.tar", "not to be handed on");
    auto const image = image_of(json_of(w.config_a.self), {json_of(held.self)});
    w.from.put_all(held, image);
    w.from.name("windows", image);
    registry_like to;
    REQUIRE(copy(w.from, "windows", to, "v1", copy_options().with_external(external_layers::leave)));
    CHECK_FALSE(to.inside().has(held.self).value());
    REQUIRE(copy(w.from, "windows", to, "v1", copy_options().with_external(external_layers::leave)));
    REQUIRE(copy(w.from, "windows", to, "v1", copy_options().with_external(external_layers::ask)));
    CHECK(to.inside().has(held.self).value());
}

TEST_CASE("copy: some images of an index, with an index of these", "[copy][CP03][CP04]") {
    world w;
    auto const go = [&](world& v, std::string const& name, copy_options o) { return copy(v.from, name, v.to, "cut", o.with_new_index(cut_index).with_lanes(1)); };
    auto const done = go(w, "index", copy_options().with_platform("linux/arm64"_platform));
    REQUIRE(done);
    made const expected = index_of({json_of(w.image_b.self, R"(,"platform":{"architecture":"arm64","os":"linux"})")}); // as it is written anew
    CHECK(done.value().named.digest == w.index.self.digest);
    CHECK(done.value().top.digest == expected.self.digest);
    CHECK(w.to.inside().resolve("cut").value() == expected.self);
    CHECK(w.to.inside().document(expected.self).value() == expected.bytes);
    CHECK(w.holds(w.image_b));
    CHECK_FALSE(w.holds(w.image_a));
    CHECK_FALSE(w.holds(w.index));
    // All of them: the index itself.
    world all;
    auto const both = go(all, "index", copy_options().with_platform("linux/arm64"_platform).with_platform("linux/amd64"_platform));
    REQUIRE(both);
    CHECK(both.value().top.digest == all.index.self.digest);
    // What cannot be cut.
    world nested;
    made const outer = index_of({json_of(nested.index.self), entry_for(nested.image_a, "linux", "s390x")});
    nested.from.put(outer);
    nested.from.name("outer", outer);
    CHECK(go(nested, "outer", copy_options().with_platform("linux/s390x"_platform)).error().kind() == errc::would_change_digest);
    CHECK(go(nested, "index", copy_options().with_platform("linux/riscv64"_platform)).error().kind() == errc::platform_not_found);
    CHECK(nested.to.count("write") == 0);
}

TEST_CASE("copy: referrers to a store that has no place for them", "[copy][CP30]") {
    struct plain { // as the other, but for referrers
        journal_store inside;
        auto resolve(std::string_view n, stop_token s) { return inside.resolve(n, s); }
        auto document(descriptor const& d, stop_token s) { return inside.document(d, s); }
        auto read(descriptor const& d, blob_sink& out, stop_token s) { return inside.read(d, out, s); }
        auto names(stop_token s) { return inside.names(s); }
        auto has(descriptor const& d, stop_token s) { return inside.has(d, s); }
        auto writer(descriptor const& d) { return inside.writer(d); }
        auto put_document(descriptor const& d, std::string_view b) { return inside.put_document(d, b); }
        auto tag(std::string_view n, descriptor const& d) { return inside.tag(n, d); }
        auto complete() { return inside.complete(); }
    };
    world w;
    plain to;
    auto const refused = copy(w.from, "image", to, "image", copy_options().with_referrers());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind() == errc::would_change_digest);
    CHECK(to.inside.journal().empty());
    // From one nothing comes.
    plain from;
    from.inside.put_all(w.layer, w.config_a, w.image_a, w.of_a);
    from.inside.name("image", w.image_a);
    auto const done = copy(from, "image", w.to, "image", copy_options().with_referrers());
    REQUIRE(done);
    CHECK(done.value().followers.empty());
}

} // namespace copy_followers_test
