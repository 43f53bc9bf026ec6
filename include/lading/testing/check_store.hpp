// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The kit of stores: what is written is what is read, nothing half, names that lead where they were told to.
///
///     std::string folder;
///     auto const make = [&] { return my_store::create(folder = fresh_folder()); };
///     auto const again = [&] { return my_store::open(folder); };
///     for (auto const& f : lading::testing::check_store(make, again)) std::puts(f.str().c_str());

#include "../hash/constexpr_sha2.hpp"
#include "../media_type.hpp"
#include "../store/content_store.hpp"
#include "finding.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace lading::testing {

namespace detail {

/// A small image whose documents are well-formed.
struct kit_image {
    explicit kit_image(std::string const& words)
        : layer("layer " + words), config(R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[")" + digest_of(layer).str() + R"("]}})"),
          manifest(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + entry(config, media_types::oci_config) +
                   R"(,"layers":[)" + entry(layer, media_types::oci_layer) + "]}") {}
    descriptor what() const { return described(manifest, media_types::oci_manifest); }

    static digest digest_of(std::string_view bytes) { return constant_digest_of(bytes); }
    static descriptor described(std::string_view bytes, std::string_view type = media_types::oci_layer) {
        return descriptor(std::string(type), digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
    }
    static std::string entry(std::string_view bytes, std::string_view type) {
        return R"({"mediaType":")" + std::string(type) + R"(","digest":")" + digest_of(bytes).str() + R"(","size":)" + std::to_string(bytes.size()) + '}';
    }

    std::string layer, config, manifest;
};

/// Keeps what it is given, and says what is odd in how it is called.
class kit_sink final : public blob_sink {
  public:
    result<void> begin() override { return begun_ = true, bytes.clear(), success(); }
    result<void> write(std::span<std::byte const> piece) override {
        if (!begun_ || ended()) odd = "bytes before begin or after the end";
        if (bytes.size() + piece.size() > most) return error(errc::disk_full).with_context("the kit's sink");
        bytes.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return success();
    }
    result<void> commit() override {
        if (!begun_ || ended()) odd = "a commit before begin or after the end";
        return committed = true, success();
    }
    void discard() noexcept override { given_up = true; }
    bool ended() const noexcept { return committed || given_up; }

    std::string bytes;
    std::string odd;
    std::size_t most = SIZE_MAX;
    bool committed = false, given_up = false;

  private:
    bool begun_ = false;
};

template <class S>
class store_kit {
  public:
    store_kit(S& store, findings& out) : store_(store), out_(out) {}

    void empty() {
        lists("an empty store has no names", {});
        for (auto const& name : {std::string("v1"), std::string(), first_.what().digest.str()}) fails("what is not there is not found", store_.resolve(name, {}), errc::manifest_unknown);
        fails("a document that is not there is manifest_unknown", store_.document(first_.what(), {}), errc::manifest_unknown);
        kit_sink none;
        fails("a blob that is not there is blob_unknown", store_.read(kit_image::described("x"), none, {}), errc::blob_unknown);
        expect("the sink of a blob that is not there is not committed", !none.committed);
        expect("what is not there is not had", !has("x"));
    }
    void blobs() {
        for (std::size_t const size : {0u, 1u, 65'535u, 65'536u, 1'000'003u})
            for (std::size_t const piece : {1'000'003u, 4096u}) round(text_of(size, piece), piece);
        std::string const bytes = text_of(200'000, 1);
        auto out = store_.writer(kit_image::described(bytes));
        if (!out) return wrong("gives a writer", said(out));
        auto& sink = *out.assume_value();
        expect("a sink begins", sink.begin() && sink.write(view("something else")));
        expect("begin starts afresh", sink.begin() && sink.write(view(bytes)));
        expect("a blob under way is not there", !has(bytes));
        expect("what is committed is there", sink.commit() && has(bytes) && read(bytes) == bytes);
        for (bool const discarded : {true, false}) {
            std::string const given_up = text_of(100'000, discarded ? 2 : 3);
            auto half = store_.writer(kit_image::described(given_up));
            if (!half) return wrong("gives a writer", said(half));
            expect("a sink begins", half.assume_value()->begin() && half.assume_value()->write(view(std::string_view(given_up).substr(0, 90'000))));
            discarded ? half.assume_value()->discard() : half.assume_value()->suspend();
            half.assume_value().reset();
            expect("what was given up is not there", !has(given_up));
            resume(given_up);
        }
        // A blob that is there may be written again.
        round(bytes, 50'000);
        expect("a blob of another size is not had", [&] {
            auto what = kit_image::described(bytes);
            what.size += 1;
            auto const r = store_.has(what, {});
            return r && !r.assume_value();
        }());
    }
    void reading() {
        std::string const bytes = text_of(300'000, 4);
        write(bytes, bytes.size());
        kit_sink small;
        small.most = 1000;
        auto const failed = store_.read(kit_image::described(bytes), small, {});
        fails("the error of a sink is that of the read", failed, errc::disk_full);
        expect("the error of a sink is that of the read, with its context", failed || failed.assume_error().detail().context.find("the kit's sink") != std::string::npos, said(failed));
        expect("a sink that has failed is not committed, and gets nothing more", !small.committed && small.odd.empty(), small.odd);
        auto longer = kit_image::described(bytes);
        longer.size += 1;
        kit_sink none;
        fails("a blob that has not the size of its descriptor is size_mismatch", store_.read(longer, none, {}), errc::size_mismatch);
        expect("a blob that has not the size of its descriptor is not committed", !none.committed);
        auto unsized_ = kit_image::described(bytes);
        unsized_.size = descriptor::unknown_size;
        kit_sink all;
        expect("a blob of a size that nobody knows is read", store_.read(unsized_, all, {}) && all.committed && all.bytes == bytes);
    }
    void names() {
        put(first_, "v1");
        put(second_, "v2");
        leads("a name leads to its document", "v1", first_);
        leads("a name leads to its document", "v2", second_);
        lists("every name is listed", {"v1", "v2"});
        leads("a digest leads to its document", first_.what().digest.str(), first_);
        is_read("a document is read byte for byte", first_);
        put(first_, "v3");
        for (auto const* name : {"v1", "v3"}) leads("a document may have several names", name, first_);
        lists("a document may have several names", {"v1", "v2", "v3"});
        put(first_, "v1");
        lists("a name that leads there already stays", {"v1", "v2", "v3"});
        put(second_, "v1");
        leads("a name that is given again leads to the new document", "v1", second_);
        leads("a name that is given again leads nowhere else", "v3", first_);
        lists("a name that is given again is listed once", {"v1", "v2", "v3"});
        fails("several images, and no name: tag_ambiguous", store_.resolve("", {}), errc::tag_ambiguous);
        put(third_, "");
        leads("a document without a name is found by its digest", third_.what().digest.str(), third_);
        lists("a document without a name adds no name", {"v1", "v2", "v3"});
    }
    void threads() {
        std::atomic<int> failed{0};
        std::vector<std::thread> all;
        for (unsigned t = 0; t < 4; ++t)
            all.emplace_back([&, t] {
                for (unsigned i = 0; i < 8; ++i) {
                    auto const bytes = text_of(50'000, 100 + t * 8 + i);
                    auto out = store_.writer(kit_image::described(bytes));
                    kit_sink back;
                    if (!out || !out.assume_value()->begin() || !out.assume_value()->write(view(bytes)) || !out.assume_value()->commit() || !has(bytes) ||
                        !store_.read(kit_image::described(bytes), back, {}) || back.bytes != bytes)
                        ++failed;
                }
            });
        for (auto& t : all) t.join();
        expect("threads write and read side by side", failed == 0);
    }
    /// After `complete`, or opened again.
    void kept() {
        for (auto const* name : {"v1", "v2"}) leads("what was completed is there", name, second_);
        leads("what was completed is there", "v3", first_);
        lists("what was completed is there", {"v1", "v2", "v3"});
        expect("what was completed is there", read(first_.layer) == first_.layer && read(second_.config) == second_.config);
        is_read("what was completed is there", first_);
    }
    void complete() { expect("is completed", store_.complete().has_value()); }

  private:
    static std::span<std::byte const> view(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
    static std::string text_of(std::size_t size, std::size_t seed) {
        std::string out(size, '\0');
        for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + i / 251 + seed);
        return out;
    }
    template <class T>
    static std::string said(result<T> const& r) {
        return r ? std::string("ok") : shown(r.assume_error().summary());
    }
    void wrong(char const* rule, std::string const& what) { out_.emplace_back(rule, what); }
    void expect(char const* rule, bool holds, std::string const& came = {}) {
        if (!holds) wrong(rule, came.empty() ? "does not hold" : "got " + came);
    }
    void expect_same(char const* rule, std::string const& expected, std::string const& got) {
        if (expected != got) wrong(rule, "expected " + expected + ", got " + got);
    }
    template <class T>
    void fails(char const* rule, result<T> const& r, errc code) {
        if (r || r.assume_error() != code) wrong(rule, "expected " + std::string(name_of(code)) + ", got " + said(r));
    }
    static std::string joined(std::vector<std::string> const& all) {
        std::string out;
        for (auto const& one : all) out += (out.empty() ? "" : ", ") + shown(one);
        return out.empty() ? "nothing" : out;
    }
    void lists(char const* rule, std::vector<std::string> const& names) { expect_same(rule, joined(names), joined(listed())); }

    bool has(std::string_view bytes) {
        auto const r = store_.has(kit_image::described(bytes), {});
        if (!r) wrong("says what it has", said(r));
        return r && r.assume_value();
    }
    std::string read(std::string_view bytes) {
        kit_sink out;
        auto const r = store_.read(kit_image::described(bytes), out, {});
        if (!r) wrong("what is there is read", said(r));
        if (!out.odd.empty()) wrong("treats its sink as it may be", out.odd);
        return r && out.committed ? out.bytes : "not read";
    }
    void write(std::string_view bytes, std::size_t piece) {
        auto out = store_.writer(kit_image::described(bytes));
        auto done = out ? result<void>(success()) : result<void>(out.assume_error());
        auto const begin = [&]() -> result<void> {
            LADING_TRY_V(out.assume_value()->resume(static_cast<std::int64_t>(bytes.size()), [](auto) { return true; }));
            return out.assume_value()->begin();
        };
        if (done) done = begin();
        for (std::size_t at = 0; done && at < bytes.size(); at += piece) done = out.assume_value()->write(view(bytes.substr(at, piece)));
        if (done) done = out.assume_value()->commit();
        if (!done) wrong("a blob is written", said(done));
    }
    void round(std::string const& bytes, std::size_t piece) {
        write(bytes, piece);
        if (!has(bytes) || read(bytes) != bytes) wrong("what was written is read", std::to_string(bytes.size()) + " bytes by " + std::to_string(piece));
    }
    /// A suspended sink is resumed, or begins again.
    void resume(std::string const& bytes) {
        auto out = store_.writer(kit_image::described(bytes));
        if (!out) return wrong("gives a writer", said(out));
        std::string kept;
        auto const held = out.assume_value()->resume(static_cast<std::int64_t>(bytes.size()), [&](std::span<std::byte const> b) { kept.append(reinterpret_cast<char const*>(b.data()), b.size()); return true; });
        if (!held) return wrong("a sink resumes", said(held));
        auto const n = static_cast<std::size_t>(held.assume_value());
        expect("resume shows what it holds", kept.size() == n && n <= bytes.size() && bytes.starts_with(kept));
        auto done = n == 0 ? out.assume_value()->begin() : result<void>(success());
        if (done && n < bytes.size()) done = out.assume_value()->write(view(std::string_view(bytes).substr(n)));
        if (done) done = out.assume_value()->commit();
        expect("a resumed blob is whole", done && has(bytes) && read(bytes) == bytes);
    }
    void put(kit_image const& i, std::string_view name) {
        write(i.layer, i.layer.size());
        write(i.config, i.config.size());
        auto done = store_.put_document(i.what(), i.manifest);
        if (done) done = store_.tag(name, i.what());
        if (!done) wrong("an image is written", said(done));
    }
    void leads(char const* rule, std::string const& name, kit_image const& i) {
        auto const r = store_.resolve(name, {});
        auto const words = [](descriptor const& d) { return d.media_type + ' ' + d.digest.str() + ", " + std::to_string(d.size) + " bytes"; };
        if (!r) return wrong(rule, "expected of '" + name + "' " + words(i.what()) + ", got " + said(r));
        auto what = i.what();
        if (r.assume_value().size < 0) what.size = r.assume_value().size; // which a store need not know
        expect_same(rule, words(what), words(r.assume_value()));
    }
    void is_read(char const* rule, kit_image const& i) {
        auto const r = store_.document(i.what(), {});
        if (!r) return wrong(rule, "expected " + shown(i.manifest) + ", got " + said(r));
        expect_same(rule, shown(i.manifest), shown(r.assume_value()));
    }
    std::vector<std::string> listed() {
        auto r = store_.names(stop_token{});
        if (!r) return {said(r)};
        auto out = std::move(r).assume_value();
        std::sort(out.begin(), out.end());
        return out;
    }

    S& store_;
    findings& out_;
    kit_image const first_{"one"}, second_{"two"}, third_{"three"};
};

} // namespace detail

/// Checks a store. `make()` gives an empty one, as a `result<S>` or a reference, each time it is called; `again()`, once the store of the last
/// `make` has been completed and destroyed, opens the same to be read. Images of a few bytes, and blobs of up to 1 MB, are written.
template <class Make, class Again>
findings check_store(Make&& make, Again&& again) {
    findings out;
    auto const with = [&](auto&& made, auto const& steps) {
        if constexpr (requires { made.assume_value(); }) {
            if (!made) return out.emplace_back("is made", detail::shown(made.assume_error().summary())), void();
            detail::store_kit<std::remove_cvref_t<decltype(made.assume_value())>> kit(made.assume_value(), out);
            steps(kit);
        } else {
            detail::store_kit<std::remove_cvref_t<decltype(made)>> kit(made, out);
            steps(kit);
        }
    };
    with(make(), [](auto& kit) { kit.empty(), kit.blobs(), kit.reading(); });
    with(make(), [](auto& kit) { kit.threads(); });
    with(make(), [](auto& kit) { kit.names(), kit.complete(); });
    with(again(), [](auto& kit) { kit.kept(); });
    return out;
}

} // namespace lading::testing
