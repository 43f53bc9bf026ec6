// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What goes with an image: `follower_copy` for what refers to it, and for what has its digest as a tag.

#include "../document/referrer.hpp"
#include "copy_run.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// The digest that a tag is made of, and what is behind it: "sha256-<hex>", "sha256-<hex>.sig". Nothing for any other.
struct digest_tag {
    digest subject;
    std::string_view suffix; ///< with its dot

    static std::optional<digest_tag> parse(std::string_view tag) {
        auto const dash = tag.find('-'), dot = tag.find('.');
        if (dash == tag.npos || (tag.substr(0, dash) != "sha256" && tag.substr(0, dash) != "sha512")) return std::nullopt;
        auto const suffix = dot == tag.npos ? std::string_view() : tag.substr(dot);
        if (dot != tag.npos && (suffix.size() == 1 || suffix.find_first_not_of("abcdefghijklmnopqrstuvwxyz", 1) != suffix.npos)) return std::nullopt;
        auto d = digest::parse(std::string(tag.substr(0, dash)) + ':' + std::string(tag.substr(dash + 1, dot == tag.npos ? dot : dot - dash - 1)));
        if (!d) return std::nullopt;
        return digest_tag{std::move(d).assume_value(), suffix};
    }
};

/// Copies, after an image, what follows it. A failure is noted and does not end it, but for `cancelled`.
class follower_copy {
  public:
    follower_copy(copy_from& from, copy_to& to, copy_options o, stop_token stop, copy_summary& out)
        : from_(from), to_(to), options_(std::move(o)), stop_(std::move(stop)), out_(out) {
        options_.platforms.clear();
        options_.sparse = options_.completion = false;
    }

    /// Of these documents, and of those that follow them.
    result<void> copy(std::vector<descriptor> const& documents) {
        for (auto const& d : documents) look_at(d, 0);
        most_ = seen_.size() + options_.bounds.copied_documents;
        if (options_.digest_tags) {
            auto names = from_.names(stop_);
            if (!names) return names.assume_error();
            for (auto const& name : names.assume_value())
                if (auto tag = digest_tag::parse(name)) tags_[tag->subject].push_back({name, tag->suffix.empty()});
        }
        std::size_t seen = 0;
        while (seen < queue_.size()) { // which grows
            auto const of = queue_[seen++];
            if (!full_ && (options_.referrers || has_list(of.what.digest))) {
                LADING_TRY_V(referrers_of(of));
            }
            if (auto const tags = tags_.find(of.what.digest); tags != tags_.end())
                for (auto const& t : tags->second)
                    if (!(t.is_list && to_.has_referrers())) {
                        LADING_TRY_V(copy_tag(t.name, of.what));
                    }
        }
        return success();
    }
    /// What refers to one document, and what refers to that.
    result<void> copy_referrers(descriptor const& of) {
        options_.referrers = true;
        options_.digest_tags = false;
        return copy({of});
    }

  private:
    struct subject {
        descriptor what;
        std::size_t depth;
    };
    struct known_tag {
        std::string name;
        bool is_list;
    };

    void look_at(descriptor const& d, std::size_t depth) {
        if (seen_.insert(d.digest).second) queue_.push_back({d, depth});
    }
    bool has_list(digest const& d) const {
        auto const tags = tags_.find(d);
        return tags != tags_.end() && std::any_of(tags->second.begin(), tags->second.end(), [](auto const& t) { return t.is_list; });
    }
    /// True when it ends all.
    bool note(copied_follower one, std::optional<error> why) {
        bool const cancelled = why && *why == errc::cancelled;
        one.failure = std::move(why);
        out_.followers.push_back(std::move(one));
        return cancelled;
    }
    bool is_wanted(descriptor const& d) const {
        auto const& types = options_.referrer_types;
        return types.empty() || std::find(types.begin(), types.end(), d.artifact_type) != types.end();
    }

    result<void> referrers_of(subject const& of) {
        if (of.depth >= options_.bounds.referrer_depth) return success();
        auto listed = from_.referrers(of.what, stop_);
        if (!listed) {
            if (note(copied_follower(of.what, of.what.digest), listed.assume_error())) return listed.assume_error();
            return success();
        }
        auto& all = listed.assume_value();
        std::erase_if(all, [&](auto const& d) { return !is_wanted(d) || seen_.contains(d.digest); });
        if (all.empty()) return success();
        if (all.size() > options_.bounds.referrers)
            return note(copied_follower(of.what, of.what.digest),
                        error(errc::manifest_limit)
                            .with_context("what refers to " + of.what.digest.str())
                            .with_values("at most " + std::to_string(options_.bounds.referrers) + " (limits::referrers)", std::to_string(all.size()))),
                   success();
        auto const there = to_.referrers(of.what, stop_);
        auto const first = out_.followers.size();
        to_.hold_referrers();
        for (auto& d : all) {
            full_ = seen_.size() >= most_;
            if (full_) {
                (void)note(copied_follower(of.what, of.what.digest),
                           error(errc::manifest_limit)
                               .with_context("what follows an image")
                               .with_values("at most " + std::to_string(options_.bounds.copied_documents) + " documents (limits::copied_documents)", "more"));
                break;
            }
            auto outcome = copy_one(d, of, there ? &there.assume_value() : nullptr);
            if (!outcome) return (void)to_.write_referrers(stop_), outcome;
        }
        auto const written = to_.write_referrers(stop_);
        if (written) return success();
        for (auto i = first; i < out_.followers.size(); ++i)
            if (!out_.followers[i].failure && !out_.followers[i].existed) out_.followers[i].failure = written.assume_error();
        if (written.assume_error() == errc::cancelled) return written.assume_error();
        return success();
    }
    result<void> copy_one(descriptor const& d, subject const& of, std::vector<descriptor> const* there) {
        copied_follower one(d, of.what.digest);
        // One that is listed need not be there, one that is there need not be listed.
        bool const listed = there && std::any_of(there->begin(), there->end(), [&](auto const& t) { return t.digest == d.digest; });
        one.existed = listed && to_.trusts_names() && to_.resolve(d.digest.str(), stop_);
        if (one.existed) {
            look_at(d, of.depth + 1);
            out_.existing.add(d.size);
            return (void)note(std::move(one), std::nullopt), success();
        }
        copy_run run(from_, to_, d.digest.str(), {}, options_, stop_);
        run.put_all();
        auto copied = run.copy();
        if (copied) {
            for (auto const& document : run.documents()) look_at(document, of.depth + 1);
            add(copied.assume_value());
            one.what = copied.assume_value().top;
            one.what.artifact_type = d.artifact_type;
            return (void)note(std::move(one), std::nullopt), success();
        }
        seen_.insert(d.digest); // it is not tried again
        if (note(std::move(one), copied.assume_error())) return copied.assume_error();
        return success();
    }
    result<void> copy_tag(std::string const& name, descriptor const& of) {
        copied_follower one(of, of.digest);
        one.tag = name;
        auto copied = copy_run(from_, to_, name, name, options_, stop_).copy();
        if (!copied) {
            if (note(std::move(one), copied.assume_error())) return copied.assume_error();
            return success();
        }
        add(copied.assume_value());
        one.what = copied.assume_value().top;
        one.existed = copied.assume_value().fetched.contents == 0 && copied.assume_value().mounted.contents == 0;
        return (void)note(std::move(one), std::nullopt), success();
    }
    void add(copy_summary& other) {
        auto const sum = [](copy_count& to, copy_count const& more) { to.contents += more.contents, to.bytes += more.bytes; };
        sum(out_.fetched, other.fetched);
        sum(out_.existing, other.existing);
        sum(out_.mounted, other.mounted);
        sum(out_.skipped, other.skipped);
        for (auto& w : other.warnings) out_.warnings.push_back(std::move(w));
    }

    copy_from& from_;
    copy_to& to_;
    copy_options options_;
    stop_token stop_;
    copy_summary& out_;
    std::vector<subject> queue_; ///< documents that are there, and may have followers
    std::size_t most_ = 0;       ///< of these: a registry may make them up as they are asked for
    bool full_ = false;          ///< there are as many
    std::set<digest> seen_;      ///< those, and what could not be copied: a referrer may refer to what refers to it
    std::map<digest, std::vector<known_tag>> tags_; ///< by what they name
};

/// A copy with what follows it.
inline result<copy_summary> copy_whole(copy_from& from, copy_to& to, std::string_view name, std::string_view to_name, copy_options o, stop_token stop) {
    if (!o.referrers && !o.digest_tags) return copy_run(from, to, name, to_name, std::move(o), std::move(stop)).copy();
    if (o.referrers && !to.has_referrers())
        return error(errc::would_change_digest).with_context("the destination has no place for what refers to an image");
    bool const completion = std::exchange(o.completion, false);
    copy_run run(from, to, name, to_name, o, stop);
    run.read_all();
    LADING_TRY(auto out, run.copy());
    LADING_TRY_V(follower_copy(from, to, std::move(o), stop, out).copy(run.documents()));
    if (completion) {
        LADING_TRY_V(to.complete(stop));
    }
    return out;
}

/// One name of many. A list of referrers is none to be copied: what it lists is, and is added to the list at the destination.
inline result<copy_summary> copy_name(copy_from& from, copy_to& to, std::string const& name, copy_options const& o, stop_token const& stop) {
    auto const tag = digest_tag::parse(name);
    if (!tag || !tag->suffix.empty() || !to.has_referrers()) return copy_whole(from, to, name, name, o, stop);
    LADING_TRY(auto const list, from.resolve(name, stop));
    if (list.media_type != media_types::oci_index) return copy_whole(from, to, name, name, o, stop);
    copy_summary out(list, list);
    LADING_TRY_V(follower_copy(from, to, o, stop, out).copy_referrers(descriptor({}, tag->subject, descriptor::unknown_size)));
    return out;
}

} // namespace lading::detail
