// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/made_images.hpp"

#include <lading/document/basic_manifest.hpp>
#include <lading/inspection.hpp>
#include <lading/store/registry_repository.hpp>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace registry_repository_test {

using namespace lading;
using strings = std::vector<std::string>;
using test::image_of;
using test::made;

namespace {

/// What of a client is called. It keeps what it is given, one at a time, and waits in the midst of it where it is told.
struct fake_client {
    std::mutex m;
    std::condition_variable changed;
    bool waits = false, waiting = false, goes_on = false;
    std::map<std::string, std::string> kept;
    std::vector<digest> listed;
    std::optional<digest> fails;

    result<pushed_manifest> push_manifest(reference const& ref, std::string bytes, manifest_push_options o, stop_token) {
        std::unique_lock lock(m);
        if (std::exchange(waits, false)) {
            waiting = true;
            changed.notify_all();
            changed.wait(lock, [&] { return goes_on; });
        }
        kept[ref.target()] = bytes;
        descriptor const self(std::string(media_types::oci_manifest), constant_digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
        pushed_manifest out(self);
        if (!o.listing && bytes.find("\"subject\"") != bytes.npos) {
            out.referrer.emplace(self);
            out.referrer->subject = descriptor({}, constant_digest_of(bytes.substr(0, bytes.find(','))), 1);
            out.listing = referrers_listing::left;
        }
        return out;
    }
    result<referrers_listing> change_referrers(repository const&, referrers_change change, stop_token stop) {
        if (stop.stop_requested()) return error(errc::cancelled);
        if (fails == change.subject) return error(errc::media_type_mismatch);
        listed.push_back(change.subject);
        return referrers_listing::changed;
    }
    result<manifest_bytes> raw_manifest(reference const&, stop_token) { return error(errc::manifest_unknown); }
    result<descriptor> resolve(reference const&, stop_token) { return error(errc::manifest_unknown); }
    result<std::optional<descriptor>> find(reference const&, stop_token) { return std::optional<descriptor>(); }
    result<descriptor> blob(repository const&, descriptor const&, blob_sink&, blob_options, stop_token) { return error(errc::blob_unknown); }
    result<tag_list> tags(repository const&, stop_token) { return error(errc::name_unknown); }
    result<bool> has_blob(repository const&, descriptor const&, stop_token) { return true; }
    result<pushed_blob> push_blob(repository const&, descriptor const& d, body_source&, push_options, stop_token = {}) { return pushed_blob(d); }
};
using store = registry_repository<fake_client>;
repository name() { return repository::parse("r.example/app").value(); }
made numbered(std::string const& n) { return image_of("{}", {}, R"(,"annotations":{"n":")" + n + "\"}"); }

} // namespace

TEST_CASE("a document that another thread puts meanwhile is not lost", "[store][push]") {
    fake_client client;
    store to(client, name());
    made const x = numbered("x"), a = numbered("a"), b = numbered("b");
    REQUIRE(to.put_document(x.self, x.bytes));
    client.waits = true;
    std::thread one([&] { (void)to.put_document(a.self, a.bytes); }); // which puts x first, slowly
    {
        std::unique_lock lock(client.m);
        client.changed.wait(lock, [&] { return client.waiting; });
    }
    bool over = false;
    std::thread other([&] {
        (void)to.put_document(b.self, b.bytes);
        std::lock_guard const lock(client.m);
        over = true;
        client.changed.notify_all();
    });
    {
        std::unique_lock lock(client.m);
        client.changed.wait_for(lock, std::chrono::milliseconds(100), [&] { return over; }); // it would be, if it did not wait for its turn
        client.goes_on = true;
        client.changed.notify_all();
    }
    one.join();
    other.join();
    REQUIRE(to.complete());
    CHECK(client.kept.size() == 3);
}

TEST_CASE("referrers that could not be listed are held for another time", "[store][push][RF20]") {
    fake_client client;
    store to(client, name());
    std::vector<digest> subjects;
    to.hold_referrers();
    for (std::string const n : {"1", "2", "3"}) {
        std::string const bytes = R"({"n":")" + n + R"(","subject":{}})";
        subjects.push_back(constant_digest_of(bytes.substr(0, bytes.find(','))));
        descriptor const self(std::string(media_types::oci_manifest), constant_digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
        REQUIRE(to.put_document(self, bytes));
    }
    stop_source stop;
    stop.request_stop();
    auto const stopped = to.write_referrers(stop.get_token());
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error() == errc::cancelled);
    CHECK(client.listed.empty());
    // One that fails keeps none of the others from their lists.
    to.hold_referrers();
    client.fails = subjects[1];
    auto const failed = to.write_referrers();
    REQUIRE_FALSE(failed);
    CHECK(failed.error() == errc::media_type_mismatch);
    CHECK(client.listed == std::vector<digest>{subjects[0], subjects[2]});
    client.fails.reset();
    client.listed.clear();
    REQUIRE(to.write_referrers());
    CHECK(client.listed == std::vector<digest>{subjects[1]});
    client.listed.clear();
    REQUIRE(to.write_referrers());
    CHECK(client.listed.empty());
}

} // namespace registry_repository_test
