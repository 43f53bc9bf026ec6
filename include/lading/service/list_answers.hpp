// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a registry answers with a list: of tags, of repositories, of referrers.

#include "../media_type.hpp"
#include "asked.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::service {

namespace detail {

/// The `n` of a query: nothing where it is not there, -1 where it is no number.
inline std::optional<std::int64_t> wanted_entries(form_fields const& form) {
    auto const n = form.find("n");
    if (!n) return std::nullopt;
    if (n->empty() || n->size() > 18 || !std::all_of(n->begin(), n->end(), is_digit)) return -1;
    return std::stoll(*n);
}
inline small_answer no_number(std::string_view n) {
    return refusal_of(400, {{"PAGINATION_NUMBER_INVALID", "invalid number of results requested", json_writer().begin_object().key("n").string(n).end_object().take()}});
}
/// Writes those of `all` that come behind `last`, at most `count`; the last one written, where others follow.
inline std::string_view write_page(json_writer& w, std::vector<std::string> const& all, std::string const& last, std::size_t count) {
    std::string_view end;
    auto at = last.empty() ? all.begin() : std::upper_bound(all.begin(), all.end(), last);
    for (; at != all.end() && count > 0; ++at, --count) w.string(end = *at);
    return at == all.end() ? std::string_view() : end;
}
inline std::string next_link(std::string const& path, std::string_view last, std::string_view n, std::string_view more = {}) {
    return '<' + path + "?last=" + percent_encode(last) + "&n=" + std::string(n) + std::string(more) + ">; rel=\"next\"";
}

} // namespace detail

/// One page of a tag list: of `tags`, sorted, as many as `n` of the query says, and at most `most` (0: any number), behind `last`.
inline small_answer tags_answer(std::string_view name, std::vector<std::string> tags, std::string_view query, std::size_t most = 0) {
    detail::form_fields const form(query);
    std::sort(tags.begin(), tags.end());
    tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    auto const n = detail::wanted_entries(form);
    if (n && *n < 0) return detail::no_number(form.get("n"));
    auto count = n ? static_cast<std::size_t>(*n) : tags.size();
    if (most) count = std::min(count, most);
    json_writer w;
    w.begin_object().key("name").string(name).key("tags").begin_array();
    auto const end = detail::write_page(w, tags, form.get("last"), count);
    auto out = text_answer(200, "application/json", w.end_array().end_object().take());
    if (!end.empty()) out.head.headers.add("Link", detail::next_link("/v2/" + std::string(name) + "/tags/list", end, n ? form.get("n") : std::to_string(most)));
    return out;
}

namespace detail {

inline result<response> answer_tags(asked const& a) {
    if (!a.reads()) return a.give(not_done());
    LADING_TRY(bool const there, a.in.exists(a.name()));
    if (!there) return a.give(no_repository(a.name()));
    LADING_TRY(auto tags, a.in.tags(a.name(), a.q.stop));
    if (a.how.has_tag_pages()) return a.give(tags_answer(a.name(), std::move(tags), a.at.query(), a.how.page));
    if (tags.empty()) return a.give(text_answer(200, "application/json", json_writer().begin_object().key("name").string(a.name()).key("tags").null().end_object().take() + '\n'));
    auto out = tags_answer(a.name(), std::move(tags), {});
    out.body += '\n';
    return a.give(std::move(out));
}

/// Repositories, sorted: as many as `n` of the query says behind `last`.
inline result<response> answer_catalog(asked const& a) {
    constexpr std::size_t most = 1000;
    if (!a.reads()) return a.give(not_done());
    auto names = a.in.names(a.q.stop);
    if (!names && names.assume_error() == errc::unsupported_by_registry) return a.give(refusal(404, "UNSUPPORTED", "there is nothing of this name"));
    LADING_TRY(auto const all, std::move(names));
    auto const n = wanted_entries(a.query);
    bool const bad = n && (*n > static_cast<std::int64_t>(most) || (*n < 0 && !a.like_2_8()));
    if (bad) return a.give(no_number(a.query.get("n")));
    auto count = n && *n >= 0 ? static_cast<std::size_t>(*n) : a.like_2_8() ? std::size_t(100)
                                                                            : all.size();
    if (a.how.page) count = std::min(count, a.how.page);
    json_writer w;
    w.begin_object().key("repositories").begin_array();
    auto const end = write_page(w, all, a.query.get("last"), count);
    auto out = text_answer(200, "application/json", w.end_array().end_object().take() + '\n');
    if (!end.empty()) out.head.headers.add("Link", next_link("/v2/_catalog", end, std::to_string(count)));
    return a.give(std::move(out));
}

/// An entry of a list of referrers; of one of more than `most` bytes only what it is.
inline std::string referrer_text(descriptor const& d, std::size_t most, bool whole = true) {
    json_writer w;
    w.begin_object().key("mediaType").string(d.media_type).key("digest").string(d.digest.str()).key("size").integer(d.size);
    if (whole && !d.artifact_type.empty()) w.key("artifactType").string(d.artifact_type);
    if (whole && !d.annotations.empty()) {
        w.key("annotations").begin_object();
        for (auto const& [key, value] : d.annotations) w.key(key).string(value);
        w.end_object();
    }
    auto out = w.end_object().take();
    return whole && out.size() > most ? referrer_text(d, most, false) : out;
}

/// What refers to a manifest (distribution-spec 1.1, "listing referrers"): an index, page by page, of one type of artifact where that is asked for. No page is larger
/// than a manifest may be, which is what clients take.
inline result<response> answer_referrers(asked const& a) {
    if (a.like_2_8()) return a.give(no_page());
    if (!a.reads()) return a.give(not_done());
    auto const d = digest::parse(a.where.item);
    auto listed = d ? a.in.referrers(a.name(), d.assume_value(), a.q.stop) : result<std::vector<descriptor>>(error(errc::digest_invalid));
    if (!listed && listed.assume_error() == errc::unsupported_by_registry) return a.give(no_page());
    if (!d) return a.give(refusal(a.how.checks_manifests ? 400 : 404, "DIGEST_INVALID", "provided digest did not match uploaded content", a.where.item));
    LADING_TRY(auto all, std::move(listed));
    auto const type = a.query.find("artifactType");
    if (type) std::erase_if(all, [&](auto const& r) { return r.artifact_type != *type; });
    std::sort(all.begin(), all.end(), [](auto const& x, auto const& y) { return x.digest.str() < y.digest.str(); });
    auto const last = a.query.get("last");
    if (!last.empty()) std::erase_if(all, [&](auto const& r) { return r.digest.str() <= last; });
    auto const n = wanted_entries(a.query);
    if (n && *n < 0) return a.give(no_number(a.query.get("n")));
    auto count = n ? static_cast<std::size_t>(*n) : all.size();
    if (a.how.page) count = std::min(count, a.how.page);
    auto body = R"({"schemaVersion":2,"mediaType":")" + std::string(media_types::oci_index) + R"(","manifests":[)";
    auto const most = a.how.manifest_bytes - std::min<std::size_t>(a.how.manifest_bytes, body.size() + 2);
    std::size_t written = 0, bytes = 0;
    for (; written < std::min(count, all.size()); ++written) {
        auto const entry = referrer_text(all[written], most);
        bytes += entry.size() + 1;
        if (written > 0 && bytes > most / 2) break;
        if (written > 0) body += ',';
        body += entry;
    }
    auto out = text_answer(200, media_types::oci_index, body + "]}");
    if (type) out.head.headers.add("OCI-Filters-Applied", "artifactType");
    if (written > 0 && written < all.size())
        out.head.headers.add("Link", next_link("/v2/" + a.name() + "/referrers/" + a.where.item, all[written - 1].digest.str(), std::to_string(count), type ? "&artifactType=" + percent_encode(*type) : std::string()));
    return a.give(std::move(out));
}

} // namespace detail

} // namespace lading::service
