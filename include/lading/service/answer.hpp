// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `service::answer`: what a registry answers, over any store.
///
///     lading::oci_layout store = ...;
///     auto const head = lading::service::answer(request, store, body); // heads and bodies as of any registry
///
/// `store_transport` puts it behind a client; `testing::registry` behind sockets.

#include "../http/form_fields.hpp"
#include "../http/message.hpp"
#include "../http/url.hpp"
#include "../json/writer.hpp"
#include "../reference.hpp"
#include "../store/content_store.hpp"
#include "byte_ranges.hpp"
#include "route.hpp"
#include "small_answer.hpp"
#include "writing.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::service {

/// One page of a tag list: of `tags`, sorted, as many as `n` of the query says, and at most `most` (0: any number), behind `last`.
inline small_answer tags_answer(std::string_view name, std::vector<std::string> tags, std::string_view query, std::size_t most = 0) {
    detail::form_fields const form(query);
    std::sort(tags.begin(), tags.end());
    tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    auto count = tags.size();
    auto n = form.find("n");
    if (n) {
        if (n->empty() || n->size() > 18 || !std::all_of(n->begin(), n->end(), detail::is_digit))
            return refusal(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested");
        count = static_cast<std::size_t>(std::stoull(*n));
    }
    if (most) count = std::min(count, most);
    auto const last = form.get("last");
    auto at = last.empty() ? tags.begin() : std::upper_bound(tags.begin(), tags.end(), last);
    json_writer w;
    w.begin_object().key("name").string(name).key("tags").begin_array();
    std::string_view end;
    for (; at != tags.end() && count > 0; ++at, --count) w.string(end = *at);
    auto out = text_answer(200, "application/json", w.end_array().end_object().take());
    if (at != tags.end() && !end.empty())
        out.head.headers.add("Link", "</v2/" + std::string(name) + "/tags/list?last=" + percent_encode(end) + "&n=" + n.value_or(std::to_string(most)) + ">; rel=\"next\"");
    return out;
}

namespace detail {

/// Whether a header that lists entity tags names this one; `W/` and, where `bare`, missing quotes do not matter.
inline bool names_tag(std::string_view header, std::string_view etag, bool bare) {
    while (!header.empty()) {
        auto const comma = std::min(header.find(','), header.size());
        auto one = trim(header.substr(0, comma));
        header.remove_prefix(std::min(comma + 1, header.size()));
        if (one == "*") return true;
        if (one.starts_with("W/")) one.remove_prefix(2);
        if (one == etag || (bare && one == etag.substr(1, etag.size() - 2))) return true;
    }
    return false;
}

/// Learns how large a blob is, and nothing else.
class size_probe final : public blob_sink {
  public:
    result<std::uint64_t> resume(std::int64_t size, std::function<void(std::span<std::byte const>)> const&) override {
        size_ = size;
        asked_ = true;
        return error(errc::cancelled);
    }
    result<void> begin() override { return asked_ = true, error(errc::cancelled); }
    result<void> write(std::span<std::byte const>) override { return error(errc::cancelled); }
    result<void> commit() override { return error(errc::cancelled); }
    void discard() noexcept override {}
    bool asked() const noexcept { return asked_; } ///< the blob is there
    std::int64_t size() const noexcept { return size_; }

  private:
    std::int64_t size_ = -1;
    bool asked_ = false;
};

/// Passes a blob, or a part of it, to the body of an answer. The end of a whole blob is held back until it is verified.
class passing_sink final : public blob_sink {
  public:
    passing_sink(request const& q, body_sink& out, std::optional<byte_range> part, std::int64_t size) : q_(q), out_(out), part_(part), size_(size) {}

    result<std::uint64_t> resume(std::int64_t, std::function<void(std::span<std::byte const>)> const&) override {
        at_ = part_ ? part_->from : 0; // what is before it counts as had
        return at_;
    }
    result<void> begin() override {
        if (passed_ > 0) return error(errc::sink_failed).with_context("a body cannot begin again");
        at_ = 0;
        return success();
    }
    result<void> write(std::span<std::byte const> piece) override {
        if (part_) {
            auto const skipped = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), part_->from > at_ ? part_->from - at_ : 0));
            at_ += piece.size();
            piece = piece.subspan(skipped);
            piece = piece.first(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), part_->size - passed_)));
            LADING_TRY_V(pass(piece));
            return passed_ == part_->size ? enough() : success();
        }
        at_ += piece.size();
        LADING_TRY_V(pass_held());
        if (size_ < 0 || at_ < static_cast<std::uint64_t>(size_)) return pass(piece);
        held_.assign(reinterpret_cast<char const*>(piece.data()), piece.size());
        return success();
    }
    result<void> commit() override {
        if (part_) return error(errc::size_mismatch).with_context("a blob that became shorter");
        return pass_held();
    }
    void discard() noexcept override {}
    /// All that was wanted has been passed, or the body has said that it wants no more.
    bool ended() const noexcept { return ended_; }

  private:
    result<void> enough() { return ended_ = true, error(errc::cancelled); }
    result<void> pass(std::span<std::byte const> piece) {
        if (piece.empty()) return success();
        if (q_.stop.stop_requested()) return error(errc::cancelled);
        if (q_.deadline && *q_.deadline <= std::chrono::steady_clock::now()) return error(errc::timeout);
        passed_ += piece.size();
        LADING_TRY(auto const verdict, out_.write(piece));
        return verdict == sink_action::stop ? enough() : success();
    }
    result<void> pass_held() {
        auto const held = std::exchange(held_, {});
        return pass(std::as_bytes(std::span(held)));
    }

    request const& q_;
    body_sink& out_;
    std::optional<byte_range> part_;
    std::int64_t size_;
    std::uint64_t at_ = 0, passed_ = 0;
    std::string held_;
    bool ended_ = false;
};

/// Answers one request.
template <content_source S>
class answering {
  public:
    answering(request const& q, S& store, body_sink& out, std::size_t page, writes w) : q_(q), store_(store), out_(out), page_(page), writes_(w) {}

    result<response> answer() {
        if (q_.deadline && *q_.deadline <= std::chrono::steady_clock::now()) return error(errc::timeout);
        LADING_TRY(auto const where, url::parse(q_.url));
        auto const path = percent_decode(where.path(), false);
        auto const r = path ? route::of(*path) : route();
        if constexpr (content_store<S>)
            if (writes_ == writes::taken && r.kind != route_kind::none && ((q_.method != "GET" && q_.method != "HEAD") || r.kind == route_kind::uploads || r.kind == route_kind::upload)) {
                LADING_TRY(auto a, write<constexpr_sha2>(q_, store_, r, where.query()));
                return give(std::move(a));
            }
        if (q_.method != "GET" && q_.method != "HEAD") return give(with(refusal(405, "UNSUPPORTED", "The operation is unsupported."), "Allow", "GET, HEAD"));
        if (r.kind == route_kind::none || r.kind > route_kind::tags) return give(refusal(404, "UNSUPPORTED", "there is nothing of this name"));
        switch (r.kind) {
        case route_kind::manifest: return manifest(r);
        case route_kind::blob: return blob(r);
        case route_kind::tags: return tags(r, where.query());
        default: return give(text_answer(200, "application/json", "{}"));
        }
    }

  private:
    static bool is_not_there(error const& e) { return e == errc::manifest_unknown || e == errc::blob_unknown || e == errc::digest_invalid || e == errc::digest_unsupported; }

    response finished(response head) const {
        head.url = q_.url;
        head.headers.set("Docker-Distribution-Api-Version", "registry/2.0");
        return head;
    }
    result<response> give(small_answer a) {
        auto head = finished(std::move(a.head));
        if (head.status != 304) head.headers.set("Content-Length", std::to_string(a.body.size()));
        LADING_TRY(auto const verdict, out_.begin(head, head.status == 304 ? 0 : a.body.size()));
        if (verdict == sink_action::proceed && q_.method != "HEAD" && !a.body.empty()) {
            LADING_TRY_V(out_.write(std::as_bytes(std::span(a.body))));
        }
        return head;
    }
    std::string_view asked(std::string_view header) const { return q_.headers.find(header).value_or(""); }
    static response named(response head, std::string_view type, digest const& d) {
        if (!type.empty()) head.headers.add("Content-Type", type);
        head.headers.add("Docker-Content-Digest", d.str());
        head.headers.add("Etag", '"' + d.str() + '"');
        return head;
    }

    result<response> tags(route const& r, std::string_view query) {
        LADING_TRY(auto const names, store_.names(q_.stop));
        std::vector<std::string> here, all; // of the repository at this path, and of any where none is called so
        for (auto const& name : names) {
            auto const ref = name.find_first_of("/:") == name.npos ? result<reference>(error(errc::ref_invalid)) : reference::parse(name);
            std::string const tag(ref ? ref.assume_value().tag() : name);
            if (!is_tag(tag)) continue;
            all.push_back(tag);
            auto const of = ref ? std::string(ref.assume_value().repository().path()) : std::string();
            if (of == r.name || of == "library/" + r.name) here.push_back(tag);
        }
        return give(tags_answer(r.name, here.empty() ? std::move(all) : std::move(here), query, page_));
    }

    /// The document that is asked for. One that is no manifest by its bytes is given too, by its digest.
    result<std::pair<descriptor, std::string>> found(route const& r) {
        auto const d = digest::parse(r.item);
        if (!d && !is_tag(r.item)) return error(errc::manifest_unknown);
        auto what = store_.resolve(r.item, q_.stop);
        if (!what && !d && what.assume_error() == errc::tag_ambiguous) { // several repositories have the tag
            auto const whole = store_.resolve(r.name + ':' + r.item, q_.stop);
            if (whole) what = whole;
        }
        if (!what && (!d || what.assume_error() == errc::digest_mismatch || what.assume_error() == errc::timeout || what.assume_error() == errc::cancelled)) return what.assume_error();
        auto const listed = what ? std::move(what).assume_value() : descriptor({}, d.assume_value(), descriptor::unknown_size);
        LADING_TRY(auto text, store_.document(listed, q_.stop));
        return std::pair(listed, std::move(text));
    }
    result<response> manifest(route const& r) {
        auto what = found(r);
        if (!what && is_not_there(what.assume_error())) return give(refusal(404, "MANIFEST_UNKNOWN", "manifest unknown", r.item));
        LADING_TRY(auto document, std::move(what));
        auto const etag = '"' + document.first.digest.str() + '"';
        bool const known = names_tag(asked("If-None-Match"), etag, true);
        return give({named(response(known ? 304 : 200), known ? std::string_view() : std::string_view(document.first.media_type), document.first.digest),
                     known ? std::string() : std::move(document.second)});
    }

    result<response> blob(route const& r) {
        auto const d = digest::parse(r.item);
        if (!d) return give(refusal(404, "BLOB_UNKNOWN", "blob unknown to registry", r.item));
        descriptor const what({}, d.assume_value(), descriptor::unknown_size);
        size_probe probe;
        if (auto const there = store_.read(what, probe, q_.stop); !probe.asked()) {
            if (there || is_not_there(there.assume_error())) return give(refusal(404, "BLOB_UNKNOWN", "blob unknown to registry", r.item));
            return there.assume_error();
        }
        auto head = named(response(200), "application/octet-stream", what.digest);
        auto const etag = '"' + what.digest.str() + '"';
        if (auto const only = asked("If-Match"); !only.empty() && !names_tag(only, etag, false)) {
            head.status = 412;
            return give({std::move(head), {}});
        }
        if (names_tag(asked("If-None-Match"), etag, false)) return give({named(response(304), {}, what.digest), {}});
        head.headers.add("Accept-Ranges", "bytes");
        head.headers.add("Cache-Control", "max-age=31536000");
        auto const range = asked("Range"), only = asked("If-Range");
        if (range.empty() || probe.size() < 0 || (!only.empty() && only != etag)) return whole(what, std::move(head), probe.size());
        auto const size = static_cast<std::uint64_t>(probe.size());
        auto const parts = byte_ranges::of(range, size);
        using verdict = byte_ranges::verdict;
        if (parts.is == verdict::whole) return whole(what, std::move(head), probe.size());
        if (parts.is == verdict::malformed) return give(text_answer(416, "text/plain; charset=utf-8", "invalid range\n"));
        if (parts.is == verdict::beyond)
            return give(with(text_answer(416, "text/plain; charset=utf-8", "invalid range: failed to overlap\n"), "Content-Range", "bytes */" + std::to_string(size)));
        head.status = 206;
        return parts.all.size() == 1 ? part(what, std::move(head), parts.all[0], size) : several(what, std::move(head), parts.all, size);
    }
    /// Begins a body of `size` bytes, -1 if that is not known; nothing: none is wanted.
    result<std::optional<response>> begun(response head, std::int64_t size) {
        head = finished(std::move(head));
        if (size >= 0) head.headers.set("Content-Length", std::to_string(size));
        LADING_TRY(auto const verdict, out_.begin(head, size < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(size))));
        wanted_ = verdict == sink_action::proceed && q_.method != "HEAD";
        return std::optional(std::move(head));
    }
    result<void> pass(descriptor const& what, std::optional<byte_range> part, std::int64_t size) {
        if (!wanted_) return success();
        passing_sink to(q_, out_, part, size);
        auto passed = store_.read(what, to, q_.stop);
        if (!passed && !to.ended()) return passed;
        return success();
    }
    result<response> whole(descriptor const& what, response head, std::int64_t size) {
        LADING_TRY(auto out, begun(std::move(head), size));
        LADING_TRY_V(pass(what, std::nullopt, size));
        return std::move(*out);
    }
    result<response> part(descriptor const& what, response head, byte_range const& r, std::uint64_t size) {
        head.headers.add("Content-Range", r.content_range(size));
        LADING_TRY(auto out, begun(std::move(head), static_cast<std::int64_t>(r.size)));
        LADING_TRY_V(pass(what, r, static_cast<std::int64_t>(size)));
        return std::move(*out);
    }
    /// RFC 9110, section 14.6.
    result<response> several(descriptor const& what, response head, std::vector<byte_range> const& all, std::uint64_t size) {
        static constexpr std::string_view boundary = "6f1ed002ab5595859014ebf0951522d9";
        std::string const end = "\r\n--" + std::string(boundary) + "--\r\n";
        std::vector<std::string> heads;
        std::uint64_t length = end.size();
        for (auto const& r : all) {
            heads.push_back((heads.empty() ? "--" : "\r\n--") + std::string(boundary) + "\r\nContent-Range: " + r.content_range(size) +
                            "\r\nContent-Type: application/octet-stream\r\n\r\n");
            length += heads.back().size() + r.size;
        }
        head.headers.set("Content-Type", "multipart/byteranges; boundary=" + std::string(boundary));
        LADING_TRY(auto out, begun(std::move(head), static_cast<std::int64_t>(length)));
        for (std::size_t i = 0; i < all.size(); ++i) {
            LADING_TRY_V(pass_text(heads[i]));
            LADING_TRY_V(pass(what, all[i], static_cast<std::int64_t>(size)));
        }
        LADING_TRY_V(pass_text(end));
        return std::move(*out);
    }
    result<void> pass_text(std::string_view text) {
        if (!wanted_) return success();
        LADING_TRY(auto const verdict, out_.write(std::as_bytes(std::span(text))));
        wanted_ = verdict == sink_action::proceed;
        return success();
    }

    request const& q_;
    S& store_;
    body_sink& out_;
    std::size_t page_;
    writes writes_;
    bool wanted_ = true; ///< more of the body
};

} // namespace detail

/// Answers a request as a registry does whose repositories are all this store: `/v2/`, manifests by tag and digest, blobs
/// with ranges, tag lists, for GET and HEAD. With `writes::taken`, of a store that can be written to, also uploads, whole and in one
/// request, and manifests by PUT; `complete()` is left to its owner. Everything else is refused as registries refuse. `page` is the most tags of one answer, 0: any
/// number. A blob that is given whole is verified before its last bytes are passed on; a part of one is not verified.
///
/// What is not there is an answer (404), and so is a request that is wrong. Errors: what else the store says (a digest that does not hold, a file that cannot be read),
/// `timeout` (`request::deadline`), `cancelled`, those of the body; a server that has begun to answer cuts the connection. Threads:
/// as the store's `resolve`, `names` and `read`.
template <content_source S>
result<response> answer(request const& q, S& store, body_sink& out, std::size_t page = 0, writes w = writes::refused) {
    return detail::answering<S>(q, store, out, page, w).answer();
}

} // namespace lading::service
