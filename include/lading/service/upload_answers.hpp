// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a registry answers about uploads: sessions that are begun, written to, finished and given up; mounts.

#include "../detail/base64.hpp"
#include "../detail/reference_grammar.hpp"
#include "asked.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading::service::detail {

inline small_answer kept_blob(asked const& a, digest const& d) {
    return with(with(text_answer(201, {}, {}), "Location", a.blob_place(d)), "Docker-Content-Digest", d.str());
}

/// Reads the digest of a query. The refusal says what is wrong with it.
inline std::optional<digest> query_digest(asked const& a, small_answer& refused) {
    auto const said = a.query.get("digest");
    auto d = digest::parse(said);
    if (d) return std::move(d).assume_value();
    refused = bad_digest(said.empty() ? "digest missing" : "digest parsing failed");
    return std::nullopt;
}

/// A session that somebody works on.
class session_answers {
  public:
    session_answers(asked const& a, upload_session& s) : a_(a), s_(s) {}
    session_answers(session_answers const&) = delete;
    session_answers& operator=(session_answers const&) = delete;
    ~session_answers() {
        if (s_.bytes) s_.bytes->pause();
    }

    /// Where it is, and how far it has come.
    small_answer progress(int status) const {
        auto const& odd = a_.how.odd;
        auto const size = s_.bytes->size();
        auto const end = odd.first_range_for_ever && s_.first_chunk > 0 ? s_.first_chunk : size;
        std::string const range = size == 0 && odd.range_below_zero ? "0--1" : "0-" + std::to_string(end == 0 ? 0 : end - 1);
        return with(with(with(text_answer(status, {}, {}), "Location", a_.place(path())), "Docker-Upload-UUID", s_.id), "Range", range);
    }
    /// POST with a digest, PUT.
    result<small_answer> finish() {
        small_answer refused;
        auto const d = query_digest(a_, refused);
        if (!d) return refused;
        if (auto out_of_place = misplaced()) return std::move(*out_of_place);
        LADING_TRY_V(append());
        LADING_TRY(auto const actual, s_.bytes->hashed(d->algorithm()));
        if (actual != *d) {
            auto const detail = json_writer().begin_object().key("Digest").string(d->str()).key("Reason").string("content does not match digest").end_object().take();
            if (!a_.like_2_8()) a_.sessions->end(s_);
            return refusal_of(400, {{"DIGEST_INVALID", "provided digest did not match uploaded content", detail}});
        }
        auto kept = *d;
        std::optional<digest> other;
        if (a_.like_2_8() && d->algorithm() != digest_algorithm::sha256) {
            LADING_TRY(kept, s_.bytes->hashed(digest_algorithm::sha256));
            other = *d;
        }
        auto const done = s_.bytes->keep(kept, other);
        a_.sessions->end(s_); // whatever has become of it: no byte comes behind what may be a blob already
        if (!done) return done.assume_error();
        if (a_.how.odd.ends_are_unknown) return refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
        return kept_blob(a_, kept);
    }
    /// PATCH.
    result<small_answer> chunk() {
        auto const& odd = a_.how.odd;
        auto const size = body_size(a_.q);
        if (a_.like_2_8())
            if (auto const type = a_.header("Content-Type"); !type.empty() && type != "application/octet-stream") return refusal(500, "UNKNOWN", "unknown error");
        if (odd.most_chunks == 0) return not_done();
        if (s_.chunks >= odd.most_chunks) return refusal(400, "UNKNOWN", "Stream uploads after first write are not allowed");
        if (odd.most_chunk && size.value_or(0) > odd.most_chunk)
            return text_answer(416, "text/plain; charset=utf-8", "the chunk is too large: at most " + std::to_string(odd.most_chunk) + " bytes\n");
        if (odd.least_chunk && size && *size < odd.least_chunk) return beyond("a chunk has at least " + std::to_string(odd.least_chunk) + " bytes");
        if (auto out_of_place = misplaced()) return std::move(*out_of_place);
        LADING_TRY_V(append());
        return progress(odd.chunk_status);
    }

  private:
    std::string path() const {
        auto const& odd = a_.how.odd;
        if (!odd.sessions_at.empty()) return odd.sessions_at + s_.name + '/' + s_.id;
        auto out = "/v2/" + s_.name + (odd.short_session_path ? "/blobs/upload/" : "/blobs/uploads/") + s_.id;
        if (a_.like_2_8()) out += "?_state=" + state(s_);
        return out;
    }

  public:
    /// What a place of docker-registry holds: whose it is, and how far it has come.
    static std::string state(upload_session const& s) { return base64url_encode(s.name + ' ' + s.id + ' ' + std::to_string(s.bytes->size())); }

  private:
    small_answer beyond(std::string_view why) const {
        auto out = refusal(416, "RANGE_INVALID", "invalid content range", why);
        for (auto const& [name, value] : progress(416).head.headers) out.head.headers.add(name, value);
        return out;
    }
    /// A chunk that does not go on where the session is.
    std::optional<small_answer> misplaced() const {
        auto const said = a_.header("Content-Range");
        if (a_.like_2_8() || said.empty()) return std::nullopt;
        std::uint64_t first = 0, last = 0;
        auto const dash = said.find('-');
        auto const reads = [](std::string_view text, std::uint64_t& to) {
            auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), to);
            return !text.empty() && bad == std::errc() && end == text.data() + text.size();
        };
        if (dash == said.npos || !reads(said.substr(0, dash), first) || !reads(said.substr(dash + 1), last) || last < first) return beyond("no range");
        if (first != s_.bytes->size()) return beyond("it begins elsewhere");
        if (auto const size = body_size(a_.q); size && *size != last - first + 1) return refusal(400, "SIZE_INVALID", "provided length did not match content length");
        return std::nullopt;
    }
    result<void> append() {
        auto const before = s_.bytes->size();
        auto const done = each_piece(a_.q, [&](std::span<std::byte const> piece) { return s_.bytes->write(piece); });
        if (s_.bytes->size() > before && s_.chunks++ == 0) s_.first_chunk = s_.bytes->size();
        return done;
    }

    asked const& a_;
    upload_session& s_;
};

/// Keeps a blob that comes whole, in one request, where there are no sessions.
inline result<small_answer> keep_whole(asked const& a) {
    small_answer refused;
    auto const d = query_digest(a, refused);
    if (!d) return refused;
    auto const size = body_size(a.q);
    descriptor const what("application/octet-stream", *d, size ? static_cast<std::int64_t>(*size) : descriptor::unknown_size);
    LADING_TRY(bool const kept, a.in.keep(a.name(), what, a.q));
    return kept ? kept_blob(a, *d) : bad_digest({});
}

/// Whether the blob is another repository's, and is this one's now.
inline result<std::optional<small_answer>> mounted(asked const& a) {
    auto const said = a.query.find("mount");
    if (!said) return std::optional<small_answer>();
    auto const d = digest::parse(*said);
    auto const from = a.query.find("from");
    if (a.how.odd.mount_status) return std::optional(refusal(a.how.odd.mount_status, "DENIED", "requested access to the resource is denied"));
    if (!from && a.how.odd.mount_needs_from) return std::optional(refusal(400, "NAME_INVALID", "invalid repository name", "from"));
    if (!d || !from || from->size() > 255 || check_path(*from, 0)) return std::optional<small_answer>();
    LADING_TRY(bool const done, a.in.mount(a.name(), *from, d.assume_value(), a.q.stop));
    return done ? std::optional(kept_blob(a, d.assume_value())) : std::optional<small_answer>();
}

/// Where sessions begin.
inline result<small_answer> begin_upload(asked const& a) {
    if (a.q.method != "POST") return not_done();
    if (a.how.odd.repositories_first) {
        LADING_TRY(bool const there, a.in.exists(a.name()));
        if (!there) return no_repository(a.name());
    }
    LADING_TRY(auto done, mounted(a));
    if (done) return std::move(*done);
    if (!a.sessions) return with(with(text_answer(202, {}, {}), "Location", a.place("/v2/" + a.name() + "/blobs/uploads/whole")), "Range", "0-0");
    LADING_TRY(auto staged, a.in.stage(a.name()));
    auto const session = a.sessions->begin(a.name(), std::move(staged));
    std::lock_guard const used(session->in_use);
    session_answers answers(a, *session);
    if (a.query.find("digest") && !a.like_2_8()) {
        auto out = answers.finish();
        if (!session->over) a.sessions->end(*session); // its place has been told to nobody
        return out;
    }
    auto out = answers.progress(202);
    if (a.how.odd.least_chunk) out.head.headers.add("OCI-Chunk-Min-Length", std::to_string(a.how.odd.least_chunk));
    return out;
}

/// A session that is not there, or not at this place.
inline small_answer no_session(asked const& a) {
    if (a.sessions->was(a.where.item)) return refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
    if (a.like_2_8()) return refusal_of(404, {{"BLOB_UPLOAD_INVALID", "blob upload invalid", "{}"}});
    return refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
}

inline result<small_answer> go_on(asked const& a) {
    auto const session = a.sessions->find(a.where.item);
    if (!session || session->name != a.name()) return no_session(a);
    std::lock_guard const used(session->in_use);
    if (session->over) return no_session(a); // meanwhile
    if (a.like_2_8() && a.query.get("_state") != session_answers::state(*session)) return refusal_of(404, {{"BLOB_UPLOAD_INVALID", "blob upload invalid", "{}"}});
    session_answers answers(a, *session);
    if (a.reads()) return answers.progress(204);
    if (a.q.method == "PATCH") return answers.chunk();
    if (a.q.method == "PUT") return answers.finish();
    if (a.q.method != "DELETE") return not_done();
    if (a.how.odd.keeps_sessions) return refusal(403, "DENIED", "requested access to the resource is denied");
    a.sessions->end(*session);
    return text_answer(204, {}, {});
}

inline result<response> answer_upload(asked const& a) {
    auto const result_of = [&]() -> result<small_answer> {
        if (a.where.kind == route_kind::uploads) return begin_upload(a);
        if (a.sessions) return go_on(a);
        if (a.q.method == "PUT") return keep_whole(a);
        return a.q.method == "DELETE" ? text_answer(204, {}, {}) : with(not_done(), "Allow", "GET, HEAD");
    };
    LADING_TRY(auto out, result_of());
    return a.give(std::move(out));
}

} // namespace lading::service::detail
